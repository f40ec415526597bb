"""A layer of any cell: its gradients, one step against many, reduced precision, weight dropout."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from nn.layers import LOOPS, Conditioned, inputs, make
from torch import Tensor

from textrae.nn.cells import CELLS
from textrae.nn.recurrence import Recurrence, side_by_side

FULL = torch.full((5,), 4)
"""Lengths of five sentences that fill four steps."""


@pytest.mark.parametrize(("cell", "activation"), LOOPS)
def test_gradients_agree_with_finite_differences(cell: str, activation: str) -> None:
    layer = make(cell, activation=activation)
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


@pytest.mark.parametrize("cell", CELLS)
def test_weight_dropout_zeroes_entries_of_the_recurrent_matrix_only_in_training(cell: str) -> None:
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
    ways = [lambda: layer(x, state, condition)[0], lambda: layer.forward_fused(x, state, constant)[0]]
    for run in ways if layer.kind.fused is not None else ways[:1] * 2:
        torch.manual_seed(5)
        results.append(run())
        (gradient,) = torch.autograd.grad(results[-1].sum(), layer._weights()[1])
        assert abs((gradient == 0).double().mean().item() - 0.3) < 0.1
    torch.testing.assert_close(*results)
    assert not torch.allclose(results[0], plain)


@pytest.mark.parametrize("cell", CELLS)
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


@pytest.mark.parametrize("cell", CELLS)
def test_layers_side_by_side_are_the_layers_one_by_one(cell: str) -> None:
    torch.manual_seed(0)
    ways = [Recurrence(cell, 3, 8) for _ in range(2)]
    xs = [torch.randn(4, 5, 3) for _ in ways]
    outs = side_by_side(ways, xs, FULL)
    gates = [way.project(x) for way, x in zip(ways, xs, strict=True)]
    torch.testing.assert_close(side_by_side(ways, gates, FULL, projected=True), outs)
    for way, x, out in zip(ways, xs, outs, strict=True):
        torch.testing.assert_close(way(x, torch.zeros(5, way.state_size))[0], out)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", [1, 9, 40, 200])
def test_sentences_that_have_ended_are_left_out_where_no_gradient_is_wanted(cell: str, batch: int) -> None:
    torch.manual_seed(0)
    ways = [Recurrence(cell, 3, 8) for _ in range(2)]
    lengths = torch.randint(1, 12, (batch,)).sort(descending=True).values
    xs = [torch.randn(12, batch, 3) for _ in ways]
    expected = side_by_side(ways, xs, lengths)
    real = torch.arange(12).unsqueeze(1) < lengths
    rows = []
    for way in ways:
        way.loop = Counting(way.loop, rows)
    with torch.no_grad():
        found = side_by_side(ways, xs, lengths)
        torch.testing.assert_close(found[:, real], expected[:, real])
        assert found.isfinite().all()
        steps = sum(time * some for time, some in rows)
        rows.clear()
        mixed = side_by_side(ways, xs, lengths.flip(0))  # not in that order: nothing is left out
        torch.testing.assert_close(mixed, expected)
        assert rows == [(12, batch)]
    assert lengths.sum() <= steps <= lengths.sum() + lengths.max() * max(8, batch // 8 + 1)


class Counting:
    """A cell's loop that notes the steps and the rows of each call."""

    def __init__(self, loop: Any, rows: list[tuple[int, int]]) -> None:
        self.loop, self.rows = loop, rows

    def apply(self, *given: torch.Tensor) -> Any:
        self.rows.append(tuple(given[2].shape[:2]))
        return self.loop.apply(*given)


@pytest.mark.parametrize(("cell", "activation"), LOOPS)
def test_gradients_of_layers_side_by_side_are_those_of_the_layers_one_by_one(
    cell: str, activation: str
) -> None:
    torch.manual_seed(0)
    ways = [Recurrence(cell, 3, 8, activation=activation).double() for _ in range(2)]
    xs = [torch.randn(4, 5, 3, dtype=torch.double, requires_grad=True) for _ in ways]
    wanted = [*xs, *(parameter for way in ways for parameter in way.parameters())]
    single = [way(x, x.new_zeros(5, way.state_size))[0] for way, x in zip(ways, xs, strict=True)]
    weights = torch.randn_like(torch.stack(single))
    gradients = [
        torch.autograd.grad((out * weights).sum(), wanted)
        for out in (torch.stack(single), side_by_side(ways, xs, FULL))
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("cell", [name for name, kind in CELLS.items() if kind.fused is not None])
def test_where_the_fused_module_runs_the_results_are_those_of_the_loop(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make(cell)
    x, state, constant = inputs(layer)
    other = make(cell, constant=0)
    expected = [
        layer(x, state, layer.condition(constant)),
        side_by_side([other, other], [x, x], torch.full((x.shape[1],), len(x))),
    ]
    monkeypatch.setattr(Recurrence, "fuses", lambda layer, x: True)
    assert layer.condition(constant) is constant
    torch.testing.assert_close(layer(x, state, constant), expected[0])
    torch.testing.assert_close(
        side_by_side([other, other], [x, x], torch.full((x.shape[1],), len(x))), expected[1]
    )
