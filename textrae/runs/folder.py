"""A run folder of any kind: its files' names, how it is claimed, written whole, recognised and read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from textrae.errors import RunError
from textrae.runs.files import read_json

FORMAT = 1
"""Number of the run folder's layout; a folder with a larger one was written by a newer textrae."""

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
"""What a run folder holds, beside a training's checkpoint; the weights last."""

Network = TypeVar("Network", bound=nn.Module)

TEXT = "text"
"""Kind of a run of sentences."""
_KINDS = {"text": "sentences", "series": "real-valued series (`textrae reconstruct` and `score` use it)"}


def write_folder(path: Path, fill: Callable[[Path], None], *, overwrite: bool = False) -> None:
    """Have `fill` write a run into a folder beside `path`, then rename it; into a run that is there, its files.

    Raises:
        RunError: something is there already and `overwrite` is not set, or it is no run, or the disk refuses.
    """
    if path.exists() and not overwrite:
        raise RunError(f"{path}: exists already; choose another folder or allow overwriting it")
    refuse_foreign(path)
    with one_line_errors(path):
        inside = (
            path.is_dir()
        )  # which may be where a disk is mounted, or the working folder: it cannot be renamed
        if not inside:
            path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path if inside else path.parent))
        try:
            fresh.chmod(0o755)
            fill(fresh)
            if inside:
                _move(fresh, path)
            else:
                fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _move(fresh: Path, path: Path) -> None:
    """The run in `fresh` to the place of that in `path`, which comes back if that fails; at no instant do files mix unnoticed."""
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


def refuse_foreign(path: Path) -> None:
    """Raise :class:`RunError` where `path` is a file, or a folder that holds something and is no run of any kind."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file; give another folder")
    if not path.is_dir() or not any(path.iterdir()):
        return
    try:
        known = isinstance(read_json(path / CONFIG).get("format"), int)
    except RunError:  # missing, or damaged: half-made, or at least nothing but what a run has
        files = {entry.name for entry in path.iterdir()}
        known = (path / CHECKPOINT / SETTINGS).is_file()
        known |= bool(files & {CHECKPOINT, CONFIG}) and files <= {*_FILES, CHECKPOINT}
    if not known:
        raise RunError(f"{path}: holds files that are not a textrae run; give an empty or a new folder")


def read_config(path: Path, kind: str) -> dict[str, Any]:
    """The config of a run folder of a kind, ``text`` or ``series``, as plain values.

    Raises:
        RunError: the folder is foreign, damaged, of a newer format, or of the other kind.
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
    """The network that is to hold the weights, allocated only if they are exactly its own.

    Raises:
        RunError: they are not.
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
        raise RunError(
            f"{error.filename or path}: cannot write ({error.strerror or error}); free or choose another place"
        ) from None


def claim(out: Path, resume: bool, overwrite: bool) -> None:
    """See that `out` may be written. What --overwrite gives up stays until the new run is published."""
    refuse_foreign(out)
    if not out.is_dir() or not any(out.iterdir()) or overwrite:
        return
    unfinished = (out / CHECKPOINT).is_dir()
    if resume and not unfinished:
        raise RunError(f"{out}: its training is finished; train into another folder, or give --overwrite")
    if not resume:
        hint = (
            "go on with --resume, or start anew with --overwrite"
            if unfinished
            else "give another folder, or --overwrite"
        )
        raise RunError(f"{out}: holds a run already; {hint}")


def make_folder(folder: Path) -> None:
    """Make a folder, if there is none; :class:`RunError` where the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror or error}); give another folder") from None
