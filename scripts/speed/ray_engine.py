"""Compare `encode --engine ray` with `--workers`: lines a second, and whether every byte is the same, with and without deaths.

    python scripts/speed/ray_engine.py CORPUS --lines 300000 --part-rows 16384

Trains a small model for some steps, unless --run names one, and makes a file of distinct lines by numbering those of CORPUS.
Encodes it in one process, in two, and on a cluster of two nodes on this machine; there once in peace, and once while an
actor is killed when a third of the parts are there, and a whole node when two thirds are. The rows of each result are sorted
by their number and compared bit by bit with those of one process. Every time is that of the whole command, its start
included. Exits 1 unless all are equal. Linux only: processes are found in /proc.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from memory import enlarge

COMMAND = Path(sys.executable).with_name("textrae")
STORE = 100 * 2**20
WAYS = ["one", "two", "ray", "deaths"]


def timed(words: list[object], environment: dict[str, str], look: Callable[[], None] = lambda: None) -> float:
    """Run the command to its end, calling `look` ten times a second; return its seconds."""
    began = time.monotonic()
    process = subprocess.Popen(
        [COMMAND, *map(str, words)], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    while process.poll() is None:
        look()
        time.sleep(0.1)
    assert process.stderr is not None
    if process.returncode:
        sys.exit(f"{words}: {process.stderr.read().decode()}")
    return time.monotonic() - began


def digest(place: Path) -> tuple[int, str]:
    """Return the rows of a file or of a folder of parts, and the digest of their sentences and vectors in order.

    The parts of a folder are read in the order of their rows, which must count from 1 on without a gap.
    """
    parts = [place] if place.is_file() else sorted(place.glob("part-*.parquet"), key=first_row)
    found, rows = hashlib.sha256(), 0
    for part in parts:
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(8_192):
                if place.is_dir():
                    expected = list(range(rows + 1, rows + 1 + batch.num_rows))
                    if batch.column("row").to_pylist() != expected:
                        sys.exit(f"{part}: its rows are not those after {rows:,}")
                rows += batch.num_rows
                found.update("\n".join(batch.column("text").to_pylist()).encode())
                found.update(batch.column("vector").flatten().to_numpy().tobytes())
    return rows, found.hexdigest()


def first_row(part: Path) -> int:
    """Return the number of the first row of a part."""
    with pq.ParquetFile(part) as file:
        return next(file.iter_batches(1, columns=["row"])).column(0)[0].as_py()


@contextmanager
def two_nodes(cores: int) -> Iterator[tuple[Any, Any]]:
    """Yield a cluster of two nodes of this machine, and the second of them."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": cores, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster, cluster.add_node(num_cpus=cores, object_store_memory=STORE)
    finally:
        cluster.shutdown()


def actors_of(node: Any) -> list[int]:
    """Return the processes of actors that a node has started."""
    raylet, found = node.all_processes["raylet"][0].process.pid, []
    for place in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet and b"MapWorker" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


class Deaths:
    """What kills an actor of the first node, and later the whole second node, as parts appear in a folder."""

    def __init__(self, cluster: Any, node: Any, out: Path, parts: int) -> None:
        self.cluster, self.node, self.out, self.parts = cluster, node, out, parts
        self.told: list[str] = []

    def look(self) -> None:
        """Kill what is due."""
        there = len(list(self.out.glob("part-*.parquet"))) if self.out.is_dir() else 0
        if not self.told and 3 * there >= self.parts:
            for process in actors_of(self.cluster.head_node):
                os.kill(process, signal.SIGKILL)
                self.told.append(f"an actor at part {there}")
        elif len(self.told) == 1 and 3 * there >= 2 * self.parts:
            self.cluster.remove_node(self.node, allow_graceful=False)
            self.told.append(f"a node at part {there}")


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--run", type=Path, help="a run to encode with instead of a small one trained here")
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--part-rows", type=int, default=16_384)
    parser.add_argument("--cores", type=int, default=1, help="cores of each of the two nodes")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument(
        "--ways",
        nargs="+",
        choices=WAYS,
        default=WAYS,
        help="what to time, the first being what others must equal",
    )
    args = parser.parse_args()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, run = folder / "text.txt", args.run or folder / "run"
        enlarge(args.corpus, args.lines, text)
        if args.run is None:
            shape = ["--hidden", 64, "--embedding", 32, "--slots", 0, "--latent", 64, "--vocab-size", 2000]
            timed(["train", args.corpus, "-o", run, "--steps", args.steps, *shape], environment)
        expected, good = ("", 0), True
        parts = -(-args.lines // args.part_rows)

        def row(what: str, seconds: float, place: Path, more: str = "") -> None:
            nonlocal expected, good
            found = digest(place)
            expected = expected if expected[0] else found
            same = found == expected
            good &= same
            said = "equal" if same else "DIFFERENT"
            print(f"| {what} | {seconds:.1f} | {args.lines / seconds:,.0f} | {said}{more} |", flush=True)

        print("| | s | lines/s | rows, sentences and vectors |\n|---|---|---|---|", flush=True)
        for workers in (workers for workers, way in ((1, "one"), (2, "two")) if way in args.ways):
            out = folder / f"{workers}.parquet"
            words = ["encode", run, text, "-o", out, "--workers", workers]
            row(f"`--workers {workers}`", timed(words, environment), out)
        for deadly in (deadly for deadly, way in ((False, "ray"), (True, "deaths")) if way in args.ways):
            out = folder / f"parts-{deadly}"
            with two_nodes(args.cores) as (cluster, node):
                deaths = Deaths(cluster, node, out, parts)
                words = ["encode", run, text, "-o", out, "--engine", "ray", "--part-rows", args.part_rows]
                there = {**environment, "RAY_ADDRESS": cluster.address}
                seconds = timed(words, there, deaths.look if deadly else lambda: None)
            told = f"; {', '.join(deaths.told) or 'nothing'} was killed" if deadly else ""
            row(f"`--engine ray`, {parts} parts", seconds, out, told)
    sys.exit(not good)


if __name__ == "__main__":
    main()
