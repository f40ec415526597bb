"""What an index holds, while it is made and as arrays that are mapped from disk."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from textrae.errors import SearchError, cannot_write
from textrae.inference.vectors import STORAGE, Vectors
from textrae.search.nearest import Rows, small

Kept = Literal["float16", "float32"]
"""How the vectors of an index are kept."""
KEPT: tuple[Kept, ...] = ("float16", "float32")
"""Every way to keep vectors."""


@dataclass(frozen=True)
class Store:
    """Different sentences with their vectors and the rows where they stand; arrays may be mapped from disk."""

    vectors: NDArray[Any]
    """(sentences, width) float16 or float32, of length 1."""
    steps: NDArray[np.int8]
    """(sentences, width), the same as small whole numbers (:mod:`textrae.search.nearest`)."""
    errors: NDArray[np.float32]
    """(sentences,), what these miss."""
    text: NDArray[np.uint8]
    """(bytes,), the sentences one after another in UTF-8."""
    ends: NDArray[np.uint64]
    """(sentences,), places in `text` where each ends."""
    rows: NDArray[np.uint64]
    """Rows of the input from 0, those of the first sentence first."""
    starts: NDArray[np.uint64]
    """(sentences + 1,), places in `rows` where those of each begin."""
    lines: int
    """Rows of the input, blank ones too."""

    @property
    def kept(self) -> Rows:
        """The vectors, to be searched."""
        return Rows(self.vectors, self.steps, self.errors)

    def text_of(self, number: int) -> str:
        """Return a sentence.

        Raises:
            SearchError: its place or its bytes cannot be right.
        """
        first, last = int(self.ends[number - 1]) if number else 0, int(self.ends[number])
        try:
            if not first <= last <= len(self.text):
                raise ValueError(f"place {first}")
            return self.text[first:last].tobytes().decode()
        except ValueError as error:
            raise SearchError(f"sentence {number} of the index is damaged ({error}); make it again") from None

    def rows_of(self, number: int) -> list[int]:
        """Return the rows of the input, from 0, where a sentence stands.

        Raises:
            SearchError: they cannot be right.
        """
        first, last = int(self.starts[number]), int(self.starts[number + 1])
        rows = self.rows[first:last].tolist() if first < last <= len(self.rows) else []
        if not rows or max(rows) >= self.lines:
            raise SearchError(f"the rows of sentence {number} of the index are damaged; make it again")
        return rows

    def copies(self) -> NDArray[np.int64]:
        """Return how often each sentence stands in the input, (sentences,)."""
        starts = self.starts.astype(np.int64)
        return starts[1:] - starts[:-1]


class StoreWriter:
    """A store being made: vectors and sentences go to files without a name, of which a killed process leaves nothing.

    Args:
        width: numbers of a vector.
        kept: how vectors are kept.

    Raises:
        SearchError: there is no room for temporary files.
    """

    def __init__(self, width: int, kept: Kept) -> None:
        self._width, self._dtype = width, np.dtype(STORAGE[kept])
        self._errors, self._ends = array("f"), array("Q")
        self._bytes = 0
        try:
            self._streams: list[IO[bytes]] = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115
        except OSError as error:
            raise self._full(error) from None

    def add(self, sentences: Sequence[str], vectors: Vectors) -> None:
        """Append sentences and their unit vectors, (sentences, width).

        Raises:
            SearchError: the disk refuses.
        """
        kept = vectors.astype(self._dtype)
        steps, errors = small(vectors, kept)
        encoded = [sentence.encode() for sentence in sentences]
        for one in encoded:
            self._bytes += len(one)
            self._ends.append(self._bytes)
        self._errors.frombytes(errors.tobytes())
        try:
            for stream, content in zip(
                self._streams, (kept.tobytes(), steps.tobytes(), b"".join(encoded)), strict=True
            ):
                stream.write(content)
        except OSError as error:
            raise self._full(error) from None

    def finish(self, rows: NDArray[np.int64], starts: NDArray[np.int64], lines: int) -> Store:
        """Return what was written, mapped from disk, with the rows where each sentence stands.

        Args:
            rows: of the input, as :attr:`Store.rows`.
            starts: as :attr:`Store.starts`.
            lines: rows of the input, blank ones too.

        Raises:
            SearchError: the disk refuses.
        """
        count = len(self._ends)
        shapes: tuple[tuple[int, ...], ...] = ((count, self._width), (count, self._width), (self._bytes,))
        try:
            mapped = [
                _mapped(stream, dtype, shape)
                for stream, dtype, shape in zip(
                    self._streams, (self._dtype, np.dtype("i1"), np.dtype("u1")), shapes, strict=True
                )
            ]
        except OSError as error:
            raise self._full(error) from None
        errors, ends = np.frombuffer(self._errors, np.float32), np.frombuffer(self._ends, np.uint64)
        return Store(
            mapped[0],
            mapped[1],
            errors,
            mapped[2],
            ends,
            rows.astype(np.uint64),
            starts.astype(np.uint64),
            lines,
        )

    def close(self) -> None:
        """Give the files up; arrays that are mapped stay."""
        for stream in self._streams:
            stream.close()

    def _full(self, error: OSError) -> SearchError:
        return SearchError(cannot_write(tempfile.gettempdir(), error))


def _mapped(stream: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    stream.flush()
    mapped: NDArray[Any] = np.memmap(stream, dtype, "r", 0, shape) if all(shape) else np.empty(shape, dtype)
    return mapped
