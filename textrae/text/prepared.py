"""A prepared corpus on disk: token rows and tokenizers in a folder, opened again only when they are whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import to_dict
from textrae.text.rows import TokenRows
from textrae.text.sharing import LOCK, one_at_a_time
from textrae.text.sources import Source, locate
from textrae.text.stats import CorpusStats
from textrae.text.tokenizer import Tokenizer


class SideFiles(NamedTuple):
    """Names of the files that one side of a corpus is kept in."""

    train: str
    valid: str
    tokenizer: str


SIDES: Final = (
    SideFiles("train.arrow", "valid.arrow", "tokenizer.model"),
    SideFiles("target-train.arrow", "target-valid.arrow", "target-tokenizer.model"),
)
"""Files of the source and of the target; plain text has no target."""
INDEX: Final = "corpus.json"
"""File that makes a cache whole: it is written last, under a temporary name, and renamed."""
HASHES: Final = "hashes.tmp"
"""File of the lines' hashes while a cache is made."""
_INDEX_TEMPORARY: Final = "corpus.json.tmp"
_BESIDE: Final = "preparing.tmp"
"""Folder in which a cache is made; of a process that was killed it stays until the next one."""
SHARED: Final = "textrae-"
"""How the names of folders begin that lie among those of other runs, of whose caches each may be used by all."""
_TAGS: Final = 1_000
"""Ids above those of the vocabulary that a target may begin with, at most: its language."""
_FORMAT: Final = 1


@dataclass(frozen=True)
class Targets:
    """Target side of parallel text: row n belongs to row n of the source."""

    tokenizer: Tokenizer
    """Tokenizer of the target side: the source's, or one of its own."""
    train: TokenRows
    """Target rows to train on."""
    valid: TokenRows
    """Target rows to validate on."""


@dataclass(frozen=True)
class PreparedCorpus:
    """A corpus as token rows on disk."""

    tokenizer: Tokenizer
    """Tokenizer of the source side."""
    train: TokenRows
    """Sentences to train on, in the order of the sources."""
    valid: TokenRows
    """Sentences held out, or all of the validation file."""
    stats: CorpusStats
    """Counts of what was read and split."""
    folder: Path
    """Folder that holds the cache."""
    targets: Targets | None = None
    """Target side of parallel text; None for plain text."""

    @property
    def text(self) -> TokenRows:
        """Sentences to train on, where `train` may be the numbers of their vectors."""
        return self.targets.train if self.stats.by_number and self.targets is not None else self.train

    def close(self) -> None:
        """Release the files; the rows cannot be read afterwards."""
        self.train.close()
        self.valid.close()
        if self.targets is not None:
            self.targets.train.close()
            self.targets.valid.close()

    def remove(self) -> None:
        """Close the corpus and delete the cache's files (not the folder)."""
        self.close()
        delete_cache_files(self.folder)


def open_cache(folder: Path, identity: dict[str, Any] | None = None) -> PreparedCorpus | None:
    """Open the prepared corpus in `folder`, without its sources.

    Args:
        folder: where the cache was written.
        identity: what the cache must have been made from; None accepts any.

    Returns:
        The corpus, or None if there is no whole cache, or it was made from something else.
    """
    source, target = SIDES
    try:
        content = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or (identity is not None and content["identity"] != identity):
            return None
        sizes = content["sizes"]
        if any(
            (folder / name).stat().st_size != sizes[name] for name in {source.train, source.valid, *sizes}
        ):
            return None
        stats = CorpusStats.of_json(content["stats"])
        tokenizer = Tokenizer.load(folder / source.tokenizer)
        limits = _limits(content)
        below = None if stats.by_number else tokenizer.vocab_size
        train, valid = (TokenRows(folder / name, limits.get(name), below) for name in source[:2])
        if tokenizer.digest != content["tokenizer"]:
            return None
        if (len(train), len(valid)) != (stats.train_rows, stats.valid_rows):
            return None
        targets = None
        if (digest := content.get("target_tokenizer")) is not None:
            other = Tokenizer.load(folder / target.tokenizer)
            below = other.vocab_size + _TAGS
            rows = (TokenRows(folder / name, limits.get(name), below) for name in target[:2])
            targets = Targets(other, *rows)
            if other.digest != digest or (len(targets.train), len(targets.valid)) != (len(train), len(valid)):
                return None
    except (OSError, ValueError, KeyError, TypeError, CorpusError):
        return None
    return PreparedCorpus(tokenizer, train, valid, stats, folder, targets)


