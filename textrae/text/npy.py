"""NumPy files, opened without trusting their header: NumPy's own reader parses it as Python, which a bad one can break."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
_LONGEST = 10_000
"""Bytes of a header at most."""
_ENTRY = re.compile(
    rb"\s*['\"](descr|fortran_order|shape)['\"]\s*:\s*(['\"][<>=|]?[biuf][0-9]{1,2}['\"]|True|False|\([0-9, ]{0,200}\))\s*,?"
)
"""An entry of the header of an array of plain numbers."""


def open_npy(path: Path) -> NDArray[Any]:
    """Map an array of numbers or truth values from a ``.npy`` file; nothing of it is read before it is used.

    Returns:
        The array, of any shape, which cannot be written to.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no ``.npy`` file, its header is malformed, its values are of another kind, or the file is
            shorter or longer than its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(10)
        if start[:6] != _MAGIC or len(start) < 10:
            raise ValueError("no .npy file, by its first bytes")
        width = {1: 2, 2: 4, 3: 4}.get(start[6], 0)
        if not width:
            raise ValueError(f"version {start[6]} of the format, which is not known")
        length = int.from_bytes(start[8:] + stream.read(width - 2), "little")
        if length > _LONGEST:
            raise ValueError(f"a header of {length:,} bytes")
        dtype, fortran, shape = _parsed(stream.read(length))
        offset = stream.tell()
    held, needed = size - offset, math.prod(shape) * dtype.itemsize
    if held != needed:
        raise ValueError(f"shape {shape} of {dtype} takes {needed:,} bytes, and it holds {held:,}")
    order: Literal["F", "C"] = "F" if fortran else "C"
    array: NDArray[Any] = (
        np.memmap(path, dtype, "r", offset, shape, order) if needed else np.empty(shape, dtype, order)
    )
    return array


def _parsed(header: bytes) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Return type, order and shape of a header."""
    inner = header.strip()
    found: dict[bytes, bytes] = {}
    at, end = 1, len(inner) - 1
    while at < end and (entry := _ENTRY.match(inner, at, end)):
        found[entry[1]] = entry[2]
        at = entry.end()
    if inner[:1] != b"{" or inner[-1:] != b"}" or inner[at:end].strip() or len(found) != 3:
        raise ValueError("its header is malformed, or tells of other values than numbers")
    descr, order, shape = (found[name] for name in (b"descr", b"fortran_order", b"shape"))
    sizes = [part.strip() for part in shape[1:-1].split(b",")] if shape[:1] == b"(" else [b"?"]
    sizes = sizes[:-1] if not sizes[-1] else sizes
    plain = all(part.isdigit() and len(part) < 19 for part in sizes)
    if descr[:1] not in b"'\"" or order not in (b"True", b"False") or not plain:
        raise ValueError("its header is malformed")
    try:
        dtype = np.dtype(descr[1:-1].decode())
    except TypeError:
        raise ValueError(f"values of the kind {descr[1:-1].decode()!r}, which is not known") from None
    return dtype, order == b"True", tuple(map(int, sizes))
