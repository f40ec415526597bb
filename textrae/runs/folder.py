"""A run folder of any kind: its files' names, how it is claimed, written whole, recognised and read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from textrae.errors import RunError, cannot_write
from textrae.runs.draft import is_leftover, partial_name, remove_leftovers
from textrae.runs.files import read_json
from textrae.runs.lock import LOCK, locked, refuse_running

FORMAT = 1
"""Number of the run folder's layout; a newer textrae writes a larger one."""

CONFIG, MODEL, LATENTS, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD = (
    "config.json",
    "model.safetensors",
    "latents.safetensors",
    "tokenizer.model",
    "target-tokenizer.model",
    "metrics.jsonl",
    "README.md",
)

CHECKPOINT, STATE, SETTINGS = "checkpoint", "training.safetensors", "settings.json"

_FILES = (CONFIG, LATENTS, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD, MODEL)
"""Files of a run folder, beside a training's checkpoint; the weights come last."""

Network = TypeVar("Network", bound=nn.Module)

TEXT = "text"
"""Kind of a run of sentences."""

_KINDS = {
    "text": "sentences",
    "series": "real-valued series (`textrae score`, `reconstruct`, `encode` and `evaluate` use it)",
}
"""Kinds of runs, and what messages call them."""


def write_folder(path: Path, fill: Callable[[Path], None], *, overwrite: bool = False) -> None:
    """Have `fill` write a run into a folder beside `path`, then rename that folder.

    Where a run is in `path` already, its files are replaced.

    Args:
        path: run folder to write.
        fill: writes the files of the run into the folder that it is given.
        overwrite: whether a run in `path` may be replaced.

    Raises:
        RunError: something is there already and `overwrite` is not set, or it is no run, or another process trains there,
            or the disk refuses.
    """
    if path.exists() and not overwrite:
        raise RunError(f"{path}: exists already; choose another folder, or give `overwrite=True`")
    refuse_foreign(path)
    refuse_running(path)
    with one_line_errors(path):
        inside = path.is_dir()  # it may be a mount point or the working folder, which cannot be renamed
        whole = path.resolve()  # which has a name where the path is a dot
        beside = path if inside else path.parent
        if not inside:
            beside.mkdir(parents=True, exist_ok=True)
        remove_leftovers(beside, whole.name)
        fresh = beside / partial_name(whole.name)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        try:
            fill(fresh)
            if inside:
                _move(fresh, path)
            else:
                fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _move(fresh: Path, path: Path) -> None:
    """Replace the run in `path` by the one in `fresh`; put the old one back if that fails.

    The weights leave first and come last, so that files of two runs never pass for one.
    """
    aside, placed = fresh / "before", list[str]()
    aside.mkdir()
    try:
        for name in reversed(_FILES):  # the weights first
            if (path / name).is_file():
                (path / name).replace(aside / name)
        for name in _FILES:
            if (fresh / name).exists():
                (fresh / name).replace(path / name)
                placed.append(name)
    except BaseException:
        for name in placed:
            (path / name).unlink()
        for name in _FILES:
            if (aside / name).exists():
                (aside / name).replace(path / name)
        raise
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)


def contents(path: Path) -> set[str]:
    """Return the names in a folder but for what a killed process may have left there; none where there is no folder."""
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    return {name for name in names if name != LOCK and not is_leftover(name)}


def refuse_foreign(path: Path) -> None:
    """Reject a path that is neither free, nor an empty folder, nor a run of any kind.

    Raises:
        RunError: `path` is a file, or a folder that holds something else.
    """
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file; give another folder")
    files = contents(path)
    if not files:
        return
    try:
        known = isinstance(read_json(path / CONFIG).get("format"), int)
    except RunError:  # missing or damaged: a half-made run, or nothing but a run's files
        known = (path / CHECKPOINT / SETTINGS).is_file()
        known |= bool(files & {CHECKPOINT, CONFIG}) and files <= {*_FILES, CHECKPOINT}
    if not known:
        raise RunError(f"{path}: holds files that are not a textrae run; give an empty or a new folder")


