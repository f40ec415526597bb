"""Choosing tokens: draws keep their distribution, and settings that conflict are refused."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

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
        (None, None, None): (1.0, None, 0.5),
        (0.7, None, None): (0.7, None, 1.0),
        (None, 5, None): (1.0, 5, 1.0),
        (0.7, None, 0.9): (0.7, None, 0.9),
    }
    for chosen, wanted in expected.items():
        found = sampling_of(*chosen, 1, 0)
        assert found is not None
        assert (found.temperature, found.top_k, found.top_p) == wanted
    for top_k, top_p in ((5, None), (None, 0.9)):
        with pytest.raises(ConfigError, match="leave them out"):
            sampling_of(0.0, top_k, top_p, 1, 0)
        with pytest.raises(ConfigError, match="does not draw"):
            sampling_of(None, top_k, top_p, 5, 0)
    with pytest.raises(ConfigError, match="does not draw"):
        sampling_of(0.7, None, None, 5, 0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_equally_likely_tokens_exactly_k_are_drawn_from(count: int) -> None:
    for scores in ([1.0] * 6, [2.0, 1.0, 1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 3.0, 1.0, 3.0, 3.0]):
        sampling = Sampling(top_k=count, generator=torch.Generator().manual_seed(0))
        drawn = set(sampling(torch.tensor([scores]).expand(2_000, -1)).tolist())
        assert len(drawn) == count
        assert sum(scores[token] for token in drawn) == sum(sorted(scores)[-count:])


@given(
    scores=st.lists(st.integers(-3, 3), min_size=2, max_size=7),
    top_k=st.none() | st.integers(1, 9),
    top_p=st.floats(0.01, 1.0),
    temperature=st.floats(0.05, 20.0),
)
@settings(max_examples=60, deadline=None)
def test_draws_are_among_the_fewest_tokens_asked_for(
    scores: list[int], top_k: int | None, top_p: float, temperature: float
) -> None:
    sampling = Sampling(temperature, top_k, top_p, torch.Generator().manual_seed(0))
    drawn = set(sampling(torch.tensor([scores], dtype=torch.float32).expand(300, -1)).tolist())
    shares = (torch.tensor(scores, dtype=torch.double) / temperature).softmax(0).sort(descending=True).values
    kept = shares[:top_k] / shares[:top_k].sum()
    most = int((kept.cumsum(0) - kept < top_p + 1e-6).sum())
    assert len(drawn) <= most
    least = sorted(scores)[-most]
    assert all(scores[token] >= least for token in drawn)


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("temperature", [-1, -0.5, 1e-9, 101, math.nan, math.inf, -math.inf]),
        ("top_p", [0, 0.0, -0.1, 2, 1.0001, math.nan, math.inf]),
        ("top_k", [0, -5]),
    ],
)
def test_settings_out_of_range_are_refused_by_name(setting: str, values: list[Any]) -> None:
    """Wherever they are given, and with a beam too."""
    for value in values:
        said = f"^`{setting}`: a .* is expected.*, not {re.escape(str(value))}"
        with pytest.raises(ConfigError, match=said):
            Sampling(**{setting: value})
        call = {"temperature": None, "top_k": None, "top_p": None, setting: value}
        for beam in (1, 5):
            with pytest.raises(ConfigError, match=said):
                sampling_of(**call, beam=beam, seed=0)


@pytest.mark.parametrize("value", ["0.5", b"1", [0.5], True, 1j, torch.ones(2)])
@pytest.mark.parametrize("setting", ["temperature", "top_k", "top_p"])
def test_what_is_no_number_is_a_type_error(setting: str, value: Any) -> None:
    call = {"temperature": None, "top_k": None, "top_p": None, setting: value}
    with pytest.raises(TypeError, match=f"^`{setting}`: a .* is expected, not "):
        Sampling(**{setting: value})
    with pytest.raises(TypeError, match=f"^`{setting}`: a .* is expected, not "):
        sampling_of(**call, beam=1, seed=0)


def test_a_count_is_whole_and_numbers_of_numpy_are_numbers() -> None:
    for value in (2.0, 2.5, math.nan):
        with pytest.raises(TypeError, match="whole number"):
            Sampling(top_k=value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a Generator is expected"):
        Sampling(generator=0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="draws nothing"):
        Sampling(0)
    odd = Sampling(np.float32(0.5), np.int64(2), np.float64(0.9))  # type: ignore[arg-type]
    assert odd(torch.tensor([[9.0, 0.0, -9.0]])).tolist() == [0]
