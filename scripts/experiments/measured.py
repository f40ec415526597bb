"""Trainings whose quality is measured, and the file of JSON lines that keeps their figures over several sessions.

A line of the file is what one training reaches on one text. What is in the file is not measured again.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import figure_tables
from commands import Failed, answer, machine
from figure_tables import Row

Budget = tuple[str, float]
"""A switch of `textrae train` without its dashes, ``minutes`` or ``steps``, and its value."""


@dataclass(frozen=True)
class Training:
    """A training that is to be measured."""

    corpus: str
    """Name of the corpus."""
    train: Path
    valid: Path
    budget: Budget
    shape: tuple[int, int] | None = None
    """Slots and numbers of each; None for the default."""
    further: str = ""
    """Further switches of `textrae train`, as on a command line."""

    def key(self, text: str) -> tuple[object, ...]:
        """Return what tells its figures on a text from all others."""
        return self.corpus, self.budget, self.shape, self.further, text

    @property
    def switches(self) -> list[str]:
        """Switches of `textrae train`; a shape that is given is that of a base model."""
        name, value = self.budget
        words = [f"--{name}", f"{value:g}"]
        if self.shape:
            slots, latent = self.shape
            words += ["--size", "base", "--slots", str(slots), "--latent", str(latent)]
        return words + shlex.split(self.further)

    def __str__(self) -> str:
        return f"{self.corpus} {shlex.join(self.switches)}"


def key(row: Row) -> tuple[object, ...]:
    """Return what tells a row from all others, as :meth:`Training.key` does."""
    name, value = row["budget"]
    shape = row["shape"] and tuple(row["shape"])
    return row["corpus"], (name, float(value)), shape, row["further"], row["text"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every script that measures trainings takes."""
    parser.add_argument(
        "--corpus", type=_corpus, action="append", default=[], metavar="NAME=TRAIN,VALID", help="repeatable"
    )
    parser.add_argument("--minutes", type=_numbers, default=[], help="budgets, such as 5,10,30")
    parser.add_argument("--steps", type=_numbers, default=[], help="budgets in steps, such as 1000,3000")
    parser.add_argument("--out", type=Path, help="JSON lines to which figures are added")
    parser.add_argument("--keep", type=Path, help="folder for the trained runs; by default they are deleted")
    parser.add_argument("--table", type=Path, help="measure nothing, and print what this file holds")


def _corpus(word: str) -> tuple[str, Path, Path]:
    """Read NAME=TRAIN,VALID."""
    name, _, files = word.partition("=")
    train, _, valid = files.partition(",")
    if not (name and train and valid):
        raise argparse.ArgumentTypeError(f"{word!r}: give NAME=TRAIN,VALID")
    return name, Path(train), Path(valid)


def _numbers(word: str) -> list[float]:
    """Read numbers that commas part."""
    try:
        found = [float(part) for part in word.split(",")]
    except ValueError:
        found = []
    if not found or min(found) <= 0:
        raise argparse.ArgumentTypeError(f"{word!r}: give numbers above 0, such as 5,10,30")
    return found


def check(parser: argparse.ArgumentParser, args: argparse.Namespace, files: Sequence[Path] = ()) -> None:
    """Refuse arguments with which nothing is measured, and files that are not there."""
    if args.table is None and not (args.corpus and (args.minutes or args.steps)):
        parser.error("give --corpus and --minutes or --steps, or --table with a file of figures")
    there = [path for _, train, valid in args.corpus for path in (train, valid)]
    for path in [*there, *files, *([args.table] if args.table else [])]:
        if not path.is_file():
            parser.error(f"{path}: no such file")


def planned(
    args: argparse.Namespace, further: Sequence[str], shapes: Sequence[tuple[int, int] | None] = (None,)
) -> list[Training]:
    """Return the trainings that arguments ask for: each corpus, budget and shape, in their order."""
    budgets = [(name, float(value)) for name in ("minutes", "steps") for value in getattr(args, name)]
    return [
        Training(name, train, valid, budget, shape, shlex.join(further))
        for name, train, valid in args.corpus
        for budget in budgets
        for shape in shapes
    ]


def read(path: Path | None) -> list[Row]:
    """Return the rows of a file, the last one where several are of the same; none if it is not there.

    Raises:
        SystemExit: a line is no row.
    """
    if path is None or not path.exists():
        return []
    rows: dict[tuple[object, ...], Row] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            rows[key(row)] = row
        except (ValueError, TypeError, KeyError):
            sys.exit(f"{path}, line {number}: no figures of a training; take the line out")
    return list(rows.values())


def measure(
    trainings: Iterable[Training], args: argparse.Namespace, unseen: Mapping[str, Path] | None = None
) -> tuple[list[Row], bool]:
    """Train and measure what is not in the file yet; print each row as soon as it is there.

    Args:
        trainings: what is measured.
        args: arguments of the command line, of which `out` and `keep` are read.
        unseen: further texts by name, on which every model is measured too.

    Returns:
        The rows that were asked for, and whether nothing failed.
    """
    known = {key(row): row for row in read(args.out)}
    print(figure_tables.head(), flush=True)
    found, well = [], True
    for training in trainings:
        texts = {training.corpus: training.valid, **(unseen or {})}
        missing = {name: path for name, path in texts.items() if training.key(name) not in known}
        fresh = _rows(training, missing, args.keep) if missing else iter(())
        try:
            for name in texts:
                row = known.get(training.key(name)) or next(fresh)
                if name in missing and args.out is not None:
                    with args.out.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                found.append(row)
                print(figure_tables.line(row), flush=True)
        except Failed as error:
            print(f"{training}: {error}", file=sys.stderr, flush=True)
            well = False
    return found, well


def _rows(training: Training, texts: Mapping[str, Path], keep: Path | None) -> Iterator[Row]:
    """Train, or take the run that was kept, and yield its figures on each text.

    Raises:
        Failed: a command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = (keep or Path(folder)) / "".join(c if c.isalnum() else "-" for c in str(training))
        beside = run.with_name(f"{run.name}.json")
        if not beside.exists():
            print(f"training {training}", file=sys.stderr, flush=True)
            where = machine()
            files = training.train, "--valid", training.valid, "-o", run, "--overwrite"
            run.parent.mkdir(parents=True, exist_ok=True)
            answer("train", *files, *training.switches)
            beside.write_text(json.dumps(where), encoding="utf-8")
        where, shape = json.loads(beside.read_text(encoding="utf-8")), answer("info", run)
        for name, path in texts.items():
            scores = answer("evaluate", run, path)
            yield {
                **{"corpus": training.corpus, "budget": training.budget, "shape": training.shape},
                **{"further": training.further, "text": name},
                **_facts(shape),
                **{part: scores[part] for part in ("overall", "by_length")},
                **where,
            }


def _facts(shape: Row) -> Row:
    """Return what a table says of a run, from what `textrae info` says."""
    result, model = shape["result"], shape["model"]
    return {
        **{name: result[name] for name in ("step", "tokens", "passes", "seconds")},
        **{name: result["corpus"][name] for name in ("train_rows", "overlap", "max_length")},
        **{name: shape[name] for name in ("parameters", "encoding_size")},
        **{name: model[name] for name in ("hidden", "slots", "latent")},
    }
