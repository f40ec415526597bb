"""The facade on sequences: encodings, reconstructions and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from series.sequences import Array, waves

from textrae import SeriesAutoencoder, SeriesConfig, SeriesTraining
from textrae.errors import ConfigError, SeriesError


def test_what_is_rebuilt_is_what_is_scored(trained: SeriesAutoencoder) -> None:
    unseen = waves(5, seed=2)
    rebuilt = trained.reconstruct(unseen)
    assert [values.shape for values in rebuilt] == [values.shape for values in unseen]
    data = [np.square(a - b).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen, units="data"), data, rtol=1e-6)
    scale = trained.run.scaling.size
    scaled = [np.square((a - b) / scale).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen), scaled, rtol=1e-6)


def test_a_score_depends_only_on_its_sequence(trained: SeriesAutoencoder) -> None:
    unseen = waves(80, seed=3)
    together, single = trained.score(unseen), [float(trained.score([values])[0]) for values in unseen[:5]]
    np.testing.assert_allclose(together[:5], single, rtol=1e-5)
    np.testing.assert_allclose(trained.encode(unseen)[3], trained.encode(unseen[3:4])[0], atol=1e-6)


def test_encodings_are_the_last_or_the_mean_state(trained: SeriesAutoencoder) -> None:
    unseen = waves(3, seed=4)
    for values, last, mean in zip(
        unseen, trained.encode(unseen), trained.encode(unseen, pooling="mean"), strict=True
    ):
        x = torch.from_numpy(trained.run.scaling.apply(values)).float().unsqueeze(1)
        states = trained.run.network.encode(x)[:, 0].detach().numpy()
        np.testing.assert_allclose(last, states[-1], atol=1e-6)
        np.testing.assert_allclose(mean, states.mean(0), atol=1e-6)


def test_an_odd_sequence_scores_higher(trained: SeriesAutoencoder) -> None:
    usual = waves(20, seed=5)
    odd = [values + np.array([0.0, 3.0]) for values in usual]
    assert trained.score(odd).min() > 10 * trained.score(usual).max()


def test_files_of_one_width_are_trained_on_together(tmp_path: Path) -> None:
    for name, dim in (("a", 2), ("b", 2), ("c", 3)):
        rows = ["\n".join(",".join(map(str, step)) for step in values) for values in waves(6, dim)]
        (tmp_path / f"{name}.csv").write_text("\n\n".join(rows) + "\n")
    files = [tmp_path / "a.csv", str(tmp_path / "b.csv")]
    quick = SeriesTraining(steps=2)
    model = SeriesAutoencoder.train(files, SeriesConfig(hidden=4), quick)
    assert (model.dim, model.run.training["sequences"]) == (2, 11)
    with pytest.raises(SeriesError, match=r"c\.csv: 3 dimensions a time step instead of 2"):
        SeriesAutoencoder.train([*files, tmp_path / "c.csv"], SeriesConfig(hidden=4), quick)
    assert SeriesAutoencoder.train(tmp_path / "c.csv", SeriesConfig(hidden=4), quick).dim == 3
    with pytest.raises(SeriesError, match="files and arrays mixed"):
        SeriesAutoencoder.train([files[0], np.ones((3, 2))], None, quick)  # type: ignore[list-item]
    with pytest.raises(SeriesError, match=r"c\.csv: 3 dimensions a time step instead of 2"):
        model.read(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ([], "no sequence"),
        ([np.ones((2, 3))], "sequence 0 (counted from 0): 3 dimensions a step instead of 2"),
        ([np.ones((2, 2)), np.array([[1, np.inf]])], "sequence 1 (counted from 0), step 0: NaN"),
        ([np.ones((0, 2))], "shape (0, 2)"),
        ([np.array([["a", "b"]])], "<U1"),
        ([np.full((1, 2), 1e30)], "sequence 0 (counted from 0): values 1e+18 times beyond"),
    ],
)
def test_arrays_in_memory_are_checked(trained: SeriesAutoencoder, arrays: list[Array], said: str) -> None:
    for use in (trained.score, trained.encode, trained.reconstruct):
        with pytest.raises(SeriesError) as caught:
            use(arrays)
        assert said in str(caught.value)


def test_what_is_asked_for_exists(trained: SeriesAutoencoder) -> None:
    with pytest.raises(ConfigError, match="there are scaled and data"):
        trained.score(waves(1), units="feet")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="there are last and mean"):
        trained.encode(waves(1), pooling="max")  # type: ignore[arg-type]
