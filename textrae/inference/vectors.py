"""Files of vectors: NumPy, Parquet and JSON lines, written and read in blocks so that memory stays flat."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from textrae.errors import RunError, VectorError

ENDINGS = (".npy", ".parquet", ".jsonl")
BLOCK = 8_192
"""Rows read at once."""
_HEADER = 128
"""Bytes of the NumPy header: room for any number of rows, which is known only at the end."""
_LONGEST_ROW = 1 << 24
Storage = Literal["float32", "float16", "int8", "binary"]
"""How the numbers of a vector are kept."""
STORAGE: dict[Storage, str] = {"float32": "<f4", "float16": "<f2", "int8": "|i1", "binary": "|u1"}
_STEP = 1 / 32
"""What one stands for in int8: numbers from -4 to 4 (an encoding's variance is 1) with an error of at most 1/64."""


def stored(vectors: NDArray[np.float32], storage: Storage) -> NDArray[Any]:
    """Vectors (n, width) in fewer bytes: 2, 1 or an eighth a number instead of 4.

    ``int8`` counts steps of 1/32, and what lies beyond ±4 becomes that; ``binary`` keeps the signs, eight a byte,
    (n, ceil(width / 8)).
    """
    if storage == "binary":
        return np.packbits(vectors > 0, axis=1)
    if storage == "int8":
        steps: NDArray[np.float32] = np.rint(vectors / _STEP)
        return steps.clip(-127, 127).astype(np.int8)
    return vectors.astype(STORAGE[storage], copy=False)


def restored(array: NDArray[Any], width: int) -> NDArray[Any]:
    """What :func:`stored` made, told by its type, as numbers again; other arrays as they are."""
    if array.dtype == np.int8:
        numbers: NDArray[np.float32] = array.astype(np.float32) * np.float32(_STEP)
        return numbers
    if array.dtype == np.uint8 and array.ndim == 2 and array.shape[1] == -(-width // 8):
        return np.where(np.unpackbits(array, axis=1, count=width), np.float32(1), np.float32(-1))
    return array


class VectorWriter:
    """Writes vectors to a file of a format told by its ending, beside its place; it appears there when complete.

    Args:
        path: ending in ``.npy`` (vectors alone), ``.parquet`` or ``.jsonl`` (columns `text` and `vector`).
        width: numbers of a vector.
        storage: how they are kept; anything but float32 needs ``.npy`` or ``.parquet``.

    Raises:
        VectorError: the ending is none of these, or does not go with the storage.
        RunError: the place cannot be written.
    """

    def __init__(self, path: Path, width: int, storage: Storage = "float32") -> None:
        if path.suffix not in ENDINGS:
            raise VectorError(
                f"{path}: vectors are written to {', '.join(ENDINGS)}; give one of these endings"
            )
        if storage not in STORAGE:
            raise VectorError(f"{storage}: vectors are kept as {', '.join(STORAGE)}; give one of these")
        if storage != "float32" and path.suffix == ".jsonl":
            raise VectorError(f"{path}: text holds float32 alone; give .npy or .parquet for {storage}")
        if path.is_dir():
            raise RunError(f"{path}: is a folder; give a file")
        self.path, self.storage = path, storage
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._stream = self._beside.open("wb")
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
        self._format = formats[path.suffix](self._stream, columns, np.dtype(STORAGE[storage]))

    def add(self, sentences: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Append rows: the sentences and their (n, width) vectors."""
        self._format.add(sentences, stored(vectors, self.storage))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._format.end()
                self._stream.close()
                self._beside.replace(self.path)
            else:
                with suppress(OSError, ValueError):
                    self._format.end()  # lets a library's writer finish while its stream is open
        except OSError as refused:
            raise RunError(
                f"{self.path}: cannot write ({refused.strerror or refused}); free some space"
            ) from None
        finally:
            self._stream.close()
            self._beside.unlink(missing_ok=True)


class _Npy:
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
    """Blocks of rows of a file of vectors, as numbers however they were stored.

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
    if not isinstance(array, np.ndarray) or array.ndim != 2 or restored(array[:1], width).shape[1] != width:
        raise VectorError(
            f"{path}: shape {getattr(array, 'shape', '?')}: this run decodes (n, {width}); use vectors that it encoded"
        )
    for start in range(0, len(array), BLOCK):
        block = array[start : start + BLOCK]
        if isinstance(array, np.memmap) and array.flags.c_contiguous:
            # read, not mapped: mapped pages would stay in memory until all of the file is
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
                    f"{path}: rows not of {width} numbers, which this run decodes; use vectors that it encoded"
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
                raise VectorError(f"{path}, line {number}: {rows[-1].size} numbers; this run decodes {width}")
            if len(rows) == BLOCK:
                yield np.stack(rows)
                rows = []
    if rows:
        yield np.stack(rows)


Vectors = NDArray[np.float32]


def check_vectors(vectors: NDArray[Any], width: int, first: int = 0) -> Vectors:
    """Vectors as float32, if they can be decoded; int8 and binary ones are restored.

    Args:
        first: number of the first row, where these are a part of many.

    Raises:
        VectorError: not (n, width), not numbers, or one that is not finite (naming its row).
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
