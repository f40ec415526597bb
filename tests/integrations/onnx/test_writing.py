"""The decoder's graphs beside the network, step by step, for every variant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support import SPECIALS

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import SHAPES, answers, batch, network

from textrae.inference.generation import text_projection, token_scores
from textrae.integrations.onnx.writing import start_graph, step_graph
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.blur import blurred
from textrae.nn.bottleneck import Latent
from textrae.nn.clock import Clock


def latent_of(made: Autoencoder) -> Latent:
    if made.adapter is not None:
        return made.read(torch.randn(4, made.adapter.in_features))
    return made.encode(batch().source, batch().lengths)


def compare(made: Autoencoder, latent: Latent, given: dict[str, Any]) -> None:
    """Take five steps with arbitrary tokens, and compare all scores."""
    held = answers(start_graph(made, int8=False), **given)
    content = step_graph(made, int8=False)
    state, condition = made.begin(latent)
    projection = text_projection(made, SPECIALS)
    for step in range(5):
        previous = torch.randint(0, 19, (1, len(latent.vector)))
        features, state = made.decode(previous, state, condition, first=step)
        after = answers(content, previous=previous[0].numpy(), step=np.array(step), **held)
        held["state"] = after["state_after"]
        expected = token_scores(features, projection).numpy()
        np.testing.assert_allclose(after["scores"], expected, atol=1e-4)
        np.testing.assert_allclose(held["state"], state.numpy(), atol=1e-4)
        never = [0, 1, 3, *range(made.first_tag, expected.shape[1])]
        assert (after["scores"][:, never] < -1e8).all()


@pytest.mark.parametrize("switches", SHAPES, ids=str)
@torch.no_grad()
def test_scores_are_those_of_the_network(switches: dict[str, Any]) -> None:
    made = network(**switches)
    latent = latent_of(made)
    given = {"vector": latent.vector.numpy(), "levels": np.zeros(4, np.float32)}
    if latent.states is not None:
        given |= {"states": latent.states.numpy(), "lengths": batch().lengths.numpy()}
    compare(made, latent, given)


@torch.no_grad()
def test_the_decoder_is_told_of_noise() -> None:
    made = network(slots=3, variational=True, blur=0.5)
    latent, levels = latent_of(made), torch.tensor([0.0, 0.2, 0.7, 1.0])
    noisy = blurred(latent, levels, torch.zeros_like(latent.vector))
    compare(made, noisy, {"vector": latent.vector.numpy(), "levels": levels.numpy()})


@torch.no_grad()
def test_a_length_beyond_all_bounds_is_bounded() -> None:
    made = network(slots=3)
    latent = latent_of(made)
    latent.vector[:, -1] = torch.tensor([-1e3, -1.0, 1.0, 1e3])
    found = answers(start_graph(made, int8=False), vector=latent.vector.numpy())["expected"]
    assert isinstance(made.clock, Clock)
    np.testing.assert_allclose(found, made.clock.forward(latent.vector).numpy(), rtol=1e-5)
    assert (found[0], found[3]) == (1.0, 65_536.0)
