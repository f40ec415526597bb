"""Probes of surface: length, words, order."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from conftest import sentences
from evaluation.suite.folders import varied
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.evaluation.suite import probes as module
from textrae.evaluation.suite.probes import probes
from textrae.evaluation.suite.tasks import Task


def by_name(lines: list[str], seed: int = 0) -> dict[str, Task]:
    return {task.name.split(":")[1]: task for task in probes("x", lines, seed)[0]}


def labelled(task: Task) -> dict[str, str]:
    (places,) = task.columns
    return {
        task.sentences[at]: task.labels[label] for at, label in zip(places.tolist(), task.gold.tolist(), strict=True)
    }  # fmt: skip


def test_bins_of_length_are_ordered_and_about_full() -> None:
    lines = varied(600)
    found = labelled(by_name(lines)["length"])
    assert found.keys() == set(lines)
    lengths: dict[str, list[int]] = {}
    for sentence, label in found.items():
        lengths.setdefault(label, []).append(len(sentence.split()))
    ordered = [lengths[label] for label in sorted(lengths)]
    assert len(ordered) == 6
    assert all(max(low) < min(high) for low, high in pairwise(ordered))
    assert min(map(len, ordered)) > 600 / 6 / 3


def test_a_sentence_has_exactly_one_of_the_words() -> None:
    found = labelled(by_name(varied(600))["word"])
    chosen = set(found.values())
    assert 5 <= len(chosen) <= 20
    assert min(Counter(found.values()).values()) >= 10
    for sentence, word in found.items():
        assert chosen & set(sentence.split()) == {word}


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=10, deadline=None)
def test_swapped_sentences_differ_from_theirs_by_two_neighbours(seed: int) -> None:
    lines = sentences()[:200]
    found = labelled(by_name(lines, seed)["order"])
    counts = Counter(found.values())
    assert abs(counts["kept"] - counts["swapped"]) <= 1
    for sentence, label in found.items():
        assert (sentence in lines) == (label == "kept")
        if label == "swapped":
            words = sentence.split()
            back = [
                " ".join([*words[:at], words[at + 1], words[at], *words[at + 2 :]])
                for at in range(1, len(words) - 2)
            ]
            assert set(back) & set(lines)


def test_where_spaces_part_no_words_characters_are_swapped() -> None:
    generator = np.random.default_rng(0)
    lines = ["".join(generator.choice(list("我你他爱看书天地人"), 8)) for _ in range(60)]
    found = labelled(by_name(lines)["order"])
    assert {len(sentence) for sentence in found} == {8}
    assert Counter(found.values())["swapped"] >= 25


def test_what_is_drawn_and_what_cannot_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    lines = varied(150)
    tasks, notes = probes("x", [*lines, *lines], 0)
    assert notes[0] == "100 of 150 distinct sentences were drawn for its probes"
    order = labelled(next(task for task in tasks if task.name == "x:order"))
    assert 60 < len(order) <= 100
    few, notes = probes("x", ["one two", "three four five"], 0)
    assert few == []
    assert [note.split(":")[0] for note in notes] == [
        f"no probe of {what}" for what in ("length", "word", "order")
    ]
