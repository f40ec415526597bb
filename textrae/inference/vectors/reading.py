"""Files of vectors, read in blocks so that memory does not grow with them; nothing in them is trusted."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from textrae.errors import VectorError
from textrae.inference.vectors.formats import MARK, RUN, TENSOR, VECTOR
from textrae.inference.vectors.storage import WITHOUT_LENGTH, columns, holds_signs, restored
from textrae.inference.vectors.writing import ENDINGS
from textrae.text.npy import open_npy

BLOCK: Final = 8_192
"""Rows read at once."""
_MOST_NUMBERS: Final = 1 << 24
"""Numbers of vectors read at once from Parquet, at most, unless one row has more."""
_LONGEST_ROW: Final = 1 << 24
"""Most bytes of a row of text."""
_LONGEST_HEADER: Final = 1 << 20
"""Most bytes of the header of a safetensors file."""
_TYPES: Final = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I8": "|i1",
    "U8": "|u1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
}
"""Types of a safetensors file that are read; bfloat16 is the upper half of float32."""
Block = NDArray[Any]
"""Rows of a file: (rows, dimensions)."""


def read_vectors(path: Path, width: int, run: str | None = None, kept: bool = False) -> Iterator[Block]:
    """Yield blocks of rows of a file of vectors, restored however they were stored.

    :func:`textrae.inference.vectors.check_vectors` checks the numbers.

    Args:
        path: ending in ``.npy``, ``.safetensors``, ``.parquet``, ``.jsonl`` or ``.csv``.
        width: dimensions that a vector must have.
        run: fingerprint that the file must have if it has one (:attr:`textrae.runs.run.Run.fingerprint`).
        kept: whether the last number is a length that an encoding keeps, and smaller types keep whole.

    Yields:
        (rows, width), at most :data:`BLOCK` rows.

    Raises:
        VectorError: missing, of another ending, damaged, of another width, or encoded by another run. Pickled arrays
            are never read.
    """
    _refuse_place(path)
    try:
        if path.suffix == ".npy":
            yield from _blocks(path, open_npy(path), width, kept)
        elif path.suffix == ".safetensors":
            mark, array, half = _open_safetensors(path)
            _refuse_other(str(path), mark, run)
            yield from _blocks(path, array, width, kept, half)
        elif path.suffix == ".parquet":
            yield from _read_parquet(path, width, run, kept)
        else:
            yield from _read_rows(path, width, run)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from None


def fingerprint_of(path: Path) -> str | None:
    """Return the fingerprint of the run that encoded a file of vectors; None if it has none.

    Of a file of text, the first row is asked.

    Raises:
        VectorError: missing, of another ending, or damaged.
    """
    _refuse_place(path)
    try:
        if path.suffix == ".safetensors":
            return _open_safetensors(path)[0]
        if path.suffix == ".parquet":
            with _opened(path) as file:
                return _told(file.schema_arrow.metadata or {})
        if path.suffix == ".npy":
            return None
        return next((mark for _, mark, _ in _text_rows(path)), None)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from None


def _refuse_place(path: Path) -> None:
    if path.suffix not in ENDINGS:
        raise VectorError(f"{path}: vectors are read from {', '.join(ENDINGS)}; give one of these")
    if not path.is_file():
        raise VectorError(f"{path}: no such file; `textrae encode RUN FILE -o {path}` makes one")


def _unreadable(path: Path, error: Exception) -> VectorError:
    said = getattr(error, "strerror", None) or (str(error).strip() or type(error).__name__).splitlines()[0]
    return VectorError(f"{path}: not a readable file of vectors ({said[:200]})")


def _refuse_other(where: str, found: str | None, run: str | None) -> None:
    """Raise :class:`VectorError` if vectors have a fingerprint, and it is not that of the run."""
    if found is not None and run is not None and found != run:
        raise VectorError(
            f"{where}: another run encoded these vectors (its fingerprint is {found[:16]}, this run's {run}); decode them with "
            "that run, or give `any_run=True`"
        )


def _told(metadata: Any) -> str | None:
    """Return the fingerprint in the metadata of a file, whose names may be bytes."""
    said = metadata.get(MARK) or metadata.get(MARK.encode())
    if said is None:
        return None
    values = orjson.loads(said)
    found = values.get("run") if isinstance(values, dict) else None
    return found if isinstance(found, str) else None


def _open_safetensors(path: Path) -> tuple[str | None, Block, bool]:
    """Return the fingerprint of a file, its array, mapped, and whether that holds bfloat16."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
            raise ValueError("no safetensors file, by its first bytes")
        header = orjson.loads(stream.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is malformed")
    metadata = header.pop("__metadata__", None) or {}
    name = TENSOR if TENSOR in header or len(header) != 1 else next(iter(header))
    if name not in header:
        raise VectorError(f"{path}: no array `{TENSOR}`; it has {', '.join(map(repr, list(header)[:12]))}")
    entry = header[name]
    try:
        shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
        dtype = np.dtype(_TYPES[entry["dtype"]])
        ends = max(one["data_offsets"][1] for one in header.values())
        plain = all(type(one) is int and 0 <= one < 1 << 60 for one in (*shape, begin, end, ends))
    except (TypeError, KeyError, ValueError, IndexError):
        plain = False
    if not plain or not isinstance(metadata, dict):
        raise ValueError("its header is malformed, or tells of other values than numbers")
    needed, held = dtype.itemsize * int(np.prod(shape, dtype=object)), size - 8 - length
    if end - begin != needed or ends != held:
        raise ValueError(f"its arrays take {ends:,} bytes by its header, and it holds {held:,}")
    array = np.memmap(path, dtype, "r", 8 + length + begin, shape) if needed else np.empty(shape, dtype)
    return _told(metadata), array, entry["dtype"] == "BF16"


def _blocks(path: Path, array: Block, width: int, kept: bool, half: bool = False) -> Iterator[Block]:
    """Yield blocks of a mapped array, copied; `half` for the upper halves of float32."""
    wanted = columns(width, "int8", kept) if array.dtype == np.int8 else width
    signs = holds_signs(array.dtype, array.shape, width, kept)
    if array.ndim == 2 and wanted > width == array.shape[1]:
        raise VectorError(f"{path}: {WITHOUT_LENGTH}")
    if array.ndim != 2 or not (array.shape[1] == wanted or signs):
        raise VectorError(
            f"{path}: shape {array.shape}: this run decodes (n, {width}); use vectors that it encoded"
        )
    if array.dtype.kind not in "fiu":
        raise VectorError(f"{path}: vectors of {array.dtype}; give floating-point numbers")
    for start in range(0, len(array), BLOCK):
        block = array[start : start + BLOCK]
        if isinstance(array, np.memmap) and array.flags.c_contiguous:
            # read, not mapped: mapped pages would stay in memory until the whole file is in it
            place = array.offset + start * array.strides[0]
            block = np.fromfile(path, array.dtype, block.size, offset=place).reshape(block.shape)
        if half:
            yield (block.astype(np.uint32) << 16).view(np.float32)
        else:
            yield restored(np.array(block), width, kept)


def _opened(path: Path) -> Any:
    """Open a Parquet file whose pages are checked by their checksums, if they have any.

    Raises:
        ValueError: it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def _read_parquet(path: Path, width: int, run: str | None, kept: bool) -> Iterator[Block]:
    import pyarrow as pa

    with _opened(path) as file:
        names = file.schema_arrow.names
        if names.count(VECTOR) != 1:
            said = "no column" if VECTOR not in names else "several columns"
            raise VectorError(
                f"{path}: {said} `{VECTOR}`; it has {', '.join(names[:12])}: give the vectors that name"
            )
        _refuse_other(str(path), _told(file.schema_arrow.metadata or {}), run)
        done = 0
        try:
            for batch in file.iter_batches(_rows_at_once(file.metadata), columns=[VECTOR]):
                yield _rows_of(pa, path, batch.column(0), width, kept, done)
                done += len(batch)
            if done != file.metadata.num_rows:
                raise ValueError(f"{file.metadata.num_rows:,} rows by its footer, and it holds {done:,}")
        except pa.ArrowException as error:
            raise ValueError(str(error)) from None


def _rows_at_once(metadata: Any) -> int:
    """Return how many rows of vectors to read at once: fewer of long ones, however few bytes they are packed into."""
    size = BLOCK
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        chunks = map(group.column, range(group.num_columns))
        held = sum(one.num_values for one in chunks if one.path_in_schema.split(".")[0] == VECTOR)
        size = min(size, _MOST_NUMBERS * max(1, group.num_rows) // max(1, held))
    return max(1, size)


def _rows_of(pa: Any, path: Path, column: Any, width: int, kept: bool, done: int) -> Block:
    """Return lists of numbers of any of Arrow's kinds of lists as an array.

    Args:
        pa: pyarrow.
        path: the file in messages.
        column: array of lists.
        width: dimensions that a vector must have.
        kept: whether the last number is a length that an encoding keeps.
        done: rows before these.

    Returns:
        (rows, width), restored.

    Raises:
        VectorError: the column holds something else, or a list has another length or a gap; its row is named.
    """
    import pyarrow.compute as pc

    types = pa.types
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view, types.is_large_list_view)  # fmt: skip
    if not any(is_list(column.type) for is_list in lists) or not (
        types.is_floating(column.type.value_type) or types.is_integer(column.type.value_type)
    ):
        raise VectorError(f"{path}: column `{VECTOR}` is {column.type}; it must hold lists of numbers")
    rows = column.is_null().to_numpy(zero_copy_only=False)
    if rows.any():
        raise VectorError(
            f"{path}: row {done + int(rows.argmax())} (counted from 0) has no vector; leave it out"
        )
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    dtype, wanted = np.dtype(column.type.value_type.to_pandas_dtype()), width
    if dtype == np.int8:
        wanted = columns(width, "int8", kept)
    if dtype == np.uint8 and not (lengths == width).all():
        wanted = columns(width, "binary", kept)
    other = np.flatnonzero(lengths != wanted)
    if len(other):
        raise VectorError(
            f"{path}: row {done + other[0]} (counted from 0) has {lengths[other[0]]} numbers, and this run decodes vectors "
            f"of {width} dimensions; use vectors that it encoded"
        )
    numbers = column.flatten()
    if numbers.null_count:
        gap = int(numbers.is_null().to_numpy(zero_copy_only=False).argmax()) // wanted
        raise VectorError(
            f"{path}: row {done + gap} (counted from 0) has a gap among its numbers; leave it out"
        )
    return restored(numbers.to_numpy(zero_copy_only=False).reshape(len(lengths), wanted), width, kept)


def _read_rows(path: Path, width: int, run: str | None) -> Iterator[Block]:
    """Yield blocks of the vectors of a file of text."""
    rows: list[NDArray[np.float32]] = []
    for where, mark, values in _text_rows(path):
        if len(values) != width:
            raise VectorError(f"{where}: {len(values)} dimensions; this run decodes {width}")
        _refuse_other(where, mark, run)
        with np.errstate(over="ignore"):
            rows.append(np.asarray(values, dtype=np.float32))
        if len(rows) == BLOCK:
            yield np.stack(rows)
            rows = []
    if rows:
        yield np.stack(rows)


def _text_rows(path: Path) -> Iterator[tuple[str, str | None, list[Any]]]:
    """Yield the place, fingerprint and numbers of each vector of a file of text."""
    return _csv_rows(path) if path.suffix == ".csv" else _jsonl_rows(path)


def _jsonl_rows(path: Path) -> Iterator[tuple[str, str | None, list[Any]]]:
    """Yield the place, fingerprint and numbers of each line of JSON.

    Raises:
        VectorError: a line is too long or no JSON, or its vector is no list of numbers; it names the line.
    """
    number = 0
    with path.open("rb") as stream:
        while line := stream.readline(_LONGEST_ROW):
            number += 1
            where = f"{path}, line {number}"
            if len(line) == _LONGEST_ROW and not line.endswith(b"\n"):
                raise VectorError(f"{where}: longer than {_LONGEST_ROW:,} bytes; give one vector a line")
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise VectorError(f"{where}: not JSON ({error.msg} at character {error.pos + 1})") from None
            mark, vector = None, value
            if isinstance(value, dict):
                mark, vector = value.get(RUN), value.get(VECTOR)
            # a truth value or a numeral in quotes would be taken for a number
            if not isinstance(vector, list) or not {float, int}.issuperset(map(type, vector)):
                raise VectorError(f'{where}: not {{"{VECTOR}": [numbers]}}')
            yield where, mark if isinstance(mark, str) else None, vector


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read()


def _csv_rows(path: Path) -> Iterator[tuple[str, str | None, list[Any]]]:
    """Yield the place, fingerprint and numbers of each row of a table with a column for each dimension.

    Raises:
        VectorError: the header has no such columns, or a row does not fit it or holds something else; it names the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = iter(lambda: stream.readline(_LONGEST_ROW), "")
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            at = [place for place, name in enumerate(header) if name.startswith(f"{VECTOR}_")]
            if not at or [header[place] for place in at] != [f"{VECTOR}_{n}" for n in range(len(at))]:
                raise VectorError(f"{path}: no columns `{VECTOR}_0`, `{VECTOR}_1`, … one after another")
            first, end = at[0], at[-1] + 1
            if end - first != len(at):
                raise VectorError(f"{path}: other columns stand between those of the vector")
            mark = header.index(RUN) if RUN in header else None
            if mark is not None and _last_byte(path) != b"\n":  # a shorter number would pass for one
                raise VectorError(f"{path}: its last line is cut; encode or copy it again")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if len(row) != len(header):
                    raise VectorError(f"{where}: {len(row)} fields where the header has {len(header)}")
                try:
                    numbers = list(map(float, row[first:end]))
                except ValueError:
                    raise VectorError(f"{where}: a field of the vector holds no number") from None
                yield where, None if mark is None else row[mark] or None, numbers
        except csv.Error as error:
            raise VectorError(f"{path}, line {reader.line_num}: {error}; check its quotes") from None
