"""Sequences that a Python caller gives: lists of arrays, tensors, data frames or numbers, each checked and named in errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import SeriesError
from textrae.inference.arguments import shown
from textrae.series.columns import choose, kept_names
from textrae.series.data import LARGEST, Series, Values


def checked(given: object, dim: int | None = None, names: Sequence[str] = ()) -> list[Values]:
    """Return sequences as float64 arrays (time, dim).

    Args:
        given: several sequences, as :func:`gathered` takes them.
        dim: dimensions that a time step must have; None for those of the first sequence.
        names: columns that are taken of a data frame, in their order.

    Raises:
        TypeError: what is given is no list of sequences.
        SeriesError: there is none, one is empty, not of numbers, not finite, or of another width than `dim` or the
            first; it names the sequence, counted from 0.
    """
    return finite(gathered(given, names).values, dim)


def gathered(given: object, names: Sequence[str] = ()) -> Series:
    """Return sequences in which NaN is a gap.

    Args:
        given: a list, another iterable, or an array or tensor (sequences, time, dim). Each sequence is (time, dim), or
            (time,) for one dimension a step: an array, a tensor, a data frame, or lists of numbers.
        names: columns that are taken of a data frame, in their order.

    Raises:
        TypeError: what is given is no list of sequences.
        SeriesError: one is empty, ragged, or not of numbers.
    """
    if isinstance(given, Series):
        return given
    items = _listed(given)
    if not names and items and _is_table(items[0]):
        columns = _names_of(items[0])
        names = kept_names(columns, range(len(columns)))
    values = [_array(f"sequence {number} (counted from 0)", one, names) for number, one in enumerate(items)]
    return Series(values, names=tuple(names))


def finite(values: Sequence[Values], dim: int | None = None) -> list[Values]:
    """Return sequences (time, dim) of one width in which every value is finite.

    Args:
        values: the sequences.
        dim: dimensions that a time step must have; None for those of the first sequence.

    Raises:
        SeriesError: there is none, a value is NaN, infinite or beyond float32, or a width differs.
    """
    if not values:
        raise SeriesError("no sequence: give at least one")
    width = dim or values[0].shape[1]
    for number, sequence in enumerate(values):
        where = f"sequence {number} (counted from 0)"
        if sequence.shape[1] != width:
            raise SeriesError(
                f"{where}: {sequence.shape[1]} dimensions a step instead of {width}; give sequences of one width"
            )
        bad = np.flatnonzero(~(np.abs(sequence) <= LARGEST).all(axis=1))
        if len(bad):
            raise SeriesError(
                f"{where}, step {bad[0]}: NaN, infinity or beyond float32; leave the sequence out or fill the gap"
            )
    return list(values)


def _listed(given: Any) -> list[Any]:
    """Return the sequences of what should be several.

    Raises:
        TypeError: it is one sequence, or none at all.
    """
    kind = type(given).__name__
    if _is_table(given):
        raise TypeError(f"series: one {kind}; give [it] for one sequence, a time step a row")
    if isinstance(given, str | bytes | bytearray | Mapping | Set) or not isinstance(given, Iterable):
        hint = "; read a file with model.read(path)" if isinstance(given, str) else ""
        raise TypeError(f"series: {shown(given)}; give a list of sequences, arrays (time, dim){hint}")
    shape = getattr(given, "shape", None)
    objects = getattr(getattr(given, "dtype", None), "kind", "") == "O"
    if shape is not None and len(shape) != 3 and not objects:
        raise TypeError(
            f"series: one {kind} of shape {tuple(shape)}; give [it] for one sequence (time, dim), or list(it) for "
            "several of one dimension"
        )
    return list(given)


def _array(where: str, given: Any, names: Sequence[str]) -> Values:
    """Return a sequence as a float64 array (time, dim).

    Raises:
        TypeError: it is a string, a mapping, a set or None.
        SeriesError: it is empty, ragged, masked, or not of numbers.
    """
    if given is None or isinstance(given, str | bytes | bytearray | Mapping | Set):
        raise TypeError(f"{where}: {shown(given)}; give an array (time, dim) of numbers")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise SeriesError(f"{where}: values are masked; fill them")
    try:
        array = _columns(where, given, names) if _is_table(given) else _plain(given)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise SeriesError(
            f"{where}: no array of numbers ({str(error).splitlines()[0]}); give shape (time, dim)"
        ) from None
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or not array.size:
        raise SeriesError(
            f"{where}: {array.dtype} of shape {array.shape}; give numbers of shape (time, dim), at least one step"
        )
    return array.astype(np.float64).reshape(len(array), -1)


def _plain(given: Any) -> NDArray[Any]:
    """Return an array, a tensor, a column, an Arrow list or lists as an array, with NaN for None and NA."""
    if hasattr(given, "as_py"):
        given = given.as_py()
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        given = given.double() if given.is_floating_point() else given
    array = np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
    return np.array(_with_nan(array.tolist())) if array.dtype == object else array


def _with_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_nan(one) for one in value]
    return float("nan") if value is None or type(value).__name__ == "NAType" else value


def _is_table(given: Any) -> bool:
    return hasattr(given, "columns") and hasattr(given, "to_numpy")


def _names_of(table: Any) -> list[str]:
    """Return the names of a data frame's columns; none if they are numbers."""
    names = list(table.columns)
    return names if all(isinstance(name, str) for name in names) else []


def _columns(where: str, table: Any, known: Sequence[str]) -> NDArray[Any]:
    """Return the columns of a data frame, those in `known` if it has names."""
    names = _names_of(table)
    every = list(table.columns)
    found = []
    for place in choose(where, names, len(every), None, known or None):
        column = _plain(table[every[place]])
        if column.dtype.kind not in "fiu":
            raise SeriesError(f"{where}: column {every[place]!r} holds no numbers; leave it out")
        found.append(column)
    return np.stack(found, 1)
