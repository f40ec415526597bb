"""A series autoencoder that several tests use."""

from __future__ import annotations

import pytest
from series.sequences import waves

from textrae import SeriesAutoencoder, SeriesConfig, SeriesTraining


@pytest.fixture(scope="session")
def trained() -> SeriesAutoencoder:
    """Return a model of waves."""
    return SeriesAutoencoder.train(
        waves(60), SeriesConfig(hidden=8), SeriesTraining(steps=150, batch_size=8, lr=3e-2)
    )
