"""Layers and inputs for the tests of recurrences, and the NumPy side of their comparisons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.nn.cells import CELLS
from textrae.nn.recurrence import Recurrence

Array = NDArray[np.float64]
Step = Callable[[Array, Array, Array], tuple[Array, Array]]
"""One time step in NumPy: W x + b, U h + c and the flat state before → the output and the flat state after."""
LOOPS = [(name, activation) for name, kind in CELLS.items() for activation in kind.loops]
"""Every cell with each of its activations."""


def make(
    cell: str, inputs: int = 5, hidden: int = 7, constant: int = 3, activation: str = "tanh"
) -> Recurrence:
    """Return a layer in float64 whose parameters are all random."""
    torch.manual_seed(1)
    layer = Recurrence(cell, inputs, hidden, constant, activation).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer


def inputs(layer: Recurrence, steps: int = 4, batch: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Return random inputs of every step, a state and a constant for a layer of :func:`make`."""
    torch.manual_seed(2)
    shapes = ((steps, batch, 5), (batch, layer.state_size), (batch, 3))
    x, state, constant = (torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in shapes)
    return x, state, constant


class Conditioned(torch.nn.Module):
    """A layer that computes its condition from the constant first."""

    def __init__(self, layer: Recurrence) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, state: Tensor, constant: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer.forward(x, state, self.layer.condition(constant))


def sigmoid(x: Array) -> Array:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def follows(layer: Recurrence, step: Step) -> None:
    """Assert that a layer's outputs and last state are those of its equations in NumPy."""
    x, before, constant = inputs(layer)
    out, last = layer(x, before, layer.condition(constant))
    w, u, b, c = (p.detach().numpy() for p in layer.rnn.parameters())
    state, expected = before.detach().numpy(), []
    for joined in torch.cat([x, constant.expand(len(x), -1, -1)], -1).detach().numpy():
        h, state = step(joined @ w.T + b, state[:, : layer.hidden] @ u.T + c, state)
        expected.append(h)
    np.testing.assert_allclose(out.detach().numpy(), np.stack(expected), atol=1e-12)
    np.testing.assert_allclose(last.detach().numpy(), state, atol=1e-12)


def agree(layer: Recurrence) -> Tensor:
    """Assert that the step loop and the fused module, both on the CPU, give one result and its gradients.

    Returns:
        The loop's outputs.
    """
    x, state, constant = inputs(layer)
    wanted = [x, state, constant, *layer.parameters()]
    results = []
    for run in (Conditioned(layer).forward, layer.forward_fused):
        out, last = run(x, state, constant)
        weights = torch.linspace(-1, 1, out.numel(), dtype=torch.double).view_as(out)
        results.append([out, last, *torch.autograd.grad((out * weights).sum() + last.square().sum(), wanted)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    return results[0][0]
