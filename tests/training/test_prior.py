"""A flow is fitted to where encodings lie, by class and length, and to the same weights again."""

from __future__ import annotations

import math

import pytest
import torch
from support import make_trainer
from torch import Tensor

from textrae.latent.flow import Condition, Flow, Known
from textrae.settings.training import TrainingConfig
from textrae.training.prior import Fitted, fit_flow, prior_of

WAYS = {"bad": -1.0, "good": 1.0}


def known() -> Known:
    """Points on two half circles, one for each class; on each the length is the place."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(1, 3, (4_000,), generator=generator)
    place = torch.rand(4_000, generator=generator)
    angle = math.pi * place + math.pi * (labels == 1)
    points = torch.stack([angle.cos(), angle.sin()], dim=1)
    return Known(points, Condition(labels, 1 + 30 * place), tuple(WAYS), 4_000)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit_flow(known(), steps=400, seed=0, width=64)


def drawn(flow: Flow, **asked: object) -> Tensor:
    return flow.sample(500, torch.Generator().manual_seed(1), flow.asked(500, **asked))  # type: ignore[arg-type]


def test_draws_lie_where_the_encodings_do(fitted: Fitted) -> None:
    """On the circle, all around, and not inside, where a Gaussian has most of its draws."""
    points = drawn(fitted.flow)
    radius = points.norm(dim=1)
    gaussian = drawn(fit_flow(known(), steps=1, seed=0, width=8).flow).norm(dim=1)
    assert float((radius - 1).abs().median()) < 0.65 * float((gaussian - 1).abs().median())
    assert float((radius < 0.7).float().mean()) < 0.65 * float((gaussian < 0.7).float().mean())
    quarters = torch.stack([(points[:, 0] > 0), (points[:, 1] > 0)], 1).float()
    assert float((quarters.mean(0) - 0.5).abs().max()) < 0.1
    assert fitted.loss < 1.45  # π / 2 where only mean and covariance are known


def test_draws_have_the_class_and_the_length_that_are_asked_for(fitted: Fitted) -> None:
    for label, sign in WAYS.items():
        points = drawn(fitted.flow, label=label)
        assert float((points[:, 1] * sign > -0.2).float().mean()) > 0.95  # the half circles meet at 0
        short, long = (drawn(fitted.flow, label=label, length=length) for length in (5.0, 27.0))
        assert float((short[:, 0] * sign).median()) > 0.7
        assert float((long[:, 0] * sign).median()) < -0.6


def test_a_seed_fits_the_same_weights() -> None:
    first, again, other = (fit_flow(known(), steps=5, seed=seed, width=16) for seed in (0, 0, 1))
    weights, same, others = (dict(one.flow.named_parameters()) for one in (first, again, other))
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert not all(torch.equal(weights[name], others[name]) for name in weights)
    assert first.loss == again.loss


def test_a_budget_ends_and_is_told() -> None:
    seen: list[tuple[float, int]] = []
    found = fit_flow(known(), steps=40, width=16, report=lambda done, step, loss: seen.append((done, step)))
    assert (found.steps, found.sentences, found.read) == (40, 4_000, 4_000)
    assert [step for _, step in seen] == [20, 40]
    short = fit_flow(known(), minutes=0.005, width=16)
    assert short.steps >= 1
    assert short.seconds < 5


def test_few_encodings_are_enough() -> None:
    three = Known(torch.randn(3, 4), Condition.none(3), (), 3)
    found = fit_flow(three, steps=2, width=16)
    assert math.isfinite(found.loss)


@pytest.mark.parametrize("switches", [{}, {"variational": True}, {"slots": 2}])
def test_a_training_gives_its_prior_a_share_of_its_budget(switches: dict[str, bool | int]) -> None:
    trainer = make_trainer(TrainingConfig(steps=50, prior=0.1), **switches)
    trainer.progress.step, trainer.progress.tokens = 50, 10_000
    found = prior_of(trainer)
    assert (found.steps, found.sentences, found.read) == (5, 250, 250)
    assert found.flow.shape.dimensions == 24 if "slots" in switches else 12
    trainer = make_trainer(TrainingConfig(minutes=0.05, prior=0.2), **switches)
    found = prior_of(trainer)
    assert 0.0 < found.seconds < 2.0  # of 0.6
    assert found.steps > 0
