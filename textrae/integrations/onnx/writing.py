"""The graphs from an encoding to a sentence: what its decoder begins with, and one step."""

from __future__ import annotations

import math

import numpy as np

from textrae.integrations.onnx.cells import step
from textrae.integrations.onnx.graph import FLOAT, INT64, Graph, array
from textrae.integrations.onnx.reading import scored, windowed
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.blur import TOLD
from textrae.nn.clock import TYPICAL, Clock, Windows
from textrae.text.batch import SPECIALS

LONGEST = 65_536.0
"""Longest length that is read from an encoding, as :class:`textrae.nn.clock.Clock` has it."""
NEVER = -1e9
"""Score of a token that must not be generated."""


def start_graph(network: Autoencoder, int8: bool) -> bytes:
    """Return the graph of what a decoder begins with, and is given at every step.

    Its inputs are the encodings (batch, dimensions); the levels of noise (batch,) that the decoder is to assume, if it
    knows noise; and the states with the lengths, if it attends over them. Its outputs are inputs of :func:`step_graph`.
    """
    graph, decoder = Graph("start", int8), network.decoder
    size = decoder.initial.in_features - (TOLD if network.blur else 0)
    vector = given = graph.input("vector", FLOAT, "batch", size)
    if network.blur:
        level = graph.unsqueezed(graph.input("levels", FLOAT, "batch"), 1)
        kept = graph.op("Sub", graph.number(1.0), graph.op("Mul", level, level))
        vector = graph.op("Mul", vector, kept)  # what is expected of an encoding with such noise
        angles = graph.op("Mul", level, graph.number(np.arange(1, TOLD // 2 + 1) * (0.5 * math.pi)))
        told = graph.op("Concat", graph.op("Cos", angles), graph.op("Sin", angles), axis=-1)
        given = graph.op("Concat", vector, graph.op("Mul", told, graph.number(0.5)), axis=-1)
    states = sum(decoder.sizes)
    graph.output("state", graph.op("Tanh", graph.linear(given, decoder.initial)), "batch", states)
    if decoder.constant:
        parts = []
        scaled = graph.op("Mul", given, graph.number(decoder.scale))
        for cell in decoder.stack():
            matrix = array(dict(cell.rnn.named_parameters())["weight_ih_l0"])[:, cell.inputs :]
            parts.append(graph.linear(scaled, weight=matrix))
        width = sum(cell.kind.gates * cell.hidden for cell in decoder.stack())
        graph.output("given", graph.op("Concat", *parts, axis=-1), "batch", width)
    if decoder.attention is not None:
        _memory(graph, network, vector)
    if decoder.shown is not None:
        assert network.clock is not None
        graph.output("expected", _expected(graph, network.clock, vector), "batch")
    return graph.to_bytes()


def _memory(graph: Graph, network: Autoencoder, vector: str) -> None:
    """Add what the decoder attends over: keys, items and, for states, where there is only padding."""
    decoder = network.decoder
    attention = decoder.attention
    assert attention is not None
    count: str | int = network.slot_count or "time"
    width = attention.key.in_features
    if network.keeps_states:
        items = graph.input("states", FLOAT, "batch", "time", width)
        lengths = graph.unsqueezed(graph.input("lengths", INT64, "batch"), 1)
        time = graph.op("Squeeze", graph.slice(graph.op("Shape", items), 1, 2))
        steps = graph.unsqueezed(graph.op("Range", graph.whole(0), time, graph.whole(1)), 0)
        there = graph.op("Less", steps, lengths)
        absent = graph.op("Where", there, graph.number(0.0), graph.number(float("-inf")))
        graph.output("absent", absent, "batch", "time")
    else:
        spelled = graph.slice(vector, network.meant, None)
        items = graph.op("Reshape", spelled, graph.whole([0, network.slot_count, width]))
    keys = graph.linear(items, attention.key)
    if decoder.place_keys is not None:
        keys = graph.op("Add", keys, graph.number(array(decoder.place_keys)))
    graph.output("keys", keys, "batch", count, attention.size)
    graph.output("items", items, "batch", count, width)


def _expected(graph: Graph, clock: Clock, vector: str) -> str:
    """Return the lengths (batch,) that a decoder's clock goes by."""
    told = graph.number(array(clock.mean).reshape(1))
    if clock.kept:
        last = graph.op("Squeeze", graph.slice(vector, -1, None), graph.whole([1]))
        told = graph.op("Add", told, graph.op("Mul", last, graph.number(array(clock.spread))))
    if clock.foretell is not None:
        found = graph.linear(graph.op("Mul", vector, graph.number(clock.scale)), clock.foretell)
        told = graph.op("Add", told, graph.op("Squeeze", found, graph.whole([1])))
    bounds = -math.log(TYPICAL), math.log(LONGEST / TYPICAL)
    told = graph.op("Clip", told, *(graph.number(bound) for bound in bounds))
    return graph.op("Mul", graph.op("Exp", told), graph.number(TYPICAL))


def step_graph(network: Autoencoder, int8: bool) -> bytes:
    """Return the graph of one step of a decoder.

    Its inputs are the tokens before (batch,), the outputs of :func:`start_graph`, and the number of the step, if there is a
    clock. Its outputs are the scores of all tokens (batch, vocabulary) and the new state.
    """
    graph, decoder = Graph("step", int8), network.decoder
    embedding = array(network.output.weight)
    table = graph.weight(embedding)
    previous = graph.input("previous", INT64, "batch")
    x = graph.op("Mul", graph.op("Gather", table, previous), graph.number(network.scale))
    state = graph.input("state", FLOAT, "batch", sum(decoder.sizes))
    stack, inputs = decoder.stack(), embedding.shape[1]
    gates = [cell.kind.gates * cell.hidden for cell in stack]
    given: list[str | None] = [None] * len(stack)
    if decoder.constant:
        given = [*graph.split(graph.input("given", FLOAT, "batch", sum(gates)), gates)]
    attention, share = decoder.attention, None
    if attention is not None:
        count: str | int = network.slot_count or "time"
        keys = graph.input("keys", FLOAT, "batch", count, attention.size)
        items = graph.input("items", FLOAT, "batch", count, attention.key.in_features)
    if decoder.shown is not None:
        share = _share(graph)
        weights = graph.op("Softmax", _windows(graph, decoder.shown, share), axis=-1)
        seen = graph.op("Squeeze", graph.op("MatMul", graph.unsqueezed(weights, 1), items), graph.whole([1]))
        x, inputs = graph.op("Concat", x, seen, axis=-1), stack[0].inputs
    after = []
    for cell, before, part in zip(stack, graph.split(state, decoder.sizes), given, strict=True):
        x, state = step(graph, x, before, cell, inputs, part)
        inputs = cell.hidden
        after.append(state)
    if attention is not None:
        query = graph.unsqueezed(graph.linear(x, attention.query), 1)
        scores = scored(graph, query, keys, attention.size, attention.energy)  # (batch, 1, items)
        if network.keeps_states:
            absent = graph.input("absent", FLOAT, "batch", "time")
            scores = graph.op("Add", scores, graph.unsqueezed(absent, 1))
        if decoder.attended is not None and share is not None:
            scores = graph.op("Add", scores, graph.unsqueezed(_windows(graph, decoder.attended, share), 1))
        found = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), items)
        x = graph.op("Concat", x, graph.op("Squeeze", found, graph.whole([1])), axis=-1)
    features = graph.linear(x, decoder.output)
    graph.output("scores", _scores(graph, network, features, table), "batch", len(embedding))
    graph.output("state_after", graph.op("Concat", *after, axis=-1), "batch", sum(decoder.sizes))
    return graph.to_bytes()


def _share(graph: Graph) -> str:
    """Return at which share of its text the step is, (batch, 1)."""
    now = graph.op("Cast", graph.input("step", INT64), to=FLOAT)
    expected = graph.unsqueezed(graph.input("expected", FLOAT, "batch"), 1)
    share = graph.op("Div", graph.op("Add", now, graph.number(0.5)), expected)
    return graph.op("Min", share, graph.number(1.0))


def _windows(graph: Graph, windows: Windows, share: str) -> str:
    """Return what is added to the scores of the slots, (batch, slots)."""
    return windowed(graph, share, array(windows.centres), array(windows.sharpness))


def _scores(graph: Graph, network: Autoencoder, features: str, table: str) -> str:
    """Return the scores of all tokens, of which those that are not text are never the best."""
    weight, bias = network.softmax()
    added = array(bias).copy()
    added[[SPECIALS.pad, SPECIALS.bos, SPECIALS.blank, *range(network.first_tag, len(weight))]] = NEVER
    product = graph.op("Gemm", features, table, transB=1)
    if network.mse:
        lengths = array(network.output.weight.norm(dim=-1).clamp_min(1e-12))
        product = graph.op("Div", product, graph.number(lengths))
    return graph.op("Add", product, graph.number(added))
