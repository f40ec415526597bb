"""One process of many: a model, which makes one part after another."""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from textrae.devices import keep_freed_memory
from textrae.errors import RunError, TextraeError
from textrae.inference.cuts import Cuts
from textrae.inference.engine import WINDOW
from textrae.inference.vectors import stored
from textrae.inference.vectors.formats import MARK, TEXT, VECTOR
from textrae.integrations.ray_data.folder import MARK as PART
from textrae.integrations.ray_data.folder import Folder, name_of
from textrae.integrations.ray_data.jobs import ROW, TRANSLATION, TRANSLATIONS, Job
from textrae.model import SentenceAutoencoder
from textrae.text.blocks import ReadCounts
from textrae.text.kept import Kept
from textrae.text.ranges import read_range
from textrae.version import __version__

COUNTED: Final = ("lines", "blank", "cut", "undecodable", "missing")
"""Counts of what was read that a part's file holds."""
_HYPOTHESES: Final = pa.list_(pa.struct([("text", pa.string()), ("score", pa.float64())]))


class Worker:
    """The model of a process and the job that it works on. Ray makes one for each actor.

    Args:
        job: what is done to each part.
        out: folder of the parts, or its address.
        fetch: returns the content of the run's files by their names.
        device: as for :meth:`textrae.SentenceAutoencoder.load`.
    """

    def __init__(self, job: Job, out: str, fetch: Callable[[], Mapping[str, bytes]], device: str) -> None:
        self.job = job
        self._refused: TextraeError | None = None
        torch.set_num_threads(1)  # a process a core
        keep_freed_memory()
        try:
            self._folder = Folder(out)
            self._model = _loaded(job, fetch(), device)
        except TextraeError as error:
            self._refused = error

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Make a part, unless it is there, and return what its file tells.

        Args:
            row: ``part``, its number.

        Returns:
            ``part``, ``told`` in JSON, and ``kind`` and ``error``, which are empty unless something is wrong with the
            input, the run or the folder: Ray tries nothing again then.
        """
        part = int(row["part"])
        answer = {"part": part, "told": "", "kind": "", "error": ""}
        try:
            if self._refused is not None:
                raise self._refused
            told = self._folder.part(self.job, part) or make_part(self._model, self.job, self._folder, part)
            return {**answer, "told": json.dumps(told)}
        except TextraeError as error:
            return {**answer, "kind": type(error).__name__, "error": str(error)}


def make_part(model: SentenceAutoencoder, job: Job, folder: Folder, part: int) -> dict[str, Any]:
    """Read, encode or translate, and write a part; return what its file tells.

    Args:
        model: the job's.
        job: what is done.
        folder: where the file goes.
        part: number of the part.

    Raises:
        TextraeError: the input cannot be read, or the file not written.
    """
    counts, cuts = ReadCounts(kept=Kept(job.keep) if job.keep else None), Cuts()
    make = _encoded if job.command == "encode" else _translated
    with folder.writing(name_of(part)) as stream:
        tables = make(model, job, part, counts, cuts)
        first = next(tables)
        with pq.ParquetWriter(stream, first.schema, write_page_checksum=True) as writer:
            writer.write_table(first)
            rows = first.num_rows
            for table in tables:
                writer.write_table(table)
                rows += table.num_rows
            told = {
                "job": job.digest,
                "part": part,
                "rows": rows,
                "read": {name: getattr(counts, name) for name in COUNTED},
                "cuts": asdict(cuts),
            }
            writer.add_key_value_metadata({PART.decode(): json.dumps(told)})
        if rows != len(job.rows_of(part)):
            raise RunError(
                f"{folder.path}/{name_of(part)}: {rows:,} rows were read where {len(job.rows_of(part)):,} were counted; "
                "a file of the input has changed under way: run it again into another folder"
            )
    return told


def _loaded(job: Job, files: Mapping[str, bytes], device: str) -> SentenceAutoencoder:
    """Load a run from the content of its files."""
    if job.made_by != __version__:
        raise RunError(
            f"a machine of the cluster has textrae {__version__}, not {job.made_by}; install the same there"
        )
    with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        return SentenceAutoencoder.load(folder, device=device, precision=job.settings["precision"])


def _lines(job: Job, part: int, counts: ReadCounts, held: deque[str]) -> Iterator[str]:
    """Yield the sentences of a part, which also wait in `held` until they are written."""
    for file, rows in job.pieces(part):
        for batch in read_range(file, rows, job.corpus, counts):
            held.extend(batch)
            yield from batch


def _encoded(
    model: SentenceAutoencoder, job: Job, part: int, counts: ReadCounts, cuts: Cuts
) -> Iterator[pa.Table]:
    """Yield tables of rows, sentences, columns that are kept, and vectors; one without rows if there are none."""
    layout, held, done = job.layout, deque[str](), job.rows_of(part).start
    assert layout is not None
    stream = model.engine.encode_stream(
        _lines(job, part, counts, held),
        cuts=cuts,
        part=job.settings["part"],
        shared=job.rows > WINDOW,
    )
    numbers = pa.list_(pa.from_numpy_dtype(layout.dtype), layout.columns)
    for vectors in stream:
        kept = {} if counts.kept is None else counts.kept.take(len(vectors))
        small = stored(vectors[:, : layout.width], layout.storage, layout.length)
        columns = {
            **_rows(done, held, len(vectors)),
            **kept,
            VECTOR: pa.FixedSizeListArray.from_arrays(pa.array(small.ravel()), type=numbers),
        }
        done += len(vectors)
        yield pa.table(columns).replace_schema_metadata({MARK: layout.mark})
    if done == job.rows_of(part).start:
        columns = {**_rows(done, held, 0), VECTOR: pa.array([], numbers)}
        yield pa.table(columns).replace_schema_metadata({MARK: layout.mark})


def _translated(
    model: SentenceAutoencoder, job: Job, part: int, counts: ReadCounts, cuts: Cuts
) -> Iterator[pa.Table]:
    """Yield tables of rows, sentences and translations, or several with their scores; one without rows if there are none."""
    settings, held, done = job.settings, deque[str](), job.rows_of(part).start
    options = {name: settings[name] for name in ("beam", "length_penalty", "to")}
    several, lines = settings["n_best"], _lines(job, part, counts, held)
    if several == 1:
        for block in model.translate_stream(lines, cuts=cuts, **options):
            yield pa.table({**_rows(done, held, len(block)), TRANSLATION: pa.array(block, pa.string())})
            done += len(block)
    else:
        for found in model.translations(lines, cuts=cuts, **options):
            best = [[{"text": text, "score": score} for text, score in one[:several]] for one in found]
            yield pa.table({**_rows(done, held, len(best)), TRANSLATIONS: pa.array(best, _HYPOTHESES)})
            done += len(best)
    if done == job.rows_of(part).start:
        name, kind = (TRANSLATION, pa.string()) if several == 1 else (TRANSLATIONS, _HYPOTHESES)
        yield pa.table({**_rows(done, held, 0), name: pa.array([], kind)})


def _rows(done: int, held: deque[str], count: int) -> dict[str, Any]:
    """Return the columns of the rows' numbers, from 1, and of the sentences that wait."""
    texts = list(islice(held, count))
    for _ in range(count):
        held.popleft()
    return {
        ROW: pa.array(range(done + 1, done + 1 + count), pa.int64()),
        TEXT: pa.array(texts, pa.string()),
    }
