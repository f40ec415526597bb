"""A corpus made ready for training: tokenizer, split and token caches in a folder, read back memory-mapped.

The sources are read twice, first for the tokenizer and the split, then for the tokens; memory does not grow with them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import to_dict
from textrae.text.lines import ReadCounts, Source, locate, read_sources, refuse_column
from textrae.text.rows import RowWriter, TokenRows
from textrae.text.split import LineHashes, line_hashes
from textrae.text.stats import CorpusStats
from textrae.text.tokenizer import Tokenizer

__all__ = ["CorpusStats", "PreparedCorpus", "TokenRows", "open_cache", "prepare"]

TOKENIZER: Final = "tokenizer.model"
TRAIN: Final = "train.arrow"
VALID: Final = "valid.arrow"
TARGET_TOKENIZER: Final = "target-tokenizer.model"
TARGET_TRAIN: Final = "target-train.arrow"
TARGET_VALID: Final = "target-valid.arrow"
"""Of parallel text alone."""
CORPUS: Final = "corpus.json"
"""Written last, under another name and renamed: where it is there and agrees, the cache is whole."""
_TEMPORARY: Final = ("hashes.tmp", "corpus.json.tmp")
_TARGETS: Final = (TARGET_TRAIN, TARGET_VALID, TARGET_TOKENIZER)
_FORMAT: Final = 1
_THREADS: Final = min(4, os.cpu_count() or 1)

Note = Callable[[str], None]


@dataclass(frozen=True)
class Targets:
    """The other side of parallel text, row by row beside the source."""

    tokenizer: Tokenizer
    """Its own, or the source's."""
    train: TokenRows
    valid: TokenRows


@dataclass(frozen=True)
class PreparedCorpus:
    """A corpus as token rows on disk."""

    tokenizer: Tokenizer
    """How text becomes ids."""
    train: TokenRows
    """The sentences to train on, in the order of the sources."""
    valid: TokenRows
    """The sentences held out, or all of the validation file."""
    stats: CorpusStats
    """What was read."""
    folder: Path
    """Where the cache lies."""
    targets: Targets | None = None
    """Of parallel text."""

    def close(self) -> None:
        """Let go of the files; the rows cannot be read afterwards."""
        self.train.close()
        self.valid.close()
        if self.targets is not None:
            self.targets.train.close()
            self.targets.valid.close()

    def remove(self) -> None:
        """Close, and delete the cache's files (not the folder)."""
        self.close()
        remove_cache(self.folder)


@dataclass(frozen=True)
class _Survey:
    """What the first reading found."""

    tokenizer: Tokenizer
    counts: ReadCounts
    distinct: int
    threshold: int | None
    """Lines with a hash up to it are held out; None where a validation file is given."""


@dataclass
class Tally:
    """What the second reading counts, as :class:`CorpusStats` has it."""

    cut: int = 0
    words: int = 0
    bytes: int = 0
    repeats: int = 0
    overlap: int = 0
    valid_blank: int = 0
    valid_cut: int = 0
    valid_undecodable: int = 0


def prepare(
    paths: Sequence[str],
    config: CorpusConfig,
    cache_dir: Path,
    valid_path: str | None = None,
    note: Note = lambda line: None,
    stdin: BinaryIO | None = None,
) -> PreparedCorpus:
    """Make the token cache of `paths` in `cache_dir`, or open it where it is there already.

    The validation sentences are those of `valid_path`, or else a share of the distinct sentences (see
    :class:`~textrae.settings.corpus.CorpusConfig`), none of which is also trained on. The tokenizer sees both shares.

    Raises:
        CorpusError: something cannot be read or written, or there is too little text; in one line.
    """
    if [*paths, valid_path].count("-") > 1:
        raise CorpusError("-: standard input can be read only once; give a file for the other")
    sources = [locate(path, config, stdin) for path in paths]
    valid = None if valid_path is None else locate(valid_path, config, stdin)
    refuse_column([*sources, *([] if valid is None else [valid])], config.column)
    with said_of(cache_dir):
        identity = _identity(sources, valid, config)
        if identity is not None and (found := _open(cache_dir, identity)) is not None:
            return found
    return built(cache_dir, lambda: _build(sources, valid, config, cache_dir, note, identity))


