"""An autoencoder of series as an outlier detector of scikit-learn."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textrae.inference import arguments
from textrae.integrations.packing import packed, unpacked
from textrae.series.data import Values
from textrae.series.given import checked
from textrae.series.model import SeriesAutoencoder
from textrae.series.settings import DecoderInput, SeriesConfig, SeriesTraining
from textrae.settings.fields import Cell, Device

try:
    from sklearn.base import BaseEstimator, OutlierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        'SeriesOutlierDetector needs scikit-learn; install it with: pip install "textrae[sklearn]"'
    ) from error

_LEARNT = ("n_features_in_", "feature_names_in_")
"""What fitting to a table tells of its columns."""


class SeriesOutlierDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Tell unusual series by how badly an autoencoder rebuilds them.

    Series of one number at a time are the rows of a table. Others are an array (n, time, dim), or a list of arrays
    (time, dim) of any lengths. A pickle holds the bytes of the model's run folder.

    Args:
        run: run folder of series, or a model, that is taken as it is; by default :meth:`fit` trains one.
        contamination: share of the series given to :meth:`fit` that is to lie beyond the threshold, above 0 to 0.5.
        cell: recurrence of encoder and decoder: ``rnn``, ``lstm`` or ``gru``.
        hidden: dimensions of an encoder state.
        bottleneck: what the decoder sees at each step: the aligned state (``none``) or the last one (``last``).
        frame: for tables, successive numbers that make one time step, so that the decoder has a state of that size. By
            default those of a given model, or the smallest divisor of a row's length that is not below its square root.
        epochs: passes over the series.
        batch_size: series in a batch.
        lr: peak learning rate.
        random_state: seed of training, a generator of NumPy, or None for another one each time.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``; a given model stays on its own.

    Attributes:
        model_: the autoencoder.
        offset_: score below which a series is an outlier.
        n_features_in_: steps of the series, where they came as a table.
    """

    def __init__(
        self,
        run: str | PathLike[str] | SeriesAutoencoder | None = None,
        *,
        contamination: float = 0.1,
        cell: Cell = "rnn",
        hidden: int = 32,
        bottleneck: DecoderInput = "last",
        frame: int | None = None,
        epochs: float = 50,
        batch_size: int = 16,
        lr: float = 1e-2,
        random_state: Any = 0,
        device: Device = "auto",
    ) -> None:
        self.run = run
        self.contamination = contamination
        self.cell = cell
        self.hidden = hidden
        self.bottleneck = bottleneck
        self.frame = frame
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state
        self.device = device

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train a model on series, unless a run was given, and set the threshold by their scores.

        Args:
            X: series, as the class describes them.
            y: is not used.

        Raises:
            ConfigError: a setting is out of range.
            RunError: the run cannot be read.
            ValueError, SeriesError: the series cannot be used.
        """
        share = arguments.real("contamination", self.contamination, np.nextafter(0.0, 1.0), 0.5)
        given = self._given()
        series = self._series(X, None if given is None else given.dim, reset=True)
        if given is None:
            seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
            given = SeriesAutoencoder.train(series, *self._settings(seed))
        self.model_ = given
        self.offset_ = float(np.percentile(-self.model_.score(series), 100 * share))
        return self

    def score_samples(self, X: Any) -> Values:
        """Return the negative reconstruction error of each series, (n,): low for an unusual one.

        The error is that of :meth:`textrae.series.model.SeriesAutoencoder.score`, in the units that the model sees.

        Raises:
            NotFittedError: :meth:`fit` was not called.
            ValueError, SeriesError: the series cannot be used, or have another width.
        """
        check_is_fitted(self)
        return -self.model_.score(self._series(X, self.model_.dim, reset=False))

    def decision_function(self, X: Any) -> Values:
        """Return how far the score of each series lies above the threshold, (n,): negative for an outlier."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return -1 for each series that is an outlier, and 1 for each other one, (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _given(self) -> SeriesAutoencoder | None:
        """Return the model that is taken as it is, if there is one."""
        if self.run is None or isinstance(self.run, SeriesAutoencoder):
            return self.run
        return SeriesAutoencoder.load(self.run, device=self.device)

    def _settings(self, seed: int) -> tuple[SeriesConfig, SeriesTraining]:
        """Return the settings of a training.

        Raises:
            ConfigError: one is out of range.
        """
        from textrae.settings.files import build

        model = {"cell": self.cell, "hidden": self.hidden, "bottleneck": self.bottleneck}
        training = {"epochs": float(self.epochs), "batch_size": self.batch_size, "lr": self.lr}
        return (
            build(SeriesConfig, model),
            build(SeriesTraining, {**training, "seed": seed, "device": self.device}),
        )

    def _series(self, X: Any, dim: int | None, *, reset: bool) -> list[Values]:
        """Return series as arrays (time, dim).

        Args:
            X: a table whose rows they are, or several arrays.
            dim: numbers of a time step of the model; None before there is one.
            reset: whether what a table is like is learnt, or else must be as it was.

        Raises:
            ValueError: a table is not one of finite numbers, or has other columns.
            SeriesError: an array is not one of finite numbers, or of another width than the first.
        """
        if not _several(X):
            table = validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_features=1)
            frame = self._frame(table.shape[1], dim)
            return [row.reshape(-1, frame) for row in table]
        if reset:
            for name in _LEARNT:
                self.__dict__.pop(name, None)
        return checked(X, dim)

    def _frame(self, length: int, dim: int | None) -> int:
        """Return how many successive numbers of a row make a time step.

        Args:
            length: numbers of a row.
            dim: numbers of a time step of the model; None before there is one.

        Raises:
            ConfigError: they do not divide the length of a row.
        """
        if self.frame is None and dim is None:
            return next(size for size in range(math.isqrt(length - 1) + 1, length + 1) if length % size == 0)
        frame = arguments.whole("frame", dim if self.frame is None else self.frame, 1)
        arguments.expect(
            length % frame == 0,
            f"`frame={frame}`: rows of {length} numbers do not divide into that; give a divisor of {length}",
        )
        return frame

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: settings, and the bytes of the models' run folders."""
        state: dict[str, Any] = {**super().__getstate__()}
        models = {
            name: state[name] for name in ("run", "model_") if isinstance(state.get(name), SeriesAutoencoder)
        }
        state["_packed"] = {name: packed(model.save) for name, model in models.items()}
        return {**state, **dict.fromkeys(models)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled, and read its models onto the device of the settings."""
        state = {**state}
        device = state["device"]
        for name, files in state.pop("_packed", {}).items():
            state[name] = unpacked(files, lambda path: SeriesAutoencoder.load(path, device=device))
        super().__setstate__(state)


def _several(X: Any) -> bool:
    """Return whether this is several arrays, (time, dim) or of different lengths, and not a table whose rows are series."""
    if getattr(X, "ndim", None) == 3:
        return True
    objects = isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 1
    if not objects and not isinstance(X, list | tuple):
        return False
    shapes = set()
    for one in X:
        try:
            shapes.add(np.shape(one))
        except ValueError:  # lists of different lengths
            return True
    return any(len(shape) > 1 for shape in shapes) or (len(shapes) > 1 and () not in shapes)
