"""Vectors in smaller types and back, and whether vectors can be decoded."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textrae.errors import VectorError
from textrae.latent.draw import normalised
from textrae.settings.model import ModelConfig

Vectors = NDArray[np.float32]
"""Vectors that a model makes or decodes: (n, dimensions)."""
Storage = Literal["float32", "float16", "int8", "binary"]
"""How the dimensions of a vector are stored."""
STORAGE: dict[Storage, str] = {"float32": "<f4", "float16": "<f2", "int8": "|i1", "binary": "|u1"}
"""NumPy type of each storage."""
_STEP = 1 / 32
"""Value of one step of int8: it holds -4 to 4 (an encoding's variance is 1) with an error of at most 1/64."""
WITHOUT_LENGTH = "int8 vectors of this run end with the length, in two bytes more: store them with `kept=True`, or by `textrae encode`"
"""Message for int8 vectors that miss the two bytes of the kept length."""
_LENGTH_STEP, _LENGTHS = 2.0**-12, 8.0
"""Value of one step of the number of a length, which is between -8 and 8: an error of 1/8,000 of the length at most."""
_LOOSE = 0.1
"""Deviation from mean 0 and variance 1 that smaller types may cause."""


def stored(vectors: Vectors, storage: Storage, kept: bool = False) -> NDArray[Any]:
    """Convert vectors to a smaller type: 2, 1 or an eighth of a byte a dimension instead of 4.

    ``int8`` counts steps of 1/32 and clips at ±4; ``binary`` keeps only the signs, eight a byte. Both keep a length
    whole: two bytes at the end of a row, in steps of 1/4,096 of its number.

    Args:
        vectors: (n, width).
        storage: the type to convert to.
        kept: whether the last number is a length that an encoding keeps.

    Returns:
        (n, :func:`columns`); :func:`restored` converts it back.
    """
    if storage not in ("int8", "binary"):
        return vectors.astype(STORAGE[storage], copy=False)
    if kept:
        steps = np.rint((vectors[:, -1:] + _LENGTHS) / _LENGTH_STEP).clip(0, 65_535).astype("<u2")
        numbers = stored(vectors[:, :-1], storage)
        return np.concatenate([numbers, steps.view(numbers.dtype)], axis=1)
    if storage == "binary":
        return np.packbits(vectors > 0, axis=1)
    counted: NDArray[np.float32] = np.rint(vectors / _STEP)
    return counted.clip(-127, 127).astype(np.int8)


def columns(width: int, storage: Storage, kept: bool = False) -> int:
    """Return the stored numbers of a vector.

    Args:
        width: dimensions of a vector.
        storage: how they are stored.
        kept: whether the last number is a length that an encoding keeps.
    """
    if storage not in ("int8", "binary"):
        return width
    numbers = width - kept
    return (numbers if storage == "int8" else -(-numbers // 8)) + 2 * kept


def restored(array: NDArray[Any], width: int, kept: bool = False) -> NDArray[Any]:
    """Convert an array made by :func:`stored` back to float32, recognised by its type; return others unchanged.

    Args:
        array: (n, width), or (n, :func:`columns`) of a smaller type.
        width: dimensions of a vector.
        kept: whether the last number is a length that an encoding keeps.
    """
    if array.dtype == np.int8:
        small = not kept or array.shape[1:] == (columns(width, "int8", kept),)
    else:
        small = holds_signs(array.dtype, array.shape, width, kept)
    if not small:
        return array
    if kept:
        steps = np.ascontiguousarray(array[:, -2:]).view("<u2").astype(np.float32)
        numbers = restored(array[:, :-2], width - 1)
        return np.concatenate([numbers, steps * np.float32(_LENGTH_STEP) - np.float32(_LENGTHS)], axis=1)
    if array.dtype == np.int8:
        counted: Vectors = array.astype(np.float32) * np.float32(_STEP)
        return counted
    return np.where(np.unpackbits(array, axis=1, count=width), np.float32(1), np.float32(-1))


def holds_signs(dtype: np.dtype[Any], shape: tuple[int, ...], width: int, kept: bool = False) -> bool:
    """Return whether an array of this type and shape holds the signs of vectors of `width` dimensions."""
    return dtype == np.uint8 and len(shape) == 2 and shape[1] == columns(width, "binary", kept)


def check_vectors(vectors: NDArray[Any], width: int, first: int = 0, kept: bool = False) -> Vectors:
    """Return vectors as float32 if they can be decoded; ``int8`` and ``binary`` ones are restored.

    Args:
        vectors: (n, width), or what :func:`stored` returned.
        width: dimensions that a vector must have.
        first: number of the first row in messages, where the vectors are a part of many.
        kept: whether the last number is a length that an encoding keeps.

    Returns:
        (n, width), contiguous and writable: a copy of what is not.

    Raises:
        VectorError: the shape is wrong, the type is not numeric, or a vector is not finite (its row is named).
    """
    array = restored(np.asarray(vectors), width, kept)
    if kept and array.dtype == np.int8:
        raise VectorError(WITHOUT_LENGTH)
    if array.ndim != 2 or array.shape[1] != width:
        raise VectorError(
            f"vectors of shape {array.shape}: this run decodes (n, {width}); use vectors that it encoded"
        )
    if array.dtype.kind not in "fiu":
        raise VectorError(f"vectors of {array.dtype}: give floating-point numbers")
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, which is refused
        out = np.require(array, np.float32, ["C", "W"])
    bad = np.flatnonzero(~np.isfinite(out).all(axis=1))
    if len(bad):
        raise VectorError(
            f"vector {first + bad[0]} (counted from 0) holds NaN or infinity, as do {len(bad)} of the {len(out)} from "
            f"{first} on: leave them out"
        )
    return out


def count_strange(vectors: Vectors, config: ModelConfig) -> int:
    """Count the vectors that a model of a shape cannot have encoded, as far as numbers can tell.

    Encodings are normalised to mean 0 and variance 1, unless a model is variational or has a regulariser. Vectors of
    signs keep neither, and are not counted.

    Args:
        vectors: (n, encoding size).
        config: shape of the model.
    """
    if not normalised(config) or not len(vectors):
        return 0
    numbers = vectors[:, :-1] if config.keeps_length else vectors
    strange = (np.abs(numbers.mean(1)) > _LOOSE) | (np.abs(numbers.var(1) - 1) > _LOOSE)
    return int((strange & ~(np.abs(numbers) == 1).all(1)).sum())
