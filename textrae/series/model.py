"""The facade: train and use an autoencoder of real-valued sequences."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.devices import choose_device
from textrae.errors import ConfigError, SeriesError
from textrae.series.data import Scaling, Series, Values, checked, hold_out
from textrae.series.network import last_states, mean_states
from textrae.series.reading import read_all, read_series
from textrae.series.run import SeriesRun, SeriesSettings, build_network, load_series_run, save_series_run
from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
from textrae.series.training import SeriesTrainer, SeriesWatch, fit, forward_all
from textrae.settings.files import to_dict

Arrays = Sequence[NDArray[Any]]
"""Sequences (time, dim) of any lengths; (time,) for one dimension a step."""
Units = Literal["scaled", "data"]
"""Units of a score: those that the model sees, or those of the data."""
StatePooling = Literal["last", "mean"]
"""How a sequence's encoder states become its encoding."""
_FARTHEST = 1e18
"""Largest scaled value: its square is finite in float32."""


class SeriesAutoencoder:
    """An autoencoder of real-valued sequences.

    The results for a sequence depend only on it: batch-mates and padding change them by float rounding.

    Args:
        run: network, scaling and settings.
    """

    def __init__(self, run: SeriesRun) -> None:
        self.run = run

    @classmethod
    def train(
        cls,
        series: str | PathLike[str] | Sequence[str | PathLike[str]] | Arrays,
        model: SeriesConfig | None = None,
        training: SeriesTraining | None = None,
        *,
        format: SeriesFormat | None = None,
        watch: SeriesWatch | None = None,
    ) -> Self:
        """Train on sequences of one width.

        Args:
            series: a file, several, or arrays (time, dim).
            model: the model's shape.
            training: budget, rate, device.
            format: how sequences lie in the files.
            watch: how to follow and stop the training.

        Raises:
            SeriesError: a file or an array cannot be used; it says where.
            TrainingError, DeviceError: see :mod:`textrae.training.loop`.
        """
        named = [series] if isinstance(series, str | PathLike) else list(series)
        files = tuple(str(name) for name in named if isinstance(name, str | PathLike))
        arrays = [np.asarray(each) for each in named if not isinstance(each, str | PathLike)]
        if files and arrays:
            raise SeriesError("files and arrays mixed: give either")
        format = format or SeriesFormat()
        values = read_all(files, format).values if files else checked(arrays)
        settings = SeriesSettings(model or SeriesConfig(), format, training or SeriesTraining(), files)
        return cls(_train(values, settings, watch or SeriesWatch()))

    @classmethod
    def load(cls, path: str | PathLike[str], *, device: str = "auto") -> Self:
        """Read a run folder. Nothing in it is executed or unpickled.

        Raises:
            RunError: the folder is missing, foreign, damaged, of sentences or of a newer format.
            DeviceError: the device is not to be had.
        """
        return cls(load_series_run(Path(path), choose_device(device)))

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        save_series_run(Path(path), self.run, overwrite=overwrite)

    @property
    def dim(self) -> int:
        """Dimensions of a time step."""
        return self.run.network.dim

    def read(self, path: str | PathLike[str], format: SeriesFormat | None = None) -> Series:
        """Read the sequences of a file, by default in the format of the training's files.

        Raises:
            SeriesError: see :func:`textrae.series.reading.read_series`; or the width is not the run's.
        """
        return read_series(str(path), format or self.run.settings.format, self.dim)

    def encode(self, series: Arrays, *, pooling: StatePooling = "last") -> NDArray[np.float32]:
        """Return each sequence's last encoder state h_T, or its mean state.

        Args:
            series: n sequences (time, dim).
            pooling: ``last`` or ``mean``.

        Returns:
            Encodings (n, hidden).

        Raises:
            ConfigError: `pooling` is neither.
            SeriesError: see :func:`textrae.series.data.checked`.
        """
        if pooling not in ("last", "mean"):
            raise ConfigError(f"`pooling` {pooling!r}: there are last and mean")
        pool = last_states if pooling == "last" else mean_states
        scaled = self._scaled(series)
        out = np.empty((len(scaled), self.run.network.hidden), dtype=np.float32)
        for rows, _, lengths, states in forward_all(self.run.network, scaled):
            out[rows] = pool(states, lengths).float().cpu().numpy()
        return out

    def reconstruct(self, series: Arrays) -> list[Values]:
        """Reconstruct each sequence, (time, dim), in the units of the data.

        Raises:
            SeriesError: see :func:`textrae.series.data.checked`.
        """
        return [self.run.scaling.undo(rebuilt) for rebuilt in self._rebuilt(self._scaled(series))]

    def score(self, series: Arrays, *, units: Units = "scaled") -> Values:
        """Compute the reconstruction error L = (1/T) Σ_t ‖x̂_t - x_t‖² of each sequence, (n,): high for an unusual one.

        Args:
            series: sequences (time, dim).
            units: ``scaled``, the values that the model sees and training minimises L on; or ``data``.

        Raises:
            ConfigError: `units` is neither.
            SeriesError: see :func:`textrae.series.data.checked`.
        """
        if units not in ("scaled", "data"):
            raise ConfigError(f"`units` {units!r}: there are scaled and data")
        weight = 1.0 if units == "scaled" else self.run.scaling.size
        scaled = self._scaled(series)
        pairs = zip(self._rebuilt(scaled), scaled, strict=True)
        return np.array([np.square((rebuilt - x) * weight).sum(1).mean() for rebuilt, x in pairs])

    def info(self) -> dict[str, Any]:
        """Return what the run is: shape, parameters, and how it was trained."""
        settings = self.run.settings
        return {
            "kind": "series",
            "dim": self.dim,
            "encoding_size": self.run.network.hidden,
            "parameters": sum(p.numel() for p in self.run.network.parameters()),
            "model": to_dict(settings.model),
            "series": to_dict(settings.format),
            "training": to_dict(settings.training),
            "sources": list(settings.sources),
            "result": self.run.training,
        }

    def _scaled(self, series: Arrays) -> list[Values]:
        """Scale sequences to what the model sees.

        Raises:
            SeriesError: see :func:`textrae.series.data.checked`; or the square of a scaled value would not be finite.
        """
        scaled = [self.run.scaling.apply(values) for values in checked(series, self.dim)]
        for number, values in enumerate(scaled):
            if np.abs(values).max() > _FARTHEST:
                raise SeriesError(
                    f"sequence {number} (counted from 0): values {_FARTHEST:g} times beyond those of the training; check its unit"
                )
        return scaled

    def _rebuilt(self, scaled: Sequence[Values]) -> list[Values]:
        """Reconstruct scaled sequences; return x̂, scaled as well."""
        out: list[Values] = [np.empty(0)] * len(scaled)
        with torch.no_grad():
            for rows, _, lengths, states in forward_all(self.run.network, scaled):
                rebuilt = self.run.network.decode(states, lengths).cpu().double().numpy()
                for column, row in enumerate(rows):
                    out[row] = rebuilt[: len(scaled[row]), column]
        return out