def identity_of(
    sides: Sequence[Sequence[Source]], config: CorpusConfig, **more: Any
) -> dict[str, Any] | None:
    """Return what a cache is made from, so that it can be used again; None for pipes, which are never the same.

    Args:
        sides: sources of each side, those of validation among them.
        config: how they are read, split and tokenized.
        more: what else decides its content, as JSON.

    Raises:
        CorpusError: a file cannot be looked at, or a tokenizer that `config` names cannot be used.
    """
    if not all(source.rereadable for side in sides for source in side):
        return None
    given = (config.tokenizer, config.target_tokenizer)
    found = {
        "config": to_dict(config),
        "files": [
            [[source.name, *(one.state() for one in source.files)] for source in side] for side in sides
        ],
        "tokenizers": [None if path is None else Tokenizer.load(path).digest for path in given],
        **more,
    }
    identity: dict[str, Any] = json.loads(json.dumps(found))  # as it is read back
    return identity


def changed_since(folder: Path, config: CorpusConfig) -> list[str]:
    """Return the names of files that have another size, date or digest than when the cache in `folder` was made of them.

    A source that is not there any more is not told, as the cache does without it; a part that it has lost or got is.

    Args:
        folder: of a whole cache.
        config: how the sources were read.
    """
    found = list[str]()
    try:
        identity = json.loads((folder / INDEX).read_text(encoding="utf-8"))["identity"] or {"files": []}
        sources = [source for side in identity["files"] for source in side]
    except (OSError, ValueError, KeyError, TypeError):
        return found
    for source in sources:
        if not isinstance(source, list):  # an older textrae has put it down otherwise
            continue
        with suppress(CorpusError):
            now = json.loads(json.dumps([part.state() for part in locate(source[0], config).files]))
            unlike = [state for state in (*source[1:], *now) if (state in source[1:]) != (state in now)]
            found += sorted({state[0] for state in unlike})
    return found


def _limits(content: dict[str, Any]) -> dict[str, int]:
    """Return how many ids of a row are read from each file; an older textrae has written no others.

    Raises:
        ValueError: an index is damaged.
    """
    limits: dict[str, int] = dict(content.get("limits", ()))
    if not all(type(limit) is int and 0 < limit < 2**16 for limit in limits.values()):
        raise ValueError("ids of a row")
    return limits


