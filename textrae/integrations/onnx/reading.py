"""The graph from a sentence's tokens to its encoding."""

from __future__ import annotations

import numpy as np
from torch import nn

from textrae.integrations.onnx.cells import layer
from textrae.integrations.onnx.graph import FLOAT, INT64, Array, Graph, array
from textrae.nn.attention import Slots
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Bottleneck, PerSlot
from textrae.nn.clock import TYPICAL, Clock
from textrae.nn.encoder import Encoder
from textrae.nn.meaning import FrequencyMeaning, Meaning
from textrae.nn.recurrence import Recurrence

_NEVER = float("-inf")


class Reader:
    """The graph of a model's encoder, while it is built.

    Its inputs are ids (batch, time) and lengths (batch,), its outputs the encodings (batch, dimensions), their part for
    meaning as it is compared, and the states (batch, time, features) if the decoder attends over them.

    Args:
        network: a model that reads a text.
        int8: whether matrices are stored as int8.
    """

    def __init__(self, network: Autoencoder, int8: bool) -> None:
        self.network, self.graph = network, Graph("encoder", int8)
        graph = self.graph
        ids = graph.input("ids", INT64, "batch", "time")
        self.lengths = graph.input("lengths", INT64, "batch")
        self.counts = graph.op("Cast", self.lengths, to=FLOAT)  # (batch,)
        time = graph.op("Squeeze", graph.slice(graph.op("Shape", ids), 1, 2))
        self.time = graph.op("Range", graph.whole(0), time, graph.whole(1))
        column = graph.unsqueezed(self.lengths, 1)
        self.there = graph.op("Less", graph.unsqueezed(self.time, 0), column)  # (batch, time)
        self.ids = self._reversed(ids, column) if network.reverse else ids

    def build(self) -> bytes:
        """Return the file of the graph."""
        graph, network = self.graph, self.network
        states, last = self._states(network.reader())
        slots = network.slots
        if slots is not None:
            features = self._slots(slots, states)
            if len(slots.queries) == 1:
                features = graph.op("Squeeze", features, graph.whole([1]))
        else:
            features = last if network.reader().pooling == "last" else self._pooled(network.reader(), states)
        assert network.bottleneck is not None
        vector = self._bottleneck(network.bottleneck, features, network.clock)
        size = network.bottleneck.size
        if network.meaning is not None:
            meaning = self._meaning(network.meaning, states)
            vector = graph.op("Concat", meaning, vector, axis=-1)
            size += network.meant
            centred = graph.op("Sub", meaning, graph.number(array(network.meaning.centre)))
            shown = graph.linear(centred, weight=array(network.meaning.axes).T)
            graph.output("meaning", shown, "batch", network.meant)
        graph.output("vector", vector, "batch", size)
        if network.keeps_states:
            graph.output("states", states, "batch", "time", network.reader().features)
        return graph.to_bytes()

    def _reversed(self, ids: str, column: str) -> str:
        """Reverse the tokens of each sentence; its end token and the padding stay last."""
        graph = self.graph
        last = graph.op("Sub", column, graph.whole(1))
        time = graph.unsqueezed(self.time, 0)
        turned = graph.op("Sub", graph.op("Sub", last, graph.whole(1)), time)
        places = graph.op("Where", graph.op("Less", time, last), turned, time)
        return graph.op("GatherElements", ids, places, axis=1)

    def _states(self, encoder: Encoder) -> tuple[str, str]:
        """Return the states (batch, time, features) of the last layer and the last ones (batch, features)."""
        graph, last = self.graph, ""
        lengths = graph.op("Cast", self.lengths, to=6)  # int32, which the operators want
        table = graph.weight(array(self.network.embedding.weight))
        x, scale = graph.op("Gather", table, graph.op("Transpose", self.ids, perm=[1, 0])), self.network.scale
        for ways in encoder.layers:
            assert isinstance(ways, nn.ModuleList)
            x, last = layer(graph, x, lengths, [way for way in ways if isinstance(way, Recurrence)], scale)
            scale = 1.0
        return graph.op("Transpose", x, perm=[1, 0, 2]), last

    def _real(self, states: str, otherwise: float) -> str:
        """Return states (batch, time, features) with another number in the place of padding."""
        there = self.graph.unsqueezed(self.there, 2)
        return self.graph.op("Where", there, states, self.graph.number(otherwise))

    def _mean(self, states: str) -> str:
        """Return the mean of the real states: (batch, features)."""
        graph = self.graph
        total = graph.op("ReduceSum", self._real(states, 0.0), graph.whole([1]), keepdims=0)
        return graph.op("Div", total, graph.unsqueezed(self.counts, 1))

    def _pooled(self, encoder: Encoder, states: str) -> str:
        """Return the mean or the maximum of the real states: (batch, features)."""
        if encoder.pooling == "mean":
            return self._mean(states)
        return self.graph.op("ReduceMax", self._real(states, _NEVER), self.graph.whole([1]), keepdims=0)

    def _slots(self, slots: Slots, states: str) -> str:
        """Return the slots (batch, slots, features), means of the states by the weights of each."""
        graph, attention = self.graph, slots.attention
        queries = array(attention.query(slots.queries))
        keys = graph.linear(states, attention.key)
        scores = scored(graph, graph.number(queries), keys, attention.size, attention.energy)
        if slots.centres is not None and slots.sharpness is not None:
            moment = graph.op("Add", graph.op("Cast", self.time, to=FLOAT), graph.number(0.5))
            share = graph.op("Div", graph.unsqueezed(moment, 0), graph.unsqueezed(self.counts, 1))
            centres, sharpness = array(slots.centres)[:, None], array(slots.sharpness)[:, None]
            scores = graph.op("Add", scores, windowed(graph, graph.unsqueezed(share, 1), centres, sharpness))
        there = graph.unsqueezed(self.there, 1)
        weights = graph.op("Softmax", graph.op("Where", there, scores, graph.number(_NEVER)), axis=-1)
        return graph.op("MatMul", weights, states)

    def _bottleneck(self, bottleneck: Bottleneck, features: str, clock: Clock | None) -> str:
        """Return the encoding (batch, dimensions) without its part for meaning."""
        graph, size = self.graph, bottleneck.size
        project = bottleneck.project
        if isinstance(project, PerSlot):
            found = self._per_slot(project, features)
        else:
            assert isinstance(project, nn.Linear)
            found = graph.linear(features, project)
        if bottleneck.norm is not None and bottleneck.shift is not None:
            mean, variance = bottleneck.norm.running_mean, bottleneck.norm.running_var
            assert mean is not None
            assert variance is not None
            factor = bottleneck.gamma / np.sqrt(array(variance) + bottleneck.norm.eps)
            moved = graph.op("Mul", graph.op("Sub", found, graph.number(array(mean))), graph.number(factor))
            found = graph.op("Add", moved, graph.number(array(bottleneck.shift)))
        normalised = bottleneck.spread is None and bottleneck.normalised
        if clock is None:
            return graph.normalised(found, size) if normalised else found
        found = graph.slice(found, 0, size - 1)
        found = graph.normalised(found, size - 1) if normalised else found
        length = graph.op("Log", graph.op("Mul", self.counts, graph.number(1 / TYPICAL)))
        number = graph.op("Sub", length, graph.number(array(clock.mean)))
        number = graph.op("Div", number, graph.number(array(clock.spread)))
        return graph.op("Concat", found, graph.unsqueezed(number, 1), axis=-1)

    def _per_slot(self, project: PerSlot, features: str) -> str:
        """Map each slot by its own matrix, or by one of all: (batch, slots, features) → (batch, dimensions)."""
        graph, matrices = self.graph, array(project.weight)
        if len(matrices) == 1:
            found = graph.op("MatMul", features, graph.weight(matrices[0], summed=0))
        else:
            by_slot = graph.op("Transpose", features, perm=[1, 0, 2])
            found = graph.op("MatMul", by_slot, graph.weight(matrices, summed=1))
            found = graph.op("Transpose", found, perm=[1, 0, 2])
        flat = graph.op("Reshape", found, graph.whole([0, -1]))
        return graph.op("Add", flat, graph.number(array(project.bias)))

    def _meaning(self, meaning: Meaning | FrequencyMeaning, states: str) -> str:
        """Return what sentences mean, (batch, meaning), of mean 0 and variance 1."""
        graph = self.graph
        weights = meaning.weights.weight.squeeze(-1) if isinstance(meaning, Meaning) else meaning.weights
        table = meaning.tokens.weight if isinstance(meaning, Meaning) else self.network.embedding.weight
        scores = graph.op("Gather", graph.number(array(weights)), self.ids)
        scores = graph.op("Where", self.there, scores, graph.number(_NEVER))
        shares = graph.unsqueezed(graph.op("Softmax", scores, axis=-1), 1)  # (batch, 1, time)
        tokens = graph.op("Gather", graph.weight(array(table)), self.ids)
        mean = graph.op("Squeeze", graph.op("MatMul", shares, tokens), graph.whole([1]))
        if isinstance(meaning, FrequencyMeaning):
            mean = graph.linear(mean, weight=array(meaning.project).T)
        else:
            mean = graph.op("Add", mean, graph.linear(self._mean(states), meaning.project))
        return graph.normalised(mean, self.network.meant)


