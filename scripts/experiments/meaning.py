"""Compare what teaches meaning: a suite's figures, reconstruction, and speed, for each objective in turn.

    python scripts/experiments/meaning.py TRAIN VALID --suite SUITE --teacher TEACHER.npy --minutes 30
    python scripts/experiments/meaning.py TRAIN VALID --suite SUITE --steps 1500 --only none views -- --vocab-size 16000

Each training has the defaults, the budget and what stands after --. Prints Markdown: the suite's figures of the part for meaning
(of whole encodings where there is none), BLEU on VALID, and sentences a second that are encoded to that part. The last
lines are the simple encodings of the suite, which do not depend on the objective, and with --beside given vectors.
With --truncate, the first numbers of each part for meaning have a row too. With --processed, the part as it is learnt has rows too:
unchanged, centred, without its first component, and whitened, fitted to the first 20,000 lines of TRAIN. With --picture, meaning is
drawn against BLEU.
With --encoder, the sentences a second of a sentence-transformers model have a row, of as many lines and the same number of threads.
Objectives that need a teacher are left out without one. With --keep the runs stay, and a run that is there is not trained again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from commands import Failed, answer, machine
from numpy.typing import NDArray
from side_by_side import parsed

from textrae.errors import TextraeError

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
    parser.add_argument(
        "--truncate", type=_sizes, default=[], help="numbers to cut the part to, such as 32,64,128"
    )
    parser.add_argument("--processed", action="store_true", help="compare what could be done after training")
    parser.add_argument(
        "--encoder", help="sentence-transformers model whose speed is measured: name, or folder"
    )
    parser.add_argument("--picture", type=Path, help="draw meaning against BLEU into this .svg")
    args, further = parsed(parser)
    if args.picture and (args.picture.suffix != ".svg" or find_spec("matplotlib") is None):
        parser.error("--picture is an .svg, and needs matplotlib")
    if args.encoder and find_spec("sentence_transformers") is None:
        parser.error(
            "--encoder needs sentence-transformers; install it with: pip install sentence-transformers"
        )
    budget = ("--minutes", args.minutes) if args.steps is None else ("--steps", args.steps)
    well, found, points = True, dict[str, Any](), dict[str, tuple[float, dict[str, Any]]]()
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
            except (Failed, TextraeError) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                well = False
                continue
            if not points:
                print(head(found["suite"]), flush=True)
            points[name] = found["bleu"], found["suite"]
            line = figures(found["suite"], "model")
            print(f"| {name} | {line} | {found['bleu']:.2f} | {found['speed']:,.0f} |", flush=True)
            for part in found["cut"]:
                print(f"| {name}, {part} | {figures(found['suite'], part)} | | |", flush=True)
        if found:
            ours = {"model", "spelling", *_SIMPLE, *found["cut"]}
            others = [*_SIMPLE, *(one for one in found["suite"]["encodings"] if one not in ours)]
            for name in others:
                print(f"| {name} | {figures(found['suite'], name)} | | |")
            if args.encoder:
                empty = " |" * (head(found["suite"]).split("\n")[0].count("|") - 3)
                print(f"| {args.encoder} |{empty} {others_speed(args.encoder, args.train):,.0f} |")
            if args.picture:
                draw(points, ["tfidf", "sif", *others[len(_SIMPLE) :]], args.picture)
    where = machine()
    print(
        f"\n{where['machine']}, {where['precision']}, peak {where['peak'] / 1e9:.0f} GFLOP/s, commit {where['commit']}"
    )
    return int(not well)


def measured(run: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Return what the suite finds, BLEU of reconstruction, and sentences a second that are encoded for comparison."""
    with tempfile.TemporaryDirectory() as folder:
        cut = further_encodings(run, args, Path(folder))
        given = [*args.beside, *(f"{name}={file}" for name, file in cut.items())]
        beside = [word for one in given for word in ("--beside", one)]
        return {
            "suite": answer("evaluate", run, "--suite", args.suite, *beside),
            "bleu": answer("evaluate", run, args.valid)["overall"]["bleu"],
            "speed": speed(run, args.train),
            "cut": list(cut),
        }


