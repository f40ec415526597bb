"""Recurrent layers as operators and as single steps, beside torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import answers

from textrae.integrations.onnx.cells import OPERATORS, layer, step
from textrae.integrations.onnx.graph import FLOAT, INT64, Graph
from textrae.nn.cells import CELLS
from textrae.nn.recurrence import Recurrence

CELL_NAMES = sorted(OPERATORS)


def recurrence(cell: str, inputs: int, constant: int = 0) -> Recurrence:
    found = Recurrence(cell, inputs, 7, constant=constant)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.3 * torch.rand_like(parameter)
    return found


def test_every_cell_has_an_operator() -> None:
    assert OPERATORS.keys() == CELLS.keys()


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("ways", [1, 2])
@torch.no_grad()
def test_a_layer_reads_each_sentence_to_its_own_end(cell: str, ways: int) -> None:
    torch.manual_seed(0)
    layers = [recurrence(cell, 5) for _ in range(ways)]
    x, lengths = torch.randn(6, 3, 5), [6, 2, 1]
    graph = Graph("layer")
    given = graph.input("x", FLOAT, "time", "batch", 5)
    counts = graph.op("Cast", graph.input("lengths", INT64, "batch"), to=6)
    states, last = layer(graph, given, counts, layers, scale=0.5)
    graph.output("states", states, "time", "batch", 7 * ways)
    graph.output("last", last, "batch", 7 * ways)
    found = answers(graph.to_bytes(), x=x.numpy(), lengths=np.array(lengths))
    for row, length in enumerate(lengths):
        sentence = 0.5 * x[:length, row : row + 1]
        start = torch.zeros(1, layers[0].state_size)
        expected = [layers[0].forward(sentence, start)[0]]
        if ways == 2:
            expected.append(layers[1].forward(sentence.flip(0), start)[0].flip(0))
        both = torch.cat(expected, dim=-1)[:, 0].numpy()
        np.testing.assert_allclose(found["states"][:length, row], both, atol=1e-6)
        ends = np.concatenate([both[-1, :7], both[0, 7:]])
        np.testing.assert_allclose(found["last"][row], ends, atol=1e-6)


@pytest.mark.parametrize("cell", CELL_NAMES)
@torch.no_grad()
def test_a_step_is_that_of_the_layer(cell: str) -> None:
    torch.manual_seed(0)
    one = recurrence(cell, 5, constant=4)
    x, constant, state = torch.randn(3, 5), torch.randn(3, 4), torch.randn(3, one.state_size)
    condition = one.condition(constant)
    graph = Graph("step")
    names = (graph.input("x", FLOAT, "batch", 5), graph.input("state", FLOAT, "batch", one.state_size))
    given = graph.input("given", FLOAT, "batch", condition.shape[1])
    out, after = step(graph, *names, one, 5, given)
    graph.output("out", out, "batch", 7)
    graph.output("after", after, "batch", one.state_size)
    found = answers(graph.to_bytes(), x=x.numpy(), state=state.numpy(), given=condition.numpy())
    expected = one.forward(x.unsqueeze(0), state, condition)
    np.testing.assert_allclose(found["out"], expected[0][0].numpy(), atol=1e-6)
    np.testing.assert_allclose(found["after"], expected[1].numpy(), atol=1e-6)
