"""The facade: train and use an autoencoder of real-valued sequences."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.devices import choose_device
from textrae.errors import ConfigError, SeriesError
from textrae.inference import arguments
from textrae.runs.hub import run_folder
from textrae.series.data import Scaling, Series, Values
from textrae.series.given import checked, finite, gathered
from textrae.series.measures import SeriesEvaluation, measured
from textrae.series.network import last_states, mean_states
from textrae.series.reading import inherited, read_all, read_series
from textrae.series.run import SeriesRun, SeriesSettings, build_network, load_series_run, save_series_run
from textrae.series.settings import FILES_ONLY, SeriesConfig, SeriesFormat, SeriesTraining
from textrae.series.training import SeriesReport, SeriesTrainer, SeriesWatch, fit, forward_all
from textrae.series.windows import prepared, split
from textrae.settings.files import to_dict
from textrae.training.following import ProgressBar, Stopper

Arrays = Iterable[Any] | NDArray[Any] | torch.Tensor | Series
"""Sequences of any lengths; :func:`textrae.series.given.gathered` says what is taken."""
Units = Literal["scaled", "data"]
"""Units of a score: those that the model sees, or those of the data."""
StatePooling = Literal["last", "mean"]
"""How a sequence's encoder states become its encoding."""
_FARTHEST = 1e18
"""Largest scaled value: its square is finite in float32."""
_LONG = 100
"""Steps from which on a sequence may be meant to be cut into windows."""