def built(cache_dir: Path, build: Callable[[], None]) -> PreparedCorpus:
    """The corpus whose cache `build` writes into `cache_dir`, whole or not at all.

    Raises:
        CorpusError: the disk refuses, or something else writes there too.
    """
    with said_of(cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        remove_cache(cache_dir)
        try:
            build()
        except BaseException:
            remove_cache(cache_dir)
            raise
    corpus = open_cache(cache_dir)
    if corpus is None:
        raise CorpusError(f"{cache_dir}: the token cache was changed while it was written; run again")
    return corpus


@contextmanager
def said_of(cache_dir: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line."""
    try:
        yield
    except OSError as error:
        where = f"{cache_dir}: the token cache cannot be written ({error.strerror or error})"
        raise CorpusError(f"{where}; free space, or choose another folder") from None


def open_cache(cache_dir: Path) -> PreparedCorpus | None:
    """The corpus that :func:`prepare` left in `cache_dir`, without its sources; None where none is whole."""
    return _open(cache_dir, None)


def _build(
    sources: Sequence[Source],
    valid: Source | None,
    config: CorpusConfig,
    folder: Path,
    note: Note,
    identity: dict[str, Any] | None,
) -> None:
    with ExitStack() as stack:
        sources = [spooled(source, folder / f"spool-{n}.tmp", stack) for n, source in enumerate(sources)]
        valid = None if valid is None else spooled(valid, folder / "spool-valid.tmp", stack)
        survey = _survey(sources, config, folder, valid is None, note)
        tally = Tally()
        with RowWriter(folder / VALID) as valid_rows, RowWriter(folder / TRAIN) as train_rows:
            if valid is not None:
                known = _write_valid(valid, config, survey.tokenizer, valid_rows, tally)
                _write_train(sources, config, survey, train_rows, None, known, tally)
            else:
                _write_train(sources, config, survey, train_rows, valid_rows, None, tally)
    survey.tokenizer.save(folder / TOKENIZER)
    stats = CorpusStats(
        sources=tuple(_short_name(source) for source in sources),
        valid_source=None if valid is None else _short_name(valid),
        lines=survey.counts.lines,
        blank=survey.counts.blank,
        long=survey.counts.cut,
        undecodable=survey.counts.undecodable,
        distinct=survey.distinct,
        max_length=config.max_length,
        vocabulary=survey.tokenizer.vocab_size,
        train_rows=train_rows.rows,
        train_tokens=train_rows.tokens,
        valid_rows=valid_rows.rows,
        valid_tokens=valid_rows.tokens,
        **asdict(tally),
    )
    write_index(folder, stats, survey.tokenizer, identity=identity)


def write_index(
    folder: Path,
    stats: CorpusStats,
    tokenizer: Tokenizer,
    target: Tokenizer | None = None,
    identity: dict[str, Any] | None = None,
) -> None:
    """Write what makes a cache whole, last of all its files."""
    names = (TRAIN, VALID) if target is None else (TRAIN, VALID, TARGET_TRAIN, TARGET_VALID)
    content = {
        "format": _FORMAT,
        "identity": identity,
        "tokenizer": tokenizer.digest,
        "target_tokenizer": None if target is None else target.digest,
        "sizes": {name: (folder / name).stat().st_size for name in names},
        "stats": asdict(stats),
    }
    temporary = folder / "corpus.json.tmp"
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    temporary.replace(folder / CORPUS)


def _survey(
    sources: Sequence[Source], config: CorpusConfig, folder: Path, hold_out: bool, note: Note
) -> _Survey:
    """The first reading: the tokenizer is trained, and lines are counted and hashed for the split."""
    counts = ReadCounts()
    notes: list[str] = []
    with LineHashes(folder / "hashes.tmp") as hashes:

        def hashed() -> Iterator[str]:
            for batch in read_sources(sources, config, counts):
                hashes.add(line_hashes(batch, config.seed))
                yield from batch

        if config.tokenizer is not None:
            tokenizer = Tokenizer.load(config.tokenizer)
            for _ in hashed():
                pass
        else:
            tokenizer = Tokenizer.train(
                hashed(), config.vocab_size, config.seed, notes.append, config.whole_words
            )
        _refuse_empty(sources, counts)
        distinct, threshold = hashes.split(config.valid_size)
    if hold_out and distinct < 2:
        names = ", ".join(source.name for source in sources)
        raise CorpusError(
            f"{names}: 1 distinct sentence: nothing to hold out; give more text or --valid FILE"
        )
    for line in notes:
        note(line)
    return _Survey(tokenizer, counts, distinct, threshold if hold_out else None)


def _refuse_empty(sources: Sequence[Source], counts: ReadCounts) -> None:
    if counts.lines == counts.blank:
        refuse_empty([source.name for source in sources], counts.blank)


def refuse_empty(names: Sequence[str], blank: int) -> NoReturn:
    """There is nothing but blank lines."""
    count = f"{blank:,} blank line{'' if blank == 1 else 's'}"
    raise CorpusError(f"{', '.join(names)}: no sentence ({count}); give a file with text")


def _write_valid(
    source: Source, config: CorpusConfig, tokenizer: Tokenizer, writer: RowWriter, tally: Tally
) -> NDArray[np.uint64]:
    """Tokenise the validation file in whole; the hashes of its distinct lines, ascending."""
    counts = ReadCounts()
    hashes = [np.empty(0, dtype=np.uint64)]
    for batch in read_sources([source], config, counts):
        ids, cut = tokenizer.encode_cut(batch, config.max_length, threads=_THREADS)
        tally.valid_cut += sum(cut)
        writer.add(ids)
        hashes.append(line_hashes(batch, config.seed))
    _refuse_empty([source], counts)
    tally.valid_blank, tally.valid_undecodable = counts.blank, counts.undecodable
    return np.unique(np.concatenate(hashes))


def _write_train(
    sources: Sequence[Source],
    config: CorpusConfig,
    survey: _Survey,
    train: RowWriter,
    valid: RowWriter | None,
    known: NDArray[np.uint64] | None,
    tally: Tally,
) -> None:
    """The second reading: tokenise, and send each line to its side.

    Of the lines held out each distinct one is kept once, so that a frequent one does not fill the validation set.
    """
    counts = ReadCounts()
    held_out: set[int] = set()
    met = np.zeros(0 if known is None else len(known), dtype=bool)
    for batch in read_sources(sources, config, counts):
        ids, cut = survey.tokenizer.encode_cut(batch, config.max_length, threads=_THREADS)
        tally.cut += sum(cut)
        tally.words += sum(len(line.split()) for line in batch)
        tally.bytes += sum(len(line.encode()) for line in batch)
        hashes = line_hashes(batch, config.seed)
        if known is not None:
            places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            met[places[known[places] == hashes]] = True
        if valid is None or survey.threshold is None:
            train.add(ids)
            continue
        first: list[list[int]] = []
        held = hashes <= np.uint64(survey.threshold)
        for row in np.flatnonzero(held):
            if (key := int(hashes[row])) in held_out:
                tally.repeats += 1
            else:
                held_out.add(key)
                first.append(ids[row])
        valid.add(first)
        train.add([row for row, out in zip(ids, held.tolist(), strict=True) if not out])
    if counts != survey.counts:
        names = ", ".join(source.name for source in sources)
        raise CorpusError(f"{names}: changed while it was read; run again when it is complete")
    tally.overlap = int(met.sum())


def spooled(source: Source, copy: Path, stack: ExitStack) -> Source:
    """A source that can be read twice: a pipe is copied to a file, which goes with `stack`."""
    if source.rereadable:
        return source
    stack.callback(copy.unlink, missing_ok=True)
    with copy.open("wb") as file, ExitStack() as opened:
        pipe = source.stream if source.stream is not None else opened.enter_context(_opened(source))
        shutil.copyfileobj(pipe, file, 1 << 20)
    return replace(source, path=str(copy), stream=None, rereadable=True)


def _opened(source: Source) -> BinaryIO:
    try:
        return Path(source.path).open("rb")
    except OSError as error:
        raise CorpusError(f"{source.name}: cannot be read: {error.strerror or error}") from None


def _identity(sources: Sequence[Source], valid: Source | None, config: CorpusConfig) -> dict[str, Any] | None:
    """What a cache was made from, so that it can be used again; None for pipes, which are never the same."""
    every = [*sources, *([] if valid is None else [valid])]
    if not all(source.rereadable for source in every):
        return None
    tokenizer = None if config.tokenizer is None else Tokenizer.load(config.tokenizer).digest
    files: list[list[Any]] = []
    for source in every:
        if source.format == "datasets":
            files.append([source.path, source.format])
        else:
            state = Path(source.path).stat()
            files.append([source.path, source.format, state.st_size, state.st_mtime_ns])
    return {"config": to_dict(config), "files": files, "valid": valid is not None, "tokenizer": tokenizer}


def _open(folder: Path, identity: dict[str, Any] | None) -> PreparedCorpus | None:
    """The cache of `folder` where it is whole, and made from what `identity` says where that is given."""
    try:
        content = json.loads((folder / CORPUS).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or (identity is not None and content["identity"] != identity):
            return None
        sizes = content["sizes"]
        if any((folder / name).stat().st_size != sizes[name] for name in {TRAIN, VALID, *sizes}):
            return None
        stats = CorpusStats(**{**content["stats"], "sources": tuple(content["stats"]["sources"])})
        tokenizer = Tokenizer.load(folder / TOKENIZER)
        train, valid = TokenRows(folder / TRAIN), TokenRows(folder / VALID)
        if tokenizer.digest != content["tokenizer"]:
            return None
        if (len(train), len(valid)) != (stats.train_rows, stats.valid_rows):
            return None
        targets = None
        if (digest := content.get("target_tokenizer")) is not None:
            other = Tokenizer.load(folder / TARGET_TOKENIZER)
            targets = Targets(other, TokenRows(folder / TARGET_TRAIN), TokenRows(folder / TARGET_VALID))
            if other.digest != digest or (len(targets.train), len(targets.valid)) != (len(train), len(valid)):
                return None
    except (OSError, ValueError, KeyError, TypeError, CorpusError):
        return None
    return PreparedCorpus(tokenizer, train, valid, stats, folder, targets)


def remove_cache(folder: Path) -> None:
    """Delete a cache's files."""
    for name in (CORPUS, TRAIN, VALID, TOKENIZER, *_TARGETS, *_TEMPORARY):
        (folder / name).unlink(missing_ok=True)
    for spool in folder.glob("spool-*.tmp"):  # a killed process's
        spool.unlink(missing_ok=True)


def _short_name(source: Source) -> str:
    return source.name if source.format == "datasets" else Path(source.name).name
