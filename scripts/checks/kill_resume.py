"""Kill -9 a short training at random instants, resume it, and compare the weights with an undisturbed one's.

    python scripts/checks/kill_resume.py CORPUS --kills 10 --seed 0

Each killed training is resumed by the same command with --resume. Exits 1 unless every resumed model file equals the
undisturbed one byte for byte.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWITCHES = (
    "--steps",
    "300",
    "--hidden",
    "128",
    "--word-dropout",
    "0.1",
    "--dropout",
    "0.1",
    "--checkpoint-minutes",
    "0.01",
)


def start(corpus: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start a training in the background."""
    command = Path(sys.executable).with_name("textrae")
    return subprocess.Popen([command, "train", corpus, "-o", out, *SWITCHES, *more], stderr=subprocess.PIPE)


def main() -> None:
    """Kill and resume trainings, and print a line for each kill."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        began = time.monotonic()
        if start(args.corpus, whole).wait() != 0:
            sys.exit("the undisturbed training failed")
        took = time.monotonic() - began
        expected = (whole / "model.safetensors").read_bytes()
        same = 0
        for number in range(args.kills):
            out = Path(folder) / str(number)
            instant = chance.uniform(0.05, 0.98) * took
            process = start(args.corpus, out)
            time.sleep(instant)
            process.kill()
            process.wait()
            found = sorted(path.name for path in (out / "checkpoint").glob("*")) if out.exists() else []
            finished = (out / "model.safetensors").exists() and not (out / "checkpoint").exists()
            if not finished and start(args.corpus, out, "--resume").wait() != 0:
                print(f"kill {number}: the resumption failed")
                continue
            equal = (out / "model.safetensors").read_bytes() == expected
            same += equal
            print(
                f"kill {number} at {instant:5.1f} of {took:.1f} s, found {', '.join(found) or 'nothing'}: {'same' if equal else 'OTHER'} weights",
                flush=True,
            )
    print(f"{same} of {args.kills} bit-identical")
    sys.exit(same != args.kills)


if __name__ == "__main__":
    main()
