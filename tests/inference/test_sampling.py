"""Choosing tokens: draws keep their distribution, and settings that conflict are refused."""

from __future__ import annotations

import pytest
import torch

from textrae.errors import ConfigError
from textrae.inference.sampling import Sampling, likeliest, sampling_of


def test_the_likeliest_is_the_first_of_the_largest_in_any_precision() -> None:
    scores = torch.tensor([[0.0, 2.0, 1.0, 2.0], [3.0, -1.0, 0.0, 0.5]])
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert likeliest(scores.to(dtype)).tolist() == [1, 0]


def test_sampling_keeps_what_it_says() -> None:
    shares = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).expand(4_000, -1)

    def drawn(**settings: float) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        chosen = Sampling(**settings, generator=generator)(shares.log())  # type: ignore[arg-type]
        return chosen.bincount(minlength=4) / len(chosen)

    torch.testing.assert_close(drawn(), shares[0], atol=0.03, rtol=0)
    torch.testing.assert_close(drawn(top_k=2), torch.tensor([0.625, 0.375, 0.0, 0.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn(top_p=0.6), torch.tensor([0.625, 0.375, 0.0, 0.0]), atol=0.03, rtol=0)
    assert drawn(top_p=0.01).tolist() == [1.0, 0.0, 0.0, 0.0]
    cooler = shares[0].square() / shares[0].square().sum()
    torch.testing.assert_close(drawn(temperature=0.5), cooler, atol=0.03, rtol=0)


def test_what_is_drawn_and_what_is_not() -> None:
    assert sampling_of(None, None, None, 5, 0) is None
    assert sampling_of(0.0, None, None, 5, 0) is None
    assert sampling_of(0.0, None, None, 1, 0) is None
    expected = {
        (None, None, None): (1.0, 0, 0.5),
        (0.7, None, None): (0.7, 0, 1.0),
        (None, 5, None): (1.0, 5, 1.0),
        (0.7, None, 0.9): (0.7, 0, 0.9),
    }
    for given, wanted in expected.items():
        found = sampling_of(*given, 1, 0)
        assert found is not None
        assert (found.temperature, found.top_k, found.top_p) == wanted
    for top_k, top_p in ((5, None), (None, 0.9)):
        with pytest.raises(ConfigError, match="leave them out"):
            sampling_of(0.0, top_k, top_p, 1, 0)
        with pytest.raises(ConfigError, match="does not draw"):
            sampling_of(None, top_k, top_p, 5, 0)
    with pytest.raises(ConfigError, match="does not draw"):
        sampling_of(0.7, None, None, 5, 0)
