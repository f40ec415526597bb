"""Rows of token ids in a memory-mapped Arrow file, which `datasets` reads too (``Dataset.from_file``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from textrae.errors import CorpusError
from textrae.text.lengths import Lengths

COLUMN: Final = "ids"
"""Name of the only column."""
_SCHEMA: Final = pa.schema([(COLUMN, pa.list_(pa.uint16()))])
_CHUNK_ROWS: Final = 100_000
_CHUNK_TOKENS: Final = 4_000_000
_SLAB_TOKENS: Final = 1_000_000
"""Tokens gathered at once, which bounds the memory of their positions (8 bytes each)."""


class RowWriter:
    """A writer of rows of ids below 65,536 to an Arrow stream, in few large record batches.

    Args:
        path: file to write; it is whole once the context is left without an error.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._stream = pa.ipc.new_stream(self._file, _SCHEMA)
        self._ids: list[NDArray[np.uint16]] = []
        self._lengths: list[NDArray[np.int32]] = []
        self._waiting_rows = self._waiting_tokens = 0
        self.lengths = Lengths()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._flush()
                self._stream.close()
                self._file.flush()
                os.fsync(self._file.fileno())

    def add(self, rows: Sequence[Sequence[int]]) -> None:
        """Append rows of ids."""
        lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        total = int(lengths.sum())
        self._ids.append(np.fromiter(chain.from_iterable(rows), dtype=np.uint16, count=total))
        self._lengths.append(lengths)
        self.lengths.add(lengths)
        self._waiting_rows += len(rows)
        self._waiting_tokens += total
        if self._waiting_rows >= _CHUNK_ROWS or self._waiting_tokens >= _CHUNK_TOKENS:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting_rows:
            return
        offsets = np.zeros(self._waiting_rows + 1, dtype=np.int32)
        np.cumsum(np.concatenate(self._lengths), out=offsets[1:])
        lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(self._ids)))
        self._stream.write_batch(pa.record_batch([lists], schema=_SCHEMA))
        self._ids, self._lengths = [], []
        self._waiting_rows = self._waiting_tokens = 0


class TokenRows:
    """Rows of a file that :class:`RowWriter` wrote, memory-mapped: only what is asked for is loaded.

    Args:
        path: the file.
        limit: ids of a row at most; the rest of a longer one is left out.
        below: number that every id is below; None for no such check.

    Raises:
        CorpusError: the file is missing or damaged.
    """

    def __init__(self, path: Path, limit: int | None = None, below: int | None = None) -> None:
        import datasets

        self._path, self._below = path, below

        try:
            self._table: Any = datasets.Dataset.from_file(str(path)).data
            chunks = [chunk for chunk in self._table.column(COLUMN).chunks if len(chunk)]
            self._map(chunks, path.stat().st_size)
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise CorpusError(
                f"{path}: not a file of token rows ({str(error).partition(chr(10))[0]})"
            ) from None
        self._limit = np.iinfo(np.int32).max if limit is None else limit

    def _map(self, chunks: list[Any], size: int) -> None:
        """Lay one array over the whole mapping, and note where each chunk's offsets and ids begin in it.

        Rows of all chunks are then gathered in one step; a loop over chunks would cost more than the reading.
        """
        starts = np.cumsum([0] + [len(chunk) for chunk in chunks], dtype=np.int64)
        self._first_rows, self._count = starts[:-1], int(starts[-1])
        buffers = []
        for chunk in chunks:
            _, offsets, _, ids = chunk.buffers()
            if chunk.type != _SCHEMA.field(COLUMN).type or chunk.offset or ids is None:
                raise ValueError("other columns than token ids")
            chunk.validate(full=True)  # a damaged offset would lead out of the mapping
            buffers.append((offsets, ids))
        low = min((b.address for pair in buffers for b in pair), default=0)
        high = max((b.address + b.size for pair in buffers for b in pair), default=0)
        if high - low > size or low % 4:
            raise ValueError("its parts do not lie in one mapping")
        whole = pa.foreign_buffer(low, high - low, base=self._table) if chunks else pa.py_buffer(b"")
        self._ids = np.frombuffer(whole, dtype=np.uint16, count=(high - low) // 2)
        self._offsets = np.frombuffer(whole, dtype=np.int32, count=(high - low) // 4)
        self._offsets_at = np.array([(o.address - low) // 4 for o, _ in buffers], dtype=np.int64)
        self._ids_at = np.array([(i.address - low) // 2 for _, i in buffers], dtype=np.int64)

    def __len__(self) -> int:
        return self._count

    @property
    def lengths(self) -> NDArray[np.uint16]:
        """Number of tokens of each row, in an array of its own of 2 bytes a row."""
        return self.lengths_of(np.arange(self._count))

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the number of tokens of each of some rows, read where they lie in the file."""
        _, places = self._places(rows)
        lengths: NDArray[np.int32] = self._offsets[places + 1] - self._offsets[places]
        return np.minimum(lengths, min(self._limit, np.iinfo(np.uint16).max)).astype(np.uint16)

    def _places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for each row the chunk that it is in, and the place of its offset in the mapping."""
        chunks = np.searchsorted(self._first_rows, rows, side="right") - 1
        return chunks, self._offsets_at[chunks] + rows - self._first_rows[chunks]

    def gather(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        """Return the ids of `rows` one after another, and the len(rows) + 1 offsets between them.

        Raises:
            IndexError: a row number is negative or past the end.
            CorpusError: the file is damaged.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and not 0 <= rows.min() <= rows.max() < self._count:
            raise IndexError(f"rows are numbered 0 to {self._count - 1}")
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        if not len(rows):
            return np.empty(0, dtype=np.uint16), offsets
        chunks, places = self._places(rows)
        starts = self._offsets[places].astype(np.int64)
        np.cumsum(np.minimum(self._offsets[places + 1] - starts, self._limit), out=offsets[1:])
        starts += self._ids_at[chunks]
        ids = np.empty(offsets[-1], dtype=np.uint16)
        first = 0
        while first < len(rows):
            last = int(np.searchsorted(offsets, offsets[first] + _SLAB_TOKENS, side="right")) - 1
            last = max(last, first + 1)
            begin, end = offsets[first], offsets[last]
            shifts = starts[first:last] - offsets[first:last]
            source = np.repeat(shifts, np.diff(offsets[first : last + 1])) + np.arange(begin, end)
            np.take(self._ids, source, out=ids[begin:end])
            first = last
        if self._below is not None and len(ids) and (largest := int(ids.max())) >= self._below:
            raise CorpusError(
                f"{self._path}: damaged (token {largest:,} of a vocabulary of {self._below:,}); start again with `overwrite=True`"
            )
        return ids, offsets

    def close(self) -> None:
        """Release the file; the rows cannot be read afterwards."""
        empty = np.empty(0, dtype=np.int64)
        self._ids, self._offsets = empty.astype(np.uint16), empty.astype(np.int32)
        self._first_rows, self._count, self._table = empty, 0, None


def line_numbers(ids: NDArray[np.integer]) -> NDArray[np.int64]:
    """Join the halves of 16 bits, (2 × rows,), to the numbers of lines, (rows,)."""
    high, low = ids.astype(np.int64).reshape(-1, 2).T
    return high << 16 | low
