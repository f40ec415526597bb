"""Greedy and beam search against every possible sentence."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from textrae.errors import ConfigError
from textrae.inference.beam import beam_search, largest, n_best
from textrae.inference.generation import SegmentWriter, write
from textrae.inference.sampling import Sampling, likeliest, sampling_of
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


@pytest.mark.parametrize(
    ("cell", "layers", "slots"), [("gru", 1, 0), ("gru", 2, 3), ("lstm", 1, 3), ("lstm", 2, 0), ("rnn", 2, 0)]
)
def test_looked_up_tokens_are_written_as_computed_ones(cell: Any, layers: int, slots: int) -> None:
    torch.manual_seed(0)
    config = ModelConfig(cell=cell, hidden=16, embedding=12, latent=8, layers=layers, slots=slots)
    model = Autoencoder(config, 9).double().eval()
    with torch.no_grad():
        model.embedding.weight *= 4
        table = model.writing_table()
        latent = Latent(5 * torch.randn(12, config.encoding_size, dtype=torch.double))
    assert table is not None
    written = write(model, latent, SPECIALS, 9)
    assert len({tuple(row) for row in written}) > 3
    assert write(model, latent, SPECIALS, 9, table=table) == written
    assert beam_search(model, latent, SPECIALS, 9, 3, table=table) == beam_search(
        model, latent, SPECIALS, 9, 3
    )
    hypotheses, others = (
        n_best(model, latent, SPECIALS, 9, 3, table=table),
        n_best(model, latent, SPECIALS, 9, 3),
    )
    assert [[ids for ids, _ in one] for one in hypotheses] == [[ids for ids, _ in one] for one in others]


def test_the_likeliest_is_the_first_of_the_largest_in_any_precision() -> None:
    scores = torch.tensor([[0.0, 2.0, 1.0, 2.0], [3.0, -1.0, 0.0, 0.5]])
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert likeliest(scores.to(dtype)).tolist() == [1, 0]


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


@pytest.mark.parametrize("size", [50, 640, 5_000, 5_003])
def test_largest_by_groups_is_topk(size: int) -> None:
    scores = torch.randn(20, size, generator=torch.Generator().manual_seed(size))
    ours, theirs = largest(scores, 4), scores.topk(4)
    assert torch.equal(ours[0], theirs.values)
    assert torch.equal(ours[1], theirs.indices)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_hierarchical_model_writes_what_it_would_be_taught(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plans in generation, from what was written, are those of training, from what is given."""
    whole, original = 0, SegmentWriter.segments
    segments: list[tuple[list[int], int]] = []

    def spy(self: SegmentWriter, plans: Tensor, texts: Tensor) -> tuple[list[list[int]], Tensor, Tensor]:
        rows, features, closed = original(self, plans, texts)
        segments.append((rows[0], int(closed[0])))
        return rows, features, closed

    monkeypatch.setattr(SegmentWriter, "segments", spy)
    for seed in range(30):
        torch.manual_seed(seed)
        segments.clear()
        config = ModelConfig(
            cell=cell,
            hidden=16,
            embedding=12,
            latent=8,
            hierarchical=True,
            segments="2,4",
        )
        model = Autoencoder(config, 7).double().eval()
        with torch.no_grad():
            model.embedding.weight *= 4
            model.bias[[SPECIALS.eos, 7, 8]] += 3 * torch.rand(3, dtype=torch.double)
        vector = Latent(torch.randn(1, 8, dtype=torch.double))
        written = write(model, vector, SPECIALS, 12)
        tokens = [token for row, _ in segments for token in row]
        assert written[0] == tokens[:12]
        known = segments[-1][1] == 2 and len(tokens) < 12  # or it was cut, and how it would have ended is not
        segments[-1] = (segments[-1][0], 2)
        ends = [SPECIALS.eos if closed == 2 else 7 + closed for _, closed in segments]
        columns = [torch.tensor([*row, end]) for (row, _), end in zip(segments, ends, strict=True)]
        source = torch.nn.utils.rnn.pad_sequence(columns)
        upper, units = [], 0
        for _, closed in segments:
            units += 1
            if closed:
                upper.append(units)
                units = 0
        if max(upper) >= 12:
            continue  # a unit that was cut, whose parts' ends do not show it
        tree = (torch.tensor(upper), torch.tensor([len(upper)]))
        previous = torch.cat([torch.full((1, len(columns)), SPECIALS.bos), source[:-1]])
        given = model.encode(source, torch.tensor([len(c) for c in columns]), None, tree)
        scores = model.logits(model.teach(previous, given._replace(vector=vector.vector)))
        scores[..., [SPECIALS.pad, SPECIALS.bos, SPECIALS.blank]] = float("-inf")
        real = source != SPECIALS.pad
        if not known:
            real[:, -1] = False
        assert torch.equal(scores.argmax(-1)[real], source[real])
        whole += len(columns) > 2
    assert whole >= 10  # texts of several segments