class SeriesAutoencoder:
    """An autoencoder of real-valued sequences.

    The results for a sequence depend only on it: batch-mates and padding change them by float rounding.

    Args:
        run: network, scaling and settings.
    """

    def __init__(self, run: SeriesRun) -> None:
        self.run = run

    def __repr__(self) -> str:
        """Return in one line what the model is, its shape, and what it was trained on."""
        model, result = self.run.settings.model, self.run.training
        names = f" ({', '.join(self.run.names)})" if 0 < len(self.run.names) <= 8 else ""
        seen = "the last state" if model.bottleneck == "last" else "the aligned states"
        what = "windows" if self.run.settings.format.window else "sequences"
        sources = ", ".join(self.run.settings.sources)
        of = f"of {sources}" if sources else "in memory"
        return (
            f"SeriesAutoencoder({model.cell}, {self.dim} dimensions a step{names} → {model.hidden}, decoder sees {seen}; "
            f"trained on {result.get('sequences', 0):,} {what} {of}, {result.get('step', 0):,} steps)"
        )

    @classmethod
    def train(
        cls,
        series: str | PathLike[str] | Iterable[str | PathLike[str]] | Arrays,
        model: SeriesConfig | None = None,
        training: SeriesTraining | None = None,
        *,
        format: SeriesFormat | None = None,
        watch: SeriesWatch | None = None,
        progress: bool = False,
    ) -> Self:
        """Train on sequences of one width.

        Ctrl-C ends the training with the best model so far, and a warning; a second one raises `KeyboardInterrupt`.

        Args:
            series: a file, several, or sequences in memory as :func:`textrae.series.given.gathered` takes them.
            model: the model's shape.
            training: budget, rate, device.
            format: how sequences lie in the files, what is done with gaps, and the windows that sequences are cut into.
            watch: how to follow and stop the training.
            progress: whether a bar and the validations are shown.

        Raises:
            TypeError: an argument is of another kind; it is named.
            SeriesError: a file or an array cannot be used; it says where.
            TrainingError, DeviceError: see :mod:`textrae.training.loop`.
        """
        _refuse_kinds(
            model=(model, SeriesConfig),
            training=(training, SeriesTraining),
            format=(format, SeriesFormat),
            watch=(watch, SeriesWatch),
        )
        format = format or SeriesFormat()
        files, read = _sources(series, format)
        settings = SeriesSettings(model or SeriesConfig(), format, training or SeriesTraining(), files)
        watch, stopper, bar = watch or SeriesWatch(), Stopper((signal.SIGINT,)), ProgressBar()
        with ExitStack() as held:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody sees to it
                held.enter_context(stopper)
                watch = replace(watch, should_stop=_either(stopper, watch.should_stop))
            if progress:
                held.enter_context(bar)
                watch = _shown(watch, bar)
            run = _train(read, settings, watch)
        if stopper.signal:
            step = run.training["step"]
            warnings.warn(f"stopped by Ctrl-C at step {step:,}: this is the best model so far", stacklevel=2)
        return cls(run)

    @classmethod
    def load(cls, path: str | PathLike[str], *, device: str = "auto") -> Self:
        """Read a run folder, or ``user/name[@revision]`` of the Hugging Face hub where there is no such folder.

        Nothing in it is executed or unpickled.

        Raises:
            TypeError: `path` is no path, or `device` no string.
            RunError: the folder is missing, foreign, damaged, of sentences or of a newer format.
            HubError: the hub has no such run, or cannot be reached.
            DeviceError: the device is not to be had.
        """
        _refuse_kinds(path=(path, (str, PathLike)), device=(device, str))
        return cls(load_series_run(run_folder(arguments.place("path", path)), choose_device(device)))

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        _refuse_kinds(path=(path, (str, PathLike)))
        save_series_run(Path(arguments.place("path", path)), self.run, overwrite=overwrite)

    @property
    def dim(self) -> int:
        """Dimensions of a time step."""
        return self.run.network.dim

    def read(self, path: str | PathLike[str], format: SeriesFormat | None = None) -> Series:
        """Read the sequences of a file.

        Args:
            path: the file.
            format: how they lie in it; by default as in the training's files, with its columns wherever they stand.

        Raises:
            TypeError: an argument is of another kind.
            SeriesError: see :func:`textrae.series.reading.read_series`; or the width is not the run's.
        """
        _refuse_kinds(path=(path, (str, PathLike)), format=(format, SeriesFormat))
        chosen = format is not None and format.columns != self.run.settings.format.columns
        format = format or inherited(self.run.settings.format, str(path))
        series = read_series(str(path), format, self.dim, None if chosen else self.run.names)
        least, most = series.lengths
        shortest, longest = self.run.training.get("lengths", (least, most))
        if least < shortest or most > longest:
            series.notes.append(
                f"{path}: sequences of {_span(least, most)} steps, where the model was trained on {_span(shortest, longest)}"
            )
        return series

    def encode(self, series: Arrays, *, pooling: StatePooling = "last") -> NDArray[np.float32]:
        """Return each sequence's last encoder state h_T, or its mean state.

        Args:
            series: n sequences (time, dim), as :func:`textrae.series.given.gathered` takes them.
            pooling: ``last`` or ``mean``.

        Returns:
            Encodings (n, hidden).

        Raises:
            ConfigError: `pooling` is neither.
            SeriesError: see :func:`textrae.series.given.checked`.
        """
        arguments.choice("pooling", pooling, ("last", "mean"))
        pool = last_states if pooling == "last" else mean_states
        scaled = self._scaled(series)
        out = np.empty((len(scaled), self.run.network.hidden), dtype=np.float32)
        for rows, _, lengths, states in forward_all(self.run.network, scaled):
            out[rows] = pool(states, lengths).float().cpu().numpy()
        return out

    def reconstruct(self, series: Arrays) -> list[Values]:
        """Reconstruct each sequence, (time, dim), in the units of the data.

        Raises:
            SeriesError: see :func:`textrae.series.given.checked`.
        """
        return [self.run.scaling.undo(rebuilt) for rebuilt in self._rebuilt(self._scaled(series))]

    def evaluate(self, series: Arrays) -> SeriesEvaluation:
        """Measure how well sequences are rebuilt: their errors, and for each dimension the share of its variance.

        Args:
            series: sequences (time, dim), as :func:`textrae.series.given.gathered` takes them.

        Raises:
            SeriesError: see :func:`textrae.series.given.checked`.
        """
        values = checked(series, self.dim, self.run.names)
        return measured(values, self.reconstruct(values), self.run.scaling.size, self.run.names)

    def score(self, series: Arrays, *, units: Units = "scaled") -> Values:
        """Compute the reconstruction error L = (1/T) Σ_t ‖x̂_t - x_t‖² of each sequence, (n,): high for an unusual one.

        Args:
            series: sequences (time, dim), as :func:`textrae.series.given.gathered` takes them.
            units: ``scaled``, the values that the model sees and training minimises L on; or ``data``.

        Raises:
            ConfigError: `units` is neither.
            SeriesError: see :func:`textrae.series.given.checked`.
        """
        arguments.choice("units", units, ("scaled", "data"))
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
            "columns": list(self.run.names),
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
            SeriesError: see :func:`textrae.series.given.checked`; or the square of a scaled value would not be finite.
        """
        scaled = [self.run.scaling.apply(values) for values in checked(series, self.dim, self.run.names)]
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


def _refuse_kinds(**arguments: tuple[object, type | tuple[type, ...]]) -> None:
    """Raise TypeError for an argument that is not of its kind; None is taken for an absent one of settings.

    Args:
        arguments: value and kinds of each argument, by its name.
    """
    for name, (value, kinds) in arguments.items():
        expected = kinds if isinstance(kinds, tuple) else (kinds,)
        absent = value is None and str not in expected
        if not absent and not isinstance(value, expected):
            shown = "None" if value is None else f"a {type(value).__name__}"
            said = " or ".join(kind.__name__ for kind in expected)
            raise TypeError(f"{name}: {shown}; give a {said}")


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _sources(series: Any, format: SeriesFormat) -> tuple[tuple[str, ...], Series]:
    """Return the files that are named, and the sequences of files or in memory.

    Raises:
        TypeError: it is neither files nor sequences.
        SeriesError: both are given, or a setting of files for sequences in memory.
    """
    named = [series] if isinstance(series, str | PathLike) else series
    if (
        not hasattr(named, "shape")
        and not isinstance(named, Series | dict | set)
        and isinstance(named, Iterable)
    ):
        named = list(named)
        paths = [isinstance(one, str | PathLike) for one in named]
        if any(paths) and not all(paths):
            raise SeriesError("files and arrays mixed: give either")
        if any(paths):
            files = tuple(str(name) for name in named)
            return files, read_all(files, format)
    for name in FILES_ONLY:
        if getattr(format, name) != getattr(SeriesFormat, name):
            raise ConfigError(f"`{name}`: is for files, not for sequences in memory; leave it out")
    read = prepared("series", gathered(named), format)
    return (), replace(read, values=finite(read.values))


def _either(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    """Return what asks both, each time."""
    return lambda: any([first(), second()])


def _shown(watch: SeriesWatch, bar: ProgressBar) -> SeriesWatch:
    """Return a watch that shows a bar, notes and validations too."""

    def note(line: str) -> None:
        bar.note(line)
        watch.note(line)

    def report(found: SeriesReport) -> None:
        bar.note(found.described())
        bar.bar.n = found.done
        bar.bar.refresh()
        watch.report(found)

    return SeriesWatch(note, report, watch.should_stop)


def _train(series: Series, settings: SeriesSettings, watch: SeriesWatch) -> SeriesRun:
    model, training, values = settings.model, settings.training, series.values
    device = choose_device(training.device)
    for line in series.notes:
        watch.note(line)
    train_rows, valid_rows, left_out = split(series, training.valid_size, training.seed)
    train = [values[row] for row in train_rows]
    scaling = Scaling.fit(train, model.scaling, model.activation)
    scaled = [scaling.apply(sequence) for sequence in train]
    valid = [scaling.apply(values[row]) for row in valid_rows]
    what = "windows" if series.windows else "sequences"
    held = f"{len(valid):,} {what} held out" + (f", {left_out:,} near them left out" if left_out else "")
    watch.note(f"{len(values):,} {what}, {sum(map(len, values)):,} steps of {series.dim} dimensions; {held}")
    if not valid:
        few = (
            "fewer than ten"
            if len(values) < 10
            else "too few to hold any out that shares no step with the others:"
        )
        cut = "; give `window` to cut them" if series.lengths[1] >= _LONG and not series.windows else ""
        watch.note(f"{few} {what}: the validation loss is that of the training{cut}")
    torch.manual_seed(training.seed)
    network = build_network(model, series.dim).to(device)
    trainer = SeriesTrainer(network, scaled, valid or scaled, training, device, watch)
    finished = fit(trainer)
    result = {
        "finished": finished,
        "step": trainer.step,
        "seconds": round(trainer.seconds, 1),
        "valid_loss": trainer.best_loss,
        "sequences": len(train),
        "held_out": len(valid),
        "lengths": list(series.lengths),
        "torch": torch.__version__,
    }
    return SeriesRun(network.eval(), scaling, settings, result, trainer.reports, series.names)
