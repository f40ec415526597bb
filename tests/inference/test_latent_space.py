"""The methods that walk through a latent space go by the run's flow, where it has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, TEXT, sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.inference.latent_space import BETWEEN, MOVED, SAMPLED
from textrae.latent.draw import draw, noise_of
from textrae.latent.flow import Flow, FlowShape
from textrae.settings.training import TrainingConfig


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


@pytest.fixture(scope="module")
def blurring(corpus: Path) -> SentenceAutoencoder:
    """A variational model whose decoder is told of noise."""
    shape = replace(SMALL, variational=True, blur=0.5)
    training = TrainingConfig(steps=350, lr=1e-2, seed=0, precision="fp32", beta=0.05)
    return SentenceAutoencoder.train(corpus, shape, training, text=TEXT)


def test_a_decoder_told_of_all_noise_writes_without_the_encodings(blurring: SentenceAutoencoder) -> None:
    vectors = blurring.encode(sentences()[::300])
    exact, blind = blurring.decode(vectors), blurring.decode(vectors, blur=1.0)
    assert len(set(exact)) == len(vectors)
    assert len(set(blind)) == 1
    assert exact == blurring.decode(vectors, blur=0.0) == blurring.reconstruct(sentences()[::300])


def test_noise_that_is_told_costs_a_little_of_the_sentence_and_leaves_it_whole(
    blurring: SentenceAutoencoder,
) -> None:
    """Under more noise fewer words come back; what is written is real text all the same."""
    lines, kept = sentences()[:1_000:4], []
    words = {word for line in sentences() for word in line.split()}
    for level in (0.0, 0.5, 0.9):
        noise = noise_of(vectors := blurring.encode(lines), level, seed=0)
        written = blurring._written(vectors, noise, 1, None)
        shared = [
            len(set(a.split()) & set(b.split())) / len(set(b.split()))
            for a, b in zip(written, lines, strict=True)
        ]
        kept.append(float(np.mean(shared)))
        spelled = [word in words for line in written for word in line.split()]
        assert np.mean(spelled) > 0.9
    assert kept[0] > kept[1] > kept[2] + 0.1


def test_levels_have_defaults_that_can_be_given(blurring: SentenceAutoencoder) -> None:
    a, b = sentences()[0], sentences()[600]
    assert blurring.sample(9, seed=2) == blurring.sample(9, seed=2, blur=SAMPLED, top_p=0.9, source="mixture")
    assert blurring.sample(9, seed=2) != blurring.sample(9, seed=2, blur=0.9)
    way = blurring.interpolate(a, b, steps=5)
    assert way == blurring.interpolate(a, b, steps=5, blur=BETWEEN, method="spherical")
    assert [way[0], way[-1]] == blurring.reconstruct([a, b])
    there = blurring.interpolate(a, b, a, steps=3, blur=1.0)
    assert there[::2] == blurring.reconstruct([a, b, a])
    assert there[1] == there[3]  # half-way under all noise
    step = blurring.direction(sentences()[:50], sentences()[600:650])
    assert blurring.move(a, step) == blurring.move(a, step, blur=MOVED)
    assert blurring.move(a, step, strength=0.0) == blurring.reconstruct(a)
    near = blurring.paraphrase(a, 5, distance=0.5, seed=1)
    assert a not in near
    assert near == blurring.paraphrase(a, 5, distance=0.5, seed=1)


def test_a_decoder_that_is_not_told_refuses_a_level(vae: SentenceAutoencoder) -> None:
    for call in (
        lambda: vae.sample(1, blur=0.5),
        lambda: vae.interpolate("a", "b", blur=0.5),
        lambda: vae.move("a", np.zeros(vae.encoding_size), blur=0.5),
        lambda: vae.decode(np.zeros(vae.encoding_size), blur=0.5),
    ):
        with pytest.raises(ConfigError, match="`blur`: this model's decoder is not told of noise"):
            call()
    assert vae.sample(2, blur=0.0)
    with pytest.raises(ConfigError, match="`blur`"):
        vae.sample(1, blur=1.5)


def test_a_strength_that_is_an_array_is_refused_in_a_line(model: SentenceAutoencoder) -> None:
    step = model.encode("A dog sees a red ball today.")
    with pytest.raises(TypeError, match="strength"):
        model.move(["A dog sees a red ball today."], step, np.array([0.5, 0.5]))  # type: ignore[arg-type]
