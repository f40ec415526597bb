"""Kill -9 a short training at random instants, resume it, and compare the weights with an undisturbed one's.

    python scripts/checks/kill_resume.py CORPUS --kills 10 --seed 0
    python scripts/checks/kill_resume.py CORPUS --kills 20 --seed 0 --processes 2

Each killed training is resumed by the same command with --resume. Of several processes under torchrun a random one is
killed, and the time until all of them have ended is told. Exits 1 unless every resumed model file equals the undisturbed
one byte for byte.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWITCHES = (
    "--hidden",
    "128",
    "--word-dropout",
    "0.1",
    "--dropout",
    "0.1",
    "--checkpoint-minutes",
    "0.01",
)


def start(corpus: Path, out: Path, args: argparse.Namespace, *more: str) -> subprocess.Popen[bytes]:
    """Start a training in the background, on several processes by torchrun."""
    command: list[str | Path] = [sys.executable, "-m"]
    if args.processes > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={args.processes}", "-m"]
    command += ["textrae", "train", corpus, "-o", out, "--steps", str(args.steps), *SWITCHES, *more]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})


def kill(process: subprocess.Popen[bytes], processes: int, chance: random.Random) -> float:
    """Kill a training, or one of its processes, and return the seconds until all of it has ended."""
    own = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    began = time.monotonic()
    if processes > 1 and own:
        os.kill(int(chance.choice(own)), signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    return time.monotonic() - began


def main() -> None:
    """Kill and resume trainings, and print a line for each kill."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        began = time.monotonic()
        if start(args.corpus, whole, args).wait() != 0:
            sys.exit("the undisturbed training failed")
        took = time.monotonic() - began
        expected = (whole / "model.safetensors").read_bytes()
        same = 0
        for number in range(args.kills):
            out = Path(folder) / str(number)
            instant = chance.uniform(0.05, 0.98) * took
            process = start(args.corpus, out, args)
            time.sleep(instant)
            ended = kill(process, args.processes, chance)
            found = sorted(path.name for path in (out / "checkpoint").glob("*")) if out.exists() else []
            finished = (out / "model.safetensors").exists() and not (out / "checkpoint").exists()
            if not finished and start(args.corpus, out, args, "--resume").wait() != 0:
                print(f"kill {number}: the resumption failed")
                continue
            equal = (out / "model.safetensors").read_bytes() == expected
            same += equal
            print(
                f"kill {number} at {instant:5.1f} of {took:.1f} s, all ended after {ended:.1f} s, found {', '.join(found) or 'nothing'}: {'same' if equal else 'OTHER'} weights",
                flush=True,
            )
    print(f"{same} of {args.kills} bit-identical")
    sys.exit(same != args.kills)


if __name__ == "__main__":
    main()
