"""Compare what teaches meaning: a suite's figures, reconstruction, and speed, for each objective in turn.

    python scripts/experiments/meaning.py TRAIN VALID --suite SUITE --teacher TEACHER.npy --minutes 30
    python scripts/experiments/meaning.py TRAIN VALID --suite SUITE --steps 1500 --only none views -- --vocab-size 16000

Each training has the defaults, the budget and what stands after --. Prints Markdown: the suite's figures of the part for meaning
(of whole encodings where there is none), BLEU on VALID, and sentences a second that are encoded to that part. The last
lines are the simple encodings of the suite, which do not depend on the objective, and with --beside given vectors.
Objectives that need a teacher are left out without one. With --keep the runs stay, and a run that is there is not trained again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from commands import Failed, answer, machine
from side_by_side import parsed

OBJECTIVES: dict[str, list[str]] = {
    "none": [],
    "sif": ["--sif"],
    "views": ["--meaning", "256", "--views"],
    "context": ["--meaning", "256", "--context"],
    "context and views": ["--meaning", "256", "--context", "--views"],
    "teacher": ["--teacher"],
    "teacher and views": ["--views", "--teacher"],
}
"""Options of each objective; the file of the teacher follows --teacher."""
_SIMPLE = ("tfidf", "tfidf-projected", "token-means", "sif", "untrained")


def main() -> int:
    """Train, measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--suite", type=Path, required=True, help="folder for `textrae evaluate --suite`")
    parser.add_argument("--teacher", type=Path, help=".npy file, row n for line n of TRAIN")
    parser.add_argument(
        "--beside", action="append", default=[], help="NAME=FILE.npy, as for `evaluate --suite`"
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--steps", type=int, help="budget in steps instead")
    parser.add_argument("--only", nargs="+", choices=list(OBJECTIVES), default=list(OBJECTIVES))
    parser.add_argument("--keep", type=Path, help="folder for the trained runs; by default they are deleted")
    args, further = parsed(parser)
    budget = ("--minutes", args.minutes) if args.steps is None else ("--steps", args.steps)
    well, headed, found = True, False, dict[str, Any]()
    with nullcontext(args.keep) if args.keep else tempfile.TemporaryDirectory() as folder:
        for name in args.only:
            if "--teacher" in OBJECTIVES[name] and args.teacher is None:
                continue
            run = Path(folder) / name.replace(" ", "-")
            options = [*OBJECTIVES[name], *([args.teacher] if "--teacher" in OBJECTIVES[name] else [])]
            try:
                if not (run / "model.safetensors").exists():
                    answer("train", args.train, "--valid", args.valid, *budget, *options, *further, "-o", run)
                found = measured(run, args)
            except Failed as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                well = False
                continue
            if not headed:
                print(head(found["suite"]), flush=True)
                headed = True
            line = figures(found["suite"], "model")
            print(f"| {name} | {line} | {found['bleu']:.2f} | {found['speed']:,.0f} |", flush=True)
        if found:
            others = [
                one for one in found["suite"]["encodings"] if one not in ("model", "spelling", *_SIMPLE)
            ]
            for name in (*_SIMPLE, *others):
                print(f"| {name} | {figures(found['suite'], name)} | | |")
    where = machine()
    print(
        f"\n{where['machine']}, {where['precision']}, peak {where['peak'] / 1e9:.0f} GFLOP/s, commit {where['commit']}"
    )
    return int(not well)


def measured(run: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Return what the suite finds, BLEU of reconstruction, and sentences a second that are encoded for comparison."""
    beside = [word for given in args.beside for word in ("--beside", given)]
    return {
        "suite": answer("evaluate", run, "--suite", args.suite, *beside),
        "bleu": answer("evaluate", run, args.valid)["overall"]["bleu"],
        "speed": speed(run, args.train),
    }


def speed(run: Path, text: Path, count: int = 20_000) -> float:
    """Return the sentences a second of one process that encodes lines to the part that they are compared by."""
    from textrae import SentenceAutoencoder

    model = SentenceAutoencoder.load(run, precision="auto")
    with text.open(encoding="utf-8", newline="\n") as file:
        lines = [line.rstrip("\n") for _, line in zip(range(count), file, strict=False)]
    part = model.run.settings.model.compared
    model.encode(lines[:1_000], part=part)
    began = time.perf_counter()
    model.encode(lines, part=part)
    return len(lines) / (time.perf_counter() - began)


def head(suite: dict[str, Any]) -> str:
    """Return the head of the table."""
    tasks = [f"{task['name']}, {measure}" for task in suite["tasks"] for measure in task["scores"]["model"]]
    names = ["objective", *tasks, "BLEU", "sentences/s"]
    return f"| {' | '.join(names)} |\n|---{'|---:' * (len(names) - 1)}|"


def figures(suite: dict[str, Any], encoding: str) -> str:
    """Return an encoding's figures on all tasks × 100."""
    values = [value for task in suite["tasks"] for value in task["scores"][encoding].values()]
    return " | ".join("–" if value is None else f"{100 * value:.1f}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
