"""Compare settings at equal steps and seeds; the defaults were chosen so.

    python scripts/experiments/sweep.py TRAIN VALID --steps 1800 --set "" --set "--lr 4e-3" --set "--batch-tokens 1280 --steps 900"

Trains once for each --set: switches of `textrae train`, of which later ones win; a single one is written --set=--hierarchical.
Then it measures on VALID and prints a line: parameters, loss in nats per token and token accuracy under teacher forcing, BLEU
and exact match of the reconstructions; of a variational model the KL divergence in nats a sentence and the latent dimensions
in use. Of switches that fail it prints what the command said, and goes on with the next; the exit code is then 1. With --json
each line is an object.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands import Failed, answer


def main(argv: Sequence[str] | None = None) -> int:
    """Train and measure with each set of switches in turn; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--steps", default="1800")
    parser.add_argument("--set", action="append", required=True)
    parser.add_argument("--json", action="store_true", help="print an object a line")
    args = parser.parse_args(argv)
    failed = False
    for switches in args.set:
        try:
            found = measured(args.train, args.valid, args.steps, switches)
        except Failed as error:
            found, failed = {"error": str(error)}, True
        found = {"switches": switches, **found}
        print(json.dumps(found, ensure_ascii=False) if args.json else line(found), flush=True)
    return int(failed)


def measured(train: Path, valid: Path, steps: str, switches: str) -> dict[str, Any]:
    """Train with some switches, and return what was measured.

    Raises:
        Failed: a command failed, or the switches are no words of a command line.
    """
    try:
        given = shlex.split(switches)
    except ValueError as error:
        raise Failed(f"{switches}: {error}") from None
    budget = [] if {"--steps", "--minutes", "--epochs"} & set(given) else ["--steps", steps]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        facts = answer("train", train, "--valid", valid, "-o", run, *budget, *given)
        shape, scores = answer("info", run), answer("evaluate", run, valid)
    overall, posterior = scores["overall"], scores["posterior"] or {}
    likely = overall["perplexity_token"]  # a model trained with mse has none
    return {
        "parameters": shape["parameters"],
        "encoding_size": shape["encoding_size"],
        "loss": None if likely is None else math.log(likely),
        **{name: overall[name] for name in ("token_accuracy", "bleu", "exact")},
        **{name: posterior.get(name) for name in ("kl", "mutual_information", "active_units")},
        **{name: facts[name] for name in ("step", "tokens", "passes", "seconds", "valid_loss")},
    }


def line(found: dict[str, Any]) -> str:
    """Return what was measured, or what was said, as a line to read."""
    name = found["switches"] or "defaults"
    if "error" in found:
        return f"{name}: {found['error']}"
    loss = "-" if found["loss"] is None else f"{found['loss']:.3f}"
    latent = ""
    if found["kl"] is not None:
        latent = f"KL {found['kl']:.2f}, active units {found['active_units']}/{found['encoding_size']}, "
    return (
        f"{name}: {found['parameters']:,} parameters, loss {loss}, accuracy {found['token_accuracy']:.1%}, "
        f"BLEU {found['bleu']:.1f}, exact {found['exact']:.1%}, {latent}"
        f"{found['tokens']:,} tokens in {found['seconds']:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
