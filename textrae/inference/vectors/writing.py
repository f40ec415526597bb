"""Files of vectors, written in blocks so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Final, Self

from textrae.errors import ConfigError, RunError, VectorError, cannot_write
from textrae.inference.vectors.formats import (
    RUN,
    TEXT,
    VECTOR,
    Csv,
    Jsonl,
    Kept,
    Layout,
    Npy,
    Parquet,
    Safetensors,
)
from textrae.inference.vectors.storage import STORAGE, Storage, Vectors, stored
from textrae.runs.draft import Draft

ENDINGS: Final = (".npy", ".safetensors", ".parquet", ".jsonl", ".csv")
"""Endings of files of vectors."""
_TEXTS: Final = (".jsonl", ".csv")
_BARE: Final = (".npy", ".safetensors")
"""Endings of files that hold vectors and no text."""
_FORMATS: Final[dict[str, type[Npy | Jsonl | Csv | Parquet]]] = {
    ".npy": Npy,
    ".safetensors": Safetensors,
    ".jsonl": Jsonl,
    ".csv": Csv,
    ".parquet": Parquet,
}
_NOTHING: Final[Kept] = MappingProxyType({})


def check_place(path: Path, storage: str = "float32", keep: Sequence[str] = ()) -> None:
    """Reject, before the work, a file that vectors could not be written to.

    Args:
        path: the file, told by its ending.
        storage: how dimensions are stored.
        keep: names of further columns.

    Raises:
        ConfigError: the ending is none of :data:`ENDINGS`, or does not go with the storage or with columns, or a column's name is taken.
        RunError: a folder is there.
    """
    if path.is_dir():
        raise RunError(f"{path}: is a folder; give a file")
    if path.suffix not in ENDINGS:
        raise ConfigError(f"{path}: vectors are written to {', '.join(ENDINGS)}; give one of these endings")
    if storage not in STORAGE:
        raise ConfigError(
            f"`storage={storage}`: vectors are stored as {', '.join(STORAGE)}; give one of these"
        )
    if storage != "float32" and path.suffix in _TEXTS:
        raise ConfigError(
            f"{path}: a text file holds only float32; give .npy, .safetensors or .parquet for {storage}"
        )
    if keep and path.suffix in _BARE:
        raise ConfigError(
            f"{path}: holds vectors only, and no columns to `keep`; give .parquet, .jsonl or .csv"
        )
    for name in keep:
        if name in (TEXT, VECTOR, RUN) or (path.suffix == ".csv" and name.startswith(f"{VECTOR}_")):
            raise ConfigError(
                f"`keep`: {path} has a column {name!r} of its own; leave it out or rename yours"
            )
        if list(keep).count(name) > 1:
            raise ConfigError(f"`keep`: {name!r} is named twice")


class VectorWriter:
    """A file of vectors being written, as a context manager; the file appears at its place when it is complete.

    Args:
        path: ending in ``.npy`` or ``.safetensors`` (vectors only), or in ``.parquet``, ``.jsonl`` or ``.csv`` (tables,
            with the sentences).
        width: dimensions of a vector.
        storage: how dimensions are stored; anything but float32 needs a file that is no text.
        run: fingerprint of the run that encodes (:attr:`textrae.runs.run.Run.fingerprint`), which all formats but
            ``.npy`` keep.
        keep: names of further columns of a table.
        length: whether the last number is a length that an encoding keeps, which smaller types keep whole.
        stream: where to write lines of JSON as they come, in place of the file.

    Raises:
        ConfigError: as :func:`check_place`.
        RunError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        storage: Storage = "float32",
        *,
        run: str | None = None,
        keep: Sequence[str] = (),
        length: bool = False,
        stream: IO[bytes] | None = None,
    ) -> None:
        check_place(path if stream is None else Path("output.jsonl"), storage, keep)
        self.path, self.storage, self._keep, self._length = path, storage, tuple(keep), length
        try:
            self._draft = Draft(path) if stream is None else None
        except OSError as error:
            raise RunError(cannot_write(path, error)) from None
        out = stream if self._draft is None else self._draft.stream
        assert out is not None
        kind = Jsonl if self._draft is None else _FORMATS[path.suffix]
        try:
            self._format = kind(out, Layout(width, storage, run, self._keep, length))
        except BaseException:
            self._leave()
            raise

    def add(self, sentences: Sequence[str], vectors: Vectors, kept: Mapping[str, Any] = _NOTHING) -> None:
        """Append n sentences, their (n, width) vectors, and n values of each further column.

        Args:
            sentences: n sentences.
            vectors: (n, width).
            kept: lists of values, or Arrow arrays, by the names of the columns.

        Raises:
            VectorError: a value cannot be written.
            RunError: the disk refuses.
            ValueError: there are not n of each, or other columns.
        """
        if len(sentences) != len(vectors) or any(len(values) != len(vectors) for values in kept.values()):
            raise ValueError(f"{len(vectors)} vectors, and not as many sentences or values of a column")
        if tuple(kept) != self._keep:
            raise ValueError(f"columns {list(kept)} where {list(self._keep)} are to be kept")
        try:
            self._format.add(sentences, stored(vectors, self.storage, self._length), kept)
        except (UnicodeEncodeError, TypeError) as error:  # half a character, which is no text
            raise VectorError(f"{self.path}: a text cannot be written ({error})") from None
        except OSError as error:
            if self._draft is None:
                raise
            raise self._full(error) from None

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
                if self._draft is not None:
                    self._draft.publish()
            else:
                with suppress(OSError, ValueError):
                    self._format.end()  # a library's writer must finish while its stream is open
        except OSError as refused:
            if self._draft is None:
                raise
            raise self._full(refused) from None
        finally:
            self._leave()

    def _full(self, error: OSError) -> RunError:
        return RunError(cannot_write(self.path, error))

    def _leave(self) -> None:
        if self._draft is not None:
            self._draft.discard()
