"""Sentences beside vectors that any encoder made of them, or of their translations: row n belongs to line n.

The token cache is that of parallel text whose source side holds, of each sentence, the number of its vector, in two
halves of 16 bits; the vectors stay in their file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError, VectorError
from textrae.settings.corpus import CorpusConfig
from textrae.text.aligned import THREADS, Coder, Encoded, Pair, PairCounts, Pairs, held_out, write
from textrae.text.corpus import Note, PreparedCorpus, built, spooled
from textrae.text.lines import BATCH_LINES, Source, locate, read_sources, refuse_column
from textrae.text.split import LineHashes
from textrae.text.tokenizer import Tokenizer

_BLOCK = 8_192


class VectorTable:
    """The vectors of a `.npy` file, read where they lie.

    Args:
        path: a file of one array (vectors, numbers) of floating-point numbers; pickles are never read.

    Raises:
        VectorError: the file is missing, or holds something else, or a number that is not finite (naming its row).
    """

    def __init__(self, path: str | Path) -> None:
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            said = str(error).splitlines()[0]
            raise VectorError(f"{path}: not a readable .npy file of vectors ({said})") from None
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f" or not array.size:
            shape, kind = getattr(array, "shape", "?"), getattr(array, "dtype", "?")
            raise VectorError(
                f"{path}: {kind} of shape {shape}; give floating-point numbers of shape (rows, numbers)"
            )
        for start in range(0, len(array), _BLOCK):
            bad = np.flatnonzero(~np.isfinite(array[start : start + _BLOCK]).all(1))
            if len(bad):
                raise VectorError(f"{path}: row {start + bad[0]} (counted from 0) holds NaN or infinity")
        self.name, self._array = Path(path).name, array

    def __len__(self) -> int:
        return len(self._array)

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self._array.shape[1])

    def gather(self, ids: NDArray[np.integer]) -> NDArray[np.float32]:
        """The vectors whose numbers the cache's rows, laid one after another, hold: (rows, width)."""
        return np.ascontiguousarray(self._array[numbers(ids)], dtype=np.float32)


def numbers(ids: NDArray[np.integer]) -> NDArray[np.int64]:
    """From halves to the numbers of rows."""
    high, low = ids.astype(np.int64).reshape(-1, 2).T
    return high << 16 | low


def prepare_given(
    paths: Sequence[str],
    table: VectorTable,
    config: CorpusConfig,
    cache_dir: Path,
    valid: tuple[str, VectorTable] | None = None,
    note: Note = lambda line: None,
) -> PreparedCorpus:
    """Make the token cache of sentences and the numbers of their vectors in `cache_dir`.

    The validation sentences are those of `valid`, or else a share of the distinct ones; no sentence is on both sides.

    Raises:
        CorpusError: there are more or fewer lines than vectors, something cannot be read or written, or there is too
            little text.
    """

    every = [*paths, *([] if valid is None else valid[:1])]
    refuse_column([locate(path, config) for path in every], config.column)

    def build() -> None:
        with ExitStack() as stack:

            def place(paths: Sequence[str], name: str) -> list[Source]:
                found = [locate(path, config) for path in paths]
                return [
                    spooled(one, cache_dir / f"spool-{name}{n}.tmp", stack) for n, one in enumerate(found)
                ]

            pairs = _pairs(place(paths, "s"), table, config)
            held = None if valid is None else _pairs(place(valid[:1], "v"), valid[1], config)
            _build(pairs, held, config, cache_dir, note)

    return built(cache_dir, build)


def _pairs(sources: list[Source], table: VectorTable, config: CorpusConfig) -> Pairs:
    names = tuple(Path(source.name).name for source in sources)
    return Pairs(lambda counts: _numbered(sources, table, config, counts), names, lambda pair: pair[1])


def _numbered(
    sources: Sequence[Source], table: VectorTable, config: CorpusConfig, counts: PairCounts
) -> Iterator[Pair]:
    """Numbers and lines, but for the blank ones."""
    lines = chain.from_iterable(read_sources(sources, config, counts.target, keep_blank=True))
    before = counts.pairs
    while some := list(islice(lines, BATCH_LINES)):
        first = counts.pairs - before
        kept = [(first + place, line) for place, line in enumerate(some) if line.strip()]
        counts.pairs += len(some)
        counts.dropped += len(some) - len(kept)
        if kept:
            yield [place for place, _ in kept], [line for _, line in kept], 0
    if counts.pairs - before != len(table):
        names = ", ".join(source.name for source in sources)
        raise CorpusError(
            f"{names}: {counts.pairs - before:,} lines, and {table.name} has {len(table):,} vectors: row n is to belong "
            "to line n"
        )


def _build(pairs: Pairs, held: Pairs | None, config: CorpusConfig, folder: Path, note: Note) -> None:
    counts, notes = PairCounts(), list[str]()
    with LineHashes(folder / "hashes.tmp") as hashes:
        lines = (line for _, b, _ in pairs.surveyed(hashes, config.seed, counts) for line in b)
        if config.tokenizer is None:
            tokenizer = Tokenizer.train(
                lines, config.vocab_size, config.seed, notes.append, config.whole_words
            )
        else:
            tokenizer = Tokenizer.load(config.tokenizer)
            for _ in lines:
                pass
        found = counts, *held_out(hashes, pairs, config, held is not None)
    for line in notes:
        note(line)
    encode = partial(tokenizer.encode_cut, limit=config.max_length, threads=THREADS)
    write(pairs, held, Coder(_halves, encode, vectors=True), (tokenizer, tokenizer), found, config, folder)


def _halves(places: list[int]) -> Encoded:
    return [[place >> 16, place & 0xFFFF] for place in places], [False] * len(places)