def further_encodings(run: Path, args: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Write what --truncate and --processed ask for, of all sentences of the suite; return the files by name."""
    from textrae import SentenceAutoencoder
    from textrae.evaluation.suite.reading import read_suite

    model = SentenceAutoencoder.load(run, precision="auto")
    meaning, found = model.run.settings.model.meaning, dict[str, NDArray[Any]]()
    if not meaning or not (args.truncate or args.processed):
        return {}
    sentences = list(read_suite(args.suite).sentences)
    if args.truncate:
        vectors = model.encode(sentences, part="meaning")
        found |= {f"first-{size}": vectors[:, :size] for size in args.truncate if size < meaning}
    if args.processed:
        learnt = [model.encode(texts)[:, :meaning] for texts in (first_lines(args.train, 20_000), sentences)]
        found |= processed(*learnt)
    for name, rows in found.items():
        np.save(folder / f"{name}.npy", rows)
    return {name: folder / f"{name}.npy" for name in found}


def processed(text: NDArray[Any], rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return vectors after each of the usual treatments, which are fitted to those of a text.

    Args:
        text: (sentences, dimensions).
        rows: (n, dimensions), the vectors to treat.
    """
    centre = text.mean(0)
    _, spreads, axes = np.linalg.svd(text - centre, full_matrices=False)
    apart, scale = rows - centre, np.maximum(spreads, 1e-6 * spreads[0])
    return {
        "as-learnt": rows,
        "centred": apart,
        "without-first": apart - apart @ axes[:1].T @ axes[:1],
        "half-whitened": apart @ axes.T / np.sqrt(scale),
        "whitened": apart @ axes.T / scale,
    }


def first_lines(text: Path, count: int) -> list[str]:
    """Return the first lines of a file."""
    with text.open(encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n") for _, line in zip(range(count), file, strict=False)]


def speed(run: Path, text: Path, count: int = 20_000) -> float:
    """Return the sentences a second of one process that encodes lines to the part that they are compared by."""
    from textrae import SentenceAutoencoder

    model = SentenceAutoencoder.load(run, precision="auto")
    lines = first_lines(text, count)
    part = model.run.settings.model.compared
    model.encode(lines[:1_000], part=part)
    began = time.perf_counter()
    model.encode(lines, part=part)
    return len(lines) / (time.perf_counter() - began)


def others_speed(name: str, text: Path, count: int = 2_000) -> float:
    """Return the sentences a second of a sentence-transformers model."""
    from sentence_transformers import SentenceTransformer

    model, lines = SentenceTransformer(name), first_lines(text, count)
    model.encode(lines[:64])
    began = time.perf_counter()
    model.encode(lines, batch_size=64, show_progress_bar=False)
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


def draw(points: dict[str, tuple[float, dict[str, Any]]], others: Sequence[str], path: Path) -> None:
    """Draw a panel for each task: a point for each objective, BLEU across and meaning up, and lines for other encodings.

    Args:
        points: BLEU and the suite's figures, by objective.
        others: encodings that cannot be decoded, which are drawn as lines.
        path: the .svg to write.
    """
    import matplotlib
    from matplotlib.figure import Figure

    _, last = list(points.values())[-1]
    with matplotlib.rc_context({"svg.hashsalt": "textrae", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((0.6 + 3.1 * len(last["tasks"]), 3.6), layout="constrained")
        panels = figure.subplots(1, len(last["tasks"]), squeeze=False)[0]
        for place, (panel, task) in enumerate(zip(panels, last["tasks"], strict=True)):
            measure = next(iter(task["scores"]["model"]))
            for name, (bleu, suite) in points.items():
                value = 100 * (suite["tasks"][place]["scores"]["model"][measure] or 0.0)
                panel.plot([bleu], [value], "o", color="tab:blue")
                panel.annotate(name, (bleu, value), xytext=(4, 4), textcoords="offset points")
            for number, name in enumerate(others):
                value = 100 * (task["scores"][name][measure] or 0.0)
                panel.axhline(value, linestyle=":", linewidth=1, color=f"C{number + 1}", label=name)
            panel.set_title(f"{task['name']}, {measure}")
            panel.set_xlabel("BLEU of reconstruction")
            panel.margins(0.25)
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False
        )
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _sizes(word: str) -> list[int]:
    """Read numbers that commas part."""
    parts = word.split(",")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{word!r}: give numbers such as 32,64,128")
    return sorted(map(int, parts))


if __name__ == "__main__":
    sys.exit(main())
