"""Retrieval by margin, beside its definition."""

from __future__ import annotations

import numpy as np
import pytest

from textrae.evaluation import similarity
from textrae.evaluation.similarity import xsim


def by_definition(a: np.ndarray, b: np.ndarray, k: int = 4) -> float:
    def cos(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))

    def near(x: np.ndarray, rows: np.ndarray) -> float:
        return float(np.mean(sorted((cos(x, y) for y in rows), reverse=True)[:k]))

    wrong = 0
    for i, x in enumerate(a):
        margins = [cos(x, y) / ((near(x, b) + near(y, a)) / 2) for y in b]
        wrong += int(np.argmax(margins)) != i
    return wrong / len(a)


@pytest.mark.parametrize("noise", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("block", [7, 30, 1_024])
def test_it_is_its_definition(noise: float, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "_BLOCK", block)
    generator = np.random.default_rng(0)
    a = generator.normal(size=(30, 6)) + 1
    b = a + noise * generator.normal(size=a.shape)
    assert xsim(a, b) == pytest.approx(by_definition(a, b))
    assert (xsim(a, b) == 0.0) == (noise == 0.0)


def test_what_does_not_match_is_refused() -> None:
    with pytest.raises(ValueError, match="one row"):
        xsim(np.ones((2, 3)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="one row"):
        xsim(np.ones((0, 3)), np.ones((0, 3)))
