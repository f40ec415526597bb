"""Step-by-step generation against what teacher forcing scores."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from inference.brute_force import latents, network
from torch import Tensor

from textrae.inference.generation import SegmentWriter, text_projection, token_scores, until_end, write
from textrae.inference.sampling import Sampling
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials

SPECIALS = Specials(0, 1, 2, 3)


def make(seed: int) -> tuple[Autoencoder, Tensor]:
    torch.manual_seed(seed)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, slots=0, latent=8), 7).double().eval()
    with torch.no_grad():
        model.embedding.weight *= 4  # scores that differ
    return model, 5 * torch.randn(12, 8, dtype=torch.double)


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


def test_special_and_language_tokens_are_never_chosen() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=16, embedding=12, latent=8, languages=("x", "y")), 7).eval()
    features = torch.randn(1, 40, 12)
    with torch.no_grad():
        scores = token_scores(features, text_projection(model, SPECIALS))
        expected = model.logits(features)[0]
    never = [SPECIALS.pad, SPECIALS.bos, SPECIALS.blank, 7, 8]
    assert (scores[:, never] < -1e8).all()
    text = [token for token in range(9) if token not in never]
    torch.testing.assert_close(scores[:, text], expected[:, text])


def test_rows_are_read_up_to_their_first_end() -> None:
    assert until_end(torch.tensor([[4, 2, 5], [2, 2, 2], [4, 5, 6]]), 2) == [[4], [], [4, 5, 6]]


def test_batch_mates_that_leave_early_change_nothing() -> None:
    model, _ = make(1)
    latents = 3 * torch.randn(150, 8, dtype=torch.double)
    together = write(model, Latent(latents), SPECIALS, 12)
    assert len({len(row) for row in together}) > 2
    for latent, row in zip(latents, together, strict=True):
        assert write(model, Latent(latent.unsqueeze(0)), SPECIALS, 12) == [row]


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


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "lstm", "slots": 2, "layers": 2, "clock": False},
        {"reconstruction": "mse"},
        {"hierarchical": True, "segments": "2,4"},
    ],
)
def test_a_longest_length_truncates_and_does_nothing_else(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence of exactly that length is written as with more room: only its end is not looked for."""
    segments, original, exact = [0], SegmentWriter.segments, 0

    def spy(self: SegmentWriter, plans: Tensor, texts: Tensor) -> tuple[list[list[int]], Tensor, Tensor]:
        segments.append(len(plans))
        return original(self, plans, texts)

    monkeypatch.setattr(SegmentWriter, "segments", spy)
    for seed in range(40):
        model = network(seed, **settings)
        if model.bias is not None:
            with torch.no_grad():
                model.bias[[SPECIALS.eos, *range(model.first_end, model.first_tag)]] += 2 * torch.rand(())
        latent = latents(model, 1) if model.hierarchy is None else Latent(2 * torch.randn(1, 8).double())
        segments.clear()
        (free,) = write(model, latent, SPECIALS, 10)
        few = sum(segments)
        for longest in {3, len(free)}:
            if longest >= max(1, few):  # of segments there are never more than tokens
                assert write(model, latent, SPECIALS, longest) == [free[:longest]]
                exact += len(free) == longest < 10
    assert exact


def test_draws_are_truncated_at_a_longest_length_only() -> None:
    model = network(0)
    latent = Latent(torch.randn(1, 8, dtype=torch.double))

    def drawn(seed: int, longest: int) -> list[int]:
        sampling = Sampling(3.0, generator=torch.Generator().manual_seed(seed))
        return write(model, latent, SPECIALS, longest, sampling)[0]

    rows = [drawn(seed, 12) for seed in range(30)]
    assert [drawn(seed, 2) for seed in range(30)] == [row[:2] for row in rows]
    assert any(len(row) == 2 for row in rows)
