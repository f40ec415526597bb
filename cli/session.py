"""A command at work: a run loaded, options that do not fit refused, sentences printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from .options import check_device

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder
    from textrae.workers import WorkerPool

Watched = TypeVar("Watched")
"""How a training of any kind is followed."""


def refuse_options(ctx: typer.Context, run: str, *names: str) -> None:
    """Raise a usage error if one of the named options and arguments was given, which are not for such a run."""
    for name in names:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            hint = next(one.opts[0] for one in ctx.command.params if one.name == name)
            raise typer.BadParameter(f"is not for {run}", param_hint=hint)


def load_model(run: Path, device: str, precision: str) -> SentenceAutoencoder:
    """Load a run of sentences on a device."""
    check_device(device)
    from textrae.inference import arguments
    from textrae.settings.fields import PRECISIONS

    arguments.choice("precision", precision, PRECISIONS)
    from textrae.devices import keep_freed_memory
    from textrae.model import SentenceAutoencoder

    keep_freed_memory()
    return SentenceAutoencoder.load(run, device=device, precision=precision)  # type: ignore[arg-type]


def following(
    track: str | None, out: Path, watch: Watched, resume: bool = False
) -> AbstractContextManager[Watched]:
    """Return a context whose watch a tracker follows too, if one is asked for or followed what is resumed."""
    if track is None and not resume:
        return nullcontext(watch)
    from textrae.integrations.trackers import tracked

    return tracked(track, out, watch, resume=resume)


@contextmanager
def at_work(
    model: SentenceAutoencoder, run: Path, workers: int, device: str, precision: str
) -> Iterator[SentenceAutoencoder | WorkerPool]:
    """Yield what encodes and translates: the model in this process, or several processes."""
    if workers == 1:
        yield model
        return
    from textrae.workers import WorkerPool

    with WorkerPool(run, workers, device=device, precision=precision) as pool:  # type: ignore[arg-type]
        yield pool
