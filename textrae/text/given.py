"""Sentences beside vectors that any encoder made of them, or of their translations: row n belongs to line n.

The token cache is that of parallel text whose source side holds, of each sentence, the number of its vector, in two
halves of 16 bits; the vectors stay in their file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrae.config import CorpusConfig
from textrae.errors import CorpusError, VectorError
from textrae.text.corpus import (
    TARGET_TOKENIZER,
    TARGET_TRAIN,
    TARGET_VALID,
    TOKENIZER,
    TRAIN,
    VALID,
    Note,
    PreparedCorpus,
    open_cache,
    refuse_empty,
    remove_cache,
    spooled,
    write_index,
)
from textrae.text.lines import BATCH_LINES, ReadCounts, Source, locate, read_sources
from textrae.text.rows import RowWriter
from textrae.text.split import LineHashes, line_hashes
from textrae.text.stats import CorpusStats
from textrae.text.tokenizer import Tokenizer

_BLOCK = 8_192
_THREADS = 4


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
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        remove_cache(cache_dir)
        try:
            _build(paths, table, config, cache_dir, valid, note)
        except BaseException:
            remove_cache(cache_dir)
            raise
    except OSError as error:
        where = f"{cache_dir}: the token cache cannot be written ({error.strerror or error})"
        raise CorpusError(f"{where}; free space, or choose another folder") from None
    corpus = open_cache(cache_dir)
    if corpus is None:
        raise CorpusError(f"{cache_dir}: the token cache was changed while it was written; run again")
    return corpus


def _numbered(
    sources: Sequence[Source], table: VectorTable, config: CorpusConfig, counts: ReadCounts
) -> Iterator[tuple[list[int], list[str]]]:
    """Lines that are not blank, with their numbers."""
    lines = chain.from_iterable(read_sources(sources, config, counts, keep_blank=True))
    number = 0
    while some := list(islice(lines, BATCH_LINES)):
        kept = [(number + place, line) for place, line in enumerate(some) if line.strip()]
        number += len(some)
        if kept:
            yield [place for place, _ in kept], [line for _, line in kept]
    if number != len(table):
        names = ", ".join(source.name for source in sources)
        raise CorpusError(
            f"{names}: {number:,} lines, and {table.name} has {len(table):,} vectors: row n is to belong to line n"
        )


def _build(
    paths: Sequence[str],
    table: VectorTable,
    config: CorpusConfig,
    folder: Path,
    valid: tuple[str, VectorTable] | None,
    note: Note,
) -> None:
    with ExitStack() as stack:
        sources = [
            spooled(locate(path, config), folder / f"spool-{n}.tmp", stack) for n, path in enumerate(paths)
        ]
        names = tuple(Path(source.name).name for source in sources)
        counts, notes = ReadCounts(), list[str]()
        with LineHashes(folder / "hashes.tmp") as hashes:

            def learnt() -> Iterator[str]:
                for _, lines in _numbered(sources, table, config, counts):
                    hashes.add(line_hashes(lines, config.seed))
                    yield from lines

            if config.tokenizer is None:
                tokenizer = Tokenizer.train(learnt(), config.vocab_size, config.seed, notes.append)
            else:
                tokenizer = Tokenizer.load(config.tokenizer)
                for _ in learnt():
                    pass
            if counts.lines == counts.blank:
                refuse_empty(names, counts.blank)
            distinct, threshold = hashes.split(config.valid_size)
        if valid is None and distinct < 2:
            raise CorpusError(f"{', '.join(names)}: 1 distinct sentence: nothing to hold out; give more text")
        for line in notes:
            note(line)
        train, target_train, held, target_held = (
            stack.enter_context(RowWriter(folder / name))
            for name in (TRAIN, TARGET_TRAIN, VALID, TARGET_VALID)
        )
        tally = dict.fromkeys(("cut", "words", "bytes", "repeats"), 0)
        known = np.empty(0, dtype=np.uint64)
        if valid is not None:
            parts = [known]
            for places, lines in _numbered([locate(valid[0], config)], valid[1], config, ReadCounts()):
                held.add(_halves(places))
                target_held.add(tokenizer.encode_cut(lines, config.max_length, threads=_THREADS)[0])
                parts.append(line_hashes(lines, config.seed))
            known = np.unique(np.concatenate(parts))
        met, seen = set[int](), set[int]()
        for places, lines in _numbered(sources, table, config, ReadCounts()):
            ids, cut = tokenizer.encode_cut(lines, config.max_length, threads=_THREADS)
            tally["cut"] += sum(cut)
            tally["words"] += sum(len(line.split()) for line in lines)
            tally["bytes"] += sum(len(line.encode()) for line in lines)
            own = line_hashes(lines, config.seed)
            met.update(np.intersect1d(known, own).tolist())
            out = np.zeros(len(ids), dtype=bool) if valid else own <= np.uint64(threshold)
            first = []
            for row in np.flatnonzero(out).tolist():
                if (key := int(own[row])) in seen:
                    tally["repeats"] += 1
                else:
                    seen.add(key)
                    first.append(row)
            kept = np.flatnonzero(~out).tolist()
            for rows, a, b in ((first, held, target_held), (kept, train, target_train)):
                a.add(_halves([places[row] for row in rows]))
                b.add([ids[row] for row in rows])
    tokenizer.save(folder / TOKENIZER)
    tokenizer.save(folder / TARGET_TOKENIZER)
    stats = CorpusStats(
        sources=names,
        valid_source=None if valid is None else Path(valid[0]).name,
        lines=counts.lines,
        blank=counts.blank,
        long=counts.cut,
        undecodable=counts.undecodable,
        distinct=distinct,
        max_length=config.max_length,
        vocabulary=tokenizer.vocab_size,
        train_rows=target_train.rows,
        train_tokens=target_train.tokens,
        valid_rows=target_held.rows,
        valid_tokens=target_held.tokens,
        overlap=len(met),
        **tally,
    )
    write_index(folder, stats, tokenizer, tokenizer)


def _halves(places: Sequence[int]) -> list[list[int]]:
    return [[place >> 16, place & 0xFFFF] for place in places]
