"""What sentences are compared by: encodings of length 1, without the number of a length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, VectorError
from textrae.inference.cuts import Cuts
from textrae.search.encoding import compared, scaled, unit_vectors


@pytest.fixture(scope="module")
def slots(corpus: Path) -> SentenceAutoencoder:
    """A model whose encodings end with a length."""
    shape = ModelConfig(hidden=16, embedding=16, slots=3, latent=4)
    return SentenceAutoencoder.train(
        corpus, shape, TrainingConfig(steps=2, precision="fp32"), text=CorpusConfig(vocab_size=300)
    )


def test_products_are_cosines_without_the_length(slots: SentenceAutoencoder) -> None:
    assert slots.run.settings.model.keeps_length
    assert compared(slots) == 11
    lines, cuts = sentences()[:20], Cuts()
    (unit,) = unit_vectors(slots, lines, 11, cuts)
    encoded = slots.encode(lines)[:, :-1]
    wanted = encoded @ encoded.T / np.outer(*[np.linalg.norm(encoded, axis=1)] * 2)
    np.testing.assert_allclose(unit @ unit.T, wanted, atol=1e-5)
    assert cuts.sentences == 20


def test_fewer_dimensions_are_the_first_ones(model: SentenceAutoencoder, slots: SentenceAutoencoder) -> None:
    assert compared(model) == 24
    width = compared(model, 5)
    (unit,) = unit_vectors(model, ["A dog."], width)
    np.testing.assert_allclose(unit[0], scaled(model.encode(["A dog."])[:, :5])[0], atol=1e-6)
    for wrong in (0, 12):
        with pytest.raises(ConfigError, match="`dimensions`"):
            compared(slots, wrong)


def test_a_vector_of_zeros_stays_and_one_that_is_not_finite_is_refused() -> None:
    assert scaled(np.zeros((2, 3), np.float32)).tolist() == [[0.0] * 3] * 2
    assert scaled(np.full((1, 4), 1e20, np.float32)).tolist() == [[0.5] * 4]
    with pytest.raises(VectorError, match="train it again"):
        scaled(np.array([[1, np.nan]], np.float32))