def build_cache(
    folder: Path,
    write: Callable[[Path], None],
    identity: dict[str, Any] | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> PreparedCorpus:
    """Open the cache in `folder` if it was made from the same, or else let `write` fill a folder with one, whole or not at all.

    Any number of processes may call it at once: one of them writes, and the others wait for it and map what it wrote. Where
    the one that writes is killed, the next one begins again.

    Args:
        folder: made if it is missing; the files of a cache that was made from something else are deleted.
        write: writes the cache's files into the folder that it is given, :func:`write_index` last.
        identity: what the cache is made from, as JSON; None if it is never the same again, as of a pipe.
        note: called with a line for the user if another process writes there.

    Raises:
        CorpusError: the disk refuses, or the cache is changed by another program.
    """
    with os_error_as_corpus_error(folder):
        if identity is not None and (found := open_cache(folder, identity)) is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(_lock_of(folder, identity), note):
            if identity is not None and (found := open_cache(folder, identity)) is not None:
                return found  # which another process has made meanwhile
            delete_cache_files(folder)
            if identity is not None and (linked := _linked(folder, identity)) is not None:
                note(f"{linked[0]}: a token cache of the same corpus, which is used here too")
                return linked[1]
            beside = folder / _BESIDE
            beside.mkdir()
            try:
                write(beside)
                _move(beside, folder)
            except BaseException:
                delete_cache_files(folder)
                raise
            corpus = open_cache(folder)
    if corpus is None:
        raise CorpusError(f"{folder}: the token cache was changed while it was written; run again")
    return corpus


def _lock_of(folder: Path, identity: dict[str, Any] | None) -> Path:
    """Return the lock of a cache: of all caches of one corpus in a folder of caches the same."""
    if identity is None or not folder.name.startswith(SHARED):
        return folder / LOCK
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return folder.parent / f"{SHARED}{digest[:16]}.lock"


def _linked(folder: Path, identity: dict[str, Any]) -> tuple[Path, PreparedCorpus] | None:
    """Open the cache of the same corpus that another run has beside `folder`, by links to its files.

    The files are there until the last of the runs deletes its own, and all processes map the same ones.

    Args:
        folder: of a cache, in a folder of caches; others are not looked at.
        identity: what the cache must have been made from.

    Returns:
        The folder that was linked to, and the corpus; None if there is none, or the disk has no such links.
    """
    for other in sorted(folder.parent.glob(f"{SHARED}*/")) if folder.name.startswith(SHARED) else ():
        if other == folder or (found := open_cache(other, identity)) is None:
            continue
        found.close()
        with suppress(OSError):  # also where its run has just deleted it
            for name in (*(name for side in SIDES for name in side), INDEX):
                if (other / name).exists():
                    (folder / name).hardlink_to(other / name)
            if (corpus := open_cache(folder, identity)) is not None:
                return other, corpus
        delete_cache_files(folder)
    return None


def _move(beside: Path, folder: Path) -> None:
    """Move the files of a cache to their place, first those without which its index means nothing."""
    for file in sorted(beside.iterdir(), key=lambda file: file.name == INDEX):
        file.replace(folder / file.name)
    beside.rmdir()


def write_index(
    folder: Path,
    stats: CorpusStats,
    tokenizers: Sequence[Tokenizer],
    limits: Sequence[int],
    identity: dict[str, Any] | None = None,
) -> None:
    """Write the file that makes a cache whole; call it when all others are written.

    Args:
        folder: where the cache lies.
        stats: counts of the corpus.
        tokenizers: of the source, and of the target of parallel text.
        limits: ids of a row at most that are read of each side; the files may hold more.
        identity: what the cache was made from, as JSON; None if it must not be opened in place of a new one.
    """
    sides = SIDES[: len(tokenizers)]
    content = {
        "format": _FORMAT,
        "identity": identity,
        "tokenizer": tokenizers[0].digest,
        "target_tokenizer": None if len(tokenizers) == 1 else tokenizers[1].digest,
        "sizes": {
            name: (folder / name).stat().st_size for side in sides for name in (side.train, side.valid)
        },
        "limits": {
            name: limit
            for side, limit in zip(sides, limits, strict=True)
            for name in (side.train, side.valid)
        },
        "stats": asdict(stats),
    }
    temporary = folder / _INDEX_TEMPORARY
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    temporary.replace(folder / INDEX)


def delete_cache_files(folder: Path) -> None:
    """Delete the files of a cache in `folder`, those of one that was not finished too; other files stay."""
    for name in (INDEX, *(name for side in SIDES for name in side), HASHES, _INDEX_TEMPORARY):
        (folder / name).unlink(missing_ok=True)
    for spool in folder.glob("spool-*.tmp"):  # an older textrae that was killed has left them
        spool.unlink(missing_ok=True)
    shutil.rmtree(folder / _BESIDE, ignore_errors=True)


@contextmanager
def os_error_as_corpus_error(folder: Path) -> Iterator[None]:
    """Re-raise an `OSError` as a one-line `CorpusError` that names the cache's folder."""
    try:
        yield
    except OSError as error:
        where = f"{folder}: the token cache cannot be written ({error.strerror or error})"
        raise CorpusError(f"{where}; free space, or choose another folder") from None
