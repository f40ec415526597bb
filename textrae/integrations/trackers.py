"""What a training reports, passed on to a tracker: TensorBoard, Weights & Biases or Trackio."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from textrae.errors import RunError, TextraeError
from textrae.inference import arguments
from textrae.model import SentenceAutoencoder
from textrae.runs.files import is_there, read_json, write_atomically
from textrae.runs.folder import CHECKPOINT, METRICS, SETTINGS
from textrae.runs.metrics import Report, read_metrics, reports_of
from textrae.runs.run import Run
from textrae.text.batch import Rows

TRACKERS = ("tensorboard", "wandb", "trackio")
"""Names of the trackers, which are those of their libraries and of our extras."""
FILE = "tracker.json"
"""File of a checkpoint that tells which run of which tracker goes on when the training is resumed."""
SHOWN = 1_000
"""Validation sentences whose encodings are shown, at most."""
_Watch = TypeVar("_Watch")


@dataclass(frozen=True)
class Place:
    """The run of a tracker."""

    out: Path
    """Run folder that is trained into."""
    name: str
    """Name of the tracker's run, which no other has."""
    goes_on: bool
    """Whether the tracker has this run already."""


class Tracker(Protocol):
    """One run of a tracker; its constructor opens the run at a :class:`Place`."""

    def settings(self, values: Mapping[str, Any]) -> None:
        """Tell the settings of the training."""

    def log(self, report: Report) -> None:
        """Log a report."""

    def show(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> bool:
        """Show encodings (n, dimensions) and their texts; return False where the tracker has no place for them."""

    def close(self, failed: bool) -> None:
        """Write what is left; `failed` for a training that ended in an error."""


@contextmanager
def tracked(name: str | None, out: str | Path, watch: _Watch, *, resume: bool = False) -> Iterator[_Watch]:
    """Have a tracker follow a training.

    The tracker's run is opened when the training has its folder and says its first line. A tracker that fails later is
    left with a note, and the training goes on.

    Args:
        name: ``tensorboard``, ``wandb`` or ``trackio``; None for the one that followed the training to be resumed.
        out: run folder that is trained into.
        watch: a :class:`textrae.training.job.Watch` or that of series.
        resume: whether a training goes on, and so its run of the tracker.

    Yields:
        A watch that does what the given one does, and tells the tracker too.

    Raises:
        ConfigError: there is no such tracker.
        RunError: its library is missing, or it does not open.
    """
    folder = Path(out)
    before = _before(folder) if resume else None
    given: Any = watch
    if name is None and before is not None and find_spec(before[0]) is None:
        given.note(
            f"{before[0]}: is not installed; the training goes on without it, until it is resumed with it"
        )
        before = None
    if name is None and before is None:
        yield watch
        return
    chosen = _installed(name or (before or ("",))[0])
    goes_on = before is not None and before[0] == chosen
    named = before[1] if before is not None and goes_on else _new_name(folder)
    following = _Following(chosen, Place(folder, named, goes_on), given.note, resume)
    changed: dict[str, Any] = {"note": following.note, "report": _both(given.report, following.report)}
    if hasattr(given, "trained"):
        changed["trained"] = _both(given.trained, following.trained)
    failed = True
    try:
        yield replace(given, **changed)
        failed = False
    finally:
        following.close(failed)


class _Following:
    """Passes lines, reports and the result of a training to a tracker, whose run it opens at the first line."""

    def __init__(self, name: str, place: Place, said: Callable[[str], None], resumed: bool) -> None:
        self.name, self.place, self.said, self.resumed = name, place, said, resumed
        self.tracker: Tracker | None = None
        self.opened = self.told = False

    def note(self, line: str) -> None:
        """Open the tracker's run if this is the first line, and pass the line on."""
        self._open()
        self.said(line)

    def report(self, report: Any) -> None:
        """Log a report of the training."""
        self._open()
        for one in reports_of(asdict(report)):
            self._do(lambda tracker, one=one: self._log(tracker, one))  # type: ignore[misc]

    def trained(self, run: Run, rows: Rows) -> None:
        """Show the encodings of some validation sentences."""
        self._do(lambda tracker: self._show(tracker, run, rows))

    def close(self, failed: bool) -> None:
        """Close the tracker's run."""
        self._do(lambda tracker: tracker.close(failed))
        self.tracker = None

    def _open(self) -> None:
        if self.opened:
            return
        self.opened = True
        with redirect_stdout(sys.stderr):  # which has room for what is no result
            try:
                made = import_module(f"textrae.integrations.{self.name}")
                self.tracker = made.Tracker(self.place)
            except Exception as error:
                raise RunError(
                    f"{self.name}: does not open ({_line(error)}); train without `track`"
                ) from None

    def _log(self, tracker: Tracker, report: Report) -> None:
        """Log a report; before the first one the settings, and what the tracker has missed of a resumed training."""
        if not self.told:
            self.told = True
            self._remember()
            settings = self.place.out / CHECKPOINT / SETTINGS
            if is_there(settings):
                values = read_json(settings)
                tracker.settings({name: values[name] for name in values.keys() - {"cache", "cached"}})
            if self.resumed and not self.place.goes_on:
                for one in self._missed(report.numbers["step"]):
                    tracker.log(one)
        tracker.log(report)

    def _remember(self) -> None:
        """Write which run of which tracker goes on when the training is resumed."""
        if (self.place.out / CHECKPOINT).is_dir():
            values = {"tracker": self.name, "name": self.place.name}
            write_atomically(self.place.out / CHECKPOINT / FILE, json.dumps(values).encode())

    def _missed(self, step: float) -> list[Report]:
        """Return the reports before a step."""
        aside = self.place.out / CHECKPOINT / METRICS
        reports, _ = read_metrics(aside if is_there(aside) else self.place.out / METRICS)
        return [one for one in reports if one.numbers["step"] < step]

    def _show(self, tracker: Tracker, run: Run, rows: Rows) -> None:
        if run.settings.model.vectors:
            return  # the model reads no texts
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), SHOWN)).astype(np.int64)
        flat, offsets = rows.gather(chosen)
        texts = run.tokenizer.decode([ids.tolist() for ids in np.split(flat, offsets[1:-1])])
        if tracker.show(SentenceAutoencoder(run).encode(texts), texts):
            self.said(f"{self.name}: shows the encodings of {len(texts):,} validation sentences")

    def _do(self, what: Callable[[Tracker], None]) -> None:
        """Have the tracker do something, and leave it if it fails."""
        if self.tracker is None:
            return
        try:
            with redirect_stdout(sys.stderr):
                what(self.tracker)
        except Exception as error:
            self.tracker = None
            self.said(f"{self.name}: failed ({_line(error)}); the training goes on without it")


