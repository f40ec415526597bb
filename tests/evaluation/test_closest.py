"""The closest sentence of a text, beside brute force."""

from __future__ import annotations

import random

from textrae.evaluation.closest import closest
from textrae.latent.path import edit_distance


def test_the_closest_sentence_has_the_fewest_edits() -> None:
    """Samples are sentences of the text with up to two words changed, so their origin is as near as two edits."""
    draw = random.Random(0)
    words = [f"w{number}" for number in range(60)]
    text = [" ".join(draw.choices(words, k=draw.randint(4, 9))) for _ in range(300)]
    samples = []
    for line in draw.sample(text, 40):
        row = line.split()
        for _ in range(draw.randint(0, 2)):
            row[draw.randrange(len(row))] = draw.choice(words)
        samples.append(" ".join(row))
    for sample, near in zip(samples, closest(samples, text), strict=True):
        assert near.edits == edit_distance(sample.split(), near.text.split())
        assert near.edits == min(edit_distance(sample.split(), line.split()) for line in text)
        assert near.of == len(sample.split())


def test_a_sentence_of_the_text_is_its_own() -> None:
    (found,) = closest(["the cat sat"], ["a cat", "", "the cat sat", " ", "the cat sat"])
    assert (found.text, found.edits, found.of) == ("the cat sat", 0, 3)


def test_where_nothing_is_shared_there_is_none() -> None:
    one, empty = closest(["x y", ""], ["a b c"])
    assert (one.text, one.edits, one.of) == ("", 2, 2)
    assert (empty.text, empty.edits, empty.of) == ("", 0, 0)
    assert closest(["x"], [])[0].text == ""
    assert closest([], ["a"]) == []


def test_characters_count_where_spaces_part_no_words() -> None:
    (found,) = closest(["我有一只猫"], ["他们走了", "我有一只狗"])
    assert (found.text, found.edits, found.of) == ("我有一只狗", 1, 5)