def scored(graph: Graph, queries: str, keys: str, size: int, energy: nn.Linear | None) -> str:
    """Compare queries (queries, size) or (batch, queries, size) and keys (batch, items, size): (batch, queries, items)."""
    if energy is None:
        product = graph.op("MatMul", queries, graph.op("Transpose", keys, perm=[0, 2, 1]))
        return graph.op("Mul", product, graph.number(size**-0.5))
    both = graph.op("Add", graph.unsqueezed(queries, -2), graph.unsqueezed(keys, 1))
    return graph.op("Squeeze", graph.linear(graph.op("Tanh", both), energy), graph.whole([-1]))


def windowed(graph: Graph, shares: str, centres: Array, sharpness: Array) -> str:
    """Return the log of Gaussian windows at shares of a text, with which centres and widths are broadcast."""
    away = graph.op("Sub", shares, graph.number(centres))
    away = graph.op("Mul", away, graph.number(np.exp(sharpness)))
    return graph.op("Mul", graph.op("Mul", away, away), graph.number(-0.5))


def adapter_graph(network: Autoencoder, int8: bool) -> bytes:
    """Return the graph of a model that reads vectors (batch, dimensions) of another encoder: its own encodings."""
    adapter, graph = network.adapter, Graph("encoder", int8)
    assert adapter is not None
    given = graph.input("vectors", FLOAT, "batch", adapter.in_features)
    found = graph.linear(graph.normalised(given, adapter.in_features), adapter)
    graph.output("vector", graph.normalised(found, adapter.out_features), "batch", adapter.out_features)
    return graph.to_bytes()
