from __future__ import annotations

import numpy as np
import pytest

from textrae.server.flat import flattened


@pytest.mark.parametrize("shape", [(200, 6), (5, 40), (2, 3), (1, 3), (3, 1)])
def test_places_are_those_of_the_principal_components(shape: tuple[int, int]) -> None:
    vectors = np.random.default_rng(0).normal(size=shape).astype(np.float32) * np.arange(1, shape[1] + 1)
    places, shares = flattened(vectors.astype(np.float32))
    centred = vectors - vectors.mean(0)
    values = np.linalg.svd(centred, compute_uv=False)
    wanted = np.zeros(2)
    wanted[: len(values[:2])] = values[:2]
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), wanted, rtol=1e-3, atol=1e-3)
    if shape[0] > 2 and shape[1] > 1:
        np.testing.assert_allclose(shares, values[:2] ** 2 / (values**2).sum(), rtol=1e-3)
    np.testing.assert_allclose(flattened(vectors.astype(np.float32))[0], places)
    assert places.shape == (shape[0], 2)
    assert np.isfinite([*places.ravel(), *shares]).all()


def test_equal_vectors_are_all_in_the_middle() -> None:
    places, shares = flattened(np.ones((4, 3), dtype=np.float32))
    np.testing.assert_array_equal(places, 0)
    assert shares == [0.0, 0.0]
