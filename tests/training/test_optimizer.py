"""The optimizer: its groups and rates, its moments and its clipping."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from support import make_trainer

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.settings.training import TrainingConfig
from textrae.training.optimizer import (
    ClippedAdamW,
    load_optimizer,
    make_optimizer,
    optimizer_tensors,
    part,
    set_rate,
)


def test_embeddings_learn_at_a_rate_of_their_own() -> None:
    network = torch.nn.Sequential(torch.nn.Embedding(3, 2), torch.nn.Linear(2, 2))
    torch.nn.init.ones_(network[0].weight)
    torch.nn.init.ones_(network[1].weight)
    optimizer = make_optimizer(network, lr=2e-3, weight_decay=0.5, embedding_rate=4.0)
    set_rate(optimizer, 0.1)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    assert bool(optimizer.clip(1e9))
    optimizer.step()
    assert torch.allclose(network[0].weight, torch.tensor(1 - 0.4 * 0.5 - 0.4))
    assert torch.allclose(network[1].weight, torch.tensor(1 - 0.1 * 0.5 - 0.1))


def test_nothing_asks_for_torchs_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its import takes as long as all others of a training together."""
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # an import of it fails
    linear = torch.nn.Linear(2, 2)
    optimizer = make_optimizer(linear, lr=1e-2, weight_decay=0.1)
    optimizer.zero_grad()
    linear(torch.ones(2)).sum().backward()
    optimizer.clip(1.0)
    before = linear.weight.clone()
    optimizer.step()
    assert not torch.equal(linear.weight, before)
    load_optimizer(optimizer, optimizer_tensors("", optimizer))


def test_the_second_moment_decays_as_it_is_told() -> None:
    """Kingma & Ba 2015: where a gradient comes once, the next steps are m / √v, of 0.9ⁿ and β₂ⁿ."""
    moved = []
    for beta2 in (0.5, 0.98):
        network = torch.nn.Linear(1, 1, bias=False)
        optimizer = make_optimizer(network, lr=0.1, weight_decay=0.0, beta2=beta2)
        before = float(network.weight.detach())
        for gradient in (3.0, 0.0):
            network.weight.grad = torch.full((1, 1), gradient)
            assert bool(optimizer.clip(1e9))
            optimizer.step()
        moved.append(before - float(network.weight.detach()))
        first, then = 1.0, (0.9 * 0.1 / (1 - 0.9**2)) / math.sqrt(beta2 * (1 - beta2) / (1 - beta2**2))
        assert moved[-1] == pytest.approx(0.1 * (first + then), rel=1e-4)
    assert moved[0] > moved[1]


@pytest.mark.parametrize("size", [0.01, 100.0])
def test_clipping_inside_the_step_is_clipping_before_it(size: float) -> None:
    results = []
    for inside in (True, False):
        network = make_trainer(TrainingConfig(steps=1)).network
        optimizer = make_optimizer(network, lr=2e-3, weight_decay=0.1)
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            for parameter in network.parameters():
                parameter.grad = size * torch.randn(parameter.shape, generator=generator)
            if inside:
                assert optimizer.clip(1.0)
            else:
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        results.append(network.state_dict())
    for ours, theirs in zip(*(result.values() for result in results), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_matrices_decay_and_what_is_frozen_stays() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    for parameter in network.parameters():
        torch.nn.init.ones_(parameter)
    network[1].requires_grad_(False)
    optimizer = make_optimizer(network, lr=0.1, weight_decay=0.5)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    assert bool(optimizer.clip(1.0))
    optimizer.step()
    assert torch.allclose(network[0].weight, torch.tensor(1 - 0.1 * 0.5))
    assert all(bool((value == 1).all()) for value in (network[0].bias, *network[1].parameters()))


def test_a_step_with_a_gradient_that_is_not_finite_changes_nothing() -> None:
    network = torch.nn.Linear(2, 2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = make_optimizer(network, lr=0.1, weight_decay=0.5)
    network.weight.grad, network.bias.grad = torch.ones(2, 2), torch.tensor([math.inf, 0.0])
    assert not bool(optimizer.clip(1.0))
    optimizer.step()
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_state_kept_as_tensors_goes_on_to_the_same_bits() -> None:
    torch.manual_seed(0)
    networks = [torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)]
    first, second = (make_optimizer(network, lr=0.1, weight_decay=0.1) for network in networks)
    gradients = [torch.randn(2, 3) for _ in range(4)]

    def step(network: torch.nn.Linear, optimizer: ClippedAdamW, gradient: torch.Tensor) -> None:
        network.weight.grad, network.bias.grad = gradient.clone(), gradient[:, 0].clone()
        assert bool(optimizer.clip(1.0))
        optimizer.step()

    for gradient in gradients[:2]:
        step(networks[0], first, gradient)
    networks[1].load_state_dict(networks[0].state_dict())
    kept = {name: value.clone() for name, value in optimizer_tensors("optimizer.", first).items()}
    assert {name.rpartition(".")[2] for name in kept} == {"step", "exp_avg", "exp_avg_sq"}
    load_optimizer(second, part({**kept, "model.weight": torch.zeros(1)}, "optimizer."))
    for gradient in gradients[2:]:
        step(networks[0], first, gradient)
        step(networks[1], second, gradient)
    assert torch.equal(networks[0].weight, networks[1].weight)
    with pytest.raises(ValueError, match="invalid literal"):
        load_optimizer(second, {"first.step": torch.zeros(())})


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_token_vectors_of_meaning_learn_faster_and_decay_as_all_others(rate: float) -> None:
    network = Autoencoder(ModelConfig(hidden=8, embedding=8, slots=4, latent=4, meaning=8), 20)
    optimizer = make_optimizer(network, lr=0.01, weight_decay=0.5, embedding_rate=rate)
    set_rate(optimizer, 0.01)
    assert network.meaning is not None
    of = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert len(of) == sum(len(group["params"]) for group in optimizer.param_groups)
    assert len(of) == len(list(network.parameters()))
    for table in network.meaning.tables():
        group = of[id(table.weight)]
        assert group["lr"] == pytest.approx(0.05)
        assert group["lr"] * group["weight_decay"] == pytest.approx(0.005)
    assert of[id(network.embedding.weight)]["lr"] == pytest.approx(0.01 * rate)
    assert of[id(network.meaning.project.weight)]["lr"] == pytest.approx(0.01)
