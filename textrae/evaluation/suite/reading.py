"""A suite read from a folder: its files, checked and bounded, as tasks.

The sub-folders say what a file is: ``similarity``, ``labels``, ``retrieval``, ``clusters``, ``probing``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from textrae.errors import CorpusError
from textrae.evaluation.suite.probes import probes
from textrae.evaluation.suite.scoring import FOLDS
from textrae.evaluation.suite.tasks import Kind, Suite, Task, make_task
from textrae.text.blank import is_blank
from textrae.text.blocks import MAX_LINE, ReadCounts, decoded_lines, read_blocks
from textrae.text.sources import Source

FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "similarity": ("score", "sentence 1", "sentence 2"),
    "labels": ("label", "sentence"),
    "retrieval": ("query", "answer"),
    "clusters": ("label", "sentence"),
    "probing": ("sentence",),
}
"""What a line holds, parted by tabs."""
LARGEST: Final = 64 * 2**20
"""Bytes of a file at most."""
MOST_LINES: Final = 50_000
"""Lines of a file at most."""
MOST_LABELS: Final = 200
"""Different labels of a file at most."""
_MOST_FILES: Final = 64
_SHOWN: Final = 40
"""Characters of a field that a message shows."""
Errors = Literal["strict", "replace"]
"""What happens to bytes that are not UTF-8."""
ERRORS: Final[tuple[Errors, ...]] = get_args(Errors)


def read_suite(folder: Path, *, seed: int = 0, errors: Errors = "strict") -> Suite:
    """Read all tasks of a folder.

    Names that begin with a dot are passed over. Blank lines are left out and counted in the notes.

    Args:
        folder: with sub-folders named by the kinds of tasks; ``.tsv`` files in them, ``.txt`` for probing.
        seed: of what the probes draw.
        errors: whether bytes that are not UTF-8 are refused, or read as U+FFFD and counted.

    Raises:
        CorpusError: something in the folder is no part of a suite, or a file is too large, or a line is malformed; the
            message names file and line.
    """
    found = list(_files(folder))
    if not found:
        names = ", ".join(f"{kind}/*{_ending(kind)}" for kind in FIELDS)
        raise CorpusError(f"{folder}: no file of a suite in it; put some there as {names}")
    if len(found) > _MOST_FILES:
        raise CorpusError(f"{folder}: {len(found):,} files; a suite has {_MOST_FILES} at most")
    tasks: list[Task] = []
    notes: list[str] = []
    for kind, file in found:
        tasks += _tasks(kind, file, seed, errors, notes)
    return Suite(tasks, [file for _, file in found], notes)


def _ending(kind: Kind) -> str:
    return ".txt" if kind == "probing" else ".tsv"


def _files(folder: Path) -> Iterator[tuple[Kind, Path]]:
    """Yield the kind and path of each file of a suite."""
    kinds = {entry.name: entry for entry in _entries(folder)}
    for name, entry in kinds.items():
        if name not in FIELDS or not entry.is_dir():
            raise CorpusError(
                f"{entry}: is no part of a suite, whose folders are {', '.join(FIELDS)}; take it out"
            )
    for kind in FIELDS:
        for file in _entries(kinds[kind]) if kind in kinds else ():
            if file.suffix != _ending(kind) or not file.is_file():
                raise CorpusError(f"{file}: is no part of a suite: {kind} has *{_ending(kind)}; take it out")
            yield kind, file


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder, by name, but for names that begin with a dot."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except NotADirectoryError:
        raise CorpusError(f"{folder}: is a file; give the folder of a suite") from None
    except FileNotFoundError:
        raise CorpusError(f"{folder}: no such folder; check the path") from None
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be read: {error.strerror or error}") from None


def _tasks(kind: Kind, file: Path, seed: int, errors: Errors, notes: list[str]) -> list[Task]:
    """Return the task of a file, or its probes; add to the notes what was left out or replaced."""
    counts = ReadCounts()
    rows = list(_rows(kind, file, errors, counts))
    if counts.blank:
        notes.append(f"{file}: {counts.blank:,} of {counts.lines:,} lines were blank, left out")
    if counts.undecodable:
        notes.append(f"{file}: {counts.undecodable:,} lines held bytes that are not UTF-8, now U+FFFD")
    if not rows:
        raise CorpusError(f"{file}: no line in it but blank ones; give {_wanted(kind)} a line")
    columns = [list(column) for column in zip(*(fields for _, fields in rows), strict=True)]
    if kind == "probing":
        made, said = probes(file.stem, columns[0], seed)
        notes += [f"{file}: {line}" for line in said]
        if not made:
            raise CorpusError(f"{file}: too few sentences, or too much alike, to probe; give a few hundred")
        return made
    if kind == "retrieval":
        if len(set(columns[1])) < 2:
            raise CorpusError(f"{file}: a single answer; give two different ones or more")
        return [make_task(kind, file.stem, columns)]
    if kind == "similarity":
        scores = [_score(file, number, fields[0]) for number, fields in rows]
        if len(set(scores)) < 2:
            raise CorpusError(f"{file}: all scores are {scores[0]:g}; give two different ones or more")
        return [make_task(kind, file.stem, columns[1:], scores)]
    labels = [label.strip() for label in columns[0]]
    _check_labels(file, labels, FOLDS if kind == "labels" else 1)
    return [make_task(kind, file.stem, columns[1:], labels)]


def _rows(kind: Kind, file: Path, errors: Errors, counts: ReadCounts) -> Iterator[tuple[int, list[str]]]:
    """Yield number and fields of each line that is not blank."""
    name, fields = str(file), FIELDS[kind]
    try:
        size = file.stat().st_size
    except OSError as error:
        raise CorpusError(f"{name}: cannot be read: {error.strerror or error}") from None
    if size > LARGEST:
        raise CorpusError(f"{name}: {size:,} bytes; a file of a suite has {LARGEST >> 20} MiB at most")
    blocks = read_blocks(Source(name, name, "text"))
    for lines in decoded_lines(blocks, name, errors, counts, refuse_over=MAX_LINE):
        for line in lines:
            counts.lines += 1
            if counts.lines > MOST_LINES:
                raise CorpusError(f"{name}: a file of a suite has {MOST_LINES:,} lines at most; give a part")
            if is_blank(line):
                counts.blank += 1
                continue
            found = [line] if kind == "probing" else line.split("\t")
            where = f"{name}: line {counts.lines}"
            if len(found) != len(fields):
                raise CorpusError(f"{where}: {len(found)} fields between tabs; give {_wanted(kind)}")
            for what, field in zip(fields, found, strict=True):
                if is_blank(field):
                    raise CorpusError(f"{where}: the {what} is blank; give {_wanted(kind)}")
            yield counts.lines, found


def _wanted(kind: Kind) -> str:
    return "<tab>".join(FIELDS[kind])


def _score(file: Path, number: int, field: str) -> float:
    try:
        score = float(field)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise CorpusError(f"{file}: line {number}: the score is {_shown(field)}; give a finite number")
    return score


def _check_labels(file: Path, labels: Sequence[str], least: int) -> None:
    """Raise :class:`CorpusError` unless there are two labels or more, each on enough lines."""
    counts = Counter(labels)
    if not 2 <= len(counts) <= MOST_LABELS:
        raise CorpusError(f"{file}: {len(counts):,} different labels; give 2 to {MOST_LABELS}")
    label, count = min(counts.items(), key=lambda item: item[1])
    if count < least:
        raise CorpusError(
            f"{file}: label {_shown(label)} stands on {count} lines; {least} folds of cross-validation need {least}"
        )


def _shown(field: str) -> str:
    return repr(field if len(field) <= _SHOWN else f"{field[:_SHOWN]}…")
