"""Parallel text made ready for training: line n of the source beside line n of the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.aligned import THREADS, Coder, Pair, PairCounts, Pairs, held_out, write
from textrae.text.corpus import Note, PreparedCorpus, built, spooled
from textrae.text.lines import BATCH_LINES, Source, locate, read_sources, refuse_column
from textrae.text.split import LineHashes
from textrae.text.tokenizer import LARGEST_VOCABULARY, Tokenizer


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

    The validation pairs are those of `valid`, or else a share of the distinct source sentences with the target of their
    first occurrence; no source sentence is on both sides. With `tags`, one for each target file (and the first for the
    validation file's), every target row begins with a token of that number behind the vocabulary, which says what
    language it is in.

    Raises:
        CorpusError: something cannot be read or written, files do not match, or there is too little text; in one line.
    """
    if len(source) != len(target):
        raise CorpusError(
            f"{len(source)} source files and {len(target)} target files: give a --target for each, in the same order"
        )
    if [*source, *target, *(valid or ())].count("-") > 1:
        raise CorpusError("-: standard input can be read only once; give a file for the other")
    sides = [*source, *(valid or ())[:1]], [*target, *(valid or ())[1:]]
    for paths, column, switch in zip(
        sides, (config.column, config.target_column), ("--column", "--target-column"), strict=True
    ):
        refuse_column([locate(path, config, stdin) for path in paths], column, switch)
    if valid is not None and valid[0] == valid[1]:  # both sides in one table
        refuse_column([locate(valid[1], config, stdin)], config.target_column, "--target-column")

    def build() -> None:
        with ExitStack() as stack:

            def place(paths: Sequence[str], name: str) -> list[Source]:
                found = [locate(path, config, stdin) for path in paths]
                return [
                    spooled(one, cache_dir / f"spool-{name}{n}.tmp", stack) for n, one in enumerate(found)
                ]

            pairs = _pairs(place(source, "s"), place(target, "t"), config)
            held = None
            if valid is not None:
                held = _pairs(place(valid[:1], "vs"), place(valid[1:], "vt"), config)
            _build(pairs, held, config, cache_dir, note, tags)

    return built(cache_dir, build)


def _pairs(source: list[Source], target: list[Source], config: CorpusConfig) -> Pairs:
    names = tuple(Path(one.name).name for one in [*source, *target])
    return Pairs(lambda counts: read_pairs(source, target, config, counts), names, lambda pair: pair[0])


def read_pairs(
    source: Sequence[Source], target: Sequence[Source], config: CorpusConfig, counts: PairCounts
) -> Iterator[Pair]:
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


def _build(
    pairs: Pairs, held: Pairs | None, config: CorpusConfig, folder: Path, note: Note, tags: Sequence[int]
) -> None:
    counts, notes = PairCounts(), list[str]()
    with LineHashes(folder / "hashes.tmp") as hashes:
        read = partial(pairs.surveyed, hashes, config.seed, counts)
        tokenizers = _tokenizers(read, lambda: pairs.read(PairCounts()), config, notes.append)
        found = counts, *held_out(hashes, pairs, config, held is not None)
    if (ids := tokenizers[1].vocab_size + len(set(tags))) > LARGEST_VOCABULARY:
        raise CorpusError(
            f"{ids:,} pieces and languages: ids go up to {LARGEST_VOCABULARY:,}; give a smaller vocabulary"
        )
    for line in notes:
        note(line)
    encode = [
        partial(tokenizer.encode_cut, limit=config.max_length, threads=THREADS) for tokenizer in tokenizers
    ]
    coder = Coder(encode[0], encode[1], [tokenizers[1].vocab_size + tag for tag in tags])
    write(pairs, held, coder, tokenizers, found, config, folder)


def _tokenizers(
    first: Callable[[], Iterator[Pair]],
    again: Callable[[], Iterator[Pair]],
    config: CorpusConfig,
    note: Note,
) -> tuple[Tokenizer, Tokenizer]:
    """Of source and target: given, trained on both sides together, or each on its own.

    Args:
        first: the first reading, which must be gone through.
        again: another.
    """
    joint = config.tokenizers == "joint"
    if config.tokenizer is None:
        lines = (line for a, b, _ in first() for line in (chain(a, b) if joint else a))
        source = Tokenizer.train(lines, config.vocab_size, config.seed, note, config.whole_words)
    else:
        source = Tokenizer.load(config.tokenizer)
        for _ in first():
            pass
    if config.target_tokenizer is not None:
        return source, Tokenizer.load(config.target_tokenizer)
    if joint:
        return source, source
    others = (line for _, b, _ in again() for line in b)
    return source, Tokenizer.train(others, config.vocab_size, config.seed, note, config.whole_words)
