"""A run folder of any kind: its files' names, how it is claimed, written whole, recognised and read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from textrae.errors import RunError, cannot_write
from textrae.runs.draft import is_leftover, partial_name, remove_leftovers
from textrae.runs.files import is_there, read_json
from textrae.runs.lock import LOCK, locked, refuse_running
from textrae.version import __version__

FORMAT = 1
"""Number of the run folder's layout; a newer textrae writes a larger one."""

CONFIG, MODULES, MODEL, LATENTS, FLOW, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD = (
    "config.json",
    "modules.json",
    "model.safetensors",
    "latents.safetensors",
    "flow.safetensors",
    "tokenizer.model",
    "target-tokenizer.model",
    "metrics.jsonl",
    "README.md",
)

CHECKPOINT, STATE, SETTINGS = "checkpoint", "training.safetensors", "settings.json"

CHOICES = "config_sentence_transformers.json"
"""File that sentence-transformers writes where it saves a run: prompts, similarity, dimensions to keep."""

FILES = (CONFIG, MODULES, CHOICES, LATENTS, FLOW, TOKENIZER, TARGET_TOKENIZER, METRICS, CARD, MODEL)
"""Files of a run folder, beside a training's checkpoint; the weights come last."""

OPENED_BY = json.dumps(
    [{"idx": 0, "name": "0", "path": "", "type": "textrae.integrations.sentence_transformers.RunEncoder"}],
    indent=2,
).encode()
"""Content of `modules.json`: the class of textrae that sentence-transformers opens a run of any kind with, or that refuses it."""

_AGAIN = "copy the run again"
_VERSION = re.compile(r"(\d{1,6}(?:\.\d{1,6}){0,3})(?!\d)[\w.+-]{0,40}", re.ASCII)
"""A version: its release, and what may follow."""

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
        for name in reversed(FILES):  # the weights first
            if (path / name).is_file():
                (path / name).replace(aside / name)
        for name in FILES:
            if (fresh / name).exists():
                (fresh / name).replace(path / name)
                placed.append(name)
    except BaseException:
        for name in placed:
            (path / name).unlink()
        for name in FILES:
            if (aside / name).exists():
                (aside / name).replace(path / name)
        raise
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)


def contents(path: Path) -> set[str]:
    """Return the names in a folder but for what a killed process may have left there; none where there is no folder.

    Raises:
        RunError: it may not be read.
    """
    try:
        names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    except PermissionError:
        raise RunError(f"{path}: may not be read by you; give another folder") from None
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
        known |= bool(files & {CHECKPOINT, CONFIG}) and files <= {*FILES, CHECKPOINT}
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
    if not is_there(file):
        raise RunError(
            f"{path}: not a textrae run (it has no {CONFIG}); give the folder that `textrae train -o` wrote"
        )
    values = read_json(file)
    number = values.get("format")
    if isinstance(number, int) and number > FORMAT:
        newer = upgrade(values) or f"this is textrae {__version__}: upgrade textrae"
        raise RunError(f"{file}: format {number} is newer than {FORMAT}, which this textrae reads; {newer}")
    if number != FORMAT:
        raise RunError(
            f"{file}: not a textrae run (no format number); give the folder that `textrae train -o` wrote"
        )
    found = values.get("kind", TEXT)
    if found != kind:
        if str(found) not in _KINDS and (by := upgrade(values)):
            raise RunError(f"{file}: a run of another kind; {by}")
        raise RunError(
            f"{path}: a run of {_KINDS.get(str(found), 'another kind')}; give one of {_KINDS[kind]} here"
        )
    return values


def upgrade(values: Mapping[str, Any]) -> str | None:
    """Return what to do about a run that a newer textrae wrote; None for one of this textrae or an older one.

    Args:
        values: its config, which names the version.
    """
    version = values.get("textrae")
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or _release(version) <= _release():
        return None
    return f"written by textrae {version}; this is {__version__}: upgrade textrae"


def _release(version: str = __version__) -> list[int]:
    found = _VERSION.fullmatch(version)
    return [int(part) for part in found[1].split(".")] if found else []


def unfit(file: Path, values: Mapping[str, Any], error: Exception) -> RunError:
    """Return the error about a config that does not fit: a newer textrae wrote it, or it was damaged or edited.

    Args:
        file: the config.
        values: what it holds.
        error: what does not fit.
    """
    if by := upgrade(values):
        return RunError(f"{file}: {by}")
    if unknown := re.match(r"`(\w+)`: no such setting", str(error)):
        return RunError(
            f"{file}: has {unknown[1]}, which is no setting of textrae {__version__}: a newer one wrote it (upgrade "
            "textrae), or it was edited (copy the run again)"
        )
    return RunError(f"{file}: damaged or edited: {error}; {_AGAIN}")


@contextmanager
def telling_version(values: Mapping[str, Any]) -> Iterator[None]:
    """Have what is wrong with a run end in its version, where a newer textrae wrote it, instead of a damage.

    Args:
        values: config of the run that is read in this context.
    """
    try:
        yield
    except RunError as error:
        by = upgrade(values)
        if by is None or not str(error).endswith(_AGAIN):
            raise
        raise RunError(f"{str(error).removesuffix(_AGAIN)}{by}") from None


def kind_of(path: Path) -> str:
    """Return the kind of a run folder: ``text``, or what its config says (``series``).

    A folder without a config counts as text: reading it says what is missing.

    Raises:
        RunError: its config is damaged.
    """
    return str(read_json(path / CONFIG).get("kind", TEXT)) if is_there(path / CONFIG) else TEXT


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
