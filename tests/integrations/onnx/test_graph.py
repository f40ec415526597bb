"""Graphs built by hand, run by ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import answers

from textrae.integrations.onnx.graph import FLOAT, Graph


def test_a_layer_and_a_normalisation() -> None:
    torch.manual_seed(0)
    layer, x = torch.nn.Linear(6, 4), torch.randn(3, 6)
    graph = Graph("some")
    given = graph.input("x", FLOAT, "batch", 6)
    graph.output("y", graph.normalised(graph.linear(given, layer), 4), "batch", 4)
    found = answers(graph.to_bytes(), x=x.numpy())["y"]
    expected = F.layer_norm(layer(x), (4,)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_is_equal_is_stored_once() -> None:
    sizes = []
    for other in (0.0, 1.0):
        graph, one = Graph("some"), np.ones((100, 100), dtype=np.float32)
        x = graph.input("x", FLOAT, "batch", 100)
        graph.output("y", graph.linear(graph.linear(x, weight=one), weight=one + other), "batch", 100)
        sizes.append(len(graph.to_bytes()))
    assert sizes[1] - sizes[0] > 39_000


@pytest.mark.parametrize("summed", [0, 1])
def test_int8_takes_a_quarter_and_is_off_by_half_a_step(summed: int) -> None:
    values = np.random.default_rng(0).normal(size=(64, 80)).astype(np.float32)
    values[:, 3] *= 100
    found = {}
    for int8 in (False, True):
        graph = Graph("some", int8)
        x = graph.input("x", FLOAT, "batch", 64)
        graph.output("y", graph.op("MatMul", x, graph.weight(values, summed)), "batch", 80)
        found[int8] = graph.to_bytes()
    assert len(found[True]) < 0.3 * len(found[False])
    stored = answers(found[True], x=np.eye(64, dtype=np.float32))["y"]
    step = np.abs(values).max(summed, keepdims=True) / 127
    assert np.all(np.abs(stored - values) <= 0.501 * step)


def test_small_weights_stay_exact() -> None:
    graph, values = Graph("some", int8=True), np.full((4, 4), 0.123456, dtype=np.float32)
    graph.output("y", graph.op("MatMul", graph.input("x", FLOAT, 4, 4), graph.weight(values)), 4, 4)
    assert answers(graph.to_bytes(), x=np.eye(4, dtype=np.float32))["y"][0, 0] == values[0, 0]
