"""Compare settings at equal steps and seeds; the defaults were chosen so.

    python scripts/experiments/sweep.py TRAIN VALID --steps 1800 --set "" --set "--lr 4e-3" --set "--batch-tokens 1280 --steps 900"

Trains once for each --set (switches of `textrae train`; later ones win), measures on VALID and prints a line each: loss in
nats per token and token accuracy under teacher forcing, BLEU and exact match of the reconstructions.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Train and measure with each set of switches in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--steps", default="1800")
    parser.add_argument("--set", action="append", required=True)
    args = parser.parse_args()
    command = Path(sys.executable).with_name("textrae")
    for switches in args.set:
        given = shlex.split(switches)
        budget = [] if {"--steps", "--minutes", "--epochs"} & set(given) else ["--steps", args.steps]
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            train = [command, "train", args.train, "--valid", args.valid, "-o", run, *budget, *given]
            subprocess.run(train, check=True, stderr=subprocess.DEVNULL)
            said = [subprocess.run([command, *rest, "--json"], check=True, capture_output=True).stdout
                    for rest in (["evaluate", run, args.valid], ["info", run])]  # fmt: skip
            scores, facts = json.loads(said[0])["overall"], json.loads(said[1])["result"]
        likely = scores["perplexity_token"]  # a model trained with mse has none
        print(
            f"{switches or 'defaults'}: loss {'-' if likely is None else f'{math.log(likely):.3f}'}, "
            f"accuracy {scores['token_accuracy']:.1%}, BLEU {scores['bleu']:.1f}, exact {scores['exact']:.1%}, "
            f"{facts['tokens']:,} tokens in {facts['seconds']:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
