"""The bytes of a run folder: JSON and safetensors, read with bounds and written whole.

Nothing is a pickle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from textrae.errors import RunError
from textrae.runs.draft import Draft

_LARGEST_JSON = 1 << 20


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


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object from a file of at most 1 MiB.

    Raises:
        RunError: the file is missing, larger, or no JSON object.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_JSON + 1)
        values = json.loads(raw) if len(raw) <= _LARGEST_JSON else None
    except OSError as error:
        raise RunError(f"{file}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise RunError(f"{file}: damaged (not a JSON object of sensible size); copy the run again")
    return values


def read_tensors(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise RunError(f"{file}: missing; copy the run again") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{file}: truncated or damaged ({error}); copy the run again") from None


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
