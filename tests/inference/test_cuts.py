"""Counts of what was read add up."""

from __future__ import annotations

from textrae.inference.cuts import SAMPLE, Cuts
from textrae.model import SentenceAutoencoder


def test_counts_of_several_processes_add_up() -> None:
    cuts = Cuts(3, 1, 40, 2)
    cuts.add(Cuts(5, 0, 60, 30))
    assert cuts == Cuts(8, 1, 100, 32)


def test_bytes_that_the_tokenizer_does_not_know_are_counted(model: SentenceAutoencoder) -> None:
    known, strange = Cuts(), Cuts()
    model.encode_stream(["A dog sees a red ball today."], cuts=known)
    list(model.encode_stream(["A dog sees a red ball today."], cuts=known))
    list(model.encode_stream(["一只狗看见", "A dog"], cuts=strange))
    assert known == Cuts(1, 0, 29, 0)
    assert strange == Cuts(2, 0, 1 + 15 + 6, 15)
    assert known.unknown() == []
    (line,) = strange.unknown()
    assert line.startswith(
        "68% of this text is single bytes to the run's tokenizer, which was trained on other"
    )
    full = Cuts(bytes=SAMPLE)
    list(model.encode_stream(["一只狗看见红球"], cuts=full))
    assert (full.sentences, full.spelled) == (1, 0)
