"""The bytes of a run folder: JSON and safetensors, read with bounds and written whole.

Nothing is a pickle.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from textrae.errors import RunError
from textrae.runs.draft import Draft

LARGEST_JSON = 1 << 20
"""Bytes of a JSON file of a run, at most."""
LARGEST_TENSORS = 64 << 30
"""Bytes of a file of weights, at most."""
LARGEST_BESIDE = 1 << 30
"""Bytes of a file of tensors beside the weights, at most: encodings that a run keeps, a flow."""


def to_metadata(digests: Mapping[str, str]) -> dict[str, str]:
    """Store digests as one entry of metadata.

    safetensors writes several entries in an order that differs between processes.
    """
    return {"textrae": json.dumps(digests, sort_keys=True)}


def from_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Read back the digests that :func:`to_metadata` stored; return none if there is anything else."""
    try:
        digests = json.loads(metadata.get("textrae", ""))
    except (ValueError, RecursionError):
        return {}
    return digests if isinstance(digests, dict) else {}


def is_there(file: Path) -> bool:
    """Return whether a folder has an entry of that name, of whatever kind.

    Raises:
        RunError: the folder may not be read, or there is no telling.
    """
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise RunError(_unreadable(file.parent, error)) from None
    return True


def opened(file: Path) -> BinaryIO:
    """Open a file of a run.

    Raises:
        RunError: it is missing, no file, or may not be read.
    """
    try:
        if not stat.S_ISREG(mode := file.stat().st_mode):  # opening a pipe would wait for somebody to write
            what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise RunError(f"{file}: is {what}, where a run has a file; copy the run again")
        return file.open("rb")
    except FileNotFoundError:
        raise RunError(f"{file}: missing; copy the run again") from None
    except OSError as error:
        raise RunError(_unreadable(file, error)) from None


def _unreadable(place: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{place}: may not be read by you; have its owner allow it (chmod)"
    if error.errno == errno.ELOOP:
        return f"{place}: is a symbolic link that leads back to itself; make it again"
    return f"{place}: cannot be read ({error.strerror or error}); check the disk"


def look_into(path: Path, train: str) -> None:
    """Reject a path that is no folder with files in it, and say what it is.

    Args:
        path: what was given as a run.
        train: how `textrae train` is told what to train on, for the message that there is nothing.

    Raises:
        RunError: there is nothing, a file, an empty folder, or one that may not be read.
    """
    give = "give the folder that `textrae train -o` wrote"
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            beside = path.parent if is_there(path.with_name("config.json")) else None
            give = give if beside is None else f"give its folder, {beside}"
            raise RunError(f"{path}: is a file, not a run; {give}")
        if not any(path.iterdir()):
            raise RunError(f"{path}: is an empty folder, not a run; {give}")
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            target = f"{path}: is a symbolic link to {path.readlink()}, where nothing is"
            raise RunError(f"{target}; {give}") from None
        said = f"{path}: no such run folder; train one with `textrae train {train} -o {path}`"
        raise RunError(said) from None
    except OSError as error:
        raise RunError(_unreadable(path, error)) from None


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object from a file of at most 1 MiB.

    Raises:
        RunError: the file is missing, unreadable, larger, or no JSON object.
    """
    try:
        with opened(file) as stream:
            raw = stream.read(LARGEST_JSON + 1)
        values = json.loads(raw) if len(raw) <= LARGEST_JSON else None
    except OSError as error:
        raise RunError(_unreadable(file, error)) from None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise RunError(f"{file}: damaged (not a JSON object of sensible size); copy the run again")
    return values


def read_tensors(file: Path, largest: int = LARGEST_TENSORS) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file; they are mapped until they are used.

    Args:
        file: what is read.
        largest: bytes that it may have.

    Raises:
        RunError: the file is missing, unreadable, larger or damaged.
    """
    with opened(file) as stream:  # what is wrong with it, safetensors does not tell
        size = os.fstat(stream.fileno()).st_size
    if size > largest:
        raise RunError(f"{file}: has {size / 2**30:,.0f} GiB, which no file of a run has; copy the run again")
    try:
        with safe_open(file, framework="pt") as tensors:
            return {name: tensors.get_tensor(name) for name in tensors.keys()}, tensors.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{file}: truncated or damaged ({error}); copy the run again") from None
    except RuntimeError:  # what torch raises where the system does not map so large a file
        raise RunError(f"{file}: too large to be mapped ({size:,} bytes); copy the run again") from None


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file whole, so that there is the old or the new one and never half of one.

    Raises:
        OSError: the disk refuses.
    """
    draft = Draft(file)
    try:
        draft.stream.write(content)
        draft.publish(durable=True)
    finally:
        draft.discard()


def digest_of(content: bytes) -> str:
    """Return the SHA-256 digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


def tensor_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 digest of tensors' names and values, whatever their order."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        total.update(name.encode())
        total.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()
