"""Stop commands that work on several processes, at random instants, and count the processes and files that are left.

    python scripts/checks/signals.py --stops 20 --seed 0

Trains a tiny run that translates and one that does not. Then SIGTERM, SIGHUP and SIGKILL come to `encode --workers 2` and
`translate --workers 2`, twenty times each: while they start, load, compute, write or end. The command has the signal for
itself; its workers must notice. Linux only: processes are found in /proc. Exits 1 unless every stop was clean.
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

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
TINY = ("--steps", "20", "--hidden", "24", "--embedding", "16", "--latent", "12", "--vocab-size", "300")
PATIENCE = 10.0
"""Seconds within which every process must have ended."""


def start(folder: Path, *args: object) -> subprocess.Popen[bytes]:
    """Start a command in a folder, and in a session of its own, by which its processes are found."""
    command = Path(sys.executable).with_name("textrae")
    return subprocess.Popen(
        [command, *map(str, args)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also where this script ignores it
    )


def processes(session: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def semaphores() -> set[str]:
    """Return the named semaphores of Python's processes."""
    return {path.name for path in Path("/dev/shm").glob("sem.mp-*")}


def stop(
    folder: Path, args: tuple[object, ...], number: signal.Signals, instant: float, whole: int
) -> tuple[str, float]:
    """Stop a command after `instant` seconds.

    Args:
        folder: where it runs.
        args: what it is told.
        number: signal that stops it.
        instant: seconds after its start.
        whole: bytes of its output where nothing stops it; an output of that size was finished before the signal.

    Returns:
        What is wrong afterwards, or nothing, and the seconds until all its processes had ended.
    """
    folder.mkdir()
    before = semaphores()
    process = start(folder, *args)
    time.sleep(instant)
    process.send_signal(number)
    began = time.monotonic()
    wrong = []
    while (left := processes(process.pid)) and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
    took = time.monotonic() - began
    if left:
        wrong.append(f"{len(left)} processes left")
        os.killpg(process.pid, signal.SIGKILL)
    said = process.communicate()[1].decode()
    files = [path for path in folder.iterdir() if path.name != "v.npy" or path.stat().st_size != whole]
    if files:
        wrong.append(f"files left: {', '.join(sorted(path.name for path in files))}")
    if semaphores() - before:
        wrong.append("semaphores left")
    if "Traceback" in said or "resource_tracker" in said:
        wrong.append(f"said {said.strip().splitlines()[-1]!r}")
    if process.returncode not in (0, -number, 128 + number):
        wrong.append(f"exit code {process.returncode}")
    return "; ".join(wrong), took


def make_runs(folder: Path, sentences: int) -> dict[str, tuple[object, ...]]:
    """Train two tiny runs, and return the commands that use them."""
    chance = random.Random(0)
    words = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u", "an", "el", "ir")]
    lines = [" ".join(chance.choices(words, k=chance.randint(3, 12))) for _ in range(sentences)]
    text = folder / "text.txt"
    text.write_text("\n".join(lines) + "\n")
    few = folder / "few.txt"  # a beam takes longer
    few.write_text("\n".join(lines[: sentences // 16]) + "\n")
    (folder / "corpus.txt").write_text("\n".join(lines[:1_000]) + "\n")
    for name, more in (("rebuilds", ()), ("translates", ("--target", folder / "corpus.txt"))):
        training = start(folder, "train", folder / "corpus.txt", "-o", folder / name, *TINY, *more)
        if training.wait() != 0:
            sys.exit(f"the training failed: {training.communicate()[1].decode()}")
    workers = ("--workers", 2)
    return {
        "encode": ("encode", folder / "rebuilds", text, "-o", "v.npy", *workers),
        "translate": ("translate", folder / "translates", few, *workers),
    }


def main() -> None:
    """Stop both commands by each signal, and print a line for each pair."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--sentences", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    clean = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = make_runs(folder, args.sentences)
        for command, words in commands.items():
            undisturbed = folder / command
            undisturbed.mkdir()
            began = time.monotonic()
            process = start(undisturbed, *words)
            process.communicate()
            if process.returncode != 0:
                sys.exit(f"the undisturbed {command} failed")
            duration = time.monotonic() - began
            whole = sum(path.stat().st_size for path in undisturbed.iterdir())
            for number in SIGNALS:
                good, slowest = 0, 0.0
                for count in range(args.stops):
                    instant = chance.uniform(0, duration)
                    place = folder / f"{command}-{number.name}-{count}"
                    wrong, took = stop(place, words, number, instant, whole)
                    good += not wrong
                    slowest = max(slowest, took)
                    if wrong:
                        print(f"  after {instant:.2f} of {duration:.1f} s: {wrong}", flush=True)
                clean += good
                print(
                    f"{command} --workers 2, {number.name}: {good} of {args.stops} clean, all ended within {slowest:.1f} s",
                    flush=True,
                )
    sys.exit(clean != args.stops * len(SIGNALS) * len(commands))


if __name__ == "__main__":
    main()
