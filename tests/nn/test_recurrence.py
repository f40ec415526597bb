"""Each cell against its equations in NumPy, against torch's own kernels, and one step against many."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.nn.cells import CELLS as GATES
from textrae.nn.recurrence import Recurrence

CELLS = sorted(GATES)
Array = NDArray[np.float64]


def make(cell: str, inputs: int = 5, hidden: int = 7, constant: int = 3) -> Recurrence:
    torch.manual_seed(1)
    layer = Recurrence(cell, inputs, hidden, constant).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer


def inputs(layer: Recurrence, steps: int = 4, batch: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(2)
    shapes = ((steps, batch, 5), (batch, layer.state_size), (batch, 3))
    x, state, constant = (torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in shapes)
    return x, state, constant


class Conditioned(torch.nn.Module):
    """A layer with its condition worked out."""

    def __init__(self, layer: Recurrence) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, state: Tensor, constant: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer.forward(x, state, self.layer.condition(constant))


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def reference(layer: Recurrence, x: Array, state: Array) -> tuple[Array, Array]:
    """The equations, written out: Elman 1990, Cho et al. 2014, Hochreiter & Schmidhuber 1997."""
    w, u, b, c = (p.detach().numpy() for p in layer.rnn.parameters())
    size = layer.hidden
    h = state[:, :size]
    cell = state[:, size:]
    out = []
    for step in x:
        from_x, from_h = step @ w.T + b, h @ u.T + c
        if layer.kind.name == "rnn":
            h = np.tanh(from_x + from_h)
        elif layer.kind.name == "gru":
            r = sigmoid(from_x[:, :size] + from_h[:, :size])
            z = sigmoid(from_x[:, size : 2 * size] + from_h[:, size : 2 * size])
            n = np.tanh(from_x[:, 2 * size :] + r * from_h[:, 2 * size :])
            h = (1 - z) * n + z * h
        else:
            i, f, g, o = np.split(from_x + from_h, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(cell)
        out.append(h)
    return np.stack(out), np.concatenate([h, cell], axis=1) if layer.kind.name == "lstm" else h


@pytest.mark.parametrize("cell", CELLS)
def test_forward_follows_the_equations(cell: str) -> None:
    layer = make(cell)
    x, state, constant = inputs(layer)
    out, last = layer(x, state, layer.condition(constant))
    joined = torch.cat([x, constant.expand(len(x), -1, -1)], -1).detach().numpy()
    expected, expected_last = reference(layer, joined, state.detach().numpy())
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(last.detach().numpy(), expected_last, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_finite_differences(cell: str) -> None:
    layer = make(cell)
    x, state, constant = inputs(layer, steps=3, batch=2)
    parameters = list(layer.parameters())
    conditioned = Conditioned(layer)

    def run(*values: Tensor) -> tuple[Tensor, Tensor]:
        names = [name for name, _ in layer.named_parameters()]
        result = torch.func.functional_call(
            conditioned, {f"layer.{n}": v for n, v in zip(names, values[3:], strict=True)}, values[:3]
        )
        return result[0], result[1]

    assert torch.autograd.gradcheck(run, (x, state, constant, *parameters), atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_torch_kernels(cell: str) -> None:
    layer = make(cell)
    x, state, constant = inputs(layer)
    wanted = [x, state, constant, *layer.parameters()]
    gradients = []
    for run in (Conditioned(layer).forward, layer.forward_fused):
        out, last = run(x, state, constant)
        weights = torch.linspace(-1, 1, out.numel(), dtype=torch.double).view_as(out)
        gradients.append(torch.autograd.grad((out * weights).sum() + last.square().sum(), wanted))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_relu_agrees_with_torch_kernels() -> None:
    torch.manual_seed(1)
    layer = Recurrence("rnn", 5, 7, constant=3, activation="relu").double()
    x, state, constant = inputs(layer)
    wanted = [x, state, constant, *layer.parameters()]
    results = []
    for out, last in (layer(x, state, layer.condition(constant)), layer.forward_fused(x, state, constant)):
        weights = torch.linspace(-1, 1, out.numel(), dtype=torch.double).view_as(out)
        results.append([out, last, *torch.autograd.grad((out * weights).sum() + last.square().sum(), wanted)])
    assert 0.2 < (results[0][0] == 0).double().mean() < 0.8
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_one_step_at_a_time_is_the_same(cell: str) -> None:
    layer = make(cell)
    x, state, constant = inputs(layer)
    condition = layer.condition(constant)
    whole, last = layer(x, state, condition)
    parts = []
    for step in x:
        out, state = layer(step.unsqueeze(0), state, condition)
        parts.append(out)
    torch.testing.assert_close(torch.cat(parts), whole)
    torch.testing.assert_close(state, last)


@pytest.mark.parametrize("cell", CELLS)
def test_bf16_stays_close_over_many_steps(cell: str) -> None:
    torch.manual_seed(0)
    layer = Recurrence(cell, 16, 32)
    x, state = torch.randn(60, 8, 16), torch.zeros(8, layer.state_size)
    exact, _ = layer(x, state)
    with torch.autocast("cpu", torch.bfloat16):
        rounded, _ = layer(x, state)
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - exact).abs().mean() < 0.02


@pytest.mark.parametrize("cell", GATES)
def test_weight_dropout_zeroes_entries_of_the_recurrent_matrix_in_training_alone(cell: str) -> None:
    layer = make(cell, hidden=40)
    x, state, constant = inputs(layer)
    condition = layer.condition(constant)
    plain = layer(x, state, condition)[0]
    layer.weight_dropout = 0.3
    torch.testing.assert_close(layer.eval()(x, state, condition)[0], plain)
    layer.train()
    dropped = layer.recurrent_matrix()
    kept = dropped != 0
    assert abs(kept.double().mean().item() - 0.7) < 0.05
    torch.testing.assert_close(dropped[kept], layer._weights()[1][kept] / 0.7)
    results = []
    for run in (lambda: layer(x, state, condition)[0], lambda: layer.forward_fused(x, state, constant)[0]):
        torch.manual_seed(5)
        results.append(run())
        (gradient,) = torch.autograd.grad(results[-1].sum(), layer._weights()[1])
        assert abs((gradient == 0).double().mean().item() - 0.3) < 0.1
    torch.testing.assert_close(*results)
    assert not torch.allclose(results[0], plain)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_without_gradients_the_states_are_the_same(cell: str) -> None:
    torch.manual_seed(0)
    layer = Recurrence(cell, 3, 8, constant=2)
    x, state = torch.randn(4, 5, 3), torch.randn(5, layer.state_size)
    condition = layer.condition(torch.randn(5, 2))
    for given in (None, condition):
        kept = x.clone()
        expected = layer.forward(x, state, given)
        with torch.no_grad():
            found = layer.forward(x, state, given)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(x, kept)
