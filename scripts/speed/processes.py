"""Training on several processes: its speed beside one process with as many threads, and what a model foretells of more.

    python scripts/speed/processes.py CORPUS --processes 2 --steps 40

1. The same updates by one process with N threads and by N processes with one thread each, in turn: target tokens a second, and
   the validation losses, which are to be equal.
2. The times of single updates by one process with one thread, and of adding up the gradients of N processes by gloo.
3. What a formula foretells for more processes, beside a simulation of 2,000 updates: each of N processes draws its time from
   those measured, all wait for the slowest, then add up their gradients. The first row's processes are those of part 1. The
   network of the others is as fast as --gigabits, with --latency.

It trains the default model with batches of 1,024 tokens a process, in folders that are removed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import describe

from textrae.devices import choose_device
from textrae.training import loop
from textrae.training.job import Watch
from textrae.training.processes import joined

SMALL, ROUNDS = 1_000, 30
"""Numbers of a gradient whose exchange is nothing but latency, and exchanges whose median is taken."""
SIMULATED = 2_000
"""Updates of a simulation."""
MORE = (2, 4, 8, 16, 64)
"""Numbers of processes that are simulated."""


def train(corpus: Path, out: Path, processes: int, threads: int, options: list[str]) -> tuple[float, float]:
    """Train, and return the target tokens a second after the first 20 % of the steps, and the validation loss."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(torchrun if processes > 1 else []), "-m", "textrae", "train", str(corpus)]
    subprocess.run(
        [*command, "-o", str(out), *options],
        check=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    reports = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    first, *_, last = [report for report in reports if report["kind"] == "valid"]
    tokens, seconds, validating = (
        last[name] - first[name] for name in ("tokens", "seconds", "valid_seconds")
    )
    return tokens / (seconds - validating), last["loss"]


def update_times(corpus: Path, folder: Path, steps: int) -> tuple[list[float], int]:
    """Return the seconds of single updates by one thread, and the number of parameters."""
    from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig

    torch.set_num_threads(1)
    times, parameters = list[float](), 0
    original = loop.update

    def timed(trainer: object, model: torch.nn.Module, *others: object) -> object:
        nonlocal parameters
        parameters = sum(one.numel() for one in model.parameters())
        began = time.perf_counter()
        found = original(trainer, model, *others)  # type: ignore[arg-type]
        times.append(time.perf_counter() - began)
        return found

    loop.update = timed  # type: ignore[assignment]
    budget = TrainingConfig(steps=steps, validations=1, checkpoint_minutes=1_000, device="cpu")
    SentenceAutoencoder.train(corpus, ModelConfig(), budget, out=folder / "timed", watch=Watch())
    loop.update = original
    return times[max(2, steps // 5) :], parameters


def exchange(numbers: int) -> None:
    """Print the median seconds in which the processes of torchrun add up some numbers, and few of them."""
    with joined(choose_device("cpu")) as processes:
        medians = []
        for count in (SMALL, numbers):
            gradient, times = torch.zeros(count), []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                processes.summed(gradient)
                times.append(time.perf_counter() - began)
            medians.append(statistics.median(times))
        if processes.leads:
            print(json.dumps(medians), flush=True)


def exchanged(numbers: int, processes: int) -> tuple[float, float]:
    """Return the seconds that processes of this machine take to add up few numbers, and all of `numbers`."""
    words = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", __file__]
    line = subprocess.run(
        [sys.executable, *words, "--exchange", str(numbers)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    few, many = json.loads(line.stdout)
    return few, many


def communication(processes: int, numbers: int, gigabits: float, latency: float) -> float:
    """Return the seconds of adding up gradients in a ring: 2 (N - 1) messages of an Nth of 4 bytes a number."""
    messages = 2 * (processes - 1)
    return messages * (latency + 4 * numbers / processes * 8 / (gigabits * 1e9))


def foretold(times: list[float], processes: int, exchanging: float) -> float:
    """Return the share of N times the speed of one process that a formula gives: the slowest of N draws from a Gaussian."""
    mean, spread = statistics.mean(times), statistics.stdev(times)
    slowest = mean + spread * math.sqrt(2 * math.log(processes)) * (1 if processes > 2 else 0.48)
    return mean / (slowest + exchanging)


def simulated(times: list[float], processes: int, exchanging: float) -> float:
    """Return the same share of a simulation that draws from the times themselves."""
    drawn = np.random.default_rng(0).choice(times, (SIMULATED, processes)).max(1)
    return statistics.mean(times) / float(drawn.mean() + exchanging)


def main() -> None:
    """Measure, foretell and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2, help="how often the two take turns")
    parser.add_argument("--gigabits", type=float, default=10.0, help="a second between machines")
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds of a message between machines")
    parser.add_argument("--exchange", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.exchange is not None:
        exchange(args.exchange)
        return
    if args.corpus is None:
        parser.error("name a corpus")
    count = args.processes
    print(f"{describe()}; torch sees {torch.get_num_threads()} threads; {args.steps} updates\n")
    options = ["--steps", str(args.steps), "--size", "base", "--copying", "0", "--validations", "5"]
    options += ["--valid-size", "200", "--seed", "0"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speeds: dict[str, list[float]] = {}
        for turn in range(args.rounds):
            for what, how in (
                (f"1 process, {count} threads", (1, count, ["--batch-tokens", str(1_024 * count)])),
                (f"{count} processes, 1 thread", (count, 1, ["--batch-tokens", "1024"])),
            ):
                speed, loss = train(args.corpus, folder / f"{turn}{how[0]}", how[0], how[1], options + how[2])
                speeds.setdefault(what, []).append(speed)
                print(f"{what}: {speed:,.0f} tokens/s, validation loss {loss:.6f}", flush=True)
        one, several = (statistics.median(found) for found in speeds.values())
        print(f"\n{count} processes are {several / one:.2f} times as fast as one with {count} threads\n")
        times, parameters = update_times(args.corpus, folder, args.steps)
    mean, spread = statistics.mean(times), statistics.stdev(times)
    few, many = exchanged(parameters, count)
    print(
        f"an update of 1,024 tokens by one thread: {mean:.3f} s, standard deviation {spread:.3f}; {count} processes here add up "
        f"{SMALL:,} numbers in {1_000 * few:.2f} ms, the {parameters / 1e6:.2f} M of the gradient in {1_000 * many:.1f} ms\n"
    )
    print("| processes | network | exchange | foretold | simulated |\n|---:|---|---:|---:|---:|")
    rows = [(count, "this machine", many)]
    rows += [
        (n, f"{args.gigabits:g} Gbit/s", communication(n, parameters, args.gigabits, args.latency))
        for n in MORE
    ]
    for processes, network, exchanging in rows:
        shares = foretold(times, processes, exchanging), simulated(times, processes, exchanging)
        print(
            f"| {processes} | {network} | {1_000 * exchanging:.1f} ms | "
            + " | ".join(f"{processes * share:.1f} × ({share:.0%})" for share in shares)
            + " |"
        )


if __name__ == "__main__":
    main()
