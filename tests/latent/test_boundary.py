"""Fisher's discriminant against a separate computation, and the slots that oppose."""

from __future__ import annotations

import numpy as np
import pytest

from textrae.latent.boundary import boundary, slots_that_oppose


def two_kinds() -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    mixed = draws.normal(size=(6, 6))
    first = draws.normal(size=(4_000, 6)) @ mixed
    second = draws.normal(size=(4_000, 6)) @ mixed + 0.8 * mixed[0]
    return first.astype(np.float32), second.astype(np.float32)


def test_the_boundary_is_fishers_discriminant() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    first, second = two_kinds()
    found = boundary(iter(np.split(first, 4)), iter(np.split(second, 2)), 6)
    np.testing.assert_allclose(found.step, second.mean(0) - first.mean(0), atol=1e-4)
    judged = LinearDiscriminantAnalysis().fit(np.concatenate([first, second]), [0] * 4_000 + [1] * 4_000)
    own = found.normal / np.linalg.norm(found.normal)
    theirs = judged.coef_[0] / np.linalg.norm(judged.coef_[0])
    assert own @ theirs > 0.99
    across = found.across(np.concatenate([first, second]))
    assert ((across > 0) == judged.predict(np.concatenate([first, second]))).mean() > 0.99
    assert across[:4_000].std() == pytest.approx(1.0, abs=0.04)
    np.testing.assert_allclose(found.evidence(first).sum(1), found.across(first))


def test_what_does_not_vary_is_no_evidence() -> None:
    first, second = (np.pad(kind, ((0, 0), (0, 1))) for kind in two_kinds())
    found = boundary([first], [second], 7)
    assert found.normal[6] == 0.0
    assert np.isfinite(found.across(first)).all()


def test_a_kind_without_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="no example"):
        boundary([np.ones((2, 3), dtype=np.float32)], [], 3)


def test_the_slots_that_oppose_most_are_taken_with_all_their_dimensions() -> None:
    evidence = np.array([[9.0, 1, 1, -3, 1, -1, -1], [9.0, -5, 0, 0, 1, -1, -1]])
    found = slots_that_oppose(evidence, first=1, slots=3, count=2)
    assert found.tolist() == [[1, 0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 1, 1]]
