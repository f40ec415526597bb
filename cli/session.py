"""A command at work: a run loaded, options that do not fit refused, sentences printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .options import check_device

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder
    from textrae.workers import WorkerPool


def _refuse(ctx: typer.Context, run: str, *names: str) -> None:
    """Wrong usage, if one of these options was given with such a run."""
    for name in names:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            raise typer.BadParameter(f"is not for {run}", param_hint=f"--{name.replace('_', '-')}")


def _load(run: Path, device: str, precision: str) -> SentenceAutoencoder:
    check_device(device)
    if precision not in ("auto", "fp32", "bf16"):
        raise typer.BadParameter(f"{precision!r} is not auto, fp32 or bf16", param_hint="--precision")
    from textrae.devices import keep_freed_memory
    from textrae.model import SentenceAutoencoder

    keep_freed_memory()
    return SentenceAutoencoder.load(run, device=device, precision=precision)  # type: ignore[arg-type]


@contextmanager
def _at_work(
    model: SentenceAutoencoder, run: Path, workers: int, device: str, precision: str
) -> Iterator[SentenceAutoencoder | WorkerPool]:
    """What encodes and translates: this process, or several."""
    if workers == 1:
        yield model
        return
    from textrae.workers import WorkerPool

    with WorkerPool(run, workers, device=device, precision=precision) as pool:  # type: ignore[arg-type]
        yield pool


def _print(block: list[str]) -> None:
    """One row a line: a line end that a model wrote inside a sentence becomes a space."""
    sys.stdout.write("".join(f"{sentence.replace(chr(10), ' ')}\n" for sentence in block))
    sys.stdout.flush()