def test_sampling_keeps_what_it_says() -> None:
    shares = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).expand(4_000, -1)

    def drawn(**settings: float) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        chosen = Sampling(**settings, generator=generator)(shares.log())  # type: ignore[arg-type]
        return chosen.bincount(minlength=4) / len(chosen)

    torch.testing.assert_close(drawn(), shares[0], atol=0.03, rtol=0)
    torch.testing.assert_close(drawn(top_k=2), torch.tensor([0.625, 0.375, 0.0, 0.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn(top_p=0.6), torch.tensor([0.625, 0.375, 0.0, 0.0]), atol=0.03, rtol=0)
    assert drawn(top_p=0.01).tolist() == [1.0, 0.0, 0.0, 0.0]
    cooler = shares[0].square() / shares[0].square().sum()
    torch.testing.assert_close(drawn(temperature=0.5), cooler, atol=0.03, rtol=0)


def test_what_is_drawn_and_what_is_not() -> None:
    assert sampling_of(None, None, None, 5, 0) is None
    assert sampling_of(0.0, None, None, 5, 0) is None
    assert sampling_of(0.0, None, None, 1, 0) is None
    expected = {
        (None, None, None): (1.0, 0, 0.5),
        (0.7, None, None): (0.7, 0, 1.0),
        (None, 5, None): (1.0, 5, 1.0),
        (0.7, None, 0.9): (0.7, 0, 0.9),
    }
    for given, wanted in expected.items():
        found = sampling_of(*given, 1, 0)
        assert found is not None
        assert (found.temperature, found.top_k, found.top_p) == wanted
    for top_k, top_p in ((5, None), (None, 0.9)):
        with pytest.raises(ConfigError, match="leave them out"):
            sampling_of(0.0, top_k, top_p, 1, 0)
        with pytest.raises(ConfigError, match="does not draw"):
            sampling_of(None, top_k, top_p, 5, 0)
    with pytest.raises(ConfigError, match="does not draw"):
        sampling_of(0.7, None, None, 5, 0)


def test_sampled_sentences_follow_the_models_distribution() -> None:
    model, latents = make(2)
    latent = Latent(latents[:1].expand(3_000, -1))
    sampling = Sampling(generator=torch.Generator().manual_seed(0))
    found = write(model, latent, SPECIALS, 3, sampling)
    state, condition = model.begin(Latent(latents[:1]))
    features, _ = model.decode(torch.tensor([[SPECIALS.bos]]), state, condition)
    scores = model.logits(features[0, 0])
    scores[[SPECIALS.pad, SPECIALS.bos, SPECIALS.blank]] = float("-inf")
    firsts = torch.tensor([row[0] if row else SPECIALS.eos for row in found])
    counted = firsts.bincount(minlength=len(scores)) / len(found)
    torch.testing.assert_close(counted.to(scores), scores.softmax(-1), atol=0.04, rtol=0)
    again = write(model, latent, SPECIALS, 3, Sampling(generator=torch.Generator().manual_seed(0)))
    assert again == found
