"""An autoencoder of series as an outlier detector of scikit-learn."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from textrae import SeriesAutoencoder, SeriesConfig, SeriesTraining
from textrae.errors import ConfigError, SeriesError

pytest.importorskip("sklearn")
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from textrae.integrations.scikit_series import SeriesOutlierDetector


def table(rows: int = 40, odd: int = 4) -> NDArray[np.float64]:
    """Sines of random phases, (rows, 20), the last of them noise."""
    generator = np.random.default_rng(0)
    steps = np.arange(20) / 3
    found = np.sin(steps + generator.uniform(0, 6, (rows, 1)))
    found[rows - odd :] = generator.uniform(-1, 1, (odd, 20))
    return found


@pytest.fixture(scope="module")
def detector() -> SeriesOutlierDetector:
    return SeriesOutlierDetector(hidden=8, epochs=40, lr=3e-2, batch_size=8).fit(table())


def test_outliers_are_found(detector: SeriesOutlierDetector) -> None:
    odd = [0] * 36 + [1] * 4
    assert roc_auc_score(odd, -detector.score_samples(table())) > 0.95
    assert (detector.predict(table()) == -1).sum() == 4
    np.testing.assert_allclose(
        detector.decision_function(table()),
        -detector.model_.score(table().reshape(40, 4, 5)) - detector.offset_,
    )


def test_series_may_be_tables_or_arrays(detector: SeriesOutlierDetector) -> None:
    expected = detector.score_samples(table())
    framed = table().reshape(40, 4, 5)
    for given in (framed, list(framed), pd.DataFrame(table())):
        np.testing.assert_allclose(detector.score_samples(given), expected)
    ragged = [series[: 2 + number % 3] for number, series in enumerate(framed)]
    for given in (ragged, [row.tolist() for row in ragged]):
        assert detector.score_samples(given).shape == (40,)
    with pytest.raises(SeriesError, match="2 dimensions a step"):
        detector.score_samples(np.zeros((3, 20, 2)))
    with pytest.raises(ValueError, match="19 features"):
        detector.score_samples(table()[:, :19])
    with pytest.raises(ConfigError, match="rows of 20 numbers do not divide"):
        SeriesOutlierDetector(frame=3).fit(table())
    wide = SeriesOutlierDetector(hidden=4, epochs=1).fit(np.zeros((5, 6, 2)) + np.arange(6)[:, None])
    assert not hasattr(wide, "n_features_in_")


def test_a_run_is_taken_as_it_is(tmp_path: Path) -> None:
    trained = SeriesAutoencoder.train(table()[:, :, None], SeriesConfig(hidden=4), SeriesTraining(steps=5))
    trained.save(tmp_path / "run")
    for run in (tmp_path / "run", trained):
        found = SeriesOutlierDetector(run, contamination=0.25).fit(table())
        np.testing.assert_allclose(found.score_samples(table()), -trained.score(table()[:, :, None]))
        assert (found.predict(table()) == -1).sum() == 10
        assert found.fit(table().reshape(40, 20, 1)).predict(table()).shape == (40,)
        again = pickle.loads(pickle.dumps(found))
        np.testing.assert_array_equal(again.decision_function(table()), found.decision_function(table()))
        assert clone(found).fit(table()).offset_ == found.offset_


def test_a_pickle_has_no_code_of_torch(detector: SeriesOutlierDetector) -> None:
    kept = pickle.dumps(detector)
    assert b"torch._utils" not in kept
    np.testing.assert_array_equal(pickle.loads(kept).predict(table()), detector.predict(table()))


def test_wrong_settings_are_refused() -> None:
    for wrong in (0.0, 0.6, float("nan")):
        with pytest.raises(ConfigError, match="contamination"):
            SeriesOutlierDetector(contamination=wrong).fit(table())
    with pytest.raises(ConfigError, match="hidden"):
        SeriesOutlierDetector(hidden=0).fit(table())
    with pytest.raises(NotFittedError):
        SeriesOutlierDetector().predict(table())


def test_it_passes_the_checks_of_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = check_estimator(SeriesOutlierDetector(hidden=2, epochs=1), on_fail=None)
    assert {one["check_name"]: str(one["exception"]) for one in done if one["status"] == "failed"} == {}
    assert len([one for one in done if one["status"] == "passed"]) > 40
