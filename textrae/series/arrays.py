"""Read sequences from NumPy and Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import SeriesError
from textrae.series.columns import choose, joined, kept_names, listed
from textrae.series.data import LARGEST, Series, Values, framed
from textrae.series.settings import SeriesFormat
from textrae.text.npy import open_npy

LABEL = "label"
"""Column of a Parquet file that holds the labels."""
_BLOCK = 64
"""Rows of a Parquet file read at once."""
_EXACT = 2.0**53
"""Whole numbers up to which float64 has every one."""


def read_npy(path: Path, format: SeriesFormat, known: Sequence[str] | None = None) -> Series:
    """Read the sequences of a ``.npy`` file, with NaN for its gaps.

    Args:
        path: the file.
        format: how the sequences lie in it.
        known: names of the columns that a run was trained on; None without a run.

    Raises:
        SeriesError: it holds no real values, or not of a shape that `format` allows.
    """
    array = open_npy(path)
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2, 3):
        raise SeriesError(
            f"{path}: {array.dtype} of shape {array.shape}; "
            "give numbers of shape (sequences, time, dim), (time, dim) or (time,)"
        )
    rows = format.layout == "rows"
    if rows and array.ndim != 2:
        raise SeriesError(
            f"{path}: shape {array.shape}; the layout rows reads (sequences, time): leave `layout=rows` out"
        )
    if not array.size:
        return Series()
    sequences = array if array.ndim == 3 or rows else array.reshape(1, len(array), -1)
    places = [] if rows else choose(str(path), (), sequences.shape[2], format.columns, known)
    series = Series()
    for number, sequence in enumerate(sequences):
        where = f"{path}, sequence {number} (counted from 0)" if len(sequences) > 1 else str(path)
        if format.labels:
            series.labels.append(label_of(sequence[0]))
            sequence = sequence[1:]
        values = np.array(sequence, dtype=np.float64)
        series.values.append(_real(framed(values, format.frame, where) if rows else values[:, places], where))
    return series


def label_of(number: Any) -> str:
    """Return a number of an array as a label, in as many digits as tell it from every other of its type."""
    if number.dtype.kind == "f" and number == np.floor(number) and abs(number) <= _EXACT:
        return str(int(number))
    return str(number)


def read_parquet(path: Path, format: SeriesFormat, known: Sequence[str] | None = None) -> Series:
    """Read the sequences of a ``.parquet`` file, with NaN for its gaps.

    A column of lists holds a sequence a row. Without one, the columns are those of one sequence, a time step a row.

    Args:
        path: the file.
        format: how the sequences lie in it.
        known: names of the columns that a run was trained on; None without a run.

    Raises:
        SeriesError: there is no such column, or several; or a list is ragged, empty or not finite.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        lists = [field.name for field in schema if _is_list(pa, field.type)]
        if format.columns and any(name in lists for name in format.columns):
            lists = [name for name in format.columns if name in lists]
        if not lists:
            return _one_sequence(path, file, format, known)
        if len(lists) != 1:
            raise SeriesError(
                f"{path}: {len(lists)} columns of lists; choose the one with a sequence a row with `columns`, from {listed(lists)}"
            )
        if format.labels and LABEL not in schema.names:
            raise SeriesError(
                f"{path}: no column {LABEL!r}; it has {listed(schema.names)}: leave `labels` out"
            )
        series = Series(notes=[f"{path}: sequences of column {lists[0]!r}"])
        for batch in file.iter_batches(_BLOCK, columns=lists + ([LABEL] if format.labels else [])):
            for scalar in batch.column(lists[0]):
                where = f"{path}, row {len(series)} (counted from 0)"
                series.values.append(_real(_steps(pa, scalar, format, where), where))
            if format.labels:
                series.labels += ["" if label is None else str(label) for label in batch[LABEL].to_pylist()]
    if series:
        _one_width(path, series)
    return series


def _one_sequence(path: Path, file: Any, format: SeriesFormat, known: Sequence[str] | None) -> Series:
    """Read the columns of numbers of a table as one sequence."""
    if format.layout == "rows":
        raise SeriesError(
            f"{path}: no column of lists, which the layout rows needs; it has {listed(file.schema_arrow.names)}"
        )
    names = [str(name) for name in file.schema_arrow.names]
    places = choose(str(path), names, len(names), format.columns, known)
    table = file.read(columns=[names[place] for place in places])
    numeric = [field.name for field in file.schema_arrow if _is_number(field.type)]
    for place in places:
        if names[place] not in numeric:
            kind = file.schema_arrow.field(place).type
            hint = f"give `columns={joined(numeric)}`" if numeric else "give columns of numbers"
            raise SeriesError(f"{path}: column {names[place]!r} holds {kind}, no numbers; {hint}")
    columns = [table.column(names[place]).to_numpy().astype(np.float64) for place in places]
    if not table.num_rows:
        return Series()
    kept = kept_names(names, places)
    return Series(
        [_real(np.stack(columns, 1), str(path))], names=kept, notes=[f"{path}: columns {', '.join(kept)}"]
    )


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_list(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _steps(pa: Any, scalar: Any, format: SeriesFormat, where: str) -> Values:
    """Return a row's list of numbers, or of lists of numbers of one length, as an array (time, dim)."""
    inner = scalar.values
    if inner is None or not len(inner):
        raise SeriesError(f"{where}: an empty sequence; leave it out")
    if not _is_list(pa, inner.type):
        return framed(_array(inner, where), format.frame, where)
    if inner.null_count:
        raise SeriesError(f"{where}: a step is missing; leave the sequence out")
    if format.frame > 1:
        raise SeriesError(f"{where}: steps of several dimensions already; leave `frame` out")
    lengths = {len(step) for step in inner}
    if len(lengths) > 1 or 0 in lengths:
        raise SeriesError(
            f"{where}: steps of {min(lengths)} to {max(lengths)} dimensions; make them of one width"
        )
    return _array(inner.flatten(), where).reshape(len(inner), -1)


def _array(numbers: Any, where: str) -> Values:
    if not _is_number(numbers.type):
        raise SeriesError(f"{where}: {numbers.type}; give lists of numbers")
    array: NDArray[Any] = numbers.to_numpy(zero_copy_only=False)
    return array.astype(np.float64)


def _one_width(path: Path, series: Series) -> None:
    for number, values in enumerate(series.values):
        if values.shape[1] != series.dim:
            raise SeriesError(
                f"{path}, row {number} (counted from 0): {values.shape[1]} dimensions a step where the rows before have {series.dim}; make them of one width"
            )


def _real(values: Values, where: str) -> Values:
    """Return values that float32 can hold, or are NaN, as they are."""
    if not len(values):
        raise SeriesError(f"{where}: no number in it; leave it out")
    bad = np.flatnonzero((np.abs(values) > LARGEST).any(axis=1))
    if len(bad):
        raise SeriesError(f"{where}, step {bad[0]}: infinity or beyond float32; leave the sequence out")
    return values
