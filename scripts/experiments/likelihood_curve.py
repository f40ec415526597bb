"""Measure how a variational model trades likelihood for information in its latent, beside a language model of its size.

    python scripts/experiments/likelihood_curve.py TRAIN VALID --minutes 15 --free-bits 0.1 0.2 0.4 --betas 0.5 1 [--samples 100]
        [--at-once 2] [--picture curve.png] [-- --latent 32 --vocab-size 10000 --dropout 0.4]

A model is trained for --minutes for each β without free bits, and for each amount of free bits (nats per latent dimension)
with β = 1. It is measured on VALID: perplexity per word by importance weighting, its bound, mutual information, active units.
The language model, of the same cell, hidden units, embeddings, dropout, rate, batches and pieces, is trained for as long.
Arguments after -- are passed to `textrae train`. Prints a Markdown table; the picture needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from side_by_side import on_cores, parsed, side_by_side

HEAD = ("model", "ppl/word", "of the bound", "KL, nats", "MI, nats", "active units", "tokens/s")
LANGUAGE_MODEL = ("language model", 0.0)
"""Job of the language model, which has no β and no free bits."""
COMMAND = str(Path(sys.executable).with_name("textrae"))


class Point(NamedTuple):
    """One model on the curve."""

    row: list[str]
    """Cells of its row of the table."""
    information: float
    """Mutual information, nats."""
    perplexity: float
    """Perplexity per word."""


def main() -> None:
    """Train all models, print the table, draw the picture."""
    args, further = parsed(arguments())
    jobs = [("β", beta) for beta in args.betas] + [("free bits", bits) for bits in args.free_bits]
    print("| " + " | ".join(HEAD) + " |\n|---|" + "---:|" * (len(HEAD) - 1), flush=True)
    points: dict[tuple[str, float], Point] = {}
    all_jobs = [*jobs, LANGUAGE_MODEL]
    with tempfile.TemporaryDirectory() as folder:
        runs = {job: str(Path(folder) / f"run-{place}") for place, job in enumerate(jobs)}
        first_done = Event()

        def one(job: tuple[str, float], cores: list[int]) -> Point:
            if job == LANGUAGE_MODEL:
                first_done.wait()
                return language_model(runs[jobs[0]], args, cores)
            try:
                return measure(*job, runs[job], args, further, cores)
            finally:
                if job == jobs[0]:
                    first_done.set()

        # the language model beside the others, on as many cores as each of them
        for job, point in zip(all_jobs, side_by_side(one, all_jobs, args.at_once), strict=True):
            print("| " + " | ".join(point.row) + " |", flush=True)
            points[job] = point
    if args.picture is not None:
        plot(points, args.picture)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the script's own arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--minutes", type=float, default=15, help="for each model")
    parser.add_argument("--betas", type=float, nargs="*", default=[0.25, 0.5, 1.0])
    parser.add_argument("--free-bits", type=float, nargs="*", default=[0.1, 0.2, 0.4])
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    return parser


def measure(
    kind: str, value: float, run: str, args: argparse.Namespace, further: list[str], cores: list[int]
) -> Point:
    """Train a variational model into `run` and evaluate it."""
    valid = str(args.valid)
    beta, free_bits = (value, 0.0) if kind == "β" else (1.0, value)
    train = [COMMAND, "train", str(args.train), "--valid", valid, "--variational", "-o", run]
    on_cores(
        [*train, "--minutes", str(args.minutes), *further, f"--beta={beta}", f"--free-bits={free_bits}"],
        cores,
    )
    evaluate = [COMMAND, "evaluate", run, valid, "--samples", str(args.samples)]
    found = json.loads(on_cores([*evaluate, "--precision", "auto", "--json"], cores))
    result = json.loads(on_cores([COMMAND, "info", run, "--json"], cores))["result"]
    posterior, likelihood = found["posterior"], found["likelihood"]
    perplexity, information = likelihood["perplexity_word"], posterior["mutual_information"]
    # both are exp(nats / words)
    bound = math.exp(math.log(perplexity) * -likelihood["elbo"] / likelihood["nll"])
    units = f"{posterior['active_units']}/{posterior['dimensions']}"
    rate = f"{result['tokens'] / result['seconds']:,.0f}"
    figures = [f"{x:.2f}" for x in (perplexity, bound, posterior["kl"], information)]
    return Point([f"{kind} {value:g}", *figures, units, rate], information, perplexity)


def language_model(run: str, args: argparse.Namespace, cores: list[int]) -> Point:
    """Train a language model of the size and pieces of the model of `run`, for as long, and measure it."""
    info: Mapping[str, Any] = json.loads(on_cores([COMMAND, "info", run, "--json"], cores))
    facts = {**info["model"], **info["training"]}
    shape = ("cell", "hidden", "embedding", "dropout", "weight_dropout")
    training = ("lr", "weight_decay", "batch_tokens", "seed")
    same = [f"--{name.replace('_', '-')}={facts[name]}" for name in (*shape, *training)]
    script = str(Path(__file__).with_name("language_model.py"))
    train = [sys.executable, script, str(args.train), str(args.valid), "--minutes", str(args.minutes)]
    found = float(on_cores([*train, f"--tokenizer={Path(run) / 'tokenizer.model'}", *same], cores))
    return Point(["language model", f"{found:.2f}"] + [""] * (len(HEAD) - 2), 0.0, found)


def plot(points: Mapping[tuple[str, float], Point], out: Path) -> None:
    """Plot perplexity by mutual information, with a line for each way of raising it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for kind in ("β", "free bits"):
        some = {
            value: (point.information, point.perplexity)
            for (which, value), point in points.items()
            if which == kind
        }
        if not some:
            continue
        axes.plot(*zip(*some.values(), strict=True), marker="o", label=kind)
        for value, point in some.items():
            axes.annotate(f" {value:g}", point)
    axes.axhline(points[LANGUAGE_MODEL].perplexity, linestyle="--", color="grey", label="language model")
    axes.set_xlabel("mutual information, nats")
    axes.set_ylabel("perplexity a word")
    axes.legend()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
