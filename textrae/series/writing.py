"""Write sequences and their encodings to files, so that reading gives the same values, labels and names."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError, RunError, SeriesError, cannot_write
from textrae.runs.files import write_atomically
from textrae.series.arrays import LABEL
from textrae.series.data import Series
from textrae.series.dialect import is_name, plain_number
from textrae.series.settings import SeriesFormat

ENDINGS = (".csv", ".npy", ".parquet")
"""Endings of the files that series are written to."""
ENCODING_ENDINGS = (".npy", ".parquet", ".jsonl")
"""Endings of the files that encodings of series are written to."""


def write_series(path: Path, series: Series, format: SeriesFormat) -> None:
    """Write sequences to a file of a format told by its ending; it appears whole or not at all.

    Raises:
        ConfigError: the ending is none of ``.csv``, ``.npy`` and ``.parquet``.
        SeriesError: the lengths differ for ``.npy``, or its labels are no numbers.
        RunError: the place cannot be written.
    """
    check_place(path, series, format)
    if path.suffix == ".csv":
        content = "".join(csv_lines(series, format)).encode()
    else:
        content = _npy(series, format) if path.suffix == ".npy" else _parquet(series, format)
    _write(path, content)


def write_encodings(place: Path | IO[str], series: Series, vectors: NDArray[np.float32]) -> None:
    """Write the encodings (n, hidden) of sequences; ``.parquet`` and ``.jsonl`` say which sequence each is of.

    Args:
        place: a file, or a stream, which gets the lines of ``.jsonl``.
        series: the sequences.
        vectors: their encodings.

    Raises:
        ConfigError: the ending is none of ``.npy``, ``.parquet`` and ``.jsonl``.
        RunError: the place cannot be written.
    """
    if not isinstance(place, Path):
        place.writelines(_encoded(series, vectors))
        return
    check_ending(place, ENCODING_ENDINGS)
    if place.suffix == ".npy":
        stream = BytesIO()
        np.save(stream, vectors, allow_pickle=False)
        _write(place, stream.getvalue())
    elif place.suffix == ".parquet":
        import pyarrow as pa

        _write(place, _table({**origins(series), "vector": pa.array(list(vectors), pa.list_(pa.float32()))}))
    else:
        _write(place, "".join(_encoded(series, vectors)).encode())


def _encoded(series: Series, vectors: NDArray[np.float32]) -> Iterator[str]:
    """Yield a line of JSON for each encoding, with the shortest decimals that read back as the same float32."""
    columns = origins(series)
    for vector, row in zip(vectors, zip(*columns.values(), strict=True), strict=True):
        found = {**dict(zip(columns, row, strict=True)), "vector": [float(str(number)) for number in vector]}
        yield json.dumps(found, ensure_ascii=False) + "\n"


def origins(series: Series) -> dict[str, list[Any]]:
    """Return which sequence each one is, from 0: its number, a window's first step there, its steps and its label."""
    found: dict[str, list[Any]] = {"sequence": list(range(len(series)))}
    if series.windows:
        found = {
            "sequence": [one.sequence for one in series.windows],
            "first": [one.first for one in series.windows],
        }
    found["steps"] = [len(values) for values in series.values]
    if series.labels:
        found["label"] = series.labels
    return found


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise RunError(cannot_write(path, error)) from None


def check_ending(path: Path, endings: tuple[str, ...] = ENDINGS) -> None:
    """Reject a file whose format is not known.

    Raises:
        ConfigError: the ending is none of `endings`.
    """
    if path.suffix not in endings:
        raise ConfigError(f"{path}: series are written to {', '.join(endings)}; give one of these endings")


def check_place(path: Path, series: Series, format: SeriesFormat) -> None:
    """Reject, before the work, a place where sequences of these lengths and labels could not be written.

    Raises:
        ConfigError: the ending is none of :data:`ENDINGS`.
        SeriesError: for ``.npy`` the lengths differ, or a label is no number.
        RunError: the place cannot be written.
    """
    check_ending(path)
    if path.suffix == ".npy":
        least, most = series.lengths
        if least != most:
            raise SeriesError(
                f"{path}: sequences of {least} to {most} steps make no array; give .csv or .parquet"
            )
        if format.layout == "rows":
            _numeric_labels(path, series)
    check_writable(path)


def check_writable(path: Path) -> None:
    """Reject, before the work, a place where no file can be written.

    Raises:
        RunError: it is a folder, or its folder is missing or may not be written to.
    """
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise RunError(f"{path}: no file can be written there; choose another place")


def _numeric_labels(path: Path, series: Series) -> list[float]:
    """Return the labels as numbers, which are the first column of an array.

    Raises:
        SeriesError: one is no number, or two would become the same.
    """
    found = {label: plain_number(label) for label in series.labels}
    for label, number in found.items():
        if number is None:
            raise SeriesError(
                f"{path}: the label {label!r} is no number and has no place in an array; give .csv or .parquet"
            )
    if len(set(found.values())) < len(found):
        raise SeriesError(f"{path}: labels that differ would be one number; give .csv or .parquet")
    return [number for label in series.labels if (number := found[label]) is not None]


def csv_lines(series: Series, format: SeriesFormat) -> Iterator[str]:
    """Yield the lines of a CSV file: steps with blank lines between sequences, or a row for each sequence.

    Numbers are the shortest that read back as the same float64. Names of columns, if reading would know them for
    names, are a header.
    """
    if format.layout == "rows":
        for number, values in enumerate(series.values):
            yield _row([*series.labels[number : number + 1], *map(repr, values.ravel().tolist())])
        return
    if series.names and all(map(is_name, series.names)):
        yield _row(series.names)
    for number, values in enumerate(series.values):
        if number:
            yield "\n"
        for step in values:
            yield ",".join(map(repr, step.tolist())) + "\n"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    """Return cells as a line, in quotes where they need them."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _npy(series: Series, format: SeriesFormat) -> bytes:
    whole = np.stack(series.values)
    if format.layout == "rows":
        whole = whole.reshape(len(whole), -1)
        if series.labels:
            whole = np.column_stack([_numeric_labels(Path("labels"), series), whole])
    stream = BytesIO()
    np.save(stream, whole, allow_pickle=False)
    return stream.getvalue()


def _parquet(series: Series, format: SeriesFormat) -> bytes:
    flat = format.layout == "rows"
    columns: dict[str, Any] = {
        "series": [(values.ravel() if flat else values).tolist() for values in series.values]
    }
    if series.labels:
        columns[LABEL] = series.labels
    return _table(columns)


def _table(columns: dict[str, Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()
