"""Beam search against every possible sentence, and against a plain beam search in Python."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
from inference.brute_force import SPECIALS, TEXT, latents, network, shuffle, spaces
from torch import Tensor

from textrae.inference.beam import beam_search, largest, n_best
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials

KINDS: dict[str, dict[str, Any]] = {
    "gru": {},
    "lstm": {"cell": "lstm", "layers": 2, "conditioning": "initial"},
    "rnn": {"cell": "rnn"},
    "slots": {"slots": 3},
    "variational lstm with slots": {"cell": "lstm", "slots": 2, "variational": True},
    "states": {"memory": "states", "scoring": "additive"},
    "languages": {"languages": ("x", "y")},
}
"""Settings of models with likelihoods."""


def make(seed: int) -> tuple[Autoencoder, Tensor]:
    torch.manual_seed(seed)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 7).double().eval()
    with torch.no_grad():
        model.embedding.weight *= 4  # scores that differ
    return model, 5 * torch.randn(12, 8, dtype=torch.double)


def same(ours: list[tuple[list[int], float]], expected: list[tuple[tuple[int, ...], float]]) -> None:
    """Check sentences and scores, which are kept in float32."""
    assert [tuple(ids) for ids, _ in ours] == [ids for ids, _ in expected]
    torch.testing.assert_close(
        [score for _, score in ours], [score for _, score in expected], atol=1e-5, rtol=1e-6
    )


def begin_of(model: Autoencoder) -> Specials:
    """Special ids, with the last language of a model that writes several."""
    last = len(model.softmax()[1]) - 1
    return SPECIALS if last < model.first_tag else replace(SPECIALS, begin=last)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("longest", [1, 2, 4])
def test_a_beam_as_wide_as_the_space_finds_the_best_of_all_sentences(kind: str, longest: int) -> None:
    """The longest sentences too, their end counted as that of the others."""
    model, width, lengths = network(longest, **KINDS[kind]), 4**longest, set()
    for _ in range(3):
        shuffle(model)
        given, specials = latents(model, 3), begin_of(model)
        every = spaces(model, given, longest, specials)
        for penalty in (-0.2, 0.0, 1.0, 2.0):
            best = beam_search(model, given, specials, longest, width, penalty)
            found = n_best(model, given, specials, longest, width, penalty)
            for space, one, ours in zip(every, best, found, strict=True):
                expected = space.ranked(penalty)
                assert len(expected) == sum(len(TEXT) ** tokens for tokens in range(longest + 1))
                assert tuple(one) == expected[0][0]
                same(ours, expected)
                lengths.add(len(one))
    assert longest in lengths
    assert len(lengths) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_narrow_beams_find_what_a_plain_search_finds(kind: str) -> None:
    model, longest, pushed = network(7, **KINDS[kind]), 4, 0
    for width, penalty in itertools.product((1, 2, 3, 5), (-0.2, 0.0, 1.0)):
        shuffle(model)
        given, specials = latents(model, 12), begin_of(model)
        best = beam_search(model, given, specials, longest, width, penalty)
        found = n_best(model, given, specials, longest, width, penalty)
        greedy = write(model, given, specials, longest)
        for space, one, ours, first in zip(
            spaces(model, given, longest, specials), best, found, greedy, strict=True
        ):
            expected, last = space.beam(width, penalty)
            assert tuple(one) == expected[0][0]
            same(ours, expected)
            assert tuple(first) == space.greedy()
            if width == 1:
                assert one == first
            pushed += expected[0][0] not in last
    assert pushed  # some of the best are no longer in the beam when it ends


def test_the_first_of_the_n_best_is_what_the_search_finds() -> None:
    """On 4,800 random models: 60 networks, each with 80 encodings."""
    model, checked = network(0), 0
    for seed in range(60):
        torch.manual_seed(seed)
        shuffle(model)
        given = Latent(3 * torch.randn(80, 8, dtype=torch.double))
        width, penalty, longest = (2, 3, 5)[seed % 3], (-0.3, 0.0, 0.7, 1.0)[seed % 4], (4, 8)[seed % 2]
        best = beam_search(model, given, SPECIALS, longest, width, penalty)
        found = n_best(model, given, SPECIALS, longest, width, penalty)
        for one, ours in zip(best, found, strict=True):
            scores = [score for _, score in ours]
            assert one == ours[0][0]
            assert scores == sorted(scores, reverse=True)
            assert len({tuple(ids) for ids, _ in ours}) == len(ours) == width
            checked += 1
    assert checked == 4_800


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_batched_beams_are_those_of_each_alone(penalty: float) -> None:
    model, _ = make(1)
    latents = 3 * torch.randn(100, 8, dtype=torch.double)
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
