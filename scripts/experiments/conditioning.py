"""Compare translation by what the decoder is given: one vector, slots, or all states.

    python scripts/experiments/conditioning.py train.de train.en val.de val.en --minutes 20 [--at-once 2] [--keep DIR] [-- --lr 1e-3]

Each kind is trained for --minutes or --steps, translates the validation file with a beam of 5, and is scored by sacrebleu on raw
text (13a). Arguments after -- are passed to `textrae train`. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from side_by_side import on_cores, parsed, side_by_side

KINDS: dict[str, list[str]] = {
    "one vector, initial state": ["--slots", "0", "--latent", "512", "--conditioning", "initial"],
    "one vector, every step": ["--slots", "0", "--latent", "512"],
    "the default": [],
    "64 slots of 16": ["--slots", "64", "--latent", "16"],
    "16 slots of 64, initial state": ["--slots", "16", "--latent", "64", "--conditioning", "initial"],
    "all states": ["--latent", "512", "--memory", "states"],
}
"""Switches of each kind of decoder."""


def main() -> None:
    """Train all kinds and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "target", "valid_source", "valid_target"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--steps", type=int, help="budget in steps instead, for machines that are shared")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument(
        "--keep", type=Path, help="folder for the trained models; by default they are deleted"
    )
    args, further = parsed(parser)
    command = str(Path(sys.executable).with_name("textrae"))
    head = ("conditioning", "BLEU", "chrF", "TER", "tokens/s", "encoding", "seconds to translate")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    with nullcontext(args.keep) if args.keep else tempfile.TemporaryDirectory() as folder:

        def one(kind: str, cores: list[int]) -> list[str]:
            run = str(Path(folder) / f"run-{list(KINDS).index(kind)}")
            train = [command, "train", str(args.source), "--target", str(args.target), "-o", run]
            train += ["--valid", str(args.valid_source), "--valid-target", str(args.valid_target)]
            budget = ("minutes", args.minutes) if args.steps is None else ("steps", args.steps)
            on_cores([*train, f"--{budget[0]}", str(budget[1]), *KINDS[kind], *further], cores)
            facts = json.loads(on_cores([command, "info", run, "--json"], cores))
            begin = time.perf_counter()
            evaluate = [command, "evaluate", run, str(args.valid_source), "--target", str(args.valid_target)]
            found = json.loads(on_cores([*evaluate, "--beam", str(args.beam), "--json"], cores))
            spent = time.perf_counter() - begin
            scores, result = found["overall"], facts["result"]
            size = "all states" if kind == "all states" else str(facts["encoding_size"])
            rate = f"{result['tokens'] / result['seconds']:,.0f}"
            figures = [f"{scores[name]:.2f}" for name in ("bleu", "chrf", "ter")]
            return [kind, *figures, rate, size, f"{spent:.0f}"]

        for row in side_by_side(one, args.only, args.at_once):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
