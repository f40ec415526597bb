"""Write sequences to files, in the layout that they were read in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

from textrae.errors import RunError, SeriesError
from textrae.runs.files import write_atomically
from textrae.series.data import Series, Values
from textrae.series.settings import SeriesFormat

ENDINGS = (".csv", ".npy", ".parquet")
"""Endings of the files that series are written to."""


def write_series(path: Path, series: Series, format: SeriesFormat) -> None:
    """Write sequences to a file of a format told by its ending; it appears whole or not at all.

    Raises:
        SeriesError: the ending is none of ``.csv``, ``.npy`` and ``.parquet``, or the lengths differ for ``.npy``.
        RunError: the place cannot be written.
    """
    check_place(path, series)
    if path.suffix == ".csv":
        content = "".join(csv_lines(series, format)).encode()
    else:
        content = _npy(series, format) if path.suffix == ".npy" else _parquet(series, format)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise RunError(f"{path}: cannot write ({error.strerror or error}); choose another place") from None


def check_ending(path: Path) -> None:
    """Reject a file whose format :func:`write_series` does not know.

    Raises:
        SeriesError: the ending is none of :data:`ENDINGS`.
    """
    if path.suffix not in ENDINGS:
        raise SeriesError(f"{path}: series are written to {', '.join(ENDINGS)}; give one of these endings")


def check_place(path: Path, series: Series) -> None:
    """Reject, before the work, a place where sequences of these lengths could not be written.

    Raises:
        SeriesError: the ending is none of :data:`ENDINGS`, or the lengths differ for ``.npy``.
        RunError: the place cannot be written.
    """
    check_ending(path)
    lengths = {len(values) for values in series.values}
    if path.suffix == ".npy" and len(lengths) > 1:
        raise SeriesError(
            f"{path}: sequences of {min(lengths)} to {max(lengths)} steps make no array; give .csv or .parquet"
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise RunError(f"{path}: no file can be written there; choose another place")


def csv_lines(series: Series, format: SeriesFormat) -> Iterator[str]:
    """Yield the lines of a CSV file: steps with blank lines between sequences, or a row for each sequence."""
    for number, values in enumerate(series.values):
        if format.layout == "rows":
            label = [series.labels[number]] if series.labels else []
            yield ",".join([*label, *_decimals(values.ravel())]) + "\n"
            continue
        if number:
            yield "\n"
        for step in values:
            yield ",".join(_decimals(step)) + "\n"


def _decimals(values: Values) -> Iterator[str]:
    """Format values with nine digits, as many as float32 has."""
    return (f"{value:.9g}" for value in values.tolist())


def _npy(series: Series, format: SeriesFormat) -> bytes:
    whole = np.stack(series.values)
    if format.layout == "rows":
        whole = whole.reshape(len(whole), -1)
    stream = BytesIO()
    np.save(stream, whole, allow_pickle=False)
    return stream.getvalue()


def _parquet(series: Series, format: SeriesFormat) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = format.layout == "rows"
    columns = {
        "series": pa.array([(values.ravel() if flat else values).tolist() for values in series.values])
    }
    if series.labels:
        columns["label"] = pa.array(series.labels)
    stream = BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()
