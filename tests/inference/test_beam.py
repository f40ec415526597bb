"""Beam search against every possible sentence."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from textrae.inference.beam import beam_search, largest, n_best
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials

SPECIALS = Specials(0, 1, 2, 3)
TEXT = (4, 5, 6)
LONGEST = 4


def make(seed: int) -> tuple[Autoencoder, Tensor]:
    torch.manual_seed(seed)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, latent=8), 7).double().eval()
    with torch.no_grad():
        model.embedding.weight *= 4  # scores that differ
    return model, 5 * torch.randn(12, 8, dtype=torch.double)


def likelihood(model: Autoencoder, latent: Tensor, ids: tuple[int, ...], ended: bool) -> float:
    """Log-likelihood of a sentence among those of text tokens and the end."""
    target = [*ids, SPECIALS.eos] if ended else list(ids)
    previous = torch.tensor([SPECIALS.bos, *target[:-1]]).unsqueeze(1)
    with torch.no_grad():
        logits = model.logits(model.teach(previous, Latent(latent.unsqueeze(0))))[:, 0]
    logits[:, [SPECIALS.pad, SPECIALS.bos, SPECIALS.blank]] = float("-inf")
    return float(logits.log_softmax(-1)[range(len(target)), target].sum())


def best_by_trying_all(model: Autoencoder, latent: Tensor, penalty: float) -> list[int]:
    """The best of the sentences that end within LONGEST tokens, the end counted."""
    sentences = [ids for n in range(LONGEST) for ids in itertools.product(TEXT, repeat=n)]
    ranks = {ids: likelihood(model, latent, ids, True) / (len(ids) + 1) ** penalty for ids in sentences}
    return list(max(ranks, key=lambda ids: ranks[ids]))


@pytest.mark.parametrize("penalty", [-0.2, 0.0, 0.7, 1.5])
def test_a_beam_as_wide_as_the_space_finds_the_best_sentence(penalty: float) -> None:
    different = set()
    for seed in range(3):
        model, latents = make(seed)
        found = beam_search(model, Latent(latents), SPECIALS, LONGEST, 4**LONGEST, penalty)
        expected = [best_by_trying_all(model, latent, penalty) for latent in latents]
        assert found == expected
        different |= {tuple(ids) for ids in expected}
    assert len(different) > 3


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_the_n_best_of_so_wide_a_beam_are_the_best_of_all(penalty: float) -> None:
    model, latents = make(0)
    sentences = [ids for n in range(LONGEST) for ids in itertools.product(TEXT, repeat=n)]
    cut = list(itertools.product(TEXT, repeat=LONGEST))  # not ended, as far as they go
    found = n_best(model, Latent(latents), SPECIALS, LONGEST, 4**LONGEST, penalty)
    for latent, ours in zip(latents, found, strict=True):
        ranks = {ids: likelihood(model, latent, ids, True) / (len(ids) + 1) ** penalty for ids in sentences}
        ranks |= {ids: likelihood(model, latent, ids, False) / len(ids) ** penalty for ids in cut}
        expected = sorted(ranks.items(), key=lambda pair: -pair[1])
        assert [tuple(ids) for ids, _ in ours] == [ids for ids, _ in expected]
        torch.testing.assert_close(
            [score for _, score in ours], [score for _, score in expected], atol=1e-5, rtol=0
        )  # scores are kept in float32
    narrow = n_best(model, Latent(latents), SPECIALS, LONGEST, 2, penalty)
    assert all(len(one) == 2 and one[0][1] >= one[1][1] for one in narrow)
    alone = [
        n_best(model, Latent(latent.unsqueeze(0)), SPECIALS, LONGEST, 2, penalty)[0] for latent in latents
    ]
    assert [[ids for ids, _ in one] for one in alone] == [[ids for ids, _ in one] for one in narrow]


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    model, latents = make(seed)
    assert beam_search(model, Latent(latents), SPECIALS, 9, 1) == write(model, Latent(latents), SPECIALS, 9)


@pytest.mark.parametrize("width", [2, 5])
def test_a_wider_beam_is_no_less_likely_on_the_whole(width: int) -> None:
    model, latents = make(0)

    def total(rows: list[list[int]]) -> float:
        return sum(
            likelihood(model, latent, tuple(ids), len(ids) < 6)
            for latent, ids in zip(latents, rows, strict=True)
        )

    narrow, wide = (
        write(model, Latent(latents), SPECIALS, 6),
        beam_search(model, Latent(latents), SPECIALS, 6, width),
    )
    assert total(wide) >= total(narrow)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_batched_beams_are_those_of_each_alone(penalty: float) -> None:
    model, _ = make(1)
    latents = 3 * torch.randn(150, 8, dtype=torch.double)
    together = beam_search(model, Latent(latents), SPECIALS, 12, 3, penalty)
    assert len({len(row) for row in together}) > 2  # some leave the batch early
    for latent, row in zip(latents, together, strict=True):
        assert beam_search(model, Latent(latent.unsqueeze(0)), SPECIALS, 12, 3, penalty) == [row]


@pytest.mark.parametrize(
    ("cell", "layers", "slots"), [("gru", 1, 0), ("gru", 2, 3), ("lstm", 1, 3), ("lstm", 2, 0), ("rnn", 2, 0)]
)
def test_looked_up_tokens_are_found_as_computed_ones(cell: Any, layers: int, slots: int) -> None:
    torch.manual_seed(0)
    config = ModelConfig(cell=cell, hidden=16, embedding=12, latent=8, layers=layers, slots=slots)
    model = Autoencoder(config, 9).double().eval()
    with torch.no_grad():
        model.embedding.weight *= 4
        table = model.writing_table()
        latent = Latent(5 * torch.randn(12, config.encoding_size, dtype=torch.double))
    assert beam_search(model, latent, SPECIALS, 9, 3, table=table) == beam_search(
        model, latent, SPECIALS, 9, 3
    )
    hypotheses, others = (
        n_best(model, latent, SPECIALS, 9, 3, table=table),
        n_best(model, latent, SPECIALS, 9, 3),
    )
    assert [[ids for ids, _ in one] for one in hypotheses] == [[ids for ids, _ in one] for one in others]


@pytest.mark.parametrize("size", [50, 640, 5_000, 5_003])
def test_largest_by_groups_is_topk(size: int) -> None:
    scores = torch.randn(20, size, generator=torch.Generator().manual_seed(size))
    ours, theirs = largest(scores, 4), scores.topk(4)
    assert torch.equal(ours[0], theirs.values)
    assert torch.equal(ours[1], theirs.indices)
