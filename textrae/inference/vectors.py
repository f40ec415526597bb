"""Files of vectors: NumPy, Parquet and JSON lines, written and read in blocks so that memory does not grow with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from textrae.errors import RunError, VectorError
from textrae.runs.draft import Draft

Vectors = NDArray[np.float32]
"""Vectors that a model makes or decodes: (n, dimensions)."""
ENDINGS = (".npy", ".parquet", ".jsonl")
BLOCK = 8_192
"""Rows read at once."""
_HEADER = 128
"""Bytes of the NumPy header: room for any number of rows, which is known only at the end."""
_LONGEST_ROW = 1 << 24
"""Most bytes of a JSON line."""
Storage = Literal["float32", "float16", "int8", "binary"]
"""How the dimensions of a vector are stored."""
STORAGE: dict[Storage, str] = {"float32": "<f4", "float16": "<f2", "int8": "|i1", "binary": "|u1"}
"""NumPy type of each storage."""
_STEP = 1 / 32
"""Value of one step of int8: it holds -4 to 4 (an encoding's variance is 1) with an error of at most 1/64."""


def stored(vectors: Vectors, storage: Storage) -> NDArray[Any]:
    """Convert vectors to a smaller type: 2, 1 or an eighth of a byte a dimension instead of 4.

    ``int8`` counts steps of 1/32 and clips at ±4; ``binary`` keeps only the signs, eight a byte.

    Args:
        vectors: (n, width).
        storage: the type to convert to.

    Returns:
        (n, width), or (n, ceil(width / 8)) for ``binary``; :func:`restored` converts it back.
    """
    if storage == "binary":
        return np.packbits(vectors > 0, axis=1)
    if storage == "int8":
        steps: NDArray[np.float32] = np.rint(vectors / _STEP)
        return steps.clip(-127, 127).astype(np.int8)
    return vectors.astype(STORAGE[storage], copy=False)


def restored(array: NDArray[Any], width: int) -> NDArray[Any]:
    """Convert an array made by :func:`stored` back to float32, recognised by its type; return others unchanged.

    Args:
        array: (n, width), or (n, ceil(width / 8)) for ``binary``.
        width: dimensions of a vector.
    """
    if array.dtype == np.int8:
        numbers: Vectors = array.astype(np.float32) * np.float32(_STEP)
        return numbers
    if _holds_signs(array, width):
        return np.where(np.unpackbits(array, axis=1, count=width), np.float32(1), np.float32(-1))
    return array


def _holds_signs(array: NDArray[Any], width: int) -> bool:
    return array.dtype == np.uint8 and array.ndim == 2 and array.shape[1] == -(-width // 8)


class VectorWriter:
    """A file of vectors being written, as a context manager; the file appears at its place when it is complete.

    Args:
        path: ending in ``.npy`` (vectors only), ``.parquet`` or ``.jsonl`` (columns `text` and `vector`).
        width: dimensions of a vector.
        storage: how dimensions are stored; anything but float32 needs ``.npy`` or ``.parquet``.

    Raises:
        VectorError: the ending is none of these, or does not go with the storage.
        RunError: the file cannot be written.
    """

    def __init__(self, path: Path, width: int, storage: Storage = "float32") -> None:
        if path.suffix not in ENDINGS:
            raise VectorError(
                f"{path}: vectors are written to {', '.join(ENDINGS)}; give one of these endings"
            )
        if storage not in STORAGE:
            raise VectorError(
                f"`storage={storage}`: vectors are stored as {', '.join(STORAGE)}; give one of these"
            )
        if storage != "float32" and path.suffix == ".jsonl":
            raise VectorError(f"{path}: a text file holds only float32; give .npy or .parquet for {storage}")
        if path.is_dir():
            raise RunError(f"{path}: is a folder; give a file")
        self.path, self.storage = path, storage
        try:
            self._draft = Draft(path)
        except OSError as error:
            raise RunError(
                f"{path}: cannot write ({error.strerror or error}); choose another place"
            ) from None
        formats: dict[str, type[_Npy | _Jsonl | _Parquet]] = {
            ".npy": _Npy,
            ".parquet": _Parquet,
            ".jsonl": _Jsonl,
        }
        columns = -(-width // 8) if storage == "binary" else width
        self._format = formats[path.suffix](self._draft.stream, columns, np.dtype(STORAGE[storage]))

    def add(self, sentences: Sequence[str], vectors: Vectors) -> None:
        """Append n sentences and their (n, width) vectors."""
        self._format.add(sentences, stored(vectors, self.storage))

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Complete the file and move it to its place; after an error, remove it."""
        try:
            if kind is None:
                self._format.end()
                self._draft.publish()
            else:
                with suppress(OSError, ValueError):
                    self._format.end()  # a library's writer must finish while its stream is open
        except OSError as refused:
            raise RunError(
                f"{self.path}: cannot write ({refused.strerror or refused}); free some space"
            ) from None
        finally:
            self._draft.discard()


class _Npy:
    """Rows of a NumPy file, behind a header that is written at the end."""

    def __init__(self, stream: IO[bytes], width: int, kind: np.dtype[Any]) -> None:
        self.stream, self.width, self.kind, self.rows = stream, width, kind, 0
        stream.write(b"\0" * _HEADER)

    def add(self, sentences: Sequence[str], vectors: NDArray[Any]) -> None:
        self.rows += len(vectors)
        self.stream.write(vectors.tobytes())

    def end(self) -> None:
        header = (
            f"{{'descr': '{self.kind.str}', 'fortran_order': False, 'shape': ({self.rows}, {self.width}), }}"
        )
        start = npy.magic(1, 0)
        room = _HEADER - len(start) - 2
        self.stream.seek(0)
        self.stream.write(
            start + room.to_bytes(2, "little") + (header.ljust(room - 1) + "\n").encode("latin-1")
        )


class _Jsonl:
    """Lines of ``{"text": …, "vector": […]}``."""

    def __init__(self, stream: IO[bytes], width: int, kind: np.dtype[Any]) -> None:
        self.stream = stream

    def add(self, sentences: Sequence[str], vectors: NDArray[Any]) -> None:
        for text, vector in zip(sentences, vectors, strict=True):
            # the shortest decimals that read back as the same float32
            numbers = ", ".join(str(number) for number in vector)
            self.stream.write(
                f'{{"text": {json.dumps(text, ensure_ascii=False)}, "vector": [{numbers}]}}\n'.encode()
            )

    def end(self) -> None:
        self.stream.flush()


class _Parquet:
    """Row groups of a Parquet file with the columns `text` and `vector`."""

    def __init__(self, stream: IO[bytes], width: int, kind: np.dtype[Any]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.pa, self.width = pa, width
        numbers = pa.list_(pa.from_numpy_dtype(kind), width)
        self.schema = pa.schema([("text", pa.string()), ("vector", numbers)])
        self.writer = pq.ParquetWriter(stream, self.schema)

    def add(self, sentences: Sequence[str], vectors: NDArray[Any]) -> None:
        column = self.pa.FixedSizeListArray.from_arrays(self.pa.array(vectors.ravel()), self.width)
        texts = self.pa.array(sentences, self.pa.string())
        self.writer.write_table(self.pa.Table.from_arrays([texts, column], schema=self.schema))

    def end(self) -> None:
        self.writer.close()


def read_vectors(path: Path, width: int) -> Iterator[NDArray[Any]]:
    """Yield blocks of rows of a file of vectors, restored however they were stored; :func:`check_vectors` checks them.

    Args:
        path: ending in ``.npy``, ``.parquet`` or ``.jsonl``.
        width: dimensions that a vector must have.

    Yields:
        (rows, width), at most :data:`BLOCK` rows.

    Raises:
        VectorError: missing, of another ending, damaged, or of another width; pickled arrays are never read.
    """
    if path.suffix not in ENDINGS:
        raise VectorError(f"{path}: vectors are read from {', '.join(ENDINGS)}; give one of these")
    if not path.is_file():
        raise VectorError(f"{path}: no such file; `textrae encode RUN FILE -o {path}` makes one")
    try:
        if path.suffix == ".npy":
            yield from _read_npy(path, width)
        elif path.suffix == ".parquet":
            yield from _read_parquet(path, width)
        else:
            yield from _read_jsonl(path, width)
    except (OSError, ValueError, EOFError) as error:
        raise VectorError(f"{path}: not a readable file of vectors ({str(error).splitlines()[0]})") from None


def _read_npy(path: Path, width: int) -> Iterator[NDArray[Any]]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    fits = isinstance(array, np.ndarray) and array.ndim == 2
    if not fits or not (array.shape[1] == width or _holds_signs(array, width)):
        raise VectorError(
            f"{path}: shape {getattr(array, 'shape', '?')}: this run decodes (n, {width}); use vectors that it encoded"
        )
    for start in range(0, len(array), BLOCK):
        block = array[start : start + BLOCK]
        if isinstance(array, np.memmap) and array.flags.c_contiguous:
            # read, not mapped: mapped pages would stay in memory until the whole file is in it
            place = array.offset + start * array.strides[0]
            block = np.fromfile(path, array.dtype, block.size, offset=place).reshape(block.shape)
        yield restored(np.array(block), width)


def _read_parquet(path: Path, width: int) -> Iterator[NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if "vector" not in file.schema_arrow.names:
            raise VectorError(f"{path}: no column `vector`; it has {', '.join(file.schema_arrow.names)}")
        for batch in file.iter_batches(BLOCK, columns=["vector"]):
            column = batch.column(0)
            if (
                not (pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type))
                or column.null_count
            ):
                raise VectorError(
                    f"{path}: column `vector` is {column.type} or has gaps; it must hold lists of numbers"
                )
            numbers = column.flatten().to_numpy(zero_copy_only=False)
            whole = len(column) > 0 and len(numbers) % len(column) == 0
            rows = restored(numbers.reshape(len(column), -1), width) if whole else numbers.reshape(-1, 1)
            if rows.shape != (len(column), width):
                raise VectorError(
                    f"{path}: rows not of {width} dimensions, which this run decodes; use vectors that it encoded"
                )
            yield rows


def _read_jsonl(path: Path, width: int) -> Iterator[NDArray[Any]]:
    rows: list[Any] = []
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(_LONGEST_ROW):
            number += 1
            try:
                value = json.loads(line)
                rows.append(
                    np.asarray(value["vector"] if isinstance(value, dict) else value, dtype=np.float32)
                )
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                raise VectorError(f'{path}, line {number}: not {{"vector": [numbers]}}') from None
            if rows[-1].shape != (width,):
                raise VectorError(
                    f"{path}, line {number}: {rows[-1].size} dimensions; this run decodes {width}"
                )
            if len(rows) == BLOCK:
                yield np.stack(rows)
                rows = []
    if rows:
        yield np.stack(rows)


def check_vectors(vectors: NDArray[Any], width: int, first: int = 0) -> Vectors:
    """Return vectors as float32 if they can be decoded; ``int8`` and ``binary`` ones are restored.

    Args:
        vectors: (n, width), or what :func:`stored` returned.
        width: dimensions that a vector must have.
        first: number of the first row in messages, where the vectors are a part of many.

    Returns:
        (n, width), contiguous.

    Raises:
        VectorError: the shape is wrong, the type is not numeric, or a vector is not finite (its row is named).
    """
    array = restored(np.asarray(vectors), width)
    if array.ndim != 2 or array.shape[1] != width:
        raise VectorError(
            f"vectors of shape {array.shape}: this run decodes (n, {width}); use vectors that it encoded"
        )
    if array.dtype.kind not in "fiu":
        raise VectorError(f"vectors of {array.dtype}: give floating-point numbers")
    out = np.ascontiguousarray(array, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(out).all(axis=1))
    if len(bad):
        raise VectorError(
            f"vector {first + bad[0]} (counted from 0) holds NaN or infinity, as do {len(bad)} of the {len(out)} from "
            f"{first} on: leave them out"
        )
    return out
