"""Read sequences from NumPy and Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import SeriesError
from textrae.series.data import LARGEST, Series, Values
from textrae.series.settings import SeriesFormat

_BLOCK = 64
"""Rows of a Parquet file read at once."""


def read_npy(path: Path, format: SeriesFormat) -> Series:
    """Read the sequences of a ``.npy`` file.

    Raises:
        SeriesError: it holds no real values, or not of a shape that `format` allows.
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu" or array.ndim not in (1, 2, 3):
        raise SeriesError(
            f"{path}: {getattr(array, 'dtype', '?')} of shape {getattr(array, 'shape', '?')}; "
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
    series = Series()
    for number, sequence in enumerate(sequences):
        where = f"{path}, sequence {number} (counted from 0)" if len(sequences) > 1 else str(path)
        values = np.array(sequence, dtype=np.float64)
        if format.labels:
            series.labels.append(f"{values[0]:g}")
            values = values[1:]
        series.values.append(_finite(framed(values, format.frame, where) if rows else values, where))
    return series


def read_parquet(path: Path, format: SeriesFormat) -> Series:
    """Read the sequences of a ``.parquet`` file: its one column of lists.

    Raises:
        SeriesError: there are several such columns or none, or a list is ragged, empty or not finite.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if format.labels:
        raise SeriesError(f"{path}: only .csv and .npy have labels; leave `labels` out")
    series = Series()
    with pq.ParquetFile(path) as file:
        columns = [field.name for field in file.schema_arrow if _is_list(pa, field.type)]
        if len(columns) != 1:
            raise SeriesError(
                f"{path}: {len(columns)} columns of lists ({', '.join(file.schema_arrow.names)}); keep one, with a sequence a row"
            )
        for batch in file.iter_batches(_BLOCK, columns=columns):
            for scalar in batch.column(0):
                where = f"{path}, row {len(series)} (counted from 0)"
                series.values.append(_finite(_steps(pa, scalar, format, where), where))
    if series:
        _one_width(path, series)
    return series


def framed(values: Values, frame: int, where: str) -> Values:
    """Divide a row (n,) into time steps of `frame` dimensions, (n / frame, frame).

    Raises:
        SeriesError: the last step would be incomplete.
    """
    if len(values) % frame:
        raise SeriesError(
            f"{where}: {len(values)} numbers do not divide into frames of {frame}; give another `frame`"
        )
    return values.reshape(-1, frame)


def _is_list(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _steps(pa: Any, scalar: Any, format: SeriesFormat, where: str) -> Values:
    """Return a row's list of numbers, or of lists of numbers of one length, as an array (time, dim)."""
    inner = scalar.values
    if inner is None or not len(inner) or inner.null_count:
        raise SeriesError(f"{where}: empty, or with a gap; leave it out")
    if not _is_list(pa, inner.type):
        return framed(_array(inner, where), format.frame, where)
    if format.frame > 1:
        raise SeriesError(f"{where}: steps of several dimensions already; leave `frame` out")
    lengths = {len(step) for step in inner}
    if len(lengths) > 1 or 0 in lengths:
        raise SeriesError(
            f"{where}: steps of {min(lengths)} to {max(lengths)} dimensions; make them of one width"
        )
    return _array(inner.flatten(), where).reshape(len(inner), -1)


def _array(numbers: Any, where: str) -> Values:
    array: NDArray[Any] = numbers.to_numpy(zero_copy_only=False)
    if numbers.null_count or array.dtype.kind not in "fiu":
        raise SeriesError(f"{where}: {numbers.type}, or with a gap; give lists of numbers")
    return array.astype(np.float64)


def _one_width(path: Path, series: Series) -> None:
    for number, values in enumerate(series.values):
        if values.shape[1] != series.dim:
            raise SeriesError(
                f"{path}, row {number} (counted from 0): {values.shape[1]} dimensions a step where the rows before have {series.dim}; make them of one width"
            )


def _finite(values: Values, where: str) -> Values:
    if not len(values):
        raise SeriesError(f"{where}: no number in it; leave it out")
    bad = np.flatnonzero(~(np.abs(values) <= LARGEST).all(axis=1))
    if len(bad):
        raise SeriesError(
            f"{where}, step {bad[0]}: NaN, infinity or beyond float32; leave the sequence out or fill the gap"
        )
    return values
