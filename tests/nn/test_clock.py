"""The clock: lengths in encodings and out of them, and windows on shares of a text."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import ConfigError
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.nn.cells import CELLS
from textrae.nn.clock import Clock, Windows, length_number, positions
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials, collate_lists
from textrae.training.losses import length_loss, reconstruction_loss

SPECIALS = Specials(0, 1, 2, 3)
SHAPE: dict[str, Any] = {"hidden": 16, "embedding": 12, "slots": 4, "latent": 3}


@settings(deadline=None)
@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=20))
def test_a_kept_length_is_read_from_the_last_number(lengths: list[int]) -> None:
    clock, asked = Clock(5, kept=True, foretells=False), torch.tensor(lengths)
    vectors = torch.cat([torch.randn(len(lengths), 4), clock.number(asked).unsqueeze(1)], dim=1)
    torch.testing.assert_close(clock(vectors).detach(), asked.float(), rtol=1e-5, atol=0.0)


def test_numbers_of_lengths_are_standardised_where_a_model_asks() -> None:
    clock, lengths = Clock(2, kept=True, foretells=False), torch.tensor([3, 20, 50])
    clock.standardise(lengths)
    found = clock.number(lengths)
    assert float(found.mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(found.std(correction=0)) == pytest.approx(1.0)
    torch.testing.assert_close(clock(torch.stack([torch.zeros(3), found], 1)), lengths.float())


@pytest.mark.parametrize("number", [-1e30, -50.0, 50.0, 1e30])
def test_a_number_that_no_text_has_gives_a_length_all_the_same(number: float) -> None:
    found = Clock(1, kept=True, foretells=False)(torch.tensor([[number]]))
    assert found.item() == pytest.approx(1.0 if number < 0 else 65_536.0)


def test_what_is_not_kept_is_foretold() -> None:
    clock = Clock(3, kept=False, foretells=True)
    torch.testing.assert_close(clock(torch.randn(2, 3)), torch.full((2,), 16.0))
    with torch.no_grad():
        clock.foretell.weight.copy_(torch.tensor([[0.0, 3 / 8, 0.0]]))  # type: ignore[union-attr]
    vectors = torch.tensor([[9.0, length_number(torch.tensor(40)), 9.0]])
    torch.testing.assert_close(clock(vectors), torch.tensor([40.0]))


def test_who_has_a_clock() -> None:
    for switches, expected in (
        ({}, True),
        ({"slot_addressing": "content"}, False),
        ({"variational": True}, False),
        ({"variational": True, "slot_addressing": "position"}, True),
        ({"bidirectional": False}, True),
        ({"bidirectional": False, "reverse": True}, False),
        ({"slots": 1}, False),
        ({"slots": 0, "latent": 16, "hierarchical": True}, True),
        ({"slots": 0, "latent": 16, "hierarchical": True, "places": 0}, False),
    ):
        settings: dict[str, Any] = {**SHAPE, **switches}
        assert ModelConfig(**settings).clock_used == expected, switches
        assert not ModelConfig(**settings, clock=False).clock_used
        if not expected:
            with pytest.raises(ConfigError, match=r"^`clock`: it needs slots with positions"):
                ModelConfig(**settings, clock=True)


def test_positions_are_shares_and_stay_at_the_end() -> None:
    found = positions(torch.tensor([4.0, 2.0]), 3, first=1)
    torch.testing.assert_close(found, torch.tensor([[0.375, 0.625, 0.875], [0.75, 1.0, 1.0]]))


def test_windows_are_gaussians_around_even_centres() -> None:
    found = Windows(4, 8.0)(torch.tensor([[0.125, 0.5]]))
    density = torch.distributions.Normal((torch.arange(4) + 0.5) / 4, 1 / 8).log_prob
    for place, share in enumerate((0.125, 0.5)):
        expected = density(torch.tensor(share)) - density(torch.tensor(share)).max()
        torch.testing.assert_close(found[0, place] - found[0, place].max(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("cell", "both"), list(itertools.product(CELLS, (False, True))))
def test_generation_and_training_share_their_step(cell: Any, both: bool) -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(cell=cell, bidirectional=both, layers=2, **SHAPE), 20).eval()
    batch = collate_lists([[4, 5, 6, 9, 9], [7, 8]], SPECIALS)
    whole, latent = model(batch.source, batch.lengths, batch.previous)
    torch.testing.assert_close(latent.expected, torch.tensor([6.0, 3.0]))
    state, condition = model.begin(Latent(latent.vector))
    for step, previous in enumerate(batch.previous):
        features, state = model.decode(previous.unsqueeze(0), state, condition, first=step)
        torch.testing.assert_close(features[0], whole[step])


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(**SHAPE), 20)
    batch = collate_lists([[4, 5, 6], [7], [], [8, 9, 10, 11, 19]], SPECIALS)
    features, latent = model(batch.source, batch.lengths, batch.previous)
    assert latent.expected is not None
    assert length_loss(latent.expected, batch, SPECIALS.pad).item() < 1e-10  # it is kept
    reconstruction_loss(model, features, batch.target, SPECIALS.pad).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_length_that_is_kept_is_that_of_the_clean_text() -> None:
    model = Autoencoder(ModelConfig(**SHAPE), 20)
    batch = collate_lists([[4, 5, 6], [7, 8]], SPECIALS)
    _, latent = model(batch.source[:3], batch.lengths - 1, batch.previous, told=batch.lengths)
    torch.testing.assert_close(latent.expected, torch.tensor([4.0, 3.0]))


def test_the_length_of_a_translation_is_learnt() -> None:
    torch.manual_seed(0)
    clock = Clock(4, kept=True, foretells=True)
    vectors, sources = torch.randn(64, 4), torch.randint(3, 30, (64,))
    vectors[:, -1] = clock.number(sources)
    targets = [[4] * (2 * int(n) - 1) for n in sources]  # with its end twice as long
    batch = collate_lists(targets, SPECIALS)
    optimizer = torch.optim.Adam(clock.parameters(), lr=0.03)
    for _ in range(200):
        loss = length_loss(clock(vectors), batch, SPECIALS.pad)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(clock(vectors), 2.0 * sources, rtol=0.05, atol=0.0)


def test_learns_to_copy_soon_also_what_is_longer_than_all_it_was_trained_on() -> None:
    """In a tenth of the steps that one vector takes; exchanged vectors exchange the sentences."""
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=48, embedding=24, slots=6, latent=8), 14)
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 7, (400,), generator=generator)
    sentences = [torch.randint(4, 14, (int(n),), generator=generator).tolist() for n in lengths]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for start in range(0, 400 * 10, 50):
        batch = collate_lists([sentences[i % 400] for i in range(start, start + 50)], SPECIALS)
        features, _ = model(batch.source, batch.lengths, batch.previous)
        optimizer.zero_grad()
        reconstruction_loss(model, features, batch.target, SPECIALS.pad).backward()
        optimizer.step()
    model.eval()
    batch = collate_lists(sentences, SPECIALS)
    latent = model.encode(batch.source, batch.lengths)
    rebuilt = write(model, latent, SPECIALS, 10)
    assert sum(a == b for a, b in zip(rebuilt, sentences, strict=True)) > 0.9 * 400
    order = torch.randperm(400, generator=generator)
    assert write(model, latent.take(order), SPECIALS, 10) == [rebuilt[i] for i in order.tolist()]
    # of twice the length: it ends, and about where it should
    longer = [torch.randint(4, 14, (12,), generator=generator).tolist() for _ in range(50)]
    batch = collate_lists(longer, SPECIALS)
    written = write(model, model.encode(batch.source, batch.lengths), SPECIALS, 30)
    assert all(8 <= len(row) <= 16 for row in written)


def test_other_lengths_than_the_kept_one_change_only_the_clock() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(**SHAPE), 20).eval()
    batch = collate_lists([[4, 5, 6]], SPECIALS)
    latent = model.encode(batch.source, batch.lengths)
    vector = latent.vector.clone()
    vector[:, -1] = length_number(torch.tensor([9]))
    torch.testing.assert_close(model.expected(Latent(vector)), torch.tensor([9.0]))
    assert all(len(row) <= 5 for row in write(model, Latent(vector), SPECIALS, 5))


def test_a_model_of_given_vectors_foretells_the_length() -> None:
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(vectors=6, **SHAPE), 20)
    batch = collate_lists([[4, 5, 6], [7] * 30], SPECIALS)
    vectors = torch.randn(2, 6)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(60):
        _, latent = model(batch.source, batch.lengths, batch.previous, vectors=vectors)
        assert latent.expected is not None
        optimizer.zero_grad()
        length_loss(latent.expected, batch, SPECIALS.pad).backward()
        optimizer.step()
    torch.testing.assert_close(model.expected(model.read(vectors)), batch.lengths.float(), rtol=0.1, atol=0.0)


def test_a_translator_and_an_autoencoder_have_the_same_parameters_but_for_the_length() -> None:
    shapes = []
    for translates in (False, True):
        model = Autoencoder(ModelConfig(**SHAPE), 20, translates=translates)
        shapes.append({name: tuple(value.shape) for name, value in model.state_dict().items()})
    more = {"clock.foretell.weight": (1, 12), "clock.foretell.bias": (1,)}
    assert shapes[1] == {**shapes[0], **more}


@pytest.mark.parametrize("both", [False, True])
def test_a_posterior_draws_the_length_too(both: bool) -> None:
    torch.manual_seed(0)
    model = Autoencoder(
        ModelConfig(variational=True, slot_addressing="position", bidirectional=both, **SHAPE), 20
    )
    assert model.clock is not None
    model.clock.standardise(torch.tensor([3, 4, 6]))
    batch = collate_lists([[4, 5, 6]] * 2_000, SPECIALS)
    latent = model.encode(batch.source, batch.lengths)
    assert latent.mean is not None
    assert latent.log_variance is not None
    torch.testing.assert_close(latent.mean[:, -1], model.clock.number(batch.lengths))
    spread = (latent.vector - latent.mean)[:, -1].std()
    torch.testing.assert_close(spread, (0.5 * latent.log_variance[:, -1]).exp().mean(), rtol=0.1, atol=0.0)
    model.eval()
    torch.testing.assert_close(
        model.expected(model.encode(batch.source, batch.lengths)), torch.full((2_000,), 4.0)
    )


def test_slots_look_at_their_own_share_and_all_are_used() -> None:
    """After learning to copy no slot looks somewhere else, and the decoder looks at each."""
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=32, embedding=16, slots=4, latent=8), 14)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(150):
        batch = collate_lists(torch.randint(4, 14, (40, 11), generator=generator).tolist(), SPECIALS)
        features, _ = model(batch.source, batch.lengths, batch.previous)
        optimizer.zero_grad()
        reconstruction_loss(model, features, batch.target, SPECIALS.pad).backward()
        optimizer.step()
    model.eval()
    looks = model.slot_weights(batch.source, batch.lengths)
    assert looks is not None
    shares = (torch.arange(12) + 0.5) / 12
    torch.testing.assert_close((looks @ shares).mean(0), (torch.arange(4) + 0.5) / 4, rtol=0.0, atol=0.1)
    used = model.attend(batch.previous, model.encode(batch.source, batch.lengths)).mean((0, 1))
    assert used.min().item() > 0.12  # of a quarter
