"""Sentences beside vectors that any encoder made of them, or of their translations: row n belongs to line n.

The token cache is that of parallel text. Its source side holds the number of each sentence's vector, in two halves of 16
bits; the vectors stay in their file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError, VectorError
from textrae.settings.corpus import CorpusConfig
from textrae.text.lines import (
    BATCH_LINES,
    ReadCounts,
    Source,
    locate,
    read_sources,
    refuse_column,
    refuse_delimiter,
)
from textrae.text.npy import open_npy
from textrae.text.prepared import PreparedCorpus, build_cache, identity_of
from textrae.text.rows import line_numbers
from textrae.text.sources import listed
from textrae.text.two_pass import Block, Note, Rows, Side, load_or_train, rereadable, text_side, write_cache

_BLOCK = 8_192
"""Vectors checked at once."""


class VectorTable:
    """The vectors of a `.npy` file, memory-mapped.

    Args:
        path: a file of one floating-point array of shape (vectors, dimensions); pickles are never read.

    Raises:
        VectorError: the file is missing, or holds something else, or a value that is not finite (naming its row).
    """

    def __init__(self, path: str | Path) -> None:
        try:
            array = open_npy(Path(path))
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise VectorError(f"{path}: not a readable .npy file of vectors ({said})") from None
        if array.ndim != 2 or array.dtype.kind != "f" or not array.size:
            raise VectorError(
                f"{path}: {array.dtype} of shape {array.shape}; give floating-point values of shape (vectors, dimensions)"
            )
        for start in range(0, len(array), _BLOCK):
            with np.errstate(over="ignore"):
                block = array[start : start + _BLOCK].astype(np.float32)
            bad = np.flatnonzero(~np.isfinite(block).all(1))
            if len(bad):
                raise VectorError(
                    f"{path}: row {start + bad[0]} (counted from 0) holds NaN, infinity or a number beyond float32"
                )
        self.name, self._array = Path(path).name, array

    def __len__(self) -> int:
        return len(self._array)

    @property
    def width(self) -> int:
        """Dimensions of a vector."""
        return int(self._array.shape[1])

    def gather(self, ids: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the vectors that some rows of the cache stand for.

        Args:
            ids: (2 × rows,) source ids of the rows, one row after another.

        Returns:
            (rows, dimensions) vectors.
        """
        return self.rows(line_numbers(ids))

    def rows(self, numbers: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the vectors of some row numbers (rows,): (rows, dimensions)."""
        return np.ascontiguousarray(self._array[numbers], dtype=np.float32)


def prepare_given(
    paths: Sequence[str],
    table: VectorTable | None,
    config: CorpusConfig,
    cache_dir: Path,
    valid: tuple[str, VectorTable | None] | None = None,
    note: Note = lambda line: None,
    *,
    aligned: bool = False,
) -> PreparedCorpus:
    """Make the token cache of sentences and the numbers of their vectors in `cache_dir`.

    The validation sentences are those of `valid`, or else a share of the distinct ones; no sentence is both trained on
    and held out.

    Args:
        paths: files of the sentences.
        table: vectors of all lines of these files, blank ones included; None where only the numbers of lines are kept.
        config: how the sentences are read, split and tokenized.
        cache_dir: folder of the cache.
        valid: validation file and its vectors; None for vectors that only teach, of which validation needs none.
        note: called with each line for the user.
        aligned: whether the files are translations of one another, line by line.

    Raises:
        CorpusError: there are more or fewer lines than vectors, or than in another of aligned files, something cannot be read or written, or there is too
            little text; in one line.
    """
    sources = [locate(path, config) for path in paths]
    held = [] if valid is None else [locate(valid[0], config)]
    refuse_column([*sources, *held], config.column)
    refuse_delimiter([*sources, *held], config.delimiter)

    def learn(blocks: Iterator[Block], note: Note) -> tuple[Side, Side]:
        lines = (line for block in blocks for line in block.lines)
        tokenizer = load_or_train(config.tokenizer, lines, config, note)
        return Side(tokenizer, _halves, numbers=True), text_side(tokenizer, config)

    numbers = [None if one is None else len(one) for one in (table, None if valid is None else valid[1])]
    identity = identity_of([sources, held], config, vectors=numbers, aligned=aligned)

    def write(folder: Path) -> None:
        with ExitStack() as stack:
            rows = _rows(rereadable(sources, folder, "s", stack), table, config, aligned=aligned)
            kept = None
            if valid is not None:
                kept = _rows(rereadable(held, folder, "v", stack), valid[1], config)
            write_cache(rows, kept, learn, config, folder, note, identity, vectors=table is not None)

    return build_cache(cache_dir, write, identity, note)


def _rows(
    sources: list[Source], table: VectorTable | None, config: CorpusConfig, *, aligned: bool = False
) -> Rows:
    names = [source.name for source in sources]

    def read(counts: ReadCounts) -> Iterator[Block]:
        yield from _numbered(sources, table, config, counts)
        if aligned:
            _refuse_unaligned(names, counts.ends)

    return Rows(read, names, [source.label for source in sources])


def _refuse_unaligned(names: Sequence[str], ends: Sequence[int]) -> None:
    """Reject files that are to be translations of one another, and have unlike numbers of lines."""
    lines = np.diff(ends, prepend=0).tolist()
    for name, count in zip(names, lines, strict=True):
        if count != lines[0]:
            raise CorpusError(
                f"{name}: {count:,} lines, and {names[0]} has {lines[0]:,}: line n of each is to be a translation of the others'"
            )


def _numbered(
    sources: Sequence[Source], table: VectorTable | None, config: CorpusConfig, counts: ReadCounts
) -> Iterator[Block]:
    """Yield the numbers of the lines that are not blank, and these lines.

    Raises:
        CorpusError: there are more or fewer lines than vectors, or a file cannot be read.
    """
    lines = chain.from_iterable(read_sources(sources, config, counts, keep_blank=True))
    done = 0
    while some := list(islice(lines, BATCH_LINES)):
        kept = [(done + place, line) for place, line in enumerate(some) if line.strip()]
        done += len(some)
        if kept:
            texts = [line for _, line in kept]
            yield Block(texts, ([number for number, _ in kept], texts))
    if table is not None and done != len(table):
        names = listed([source.name for source in sources])
        raise CorpusError(
            f"{names}: {done:,} lines, and {table.name} has {len(table):,} vectors: row n is to belong to line n"
        )


def _halves(numbers: list[int]) -> tuple[list[list[int]], list[bool]]:
    """Return two ids for each number, its halves of 16 bits; none is truncated."""
    return [[number >> 16, number & 0xFFFF] for number in numbers], [False] * len(numbers)
