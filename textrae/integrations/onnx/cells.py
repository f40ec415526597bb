"""Recurrent layers as ONNX operators over a whole sentence, and as the arithmetic of one step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrae.integrations.onnx.graph import Array, Graph, array
from textrae.nn.recurrence import Recurrence

OPERATORS: dict[str, tuple[str, tuple[int, ...]]] = {
    "rnn": ("RNN", (0,)),
    "gru": ("GRU", (1, 0, 2)),  # r, z, n in torch; z, r, h in ONNX
    "lstm": ("LSTM", (0, 3, 1, 2)),  # i, f, u, o in torch; i, o, f, c in ONNX
}
"""For each cell its operator, and the places of ONNX's gates among those of torch."""


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
    kind, order = OPERATORS[ways[0].kind.name]
    matrices: list[list[Array]] = [[], [], []]
    for way in ways:
        w_ih, w_hh, b_ih, b_hh = (_ordered(part, order) for part in _weights(way))
        for parts, part in zip(matrices, (w_ih * scale, w_hh, np.concatenate([b_ih, b_hh])), strict=True):
            parts.append(part)
    given = [np.stack(parts).astype(np.float32) for parts in matrices]
    before = {"linear_before_reset": 1} if kind == "GRU" else {}
    states, last = graph.ops(
        kind,
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
    h, *others = graph.split(state, [hidden] * cell.kind.parts)
    recurrent = graph.linear(h, weight=w_hh)
    if cell.kind.name == "gru":
        of_input = graph.split(gates, [2 * hidden, hidden])
        of_state = graph.split(graph.op("Add", recurrent, graph.number(apart)), [2 * hidden, hidden])
        both = graph.op("Sigmoid", graph.op("Add", of_input[0], of_state[0]))
        r, z = graph.split(both, [hidden, hidden])
        n = graph.op("Tanh", graph.op("Add", of_input[1], graph.op("Mul", r, of_state[1])))
        h = graph.op("Add", n, graph.op("Mul", z, graph.op("Sub", h, n)))
        return h, h
    active = graph.op("Add", gates, recurrent)
    if cell.kind.name == "rnn":
        h = graph.op("Tanh", active)
        return h, h
    i, f, u, o = graph.split(active, [hidden] * 4)
    i, f, o = (graph.op("Sigmoid", gate) for gate in (i, f, o))
    kept = graph.op("Mul", f, others[0])
    c = graph.op("Add", kept, graph.op("Mul", i, graph.op("Tanh", u)))
    h = graph.op("Mul", o, graph.op("Tanh", c))
    return h, graph.op("Concat", h, c, axis=-1)


def _weights(cell: Recurrence) -> tuple[Array, ...]:
    """Return input and recurrent matrix, input and recurrent bias, in torch's order of the gates."""
    named = dict(cell.rnn.named_parameters())
    return tuple(array(named[f"{part}_l0"]) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))


def _ordered(stacked: Array, order: Sequence[int]) -> Array:
    """Put the gates, which are stacked along the first axis, into another order."""
    blocks = np.split(stacked, len(order))
    return np.concatenate([blocks[place] for place in order])
