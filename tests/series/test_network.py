"""The equations of the basic autoencoder against NumPy in float64, and what padding must not change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from textrae.nn.cells import CELLS
from textrae.series.network import SeriesNetwork, last_states, mean_states, sequence_errors

Array = NDArray[np.float64]
Weights = dict[str, Array]
PHI: dict[str, Callable[[Array], Array]] = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}
SHAPES = ("W_enc", "U_enc", "b_enc", "W_dec", "U_dec", "b_dec")
WORKED: Weights = {
    "W_enc": np.array([[0.6, -0.2], [0.3, 0.8]]),
    "U_enc": np.array([[0.1, 0.4], [-0.5, 0.2]]),
    "b_enc": np.array([0.05, -0.1]),
    "W_dec": np.array([[0.9, 0.2], [-0.3, 0.7]]),
    "U_dec": np.array([[0.2, -0.1], [0.4, 0.3]]),
    "b_dec": np.array([0.0, 0.1]),
}
WORKED_X = np.array([[0.5, -0.25], [0.1, 0.3], [-0.4, 0.2]])


def reference(w: Weights, x: Array, activation: str, bottleneck: bool = False) -> tuple[Array, Array, float]:
    """Return h, x̂ and L of one sequence (time, dim), as the equations are written."""
    phi = PHI[activation]
    h, states = np.zeros(len(w["b_enc"])), []
    for step in x:
        h = phi(w["W_enc"] @ step + w["U_enc"] @ h + w["b_enc"])
        states.append(h)
    output, outputs = np.zeros(x.shape[1]), []
    for state in states:
        seen = states[-1] if bottleneck else state
        output = phi(w["W_dec"] @ seen + w["U_dec"] @ output + w["b_dec"])
        outputs.append(output)
    rebuilt = np.stack(outputs)
    return np.stack(states), rebuilt, float(((rebuilt - x) ** 2).sum() / len(x))


def drawn(dim: int, hidden: int, seed: int = 0) -> Weights:
    generator = np.random.default_rng(seed)
    shapes = ((hidden, dim), (hidden, hidden), (hidden,), (dim, hidden), (dim, dim), (dim,))
    return {name: 0.6 * generator.normal(size=shape) for name, shape in zip(SHAPES, shapes, strict=True)}


def network(w: Weights, activation: str = "tanh", bottleneck: bool = False) -> SeriesNetwork:
    """Return a network with the weights of the equations; a layer's second bias holds a third of the sum."""
    hidden, dim = w["W_enc"].shape
    made = SeriesNetwork("rnn", dim, hidden, activation, bottleneck).double()
    with torch.no_grad():
        for layer, part in ((made.encoder, "enc"), (made.decoder, "dec")):
            values = (w[f"W_{part}"], w[f"U_{part}"], 2 / 3 * w[f"b_{part}"], w[f"b_{part}"] / 3)
            for parameter, value in zip(layer.rnn.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(value))
    return made


