"""The encoder's graph beside the network, for every variant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import SHAPES, answers, batch, network

from textrae.integrations.onnx.reading import Reader, adapter_graph


@pytest.mark.parametrize("switches", [s for s in SHAPES if not s.get("vectors")], ids=str)
@torch.no_grad()
def test_encodings_are_those_of_the_network(switches: dict[str, Any]) -> None:
    made, some = network(**switches), batch()
    latent = made.encode(some.source, some.lengths)
    content = Reader(made, int8=False).build()
    found = answers(content, ids=some.source.t().numpy(), lengths=some.lengths.numpy())
    np.testing.assert_allclose(found["vector"], latent.vector.numpy(), atol=1e-5)
    if made.meaning is not None:
        shown = made.meaning.shown(made.mean(some.source, some.lengths))
        np.testing.assert_allclose(found["meaning"], shown.numpy(), atol=1e-5)
    assert ("meaning" in found) == (made.meaning is not None)
    assert ("states" in found) == made.keeps_states
    if latent.states is not None:
        for row, length in enumerate(some.lengths):
            expected = latent.states[row, :length].numpy()
            np.testing.assert_allclose(found["states"][row, :length], expected, atol=1e-5)
    other = answers(content, ids=some.source[:2, 1:2].t().numpy(), lengths=some.lengths[1:2].numpy())
    np.testing.assert_allclose(other["vector"][0], found["vector"][1], atol=1e-5)  # neither size is fixed


@torch.no_grad()
def test_given_vectors_are_read() -> None:
    made, given = network(slots=3, vectors=12), torch.randn(5, 12)
    found = answers(adapter_graph(made, int8=False), vectors=given.numpy())["vector"]
    np.testing.assert_allclose(found, made.read(given).vector.numpy(), atol=1e-5)
