"""Parallel text made ready for training: line n of the source beside line n of the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from textrae.errors import CorpusError
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
from textrae.text.prepared import PreparedCorpus, build_cache, identity_of
from textrae.text.tokenizer import LARGEST_VOCABULARY, Tokenizer
from textrae.text.two_pass import Block, Note, Rows, Side, load_or_train, rereadable, text_side, write_cache


def prepare_pairs(
    source: Sequence[str],
    target: Sequence[str],
    config: CorpusConfig,
    cache_dir: Path,
    valid: Sequence[tuple[str, str]] = (),
    note: Note = lambda line: None,
    stdin: BinaryIO | None = None,
    tags: Sequence[int] = (),
    valid_tags: Sequence[int] = (),
) -> PreparedCorpus:
    """Make the token cache of parallel text in `cache_dir`.

    The validation pairs are those of `valid`, or else a share of the distinct source sentences, each with the target of
    its first occurrence in each language. No source sentence is both trained on and held out, and each language has some.

    Args:
        source: files of the source side.
        target: files of the target side, one for each of the source.
        config: how they are read, split and tokenized.
        cache_dir: folder of the cache.
        valid: validation files, a source and its target each.
        note: called with each line for the user.
        stdin: stream to read in place of standard input.
        tags: number of each target file's language, of which every target row begins with the id `vocab_size + tag`.
        valid_tags: number of the language of each target in `valid`; by default the first.

    Raises:
        CorpusError: something cannot be read or written, files do not match, or there is too little text; in one line.
    """
    if len(source) != len(target):
        raise CorpusError(
            f"{len(source)} source files and {len(target)} target files: give a `target` for each, in the same order"
        )
    held_source, held_target = [one for one, _ in valid], [other for _, other in valid]
    if [*source, *target, *held_source, *held_target].count("-") > 1:
        raise CorpusError("-: standard input can be read only once; give a file for the other")
    left, right, held_left, held_right = (
        [locate(path, config, stdin) for path in paths]
        for paths in (source, target, held_source, held_target)
    )
    refuse_delimiter([*left, *right, *held_left, *held_right], config.delimiter)
    refuse_column([*left, *held_left], config.column)
    refuse_column([*right, *held_right], config.target_column, "target_column")
    if any(one == other for one, other in valid):  # both sides in one table
        refuse_column(held_right, config.target_column, "target_column")

    identity = identity_of(
        [left, right, held_left, held_right], config, tags=list(tags), valid_tags=list(valid_tags)
    )

    def write(folder: Path) -> None:
        with ExitStack() as stack:

            def placed(sources: list[Source], name: str) -> list[Source]:
                return rereadable(sources, folder, name, stack)

            rows, held = _rows(placed(left, "s"), placed(right, "t"), tags, config), None
            if valid:
                held = _rows(placed(held_left, "vs"), placed(held_right, "vt"), valid_tags, config)

            def learn(blocks: Iterator[Block], note: Note) -> tuple[Side, Side]:
                return _sides(blocks, lambda: rows.read(ReadCounts()), tags, config, note)

            write_cache(rows, held, learn, config, folder, note, identity)

    return build_cache(cache_dir, write, identity, note)


def _rows(source: list[Source], target: list[Source], tags: Sequence[int], config: CorpusConfig) -> Rows:
    every = {one.name: one.label for one in [*source, *target]}
    return Rows(
        lambda counts: _read_pairs(source, target, tags, config, counts), list(every), list(every.values())
    )


def _read_pairs(
    source: Sequence[Source],
    target: Sequence[Source],
    tags: Sequence[int],
    config: CorpusConfig,
    counts: ReadCounts,
) -> Iterator[Block]:
    """Yield the pairs of which neither side is blank, in order, with the tags of their files if there are any.

    Raises:
        CorpusError: two files have different numbers of lines, or one cannot be read.
    """
    other = replace(config, column=config.target_column)
    tables: tuple[list[str], list[str]] = [], []
    for one, its, tag in zip(source, target, tags or [0] * len(source), strict=True):
        sides = ReadCounts(), ReadCounts()
        left = chain.from_iterable(read_sources([one], config, sides[0], keep_blank=True))
        right = chain.from_iterable(read_sources([its], other, sides[1], keep_blank=True))
        done = 0
        while True:
            a, b = list(islice(left, BATCH_LINES)), list(islice(right, BATCH_LINES))
            if len(a) != len(b):
                lines = done + len(a) + sum(1 for _ in left), done + len(b) + sum(1 for _ in right)
                raise CorpusError(
                    f"{one.name} has {lines[0]:,} lines and {its.name} {lines[1]:,}: line n of one is to go with line n "
                    "of the other; give files of one length"
                )
            if not a:
                break
            done += len(a)
            kept = [(x, y) for x, y in zip(a, b, strict=True) if x.strip() and y.strip()]
            counts.lines += len(a)
            counts.blank += len(a) - len(kept)
            if kept:
                lines_a, lines_b = [x for x, _ in kept], [y for _, y in kept]
                yield Block(lines_a, (lines_a, lines_b), tag)
        counts.cut += sum(side.cut for side in sides)
        counts.undecodable += sum(side.undecodable for side in sides)
        counts.missing += sum(side.missing for side in sides)
        for known, side in zip(tables, sides, strict=True):
            known += side.tables
    counts.tables[:] = [*tables[0], *tables[1]]


def _sides(
    first: Iterator[Block],
    again: Callable[[], Iterator[Block]],
    tags: Sequence[int],
    config: CorpusConfig,
    note: Note,
) -> tuple[Side, Side]:
    """Return source and target with tokenizers that are given, trained on both sides together, or each on its own.

    Args:
        first: the first reading, which is gone through.
        again: starts another reading.
        tags: number of each file's language.
        config: which tokenizers there are to be, and the tokens of a row at most.
        note: called with each line for the user.
    """
    joint = config.tokenizers == "joint"
    lines = (line for block in first for side in (block.sides if joint else block.sides[:1]) for line in side)
    source = load_or_train(config.tokenizer, lines, config, note)
    target = source
    if config.target_tokenizer is not None:
        target = Tokenizer.load(config.target_tokenizer)
    elif not joint:
        others = (line for block in again() for line in block.sides[1])
        target = load_or_train(None, others, config, note)
    if (ids := target.vocab_size + len(set(tags))) > LARGEST_VOCABULARY:
        raise CorpusError(
            f"{ids:,} pieces and languages: ids go up to {LARGEST_VOCABULARY:,}; give a smaller `vocab_size`"
        )
    return text_side(source, config), text_side(target, config, tagged=bool(tags))
