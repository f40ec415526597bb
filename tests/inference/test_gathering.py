"""Encodings of a text with their classes and lengths: in order, drawn evenly where they are many, refused where they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, CorpusError
from textrae.inference import gathering
from textrae.inference.gathering import gather


def test_each_sentence_has_its_encoding_class_and_length(model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:40], " ", *sentences()[40:60]]
    kinds = ["odd" if number % 2 else "even" for number in range(61)]
    kinds[3] = "  "
    known = gather(model.engine, lines, kinds)
    filled = [line for line in lines if line.strip()]
    np.testing.assert_allclose(known.vectors.numpy(), model.encode(filled), atol=1e-5)
    names = ["", *known.labels]
    told = [names[number] for number in known.condition.labels.tolist()]
    assert told == [kind.strip() for kind, line in zip(kinds, lines, strict=True) if line.strip()]
    ids = model.run.tokenizer.encode(filled)
    assert known.condition.lengths.tolist() == [len(row) for row in ids]
    assert known.read == len(known.vectors) == 60
    assert gather(model.engine, filled).condition.labels.tolist() == [0] * 60


def test_of_many_sentences_some_are_drawn_evenly(
    model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_NUMBERS", 50 * model.encoding_size)
    lines = sentences()[:400]
    known = gather(model.engine, lines)
    assert (len(known.vectors), known.read) == (50, 400)
    every = torch.from_numpy(model.encode(lines))
    apart = torch.cdist(known.vectors.double(), every.double())
    places = apart.argmin(1)
    assert float(apart.min(1).values.max()) < 1e-3
    assert 100 < float(places.float().mean()) < 300
    again, other = (gather(model.engine, lines, seed=seed).vectors for seed in (0, 1))
    assert torch.equal(again, known.vectors)
    assert not torch.equal(other, known.vectors)


def test_rows_are_drawn_evenly_over_blocks() -> None:
    """Each of 40 rows is kept about as often as any other, whichever block it comes in."""
    count = np.zeros(40)
    for seed in range(600):
        kept = gathering._Reservoir(10, np.random.default_rng(seed))
        for start in (0, 7, 25):
            rows = torch.arange(start, {0: 7, 7: 25, 25: 40}[start])
            kept.add((rows.unsqueeze(1).float(), rows, rows))
        count[kept.columns()[1].numpy()] += 1
    assert count.sum() == 6_000
    assert 105 < count.min() <= count.max() < 200  # 150 each, 11 is a standard deviation


def test_what_does_not_fit_is_refused(model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch) -> None:
    for kinds, said in ((["a"] * 4, "4 labels for more sentences"), (["a"] * 7, "7 labels for 5 sentences")):
        with pytest.raises(CorpusError, match=said):
            gather(model.engine, sentences()[:5], kinds)
    with pytest.raises(CorpusError, match="no sentence"):
        gather(model.engine, [" ", ""])
    monkeypatch.setattr(gathering, "MOST_LABELS", 2)
    with pytest.raises(ConfigError, match="more than 2 different ones"):
        gather(model.engine, sentences()[:5], ["a", "b", "a", "c", "a"])
