"""How a variational model trades likelihood against what its latent says, beside a language model of the same size.

    python scripts/likelihood_curve.py TRAIN VALID --minutes 15 --free-bits 0.1 0.2 0.4 --betas 0.5 1 [--samples 100]
        [--at-once 2] [--picture curve.png] [-- --latent 32 --vocab-size 10000 --dropout 0.4]

Each β without free bits, and each number of free bits (nats a latent number) with β = 1, is trained for as many minutes
and measured on VALID: perplexity a word by importance weighting, its bound, mutual information, active units. The language
model, of the same cell, units, embeddings, dropout, rate and pieces, is trained for as long. What stands behind -- is given to
`textrae train`. Prints a Markdown table; the picture needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from side_by_side import on_cores, parsed, side_by_side


def main() -> None:
    """Train all, print the table, draw the picture."""
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
    args, further = parsed(parser)
    command = str(Path(sys.executable).with_name("textrae"))
    jobs = [("β", beta) for beta in args.betas] + [("free bits", bits) for bits in args.free_bits]
    head = ("model", "ppl/word", "of the bound", "KL, nats", "MI, nats", "active units", "tokens/s")
    print("| " + " | ".join(head) + " |\n|---|" + "---:|" * (len(head) - 1), flush=True)
    points: dict[tuple[str, float], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:

        def one(job: tuple[str, float], cores: list[int]) -> tuple[list[str], float, float]:
            kind, value = job
            run = str(Path(folder) / f"run-{jobs.index(job)}")
            switches = (
                ["--beta", str(value), "--free-bits", "0"]
                if kind == "β"
                else ["--beta", "1", "--free-bits", str(value)]
            )
            train = [
                command,
                "train",
                str(args.train),
                "--valid",
                str(args.valid),
                "--variational",
                "-o",
                run,
            ]
            on_cores([*train, "--minutes", str(args.minutes), *switches, *further], cores)
            evaluate = [command, "evaluate", run, str(args.valid), "--samples", str(args.samples)]
            found = json.loads(on_cores([*evaluate, "--precision", "auto", "--json"], cores))
            result = json.loads(on_cores([command, "info", run, "--json"], cores))["result"]
            posterior, likelihood = found["posterior"], found["likelihood"]
            perplexity = likelihood["perplexity_word"]
            # both are exp(nats / words)
            bound = math.exp(math.log(perplexity) * -likelihood["elbo"] / likelihood["nll"])
            information = posterior["mutual_information"]
            units = f"{posterior['active_units']}/{posterior['dimensions']}"
            rate = f"{result['tokens'] / result['seconds']:,.0f}"
            figures = [f"{perplexity:.2f}", f"{bound:.2f}", f"{posterior['kl']:.2f}", f"{information:.2f}"]
            return [f"{kind} {value:g}", *figures, units, rate], perplexity, information

        for job, (row, perplexity, information) in zip(
            jobs, side_by_side(one, jobs, args.at_once), strict=True
        ):
            print("| " + " | ".join(row) + " |", flush=True)
            points[job] = (information, perplexity)
        info = json.loads(on_cores([command, "info", str(Path(folder) / "run-0"), "--json"], [0]))
    facts = {**info["model"], **info["training"]}
    same = ("cell", "hidden", "embedding", "dropout", "weight_dropout", "lr", "weight_decay")
    shape = [f"--{name.replace('_', '-')}={facts[name]}" for name in same]
    vocabulary, script = (
        f"--vocabulary={info['vocabulary']}",
        str(Path(__file__).with_name("language_model.py")),
    )
    language_model = [sys.executable, script, str(args.train), str(args.valid), vocabulary, *shape]
    alone = float(on_cores([*language_model, "--minutes", str(args.minutes)], [0]))
    print(f"| language model | {alone:.2f} |" + " |" * (len(head) - 2), flush=True)
    if args.picture is not None:
        draw(points, alone, args.picture)


def draw(points: dict[tuple[str, float], tuple[float, float]], alone: float, out: Path) -> None:
    """Perplexity by mutual information, a line for each way of keeping it up."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for kind in ("β", "free bits"):
        some = {value: point for (which, value), point in points.items() if which == kind}
        axes.plot(*zip(*some.values(), strict=True), marker="o", label=kind)
        for value, point in some.items():
            axes.annotate(f" {value:g}", point)
    axes.axhline(alone, linestyle="--", color="grey", label="language model")
    axes.set_xlabel("mutual information, nats")
    axes.set_ylabel("perplexity a word")
    axes.legend()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