def _installed(name: str) -> str:
    """Return the name of a tracker that can be used.

    Raises:
        ConfigError: there is none of that name.
        RunError: its library is missing.
    """
    chosen = arguments.choice("track", name, TRACKERS)
    if find_spec(chosen) is None:
        raise RunError(
            f'`track={chosen}`: is not installed; install it with: pip install "textrae[{chosen}]"'
        )
    return chosen


def _before(out: Path) -> tuple[str, str] | None:
    """Return the tracker and the name of its run that followed a training before it was stopped."""
    file = out / CHECKPOINT / FILE
    if not is_there(file):
        return None
    values = read_json(file)
    tracker, name = values.get("tracker"), values.get("name")
    if tracker not in TRACKERS or not isinstance(name, str) or not name or Path(name).name != name:
        raise RunError(f"{file}: damaged; delete it, and the tracker begins another run")
    return str(tracker), name


def _new_name(out: Path) -> str:
    """Return a name for a run of a tracker: the folder's, the time, and some letters."""
    return f"{out.resolve().name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _both(first: Callable[..., None], second: Callable[..., None]) -> Callable[..., None]:
    """Return what calls both."""

    def call(*given: Any) -> None:
        first(*given)
        second(*given)

    return call


def _line(error: Exception) -> str:
    said = str(error).strip().splitlines()
    if isinstance(error, TextraeError) and said:
        return said[0]
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
