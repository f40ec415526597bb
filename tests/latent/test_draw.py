"""Draws from a latent space whose distribution is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from textrae.errors import ConfigError
from textrae.latent.draw import (
    SOURCES,
    Wish,
    around,
    default_path_method,
    default_source,
    draw,
    normalised,
    on_the_sphere,
    refuse_states,
    through,
)
from textrae.latent.flow import Flow, FlowShape
from textrae.latent.mixture import Latents, fit_mixture
from textrae.latent.path import path
from textrae.settings.model import ModelConfig

PLAIN = ModelConfig(slots=0, latent=6)
VARIATIONAL = ModelConfig(latent=6, variational=True)


def kept(variance: float | None = None) -> Latents:
    """Encodings around (5, 0, …) with standard deviations 1, 2, …, 6."""
    torch.manual_seed(0)
    vectors = torch.randn(4_000, 6) * torch.arange(1.0, 7.0)
    vectors[:, 0] += 5
    spread = None if variance is None else torch.full_like(vectors, variance).log()
    return Latents(vectors, spread, fit_mixture(vectors, components=1))


def flow() -> Flow:
    """A flow that has learnt no more than mean and spread of these encodings."""
    made = Flow(FlowShape(6, width=8, depth=1)).eval()
    made.standardise(kept().vectors)
    return made


def test_the_prior_is_standard_normal() -> None:
    found = draw(VARIATIONAL, None, 5_000, "prior")
    assert found.shape == (5_000, 6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(0), 0.0, atol=0.06)
    np.testing.assert_allclose(found.std(0), 1.0, atol=0.05)
    assert draw(ModelConfig(vectors=9), None, 2, "prior").shape == (2, 9)


@pytest.mark.parametrize("source", ["posterior", "mixture", "flow"])
def test_other_sources_follow_the_training_encodings(source: str) -> None:
    found = draw(VARIATIONAL, kept(), 5_000, source, flow=flow())  # type: ignore[arg-type]
    np.testing.assert_allclose(found.mean(0), [5, 0, 0, 0, 0, 0], atol=0.4)
    np.testing.assert_allclose(found.std(0), np.arange(1, 7), rtol=0.08)


def test_the_posterior_of_a_variational_model_is_drawn_from() -> None:
    latents = kept(variance=0.01)
    rows = {tuple(row) for row in draw(VARIATIONAL, replace(latents, log_variance=None), 100, "posterior")}
    assert rows <= {tuple(row) for row in latents.vectors.numpy()}
    drawn = draw(VARIATIONAL, latents, 100, "posterior")
    nearest = torch.cdist(torch.from_numpy(drawn), latents.vectors).min(1).values
    assert 0.1 < float(nearest.mean()) < 0.5  # six dimensions of standard deviation 0.1


@pytest.mark.parametrize("source", SOURCES)
def test_a_seed_draws_the_same(source: str) -> None:
    first, again, other = (
        draw(PLAIN, kept(), 9, source, seed, flow=flow())  # type: ignore[arg-type]
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_around_moves_each_dimension_by_its_own_spread() -> None:
    latents, centre = kept(), np.ones(6, np.float32)
    near = np.stack(list(islice(around(VARIATIONAL, latents, centre, 0.5, seed=1), 4_000)))
    np.testing.assert_allclose(near.mean(0), 1.0, atol=0.2)
    np.testing.assert_allclose(near.std(0), 0.5 * np.arange(1, 7), rtol=0.06)
    assert np.array_equal(near[:5], list(islice(around(VARIATIONAL, latents, centre, 0.5, seed=1), 5)))


def test_new_encodings_are_normalised_if_the_models_are() -> None:
    for source in SOURCES:
        found = draw(PLAIN, kept(), 20, source, flow=flow())
        np.testing.assert_allclose(found.mean(1), 0.0, atol=1e-5)
        np.testing.assert_allclose(found.var(1), 1.0, atol=1e-3)
    vectors = torch.randn(3, 6)
    assert np.array_equal(on_the_sphere(VARIATIONAL, vectors), vectors.numpy())


def test_a_wish_needs_a_flow() -> None:
    with pytest.raises(ConfigError, match="only a flow can follow them"):
        draw(VARIATIONAL, kept(), 1, wish=Wish(length=5))
    with pytest.raises(ConfigError, match="`guidance`: strengthens"):
        draw(VARIATIONAL, kept(), 1, flow=flow(), wish=Wish(guidance=2))
    with pytest.raises(ConfigError, match="`source=flow`: this run has no flow"):
        draw(VARIATIONAL, kept(), 1, "flow")


def test_a_way_through_the_flow_passes_its_stations() -> None:
    """Where the flow changes nothing but mean and spread, the way is an arc around the mean."""
    made, stations = flow(), kept().vectors[:3].numpy()
    way = through(VARIATIONAL, made, stations, 5)
    assert way.shape == (9, 6)
    assert np.array_equal(way[::4], stations)
    noise = made.noise(torch.from_numpy(stations)).numpy()
    np.testing.assert_allclose(
        made.noise(torch.from_numpy(way)).numpy(), path(noise, 5, "spherical"), atol=1e-4
    )
    with pytest.raises(ConfigError, match="`method=flow`: this run has no flow"):
        through(VARIATIONAL, None, stations, 5)


def test_a_kept_length_is_not_normalised() -> None:
    config, vectors = ModelConfig(slots=2, latent=3), torch.randn(4, 6) * 3
    found = on_the_sphere(config, vectors)
    assert np.array_equal(found[:, -1], vectors[:, -1].numpy())
    np.testing.assert_allclose(found[:, :-1].mean(1), 0.0, atol=1e-5)
    np.testing.assert_allclose(found[:, :-1].var(1), 1.0, atol=1e-3)


def test_defaults_follow_the_model() -> None:
    for config, sphere, source in (
        (PLAIN, True, "mixture"),
        (VARIATIONAL, False, "prior"),
        (ModelConfig(regulariser="mmd"), False, "prior"),
        (ModelConfig(vectors=9), False, "mixture"),
    ):
        assert normalised(config) == sphere
        assert default_source(config) == source
        assert default_path_method(config) == ("spherical" if sphere else "linear")


def test_what_cannot_be_drawn_is_refused() -> None:
    for source in ("posterior", "mixture"):
        with pytest.raises(ConfigError, match=r"keeps no encodings.*`source=prior`"):
            draw(VARIATIONAL, None, 1, source)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="keeps no encodings"):
        next(around(VARIATIONAL, None, np.zeros(6, np.float32), 1.0))
    states = ModelConfig(memory="states")
    with pytest.raises(ConfigError, match="train with `slots`"):
        draw(states, None, 1, "prior")
    with pytest.raises(ConfigError, match="`memory=states`"):
        refuse_states(states)
    refuse_states(PLAIN)
