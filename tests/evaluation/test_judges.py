"""The judges: a language model, a classifier, and a sweep of strengths."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from conftest import sentences
from support import SPECIALS, Memory, textrae

from textrae import SentenceAutoencoder
from textrae.evaluation.classifier import train_classifier
from textrae.evaluation.language_model import LanguageModel, perplexity, train_language_model
from textrae.text.batch import LengthBuckets, ListedRows


def kinds() -> tuple[list[str], list[str]]:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    return today, again


def test_a_language_model_comes_near_the_entropy_of_its_text(model: SentenceAutoencoder) -> None:
    """1,200 sentences of equal chance: ln 1,200 nats a sentence is the least there is."""
    tokenizer = model.run.tokenizer
    judge = train_language_model(
        sentences(), tokenizer, steps=250, hidden=48, embedding=32, dropout=0.0, lr=1e-2
    )
    words = sum(len(one.split()) + 1 for one in sentences()) / 1_200
    least = 1_200 ** (1 / words)
    assert least <= perplexity(judge, sentences(), tokenizer) < 1.1 * least
    odd = [" ".join(reversed(one.split())) for one in sentences()[::10]]
    assert perplexity(judge, odd, tokenizer) > 10 * least
    with pytest.raises(ValueError, match="no sentence"):
        perplexity(judge, [], tokenizer)


def test_perplexity_of_an_even_model_is_its_vocabularys(model: SentenceAutoencoder) -> None:
    tokenizer = model.run.tokenizer
    judge = LanguageModel(tokenizer.vocab_size, "gru", 8, 4, 0.0).eval()
    with torch.no_grad():
        judge.output.weight.zero_()
    tokens = sum(len(row) + 1 for row in tokenizer.encode(sentences()))
    words = sum(len(one.split()) + 1 for one in sentences())
    expected = tokenizer.vocab_size ** (tokens / words)
    assert perplexity(judge, sentences(), tokenizer) == pytest.approx(expected, rel=1e-4)
    long = "x " * 900
    (ids,), _ = tokenizer.encode_cut([long], 400)
    (read,) = tokenizer.decode([ids])
    expected = tokenizer.vocab_size ** (401 / (len(read.split()) + 1))
    assert perplexity(judge, [long], tokenizer) == pytest.approx(expected, rel=1e-4)


def test_a_classifier_tells_kinds_apart(model: SentenceAutoencoder) -> None:
    today, again = kinds()
    classifier, right = train_classifier(today, again, model.run.tokenizer)
    assert right == 1.0
    assert classifier.share(again[:50]) == 1.0
    assert classifier.share(today[:50]) == 0.0
    mixed = random.Random(0).sample(sentences(), 1_200)
    _, chance = train_classifier(mixed[:600], mixed[600:], model.run.tokenizer)
    assert 0.3 < chance < 0.7  # held out: what it learnt by heart does not count
    with pytest.raises(ValueError, match="ten examples"):
        train_classifier(today[:3], again, model.run.tokenizer)


def test_analogy_and_its_sweep(run: Path, tmp_path: Path) -> None:
    today, again = kinds()
    for name, rows in (("a.txt", today), ("b.txt", again), ("c.txt", today[::20])):
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = ("--from", tmp_path / "a.txt", "--to", tmp_path / "b.txt", tmp_path / "c.txt")
    moved = textrae("analogy", run, *files, "--strength", 1.5)
    assert moved.returncode == 0, moved.stderr
    lines = moved.stdout.decode().splitlines()
    assert len(lines) == 30
    assert sum(line.endswith("again!") for line in lines) > 20
    swept = textrae("analogy", run, *files, "--strength", "0,1.5", "--json")
    assert swept.returncode == 0, swept.stderr
    still, changed = json.loads(swept.stdout)["rows"]
    assert still["accuracy"] < 0.1
    assert still["bleu"] > changed["bleu"]
    assert changed["accuracy"] > 0.7
    assert textrae("analogy", run, *files, "--strength", "x").returncode == 2
    (tmp_path / "a.txt").write_text("")
    assert b"0 sentences in it" in textrae("analogy", run, *files).stderr


def test_listed_rows_are_those_of_a_list() -> None:
    rows = [[4, 5, 6], [], [7], [8, 9], [10]]
    ours, theirs = ListedRows(rows), Memory(rows)
    for one, other in zip(
        LengthBuckets(ours, 6, SPECIALS, 3).epoch(0),
        LengthBuckets(theirs, 6, SPECIALS, 3).epoch(0),
        strict=True,
    ):
        assert torch.equal(one.source, other.source)
        assert torch.equal(one.lengths, other.lengths)
