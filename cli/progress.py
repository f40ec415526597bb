"""A training followed and stopped from a terminal."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import typer

from .failures import in_options

if TYPE_CHECKING:
    from textrae.training.state import TrainingReport


class Stopper:
    """Has Ctrl-C and SIGTERM save and stop the training; before its first step, or a second time, they stop at once."""

    def __init__(self) -> None:
        self.signal, self.running = 0, False

    def __call__(self) -> bool:
        """Return whether to stop; the loop asks before each step."""
        self.running = True
        return bool(self.signal)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.running or self.signal:
            raise KeyboardInterrupt
        self.signal = number

    def __enter__(self) -> None:
        self._before = [
            (number, signal.signal(number, self._handle)) for number in (signal.SIGINT, signal.SIGTERM)
        ]

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)


class ProgressBar:
    """A bar on a terminal, and one line for each validation elsewhere.

    Args:
        ctx: context of the command, whose options its notes name.
    """

    def __init__(self, ctx: typer.Context) -> None:
        self.ctx = ctx

    def __enter__(self) -> None:
        from tqdm import tqdm

        layout = "{percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}"
        self.bar = tqdm(total=1.0, file=sys.stderr, disable=None, bar_format=layout, leave=False)
        self.advised = False

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def note(self, line: str) -> None:
        """Print a line above the bar."""
        self.bar.write(in_options(self.ctx, line), file=sys.stderr)

    def report(self, report: TrainingReport) -> None:
        """Move the bar, and print what a validation found."""
        speed = f"{report.tokens / max(report.seconds, 1e-9):,.0f} tokens/s"
        if report.kind == "valid":
            self.note(
                f"{report.done:4.0%}  step {report.step:,}  pass {report.passes:.2f}  "
                f"validation loss {report.loss:.4f}  "
                f"token accuracy {report.accuracy:.2%}  {speed}  {report.seconds:.0f} s"
            )
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