def _train(values: list[Values], settings: SeriesSettings, watch: SeriesWatch) -> SeriesRun:
    model, training = settings.model, settings.training
    device = choose_device(training.device)
    train_rows, valid_rows = hold_out(len(values), training.valid_size, training.seed)
    train = [values[row] for row in train_rows]
    scaling = Scaling.fit(train, model.scaling, model.activation)
    scaled = [scaling.apply(sequence) for sequence in train]
    valid = [scaling.apply(values[row]) for row in valid_rows]
    steps, dim = sum(map(len, values)), values[0].shape[1]
    watch.note(
        f"{len(values):,} sequences, {steps:,} steps of {dim} dimensions; {len(valid):,} sequences held out"
    )
    if not valid:
        watch.note("fewer than ten sequences: the validation loss is that of the training")
    torch.manual_seed(training.seed)
    network = build_network(model, dim).to(device)
    trainer = SeriesTrainer(network, scaled, valid or scaled, training, device, watch)
    finished = fit(trainer)
    result = {
        "finished": finished,
        "step": trainer.step,
        "seconds": round(trainer.seconds, 1),
        "valid_loss": trainer.best_loss,
        "sequences": len(train),
        "held_out": len(valid),
        "torch": torch.__version__,
    }
    return SeriesRun(network.eval(), scaling, settings, result, trainer.reports)
