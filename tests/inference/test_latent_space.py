"""The methods that walk through a latent space go by the run's flow, where it has one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.latent.draw import draw
from textrae.latent.flow import Flow, FlowShape


@pytest.fixture(scope="module")
def flowing(vae: SentenceAutoencoder) -> SentenceAutoencoder:
    """The variational model with a flow that has learnt mean and spread of its encodings."""
    flow = Flow(FlowShape(vae.encoding_size, width=8, depth=1, labels=("a",))).eval()
    flow.standardise(torch.from_numpy(vae.encode(sentences())))
    return SentenceAutoencoder(replace(vae.run, flow=flow))


def test_samples_are_drawn_from_the_flow(flowing: SentenceAutoencoder, vae: SentenceAutoencoder) -> None:
    made = flowing.sample(12, temperature=0.0, seed=3)
    assert made == flowing.sample(12, temperature=0.0, seed=3, source="flow")
    assert made != flowing.sample(12, temperature=0.0, seed=3, source="prior")
    config, run = flowing.run.settings.model, flowing.run
    assert made == flowing.decode(draw(config, None, 12, seed=3, flow=run.flow))
    assert flowing.sample(2, label="a", length=6, guidance=2.0)
    assert vae.sample(12, temperature=0.0, seed=3) == vae.sample(12, temperature=0.0, seed=3, source="prior")
    with pytest.raises(ConfigError, match="only a flow can follow them"):
        vae.sample(2, label="a")


def test_a_way_through_the_flow_begins_and_ends_as_any(flowing: SentenceAutoencoder) -> None:
    stations = flowing.encode([sentences()[0], sentences()[600], sentences()[900]])
    way, straight = (flowing.interpolate(stations, steps=4, method=method) for method in ("flow", "linear"))
    assert len(way) == 7
    assert way[::3] == straight[::3]
    assert np.array_equal(flowing.encode(sentences()[:2]), flowing.encode(sentences()[:2]))


def test_fitting_gives_the_run_a_flow_that_knows_the_labels(vae: SentenceAutoencoder) -> None:
    model, seen = SentenceAutoencoder(replace(vae.run)), list[int]()
    labels = ["long" if len(line) > 30 else "short" for line in sentences()[:60]]
    found = model.fit_prior(
        sentences()[:60], labels, steps=20, report=lambda done, step, loss: seen.append(step)
    )
    assert model.run.flow is found.flow
    assert set(found.flow.shape.labels) == {"long", "short"}
    assert seen == [20]
    assert len(model.sample(3, label="long")) == 3
    assert vae.run.flow is None
    with pytest.raises(ConfigError, match="steps"):
        model.fit_prior(sentences(), steps=0)
