"""Run commands at the same time, each on its own share of the cores: comparable, and faster than in turn."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def parsed(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, list[str]]:
    """Return a script's own arguments, and those after ``--``, which are passed to `textrae train`."""
    given = [*sys.argv[1:], "--"]
    cut = given.index("--")
    return parser.parse_args(given[:cut]), given[cut + 1 : -1]


def side_by_side(
    work: Callable[[Job, list[int]], Result], jobs: Sequence[Job], at_once: int
) -> Iterator[Result]:
    """Yield the results of the jobs in their order, while `at_once` of them run, each on its own cores."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = sorted(allowed)
    share = max(1, len(cores) // at_once)
    free: Queue[list[int]] = Queue()
    for place in range(at_once):
        free.put(cores[place * share : (place + 1) * share] or cores)

    def one(job: Job) -> Result:
        own = free.get()
        try:
            return work(job, own)
        finally:
            free.put(own)

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, jobs)


def on_cores(command: list[str], cores: list[int]) -> str:
    """Run a command on some cores, if the system can pin it, and return what it prints; exit if it fails."""

    def pin() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)

    environment = {**os.environ, "OMP_NUM_THREADS": str(len(cores))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=pin)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout
