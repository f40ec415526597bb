"""Parallel text made ready for training: line n of the source beside line n of the target.

As :mod:`textrae.text.corpus` does for one text: tokenizers, split and token caches in a folder, in flat memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from textrae.config import CorpusConfig
from textrae.errors import CorpusError
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

_THREADS = 4


@dataclass
class PairCounts:
    """What reading has come across so far."""

    source: ReadCounts = field(default_factory=ReadCounts)
    target: ReadCounts = field(default_factory=ReadCounts)
    pairs: int = 0
    """Lines of either side."""
    dropped: int = 0
    """Of them, those of which a side is blank."""


@dataclass(frozen=True)
class _Sides:
    """Where both sides lie, file by file."""

    source: list[Source]
    target: list[Source]

    @property
    def names(self) -> tuple[str, ...]:
        """The files' own names, the source's before the target's."""
        return tuple(Path(one.name).name for one in [*self.source, *self.target])


def read_pairs(
    source: Sequence[Source], target: Sequence[Source], config: CorpusConfig, counts: PairCounts
) -> Iterator[tuple[list[str], list[str], int]]:
    """Pairs of which neither side is blank, in order, as two lists of at most 4,096 lines, and their file's number.

    Raises:
        CorpusError: two files have different numbers of lines, or one cannot be read.
    """
    other = replace(config, column=config.target_column)
    for number, (one, its) in enumerate(zip(source, target, strict=True)):
        left = chain.from_iterable(read_sources([one], config, counts.source, keep_blank=True))
        right = chain.from_iterable(read_sources([its], other, counts.target, keep_blank=True))
        before = counts.pairs
        while True:
            a, b = list(islice(left, BATCH_LINES)), list(islice(right, BATCH_LINES))
            if len(a) != len(b):
                done = counts.pairs - before
                lines = done + len(a) + sum(1 for _ in left), done + len(b) + sum(1 for _ in right)
                raise CorpusError(
                    f"{one.name} has {lines[0]:,} lines and {its.name} {lines[1]:,}: line n of one is to go with line n "
                    "of the other; give files of one length"
                )
            if not a:
                break
            counts.pairs += len(a)
            kept = [(x, y) for x, y in zip(a, b, strict=True) if x.strip() and y.strip()]
            counts.dropped += len(a) - len(kept)
            if kept:
                yield [x for x, _ in kept], [y for _, y in kept], number


def prepare_pairs(
    source: Sequence[str],
    target: Sequence[str],
    config: CorpusConfig,
    cache_dir: Path,
    valid: tuple[str, str] | None = None,
    note: Note = lambda line: None,
    stdin: BinaryIO | None = None,
    tags: Sequence[int] = (),
) -> PreparedCorpus:
    """Make the token cache of parallel files in `cache_dir`.

    With `tags`, one for each target file (and the first for the validation file's), every target row begins with a token
    of that number behind the vocabulary, which says what language it is in.

    The validation pairs are those of `valid`, or else a share of the distinct source sentences with the target of their
    first occurrence; no source sentence is on both sides.

    Raises:
        CorpusError: something cannot be read or written, files do not match, or there is too little text; in one line.
    """
    if len(source) != len(target):
        raise CorpusError(
            f"{len(source)} source files and {len(target)} target files: give a --target for each, in the same order"
        )
    if [*source, *target, *(valid or ())].count("-") > 1:
        raise CorpusError("-: standard input can be read only once; give a file for the other")
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        remove_cache(cache_dir)
        try:
            _build(source, target, config, cache_dir, valid, note, stdin, tags)
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


def _build(
    source: Sequence[str],
    target: Sequence[str],
    config: CorpusConfig,
    folder: Path,
    valid: tuple[str, str] | None,
    note: Note,
    stdin: BinaryIO | None,
    tags: Sequence[int],
) -> None:
    with ExitStack() as stack:

        def place(paths: Sequence[str], name: str) -> list[Source]:
            found = [locate(path, config, stdin) for path in paths]
            return [spooled(one, folder / f"spool-{name}{n}.tmp", stack) for n, one in enumerate(found)]

        sides = _Sides(place(source, "s"), place(target, "t"))
        held = None if valid is None else _Sides(place(valid[:1], "vs"), place(valid[1:], "vt"))
        tokenizers, counts, distinct, threshold = _survey(sides, config, folder, held is None, note)
        writers = [
            stack.enter_context(RowWriter(folder / name))
            for name in (TRAIN, TARGET_TRAIN, VALID, TARGET_VALID)
        ]
        known = None
        if held is not None:
            known = _write_valid(held, config, tokenizers, writers[2:], tags[:1])
        tally = _write_train(sides, config, tokenizers, writers, threshold, known, tags)
    if tally["pairs"] != counts.pairs:
        raise CorpusError(
            f"{', '.join(sides.names)}: changed while it was read; run again when it is complete"
        )
    tokenizers[0].save(folder / TOKENIZER)
    tokenizers[1].save(folder / TARGET_TOKENIZER)
    train, target_train, held_out, _ = writers
    stats = CorpusStats(
        sources=sides.names,
        valid_source=None if held is None else ", ".join(held.names),
        lines=counts.pairs,
        blank=counts.dropped,
        long=counts.source.cut + counts.target.cut,
        undecodable=counts.source.undecodable + counts.target.undecodable,
        distinct=distinct,
        max_length=config.max_length,
        vocabulary=tokenizers[0].vocab_size,
        train_rows=train.rows,
        train_tokens=train.tokens,
        valid_rows=held_out.rows,
        valid_tokens=held_out.tokens,
        target_tokens=target_train.tokens,
        **{name: tally[name] for name in ("cut", "words", "bytes", "repeats", "overlap")},
    )
    write_index(folder, stats, tokenizers[0], tokenizers[1])


def _survey(
    sides: _Sides, config: CorpusConfig, folder: Path, hold_out: bool, note: Note
) -> tuple[tuple[Tokenizer, Tokenizer], PairCounts, int, int | None]:
    """The first reading: tokenizers, counts, distinct source sentences, and up to which hash these are held out."""
    counts, notes = PairCounts(), list[str]()
    joint = config.tokenizers == "joint"
    with LineHashes(folder / "hashes.tmp") as hashes:

        def learnt() -> Iterator[str]:
            for a, b, _ in read_pairs(sides.source, sides.target, config, counts):
                hashes.add(line_hashes(a, config.seed))
                yield from a
                if joint:
                    yield from b

        def others() -> Iterator[str]:
            for _, b, _ in read_pairs(sides.source, sides.target, config, PairCounts()):
                yield from b

        if config.tokenizer is None:
            first = Tokenizer.train(learnt(), config.vocab_size, config.seed, notes.append)
        else:
            first = Tokenizer.load(config.tokenizer)
            for _ in learnt():
                pass
        if counts.pairs == counts.dropped:
            refuse_empty(sides.names, counts.dropped)
        if config.target_tokenizer is not None:
            second = Tokenizer.load(config.target_tokenizer)
        elif joint:
            second = first
        else:
            second = Tokenizer.train(others(), config.vocab_size, config.seed, notes.append)
        distinct, threshold = hashes.split(config.valid_size)
    if hold_out and distinct < 2:
        raise CorpusError(
            f"{', '.join(sides.names)}: 1 distinct sentence: nothing to hold out; give more text or --valid and "
            "--valid-target"
        )
    for line in notes:
        note(line)
    return (first, second), counts, distinct, threshold if hold_out else None


def _encoded(
    pair: tuple[list[str], list[str], int],
    tokenizers: tuple[Tokenizer, Tokenizer],
    limit: int,
    tags: Sequence[int],
) -> tuple[list[list[int]], list[list[int]], int]:
    """The ids of both sides, and how many pairs were cut."""
    (a, cut_a), (b, cut_b) = (
        tokenizer.encode_cut(lines, limit, threads=_THREADS)
        for tokenizer, lines in zip(tokenizers, pair[:2], strict=True)
    )
    if tags:
        first = tokenizers[1].vocab_size + tags[pair[2]]
        b = [[first, *row] for row in b]
    return a, b, sum(x or y for x, y in zip(cut_a, cut_b, strict=True))


def _write_valid(
    sides: _Sides,
    config: CorpusConfig,
    tokenizers: tuple[Tokenizer, Tokenizer],
    writers: Sequence[RowWriter],
    tags: Sequence[int],
) -> np.ndarray:
    """Tokenise the validation files in whole; the hashes of their distinct source lines, ascending."""
    counts, hashes = PairCounts(), [np.empty(0, dtype=np.uint64)]
    for pair in read_pairs(sides.source, sides.target, config, counts):
        ids = _encoded(pair, tokenizers, config.max_length, tags)
        writers[0].add(ids[0])
        writers[1].add(ids[1])
        hashes.append(line_hashes(pair[0], config.seed))
    if counts.pairs == counts.dropped:
        refuse_empty(sides.names, counts.dropped)
    return np.unique(np.concatenate(hashes))


def _write_train(
    sides: _Sides,
    config: CorpusConfig,
    tokenizers: tuple[Tokenizer, Tokenizer],
    writers: Sequence[RowWriter],
    threshold: int | None,
    known: np.ndarray | None,
    tags: Sequence[int],
) -> dict[str, int]:
    """The second reading: tokenise, and send each pair to its side."""
    tally = dict.fromkeys(("cut", "words", "bytes", "repeats", "overlap", "pairs"), 0)
    counts, held_out, met = PairCounts(), set[int](), set[int]()
    train, target_train, valid, target_valid = writers
    for pair in read_pairs(sides.source, sides.target, config, counts):
        a, b, cut = _encoded(pair, tokenizers, config.max_length, tags)
        tally["cut"] += cut
        tally["words"] += sum(len(line.split()) for line in pair[0])
        tally["bytes"] += sum(len(line.encode()) for line in pair[0])
        hashes = line_hashes(pair[0], config.seed)
        if known is not None:
            met.update(np.intersect1d(known, hashes).tolist())
        held = np.zeros(len(a), dtype=bool) if threshold is None else hashes <= np.uint64(threshold)
        first = []
        for row in np.flatnonzero(held).tolist():
            if (key := int(hashes[row])) in held_out:
                tally["repeats"] += 1
            else:
                held_out.add(key)
                first.append(row)
        valid.add([a[row] for row in first])
        target_valid.add([b[row] for row in first])
        kept = np.flatnonzero(~held).tolist()
        train.add([a[row] for row in kept])
        target_train.add([b[row] for row in kept])
    tally["overlap"], tally["pairs"] = len(met), counts.pairs
    return tally
