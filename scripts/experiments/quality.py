"""Train with default settings for a number of minutes, then measure on the validation file.

    python scripts/experiments/quality.py TRAIN VALID --minutes 10 --out run
    python scripts/experiments/quality.py TRAIN VALID --minutes 10 --samples 2000 -- --model vrae

Prints the machine, the commands, and the table of `textrae evaluate` by length; with --samples N also ten samples, and the
quality of N. Arguments after -- are passed to `textrae train`.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from side_by_side import parsed


def main() -> None:
    """Run the commands and print their output."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--minutes", default="10")
    parser.add_argument("--out", type=Path, default=Path("quality-run"))
    parser.add_argument("--tokenize", default="none", help="sacrebleu's tokenizer (zh for Chinese)")
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep the run folder")
    args, further = parsed(parser)
    command = Path(sys.executable).with_name("textrae")
    train = [
        command,
        "train",
        args.train,
        "--valid",
        args.valid,
        "--minutes",
        args.minutes,
        "-o",
        args.out,
        "--overwrite",
        *further,
    ]
    evaluate = [command, "evaluate", args.out, args.valid, "--tokenize", args.tokenize]
    print(
        f"machine: {os.cpu_count()} cores ({platform.processor() or platform.machine()}), torch {torch.__version__}"
    )
    few = [command, "sample", args.out, "-n", "10"]
    many = [command, "sample", args.out, "-n", str(args.samples), "--seed", "1", "--against", args.train]
    for line in (train, evaluate, *([few, many] if args.samples else [])):
        shown = " ".join(str(part) for part in line).replace(str(command), "textrae")
        print(f"$ {shown}", flush=True)
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL if line is many else None)
    if not args.keep:
        shutil.rmtree(args.out)


if __name__ == "__main__":
    main()
