"""ONNX graphs built node by node from a network's weights.

A recurrence becomes one operator whose number of steps is free. A graph that is traced fixes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper
from torch import Tensor, nn

OPSET = 18
"""Version of the operators: old enough for ONNX Runtime 1.14 (2023) and later."""
_IR = 8
_EPS = 1e-5
"""Addend of a variance in layer normalisation, as torch has it."""
_SMALL = 1_024
"""Numbers of a weight that stays float32 among int8 weights, at most."""
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
Array = NDArray[Any]


def array(tensor: Tensor) -> NDArray[np.float32]:
    """Return a parameter as float32."""
    found: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return found


class Graph:
    """A graph that is being built; values are known by their names.

    Args:
        name: name of the graph.
        int8: whether matrices are stored as int8 with a float32 scale for each row or column.
    """

    def __init__(self, name: str, int8: bool = False) -> None:
        self.name, self.int8 = name, int8
        self._nodes: list[Any] = []
        self._stored: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._known: dict[Any, str] = {}

    def input(self, name: str, kind: int, *shape: str | int) -> str:
        """Declare an input; a dimension with a name is free."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, value: str, *shape: str | int) -> None:
        """Declare a float32 value as an output."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, FLOAT, shape))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with several outputs."""
        names = [f"{kind}_{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def number(self, value: float | Sequence[float] | Array) -> str:
        """Store float32 numbers."""
        return self._store(np.asarray(value, dtype=np.float32))

    def whole(self, value: int | Sequence[int]) -> str:
        """Store int64 numbers."""
        return self._store(np.asarray(value, dtype=np.int64))

    def weight(self, values: Array, summed: int = -1) -> str:
        """Store a matrix, or matrices side by side.

        Args:
            values: float32.
            summed: axis over which products with it are summed; along it int8 numbers share a scale.
        """
        if not self.int8 or values.ndim < 2 or values.size <= _SMALL:
            return self.number(values)
        known = (summed, _mark(values))
        if known not in self._known:
            scale = np.maximum(np.abs(values).max(summed, keepdims=True), 1e-12) / 127
            small = self._store(np.rint(values / scale).astype(np.int8))
            # a runtime multiplies constants when it loads the graph, and so computes with float32
            wide = self.op("Cast", small, to=FLOAT)
            self._known[known] = self.op("Mul", wide, self.number(scale))
        return self._known[known]

    def linear(self, x: str, module: nn.Linear | None = None, *, weight: Array | None = None) -> str:
        """Map the last dimension of a value by a layer, or by a matrix (outputs, inputs) only."""
        matrix = array(module.weight) if module is not None else weight
        assert matrix is not None
        product = self.op("MatMul", x, self.weight(np.ascontiguousarray(matrix.T), summed=0))
        bias = None if module is None else module.bias
        return product if bias is None else self.op("Add", product, self.number(array(bias)))

    def normalised(self, x: str, size: int) -> str:
        """Shift and scale the last dimension of a value, of a given size, to mean 0 and variance 1."""
        ones = self.number(np.ones(size))
        return self.op("LayerNormalization", x, ones, axis=-1, epsilon=_EPS)

    def slice(self, x: str, start: int, end: int | None, axis: int = -1) -> str:
        """Take a part of one axis."""
        last = np.iinfo(np.int64).max if end is None else end
        return self.op("Slice", x, self.whole([start]), self.whole([int(last)]), self.whole([axis]))

    def split(self, x: str, sizes: Sequence[int]) -> list[str]:
        """Split the last axis."""
        if len(sizes) == 1:
            return [x]
        return self.ops("Split", len(sizes), x, self.whole(list(sizes)), axis=-1)

    def unsqueezed(self, x: str, *axes: int) -> str:
        """Add axes of size 1."""
        return self.op("Unsqueeze", x, self.whole(list(axes)))

    def to_bytes(self) -> bytes:
        """Return the file of the graph, checked."""
        graph = helper.make_graph(self._nodes, self.name, self._inputs, self._outputs, self._stored)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR, producer_name="textrae")
        checker.check_model(model)
        found: bytes = model.SerializeToString(deterministic=True)
        return found

    def _store(self, values: Array) -> str:
        """Store an array once, whoever asks for it."""
        known = _mark(values)
        if known not in self._known:
            name = f"stored_{len(self._stored)}"
            self._stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
            self._known[known] = name
        return self._known[known]


def _mark(values: Array) -> tuple[str, tuple[int, ...], bytes]:
    """Return what tells an array from others."""
    return values.dtype.str, values.shape, hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
