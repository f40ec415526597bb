"""Following a training and stopping it: a progress bar, and signals that end it with what was learnt."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textrae.training.job import Watch
    from textrae.training.state import TrainingReport


STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a program to stop: Ctrl-C, what `kill` sends, and a terminal that closes."""


class Stopped(KeyboardInterrupt):
    """A signal that stops a program at once, as Ctrl-C does.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stopper:
    """Stop a training at a signal, with what was learnt; before its first step, or a second time, stop at once.

    Of several processes that train together each gets a signal twice, from the terminal and from torchrun: again changes
    nothing there, and torchrun waits half a minute before it kills. It is a context manager, and the `should_stop` of a :class:`textrae.training.job.Watch`. A second SIGHUP changes
    nothing: a terminal that closes may send several.

    Args:
        signals: those that stop the training; another thread than the main one, which gets no signals, takes none.
    """

    def __init__(self, signals: Sequence[signal.Signals] = STOPPING) -> None:
        self.signal, self.running, self.signals = 0, False, signals
        self.together = os.environ.get("WORLD_SIZE", "1") != "1"
        self._before: list[tuple[signal.Signals, signal._HANDLER]] = []

    def __call__(self) -> bool:
        """Return whether to stop; the loop asks before each step."""
        self.running = True
        return bool(self.signal)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.signal = bool(self.signal), self.signal or number
        if again and (number not in (signal.SIGINT, signal.SIGTERM) or (self.running and self.together)):
            return
        if again or not self.running:
            raise Stopped(number)

    def __enter__(self) -> None:
        """Listen to the signals, but for those that whoever started the program has it ignore (`nohup`)."""
        if threading.current_thread() is threading.main_thread():
            self._before = [
                (number, signal.signal(number, self._handle))
                for number in self.signals
                if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
            ]

    def __exit__(self, *error: object) -> None:
        """Give the signals back to who handled them before."""
        for number, handler in self._before:
            signal.signal(number, handler)


class ProgressBar:
    """A bar on a terminal or in a notebook, and one line for each validation elsewhere.

    Args:
        said: how a note is worded for who reads it; by default as it is.
    """

    def __init__(self, said: Callable[[str], str] = lambda line: line) -> None:
        self.said = said

    def __enter__(self) -> None:
        """Show the bar."""
        with (
            warnings.catch_warnings()
        ):  # without ipywidgets a notebook gets the notes and no bar, and needs no advice
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        layout = "{percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}"
        self.bar = tqdm(total=1.0, file=sys.stderr, disable=None, bar_format=layout, leave=False)
        self.advised = False

    def __exit__(self, *error: object) -> None:
        """Remove the bar."""
        with suppress(OSError):
            self.bar.close()

    def note(self, line: str) -> None:
        """Print a line above the bar, if anybody reads it."""
        with suppress(OSError):  # a pipe or a terminal that has closed stops no training
            self.bar.write(self.said(line), file=sys.stderr)

    def report(self, report: TrainingReport) -> None:
        """Move the bar, and print what a validation found, if anybody reads it."""
        with suppress(OSError):
            self._report(report)

    def _report(self, report: TrainingReport) -> None:
        speed = f"{report.tokens / max(report.seconds - report.valid_seconds, 1e-9):,.0f} tokens/s"
        if report.kind == "valid":
            self.note(
                f"{report.done:4.0%}  step {report.step:,}  pass {report.passes:.2f}  "
                f"validation loss {report.loss:.4f}  "
                f"token accuracy {report.accuracy:.2%}  {speed}  {report.seconds:.0f} s"
            )
            if report.losses is not None:
                self.note("      " + "  ".join(f"{name} {loss:.4f}" for name, loss in report.losses.items()))
            if report.kl is not None:
                self.note(
                    f"      KL {report.kl:.2f} nats  mutual information {report.mutual_information:.2f}  "
                    f"active units {report.active_units}/{len(report.kl_by_dimension or ())}"
                )
            if report.advice and not self.advised:
                self.note(report.advice)
                self.advised = True
        self.bar.n = min(1.0, report.done)
        self.bar.set_postfix_str(f"step {report.step:,}  loss {report.loss:.3f}  {speed}")


@contextmanager
def following(watch: Watch | None, progress: bool) -> Iterator[Watch]:
    """Follow a training for a Python caller: Ctrl-C stops it with what was learnt, and warns that it did.

    Args:
        watch: the caller's own.
        progress: show a bar and the notes.

    Yields:
        A watch that does all of that.
    """
    from textrae.training.job import Watch  # which needs torch, as the rest of this module does not

    watch, stopper, last = watch or Watch(), Stopper([signal.SIGINT]), 0
    bar = ProgressBar() if progress else None

    def note(line: str) -> None:
        watch.note(line)
        if bar is not None:
            bar.note(line)

    def report(report: TrainingReport) -> None:
        nonlocal last
        last = report.step
        watch.report(report)
        if bar is not None:
            bar.report(report)

    with stopper, bar or nullcontext():
        yield Watch(note, report, lambda: stopper() or watch.should_stop(), watch.trained)
    if stopper.signal:
        warnings.warn(
            f"the training was interrupted after step {last:,}: the model is what it was then, and its budget was not spent",
            stacklevel=4,
        )
