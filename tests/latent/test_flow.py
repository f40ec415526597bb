"""A flow: its paths against their equations, that they lead back, and what it may be asked."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from textrae.errors import ConfigError
from textrae.latent.flow import Condition, Flow, FlowShape


def flow(dimensions: int = 6, labels: tuple[str, ...] = ()) -> Flow:
    """A flow with weights that lead somewhere."""
    torch.manual_seed(0)
    made = Flow(FlowShape(dimensions, width=32, depth=2, labels=labels))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    made.standardise(3 + 2 * torch.randn(500, dimensions))
    return made.eval()


@pytest.mark.parametrize("turned", [True, False])
def test_a_flow_that_learnt_nothing_draws_from_the_gaussian_of_the_encodings(
    turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its paths are known: x_t = noise · √((1 - t)² + t² λ) along each principal axis of variance λ."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.tensor([[3.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.5, 0.1]])
    if not turned:
        monkeypatch.setattr("textrae.latent.flow._TURNED", 2)
        mixing = mixing.diag().diag()
    made = Flow(FlowShape(3, width=16, depth=1)).eval()
    vectors = 5 + torch.randn(5_000, 3, generator=generator) @ mixing
    made.standardise(vectors)
    found = made.encodings(torch.randn(20_000, 3, generator=generator))
    torch.testing.assert_close(found.mean(0), vectors.mean(0), atol=0.1, rtol=0.0)
    torch.testing.assert_close(found.T.cov(), vectors.T.cov(), atol=0.15, rtol=0.05)
    noise = torch.randn(7, 3, generator=generator)
    expected = made.turned_back(noise * made.variance.sqrt())
    torch.testing.assert_close(made.encodings(noise), expected, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(made.noise(expected), noise, rtol=1e-2, atol=2e-2)


def test_principal_axes_lead_there_and_back() -> None:
    """Axes that do not vary, as of normalised encodings, are no exception."""
    made, vectors = Flow(FlowShape(4, width=8, depth=1)), torch.randn(300, 4)
    vectors[:, 3] = -vectors[:, :3].sum(1)
    made.standardise(vectors)
    points = made.turned(vectors)
    variances = points.var(0, correction=0)
    torch.testing.assert_close(variances[1:], made.variance[1:], rtol=1e-3, atol=1e-3)
    assert float(made.variance.min()) >= 0.05
    torch.testing.assert_close(made.turned_back(points), vectors, rtol=1e-3, atol=1e-3)


def test_paths_follow_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field v(x, t) = x leads from x₀ to e · x₀."""
    made = Flow(FlowShape(3, width=8, depth=1)).eval()

    def itself(points: Tensor, time: Tensor, condition: Condition) -> Tensor:
        return points

    monkeypatch.setattr(made, "forward", itself)
    noise = torch.randn(5, 3)
    torch.testing.assert_close(made.encodings(noise), noise * torch.tensor(1.0).exp(), rtol=1e-3, atol=1e-3)


def test_encodings_lead_back_to_their_noise() -> None:
    made = flow()
    noise = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
    there = made.encodings(noise)
    assert (
        float((there - made.centre - made.turned_back(noise) + made.centre).abs().mean()) > 0.1
    )  # it leads somewhere
    torch.testing.assert_close(made.noise(there), noise, rtol=1e-2, atol=1e-2)


def test_a_seed_draws_the_same_in_any_number() -> None:
    made = flow()
    one, other = (made.sample(9, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (9, 6)
    assert not torch.equal(one, made.sample(9, torch.Generator().manual_seed(4)))


def test_a_condition_moves_the_field_as_far_as_guidance_says() -> None:
    made = flow(labels=("bad", "good"))
    points, time = torch.randn(4, 6), torch.rand(4)
    good, free = made.asked(4, "good"), Condition.none(4)
    assert good.labels.tolist() == [2] * 4
    with torch.no_grad():
        told, untold = made(points, time, good), made(points, time, free)
        for guidance in (0.0, 1.0, 2.5):
            found = made._velocity(points, float(time[0]), good, guidance)[:1]
            torch.testing.assert_close(found, (untold + guidance * (told - untold))[:1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(told, untold)
    long = made.asked(4, length=40)
    with torch.no_grad():
        assert not torch.allclose(made(points, time, long), untold)


def test_what_a_flow_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not know 'ugly'; its labels are bad, good"):
        flow(labels=("bad", "good")).asked(1, "ugly")
    with pytest.raises(ConfigError, match="it was taught none"):
        flow().asked(1, "good")
    for length in (0.0, -3.0, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match="`length`: a number of tokens above 0"):
            flow().asked(1, length=length)
