"""A job of encoding or translating a large input: its run, its files, its settings, and the parts that it is cut into."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from textrae.errors import ConfigError
from textrae.inference.engine import WINDOW
from textrae.inference.vectors import STORAGE, Storage
from textrae.inference.vectors.formats import TEXT, VECTOR, Layout
from textrae.model import SentenceAutoencoder
from textrae.runs.files import digest_of
from textrae.settings.corpus import CorpusConfig
from textrae.settings.model import Part
from textrae.text.lines import locate, refuse_column
from textrae.text.ranges import Ranged, ranged
from textrae.text.sources import Source
from textrae.version import __version__

ROW, TRANSLATION, TRANSLATIONS = "row", "translation", "translations"
"""Names of columns of a part: number of the row in the input, from 1, and what was translated."""
ENCODED, TRANSLATED = 8 * WINDOW, WINDOW
"""Rows of a part by default."""
_FORMAT: Final = 1
"""Number of the layout of a folder of parts."""
_LOOKING: Final = 8
"""Files that are looked into at once."""


@dataclass(frozen=True)
class Job:
    """Encoding or translating an input part by part.

    The rows of all files together are cut into parts of `size` rows, which is a number of whole windows: as one process
    computes a window at a time, each row is computed beside the same others, wherever its part is.
    """

    command: Literal["encode", "translate"]
    """Command whose results the parts hold."""
    run: str
    """Digest of what in the run decides on the results."""
    settings: Mapping[str, Any]
    """Settings that decide on the results, by name."""
    corpus: CorpusConfig
    """How the input is read."""
    files: tuple[Ranged, ...]
    """Files of the input, in order."""
    state: str
    """Digest of what changes when a file of the input does."""
    size: int
    """Rows of a part."""
    keep: tuple[str, ...] = ()
    """Columns of the input that are written too."""
    layout: Layout | None = None
    """How vectors are stored; None for translations."""
    made_by: str = field(default=__version__)
    """Version of textrae."""

    @cached_property
    def rows(self) -> int:
        """Rows of the input."""
        return sum(file.rows for file in self.files)

    @property
    def parts(self) -> int:
        """Number of parts; an input without rows is one without rows."""
        return max(1, -(-self.rows // self.size))

    def rows_of(self, part: int) -> range:
        """Return the rows of a part, from 0."""
        return range(part * self.size, min((part + 1) * self.size, self.rows))

    def pieces(self, part: int) -> Iterator[tuple[Ranged, range]]:
        """Yield the files that a part lies in, each with its rows there."""
        rows = self.rows_of(part)
        at = int(np.searchsorted(self._ends, rows.start, side="right"))
        while at < len(self.files) and (before := int(self._ends[at]) - self.files[at].rows) < rows.stop:
            first, last = max(rows.start - before, 0), min(rows.stop - before, self.files[at].rows)
            if first < last:
                yield self.files[at], range(first, last)
            at += 1

    def unchanged(self) -> bool:
        """Return whether the files are what they were when they were looked into."""
        return _state([file.source for file in self.files]) == self.state

    def facts(self) -> dict[str, Any]:
        """Return what the folder of the parts holds about the job; every part has its digest."""
        return {
            "format": _FORMAT,
            "command": self.command,
            "run": self.run,
            "input": {"files": len(self.files), "rows": self.rows, "state": self.state},
            "settings": {**self.settings, "keep": list(self.keep)},
            "part_rows": self.size,
            "parts": self.parts,
        }

    @cached_property
    def digest(self) -> str:
        """Digest of :meth:`facts`."""
        return digest_of(json.dumps(self.facts(), sort_keys=True).encode())

    @cached_property
    def _ends(self) -> Any:
        return np.cumsum([file.rows for file in self.files])


def encoding(
    model: SentenceAutoencoder,
    file: str,
    corpus: CorpusConfig,
    *,
    part: Part = "all",
    dimensions: int | None = None,
    storage: Storage = "float32",
    precision: str = "fp32",
    keep: tuple[str, ...] = (),
    size: int | None = None,
) -> Job:
    """Return the job of encoding a file, a folder or a pattern of files; it looks into all of them.

    Args:
        model: the run's.
        file: path or address, as for :func:`textrae.text.lines.locate`.
        corpus: how it is read.
        part: what of the encodings is written.
        dimensions: how many of the first of them; None for all.
        storage: how they are stored.
        precision: in which they are computed.
        keep: columns of parquet files that are written too.
        size: rows of a part, a multiple of :data:`textrae.inference.engine.WINDOW`; None for :data:`ENCODED`.

    Raises:
        ConfigError: a setting does not fit the model, or the size of a part is no such multiple.
        CorpusError: a file cannot be read, or not by parts.
    """
    model.engine.refuse_text()
    config = model.run.settings.model
    whole = config.part_size(part)
    if storage not in STORAGE:
        raise ConfigError(
            f"`storage={storage}`: vectors are stored as {', '.join(STORAGE)}; give one of these"
        )
    if dimensions is not None and dimensions > whole:
        raise ConfigError(f"`dimensions={dimensions}`: the vectors have {whole}; give at most that")
    for name in keep:
        if name in (ROW, TEXT, VECTOR):
            raise ConfigError(f"`keep`: a column {name!r} is written already; rename that of the input")
    width, mark = dimensions or whole, model.run.fingerprint
    length = width == config.encoding_size and config.keeps_length
    settings = {"part": part, "dimensions": width, "storage": storage, "precision": precision}
    layout = Layout(width, storage, mark, keep, length)
    return _job("encode", mark, settings, file, corpus, keep, _size(size, ENCODED), layout)


def translating(
    model: SentenceAutoencoder,
    file: str,
    corpus: CorpusConfig,
    *,
    beam: int = 5,
    length_penalty: float = 1.0,
    to: str | None = None,
    n_best: int = 1,
    precision: str = "fp32",
    size: int | None = None,
) -> Job:
    """Return the job of translating a file, a folder or a pattern of files; it looks into all of them.

    Args:
        model: the run's.
        file: path or address, as for :func:`textrae.text.lines.locate`.
        corpus: how it is read.
        beam, length_penalty, to: as for :meth:`textrae.SentenceAutoencoder.translate`.
        n_best: translations of each sentence.
        precision: in which they are computed.
        size: rows of a part, a multiple of :data:`textrae.inference.engine.WINDOW`; None for :data:`TRANSLATED`.

    Raises:
        ConfigError: the run does not translate, or the size of a part is no such multiple.
        CorpusError: a file cannot be read, or not by parts.
    """
    run = model.run
    if not run.translates:
        raise ConfigError("this run was not trained to translate; train with `target`")
    digests = (run.weights_digest(), run.tokenizer.digest, run.writer.digest)
    settings = {
        "beam": beam,
        "length_penalty": length_penalty,
        "to": to,
        "n_best": n_best,
        "precision": precision,
    }
    mark = digest_of(" ".join(digests).encode())[:16]
    return _job("translate", mark, settings, file, corpus, (), _size(size, TRANSLATED), None)


def _size(size: int | None, default: int) -> int:
    if size is None:
        return default
    if size < 1 or size % WINDOW:
        raise ConfigError(
            f"`part_rows={size}`: a multiple of {WINDOW:,} is expected, the sentences that are computed at once"
        )
    return size


def _job(
    command: Literal["encode", "translate"],
    mark: str,
    settings: Mapping[str, Any],
    file: str,
    corpus: CorpusConfig,
    keep: tuple[str, ...],
    size: int,
    layout: Layout | None,
) -> Job:
    source = locate(file, corpus)
    refuse_column([source], corpus.column)
    if keep and source.format != "parquet":
        raise ConfigError(
            f"`keep`: {file} is no parquet file, of which alone parts keep columns; leave it out"
        )
    with ThreadPoolExecutor(_LOOKING) as pool:
        files = tuple(pool.map(lambda one: ranged(one, corpus), source.files))
    read = {"column": corpus.column, "format": corpus.format, "errors": corpus.errors}
    return Job(
        command=command,
        run=mark,
        settings={**settings, **read},
        corpus=corpus,
        files=files,
        state=_state(source.files),
        size=size,
        keep=keep,
        layout=layout,
    )


def _state(files: Sequence[Source]) -> str:
    """Return the digest of what changes when a file does."""
    return digest_of(json.dumps([one.state() for one in files]).encode())