def batch(*sequences: Array, filling: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [len(sequence) for sequence in sequences]
    x = np.full((max(lengths), len(sequences), sequences[0].shape[1]), filling)
    for column, sequence in enumerate(sequences):
        x[: len(sequence), column] = sequence
    return torch.from_numpy(x), torch.tensor(lengths)


def random_sequences(dim: int, *lengths: int) -> list[Array]:
    generator = np.random.default_rng(7)
    return [generator.uniform(-0.9, 0.9, (length, dim)) for length in lengths]


def test_three_steps_of_two_dimensions() -> None:
    expected_h = np.array(
        [
            [0.379948962255, -0.148885033623],
            [0.028433216800, -0.049710479984],
            [-0.242135027255, -0.083960575756],
        ]
    )
    expected = np.array(
        [
            [0.302416352050, -0.117656746032],
            [0.087671082822, 0.141388597440],
            [-0.227278912276, 0.189051295483],
        ]
    )
    made = network(WORKED)
    x, lengths = batch(WORKED_X)
    states, rebuilt = made.encode(x), made(x, lengths)
    np.testing.assert_allclose(states[:, 0].detach().numpy(), expected_h, rtol=0, atol=1e-11)
    np.testing.assert_allclose(rebuilt[:, 0].detach().numpy(), expected, rtol=0, atol=1e-11)
    assert sequence_errors(rebuilt, x, lengths).item() == pytest.approx(0.037272020768, abs=1e-11)


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(("dim", "hidden"), [(1, 3), (3, 2), (4, 6)])
def test_forward_and_loss_are_the_equations(dim: int, hidden: int, activation: str, bottleneck: bool) -> None:
    weights = drawn(dim, hidden)
    sequences = random_sequences(dim, 5, 1, 8)
    made = network(weights, activation, bottleneck)
    x, lengths = batch(*sequences, filling=99.0)  # what padding holds must not matter
    states, rebuilt = made.encode(x), made(x, lengths)
    errors = sequence_errors(rebuilt, x, lengths)
    for column, sequence in enumerate(sequences):
        expected_h, expected, loss = reference(weights, sequence, activation, bottleneck)
        steps = slice(0, len(sequence))
        np.testing.assert_allclose(states[steps, column].detach().numpy(), expected_h, rtol=0, atol=1e-8)
        np.testing.assert_allclose(rebuilt[steps, column].detach().numpy(), expected, rtol=0, atol=1e-8)
        assert errors[column].item() == pytest.approx(loss, abs=1e-8)


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_are_those_of_the_equations(activation: str, bottleneck: bool) -> None:
    """Finite differences of the NumPy loss, fourth order so that they reach 1e-8."""
    weights, sequences = drawn(2, 3, seed=3), random_sequences(2, 4, 6)
    made = network(weights, activation, bottleneck)
    x, lengths = batch(*sequences)
    torch.autograd.backward(sequence_errors(made(x, lengths), x, lengths).mean())
    found = {}
    for layer, part in ((made.encoder, "enc"), (made.decoder, "dec")):
        w_ih, w_hh, b_ih, b_hh = (parameter.grad.numpy() for parameter in layer.rnn.parameters())
        np.testing.assert_array_equal(b_ih, b_hh)
        found |= {f"W_{part}": w_ih, f"U_{part}": w_hh, f"b_{part}": b_ih}

    def loss(name: str, place: tuple[int, ...], moved: float) -> float:
        there = {**weights, name: weights[name].copy()}
        there[name][place] += moved
        return float(np.mean([reference(there, s, activation, bottleneck)[2] for s in sequences]))

    step = 1e-3
    for name in SHAPES:
        for place in np.ndindex(weights[name].shape):
            near = loss(name, place, step) - loss(name, place, -step)
            far = loss(name, place, 2 * step) - loss(name, place, -2 * step)
            assert found[name][place] == pytest.approx((8 * near - far) / (12 * step), abs=1e-8), (
                name,
                place,
            )


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("cell", [name for name, kind in CELLS.items() if kind.fused is not None])
def test_cells_are_torchs_layers(cell: str, bottleneck: bool) -> None:
    """The decoder's own state is the output (with the LSTM's cells beside it), whatever the cell."""
    torch.manual_seed(0)
    made = SeriesNetwork(cell, 3, 4, bottleneck=bottleneck).double()
    x, lengths = batch(*random_sequences(3, 6, 6))
    states, _ = made.encoder.rnn(x)
    seen = states[-1].expand_as(states) if bottleneck else states
    expected, _ = made.decoder.rnn(seen)
    torch.testing.assert_close(made(x, lengths), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_finite_differences(cell: str, bottleneck: bool) -> None:
    torch.manual_seed(1)
    made = SeriesNetwork(cell, 2, 3, bottleneck=bottleneck).double()
    x, lengths = batch(*random_sequences(2, 3, 2))
    names = [name for name, _ in made.named_parameters()]

    def run(*values: torch.Tensor) -> torch.Tensor:
        named = dict(zip(names, values, strict=True))
        return sequence_errors(torch.func.functional_call(made, named, (x, lengths)), x, lengths)

    assert torch.autograd.gradcheck(run, tuple(made.parameters()), atol=1e-7)


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_batch_mates_and_padding_change_nothing(cell: str, bottleneck: bool) -> None:
    torch.manual_seed(2)
    made = SeriesNetwork(cell, 3, 5, bottleneck=bottleneck).double()
    sequences = random_sequences(3, 2, 9, 5)
    x, lengths = batch(*sequences, filling=5.0)
    together, states = made(x, lengths), made.encode(x)
    for column, sequence in enumerate(sequences):
        alone_x, alone_length = batch(sequence)
        alone = made(alone_x, alone_length)[:, 0]
        torch.testing.assert_close(together[: len(sequence), column], alone, rtol=0, atol=1e-12)
        one = made.encode(alone_x)
        for pool, expected in ((last_states, one[-1, 0]), (mean_states, one[:, 0].mean(0))):
            torch.testing.assert_close(pool(states, lengths)[column], expected, rtol=0, atol=1e-12)


def test_the_bottleneck_shows_only_the_last_state() -> None:
    """Of two sequences with one last state, one reconstruction; aligned states tell them apart."""
    weights = {**drawn(2, 3), "U_enc": np.zeros((3, 3))}
    first, second = random_sequences(2, 4, 4)
    second[-1] = first[-1]
    x, lengths = batch(first, second)
    through, aligned = network(weights, bottleneck=True)(x, lengths), network(weights)(x, lengths)
    torch.testing.assert_close(through[:, 0], through[:, 1])
    assert (aligned[:3, 0] - aligned[:3, 1]).abs().min() > 1e-3