def read_config(path: Path, kind: str) -> dict[str, Any]:
    """Read the config of a run folder as plain values.

    Args:
        path: run folder.
        kind: kind that the run must have, ``text`` or ``series``.

    Raises:
        RunError: the folder is foreign, damaged, of a newer format, or of another kind.
    """
    file = path / CONFIG
    if not file.is_file():
        raise RunError(
            f"{path}: not a textrae run (it has no {CONFIG}); give the folder that `textrae train -o` wrote"
        )
    values = read_json(file)
    number = values.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise RunError(
            f"{file}: format {number} is newer than this textrae reads ({FORMAT}); upgrade textrae"
        )
    if number != FORMAT:
        raise RunError(
            f"{file}: not a textrae run (no format number); give the folder that `textrae train -o` wrote"
        )
    found = values.get("kind", TEXT)
    if found != kind:
        raise RunError(
            f"{path}: a run of {_KINDS.get(str(found), 'another kind')}; give one of {_KINDS[kind]} here"
        )
    return values


def kind_of(path: Path) -> str:
    """Return the kind of a run folder: ``text``, or what its config says (``series``).

    A folder without a config counts as text: reading it says what is missing.

    Raises:
        RunError: its config is damaged.
    """
    return str(read_json(path / CONFIG).get("kind", TEXT)) if (path / CONFIG).is_file() else TEXT


def fitting(file: Path, make: Callable[[], Network], weights: Mapping[str, Tensor]) -> Network:
    """Make the network that is to hold some weights, if their names and shapes are its own.

    Nothing is allocated before that is known.

    Args:
        file: the weights' file, for messages.
        make: makes the network.
        weights: tensors by their names.

    Raises:
        RunError: a name or a shape differs.
    """
    try:
        with torch.device("meta"):
            own = make().state_dict()
    except (RuntimeError, TypeError, OverflowError):  # sizes that no memory has
        own = {}
    for name in own.keys() | weights.keys():
        if name not in weights or name not in own or own[name].shape != weights[name].shape:
            raise RunError(
                f"{file}: {name} does not fit the model that {CONFIG} describes; copy the run again"
            )
    return make()


@contextmanager
def one_line_errors(path: Path) -> Iterator[None]:
    """Re-raise an `OSError` as a one-line :class:`RunError`."""
    try:
        yield
    except OSError as error:
        raise RunError(cannot_write(error.filename or path, error)) from None


def claim(out: Path, resume: bool, overwrite: bool) -> None:
    """Reject a run folder that a training may not write.

    What `overwrite` gives up stays until the new run is published.

    Args:
        out: run folder to train into.
        resume: whether the training that was stopped there continues.
        overwrite: whether a run there may be replaced.

    Raises:
        RunError: the folder is foreign, or holds a run and neither `resume` nor `overwrite` fits.
    """
    refuse_foreign(out)
    if overwrite or not contents(out):
        return
    unfinished = (out / CHECKPOINT).is_dir()
    if resume and not unfinished:
        raise RunError(
            f"{out}: its training is finished; train into another folder, or give `overwrite=True`"
        )
    if not resume:
        hint = (
            "continue with `resume=True`, or begin again with `overwrite=True`"
            if unfinished
            else "give another folder, or `overwrite=True`"
        )
        raise RunError(f"{out}: holds a run already; {hint}")


@contextmanager
def claimed(out: Path, *, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
    """Make a run folder and keep other trainings out of it, while a training that :func:`claim` allows goes on.

    Nothing is left of the folder if it was not there and nothing was written.

    Args:
        out: run folder to train into.
        resume: as for :func:`claim`.
        overwrite: as for :func:`claim`.

    Raises:
        RunError: as for :func:`claim`, or another process trains there, or the disk refuses.
    """
    refuse_foreign(out)
    if not (out / LOCK).is_file():
        claim(out, resume, overwrite)  # before anything is made
    made = not out.is_dir()
    make_folder(out)
    try:
        with locked(out):
            claim(out, resume, overwrite)  # again: another training may have ended meanwhile
            yield
    finally:
        if made:
            with suppress(OSError):  # something was written
                out.rmdir()


def make_folder(folder: Path) -> None:
    """Make a folder, if there is none.

    Raises:
        RunError: the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror or error}); give another folder") from None
