"""Recurrent layers as ONNX operators over a whole sentence, and as the arithmetic of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textrae.integrations.onnx.graph import Array, Graph, array
from textrae.nn.cells.elman import ELMAN
from textrae.nn.cells.gru import GRU
from textrae.nn.cells.lstm import LSTM
from textrae.nn.recurrence import Recurrence


def layer(
    graph: Graph, x: str, lengths: str, ways: Sequence[Recurrence], scale: float = 1.0
) -> tuple[str, str]:
    """Run the ways of a layer over sentences; the backward one begins at the last real token.

    Args:
        graph: gets the nodes.
        x: (time, batch, inputs).
        lengths: (batch,) int32.
        ways: one layer, or a forward and a backward one.
        scale: factor of the inputs.

    Returns:
        The states (time, batch, ways · hidden) and the last state of each way (batch, ways · hidden).
    """
    operator = OPERATORS[ways[0].kind.name]
    matrices: list[list[Array]] = [[], [], []]
    for way in ways:
        w_ih, w_hh, b_ih, b_hh = (_ordered(part, operator.gates) for part in _weights(way))
        for parts, part in zip(matrices, (w_ih * scale, w_hh, np.concatenate([b_ih, b_hh])), strict=True):
            parts.append(part)
    given = [np.stack(parts).astype(np.float32) for parts in matrices]
    before = {"linear_before_reset": 1} if ways[0].kind.candidate_apart else {}
    states, last = graph.ops(
        operator.name,
        2,
        x,
        graph.weight(given[0]),
        graph.weight(given[1]),
        graph.number(given[2]),
        lengths,
        direction="bidirectional" if len(ways) == 2 else "forward",
        hidden_size=ways[0].hidden,
        **before,
    )
    side_by_side = graph.op("Transpose", states, perm=[0, 2, 1, 3])
    joined = graph.op("Transpose", last, perm=[1, 0, 2])
    flat = graph.op("Reshape", joined, graph.whole([0, -1]))
    return graph.op("Reshape", side_by_side, graph.whole([0, 0, -1])), flat


def step(
    graph: Graph, x: str, state: str, cell: Recurrence, inputs: int, given: str | None
) -> tuple[str, str]:
    """Run a layer for one step.

    Args:
        graph: gets the nodes.
        x: (batch, inputs).
        state: (batch, state).
        cell: the layer.
        inputs: dimensions of `x`, with which the layer's own begin.
        given: (batch, gates), added to the gates.

    Returns:
        The output (batch, hidden) and the new state (batch, state).
    """
    w_ih, w_hh, b_ih, b_hh = _weights(cell)
    hidden = cell.hidden
    apart = np.zeros_like(b_hh)
    if cell.kind.candidate_apart:
        apart[-hidden:] = b_hh[-hidden:]
    gates = graph.op("Add", graph.linear(x, weight=w_ih[:, :inputs]), graph.number(b_ih + b_hh - apart))
    if given is not None:
        gates = graph.op("Add", gates, given)
    states = graph.split(state, [hidden] * cell.kind.parts)
    recurrent = graph.linear(states[0], weight=w_hh)
    if cell.kind.candidate_apart:
        recurrent = graph.op("Add", recurrent, graph.number(apart))
    after = OPERATORS[cell.kind.name].step(graph, gates, recurrent, states, hidden)
    return after[0], after[0] if len(after) == 1 else graph.op("Concat", *after, axis=-1)


def _elman(graph: Graph, gates: str, recurrent: str, states: list[str], hidden: int) -> list[str]:
    """Return the state h after a step, from the gates of the input and of the state."""
    return [graph.op("Tanh", graph.op("Add", gates, recurrent))]


def _gru(graph: Graph, gates: str, recurrent: str, states: list[str], hidden: int) -> list[str]:
    """Return the state h after a step, as :func:`_elman` does."""
    of_input = graph.split(gates, [2 * hidden, hidden])
    of_state = graph.split(recurrent, [2 * hidden, hidden])
    both = graph.op("Sigmoid", graph.op("Add", of_input[0], of_state[0]))
    r, z = graph.split(both, [hidden, hidden])
    n = graph.op("Tanh", graph.op("Add", of_input[1], graph.op("Mul", r, of_state[1])))
    return [graph.op("Add", n, graph.op("Mul", z, graph.op("Sub", states[0], n)))]


def _lstm(graph: Graph, gates: str, recurrent: str, states: list[str], hidden: int) -> list[str]:
    """Return the states h and c after a step, as :func:`_elman` does."""
    i, f, u, o = graph.split(graph.op("Add", gates, recurrent), [hidden] * 4)
    i, f, o = (graph.op("Sigmoid", gate) for gate in (i, f, o))
    kept = graph.op("Mul", f, states[1])
    c = graph.op("Add", kept, graph.op("Mul", i, graph.op("Tanh", u)))
    return [graph.op("Mul", o, graph.op("Tanh", c)), c]


@dataclass(frozen=True)
class Operator:
    """A cell in ONNX."""

    name: str
    """Name of the operator that runs over all steps."""
    gates: tuple[int, ...]
    """Places of ONNX's gates among those of torch."""
    step: Callable[[Graph, str, str, list[str], int], list[str]]
    """Arithmetic of one step."""


OPERATORS = {
    ELMAN.name: Operator("RNN", (0,), _elman),
    GRU.name: Operator("GRU", (1, 0, 2), _gru),  # r, z, n in torch; z, r, h in ONNX
    LSTM.name: Operator("LSTM", (0, 3, 1, 2), _lstm),  # i, f, u, o in torch; i, o, f, c in ONNX
}
"""The cells that can be exported, by their names in the settings."""


def _weights(cell: Recurrence) -> tuple[Array, ...]:
    """Return input and recurrent matrix, input and recurrent bias, in torch's order of the gates."""
    named = dict(cell.rnn.named_parameters())
    return tuple(array(named[f"{part}_l0"]) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))


def _ordered(stacked: Array, order: Sequence[int]) -> Array:
    """Put the gates, which are stacked along the first axis, into another order."""
    blocks = np.split(stacked, len(order))
    return np.concatenate([blocks[place] for place in order])
