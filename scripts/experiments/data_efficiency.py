"""Measure how many pairs translation needs, with and without autoencoders trained on one language each.

    python scripts/experiments/data_efficiency.py train.de train.en val.de val.en --minutes 3 5 8 10 --pretrain 12 [--at-once 2]
        [--only …] [--picture curve.png] [-- --dropout 0.3]

Two autoencoders are trained first, on all source and on all target sentences. Then translators are trained on the first N
pairs, for each N: from nothing; with the source's encoder, trained further or frozen; and with the target's decoder too.
Scores are sacrebleu's BLEU (13a, beam 5) on the validation files. Arguments after -- are passed to `textrae train`. Prints a
Markdown table; the picture needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path

from side_by_side import on_cores, parsed, side_by_side

BEGINNINGS: dict[str, tuple[str, ...]] = {
    "from nothing": (),
    "encoder": ("encoder",),
    "encoder, frozen": ("encoder", "frozen"),
    "encoder and decoder": ("encoder", "decoder"),
}
"""Parts that a translator begins with."""


def first_lines(source: Path, count: int, out: Path) -> None:
    """Write the first `count` lines of a file to another."""
    with source.open(encoding="utf-8", newline="\n") as lines:
        out.write_text("".join(islice(lines, count)), encoding="utf-8", newline="\n")


def main() -> None:
    """Train all translators, print the table, draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "target", "valid_source", "valid_target"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000, 3_000, 10_000, 29_000])
    parser.add_argument(
        "--minutes",
        type=float,
        nargs="+",
        default=[5],
        help="for each translator: one figure, or one for each number of pairs",
    )
    parser.add_argument("--pretrain", type=float, default=10, help="minutes for each autoencoder")
    parser.add_argument("--latent", type=int, default=512)
    parser.add_argument("--only", nargs="+", choices=list(BEGINNINGS), default=list(BEGINNINGS))
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    args, further = parsed(parser)
    if len(args.minutes) not in (1, len(args.pairs)):
        parser.error("--minutes: give one figure, or one for each number of pairs")
    minutes = dict(zip(args.pairs, args.minutes * len(args.pairs), strict=False))
    command = str(Path(sys.executable).with_name("textrae"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = [command, "train", *further]

        def autoencoder(side: str, cores: list[int]) -> None:
            file = str(args.source if side == "encoder" else args.target)
            budget = ["--minutes", str(args.pretrain), "--slots", "0", "--latent", str(args.latent)]
            on_cores([*train, file, "-o", str(folder / side), *budget], cores)

        list(side_by_side(autoencoder, ["encoder", "decoder"], args.at_once))

        def translation(job: tuple[int, str], cores: list[int]) -> float:
            count, beginning = job
            run = str(folder / f"{count}-{list(BEGINNINGS).index(beginning)}")
            files = [Path(f"{run}.source"), Path(f"{run}.target")]
            for whole, file in zip((args.source, args.target), files, strict=True):
                first_lines(whole, count, file)
            switches = {
                "encoder": ["--encoder", str(folder / "encoder")],
                "decoder": ["--decoder", str(folder / "decoder")],
                "frozen": ["--freeze-encoder"],
            }
            own = [part for which in BEGINNINGS[beginning] for part in switches[which]]
            own += [] if own else ["--slots", "0", "--latent", str(args.latent)]
            own += ["--tokenizers", "separate"]
            valid = ["--valid", str(args.valid_source), "--valid-target", str(args.valid_target)]
            budget = ["--minutes", str(minutes[count]), "-o", run]
            on_cores([*train, str(files[0]), "--target", str(files[1]), *valid, *own, *budget], cores)
            evaluate = [command, "evaluate", run, str(args.valid_source), "--target", str(args.valid_target)]
            return float(json.loads(on_cores([*evaluate, "--json"], cores))["overall"]["bleu"])

        jobs = [(count, beginning) for count in args.pairs for beginning in args.only]
        scores: dict[tuple[int, str], float] = {}
        print("| pairs | " + " | ".join(args.only) + " |\n|" + "---:|" * (1 + len(args.only)), flush=True)
        for job, score in zip(jobs, side_by_side(translation, jobs, args.at_once), strict=True):
            scores[job] = score
            if job[1] == args.only[-1]:
                row = [f"{scores[job[0], beginning]:.2f}" for beginning in args.only]
                print(f"| {job[0]:,} | " + " | ".join(row) + " |", flush=True)
    if args.picture is not None:
        plot(scores, args.picture)


def plot(scores: dict[tuple[int, str], float], out: Path) -> None:
    """Plot BLEU by number of pairs, with a line for each beginning."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pairs = list(dict.fromkeys(count for count, _ in scores))
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for beginning in dict.fromkeys(beginning for _, beginning in scores):
        axes.plot(pairs, [scores[count, beginning] for count in pairs], marker="o", label=beginning)
    axes.set_xscale("log")
    axes.set_xticks(pairs, [f"{count:,}" for count in pairs])
    axes.set_xlabel("pairs")
    axes.set_ylabel("BLEU")
    axes.legend()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
