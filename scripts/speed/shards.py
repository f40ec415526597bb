"""Measure the memory and the start of processes that train on one corpus in shards, as the corpus grows.

    python scripts/speed/shards.py CORPUS --lines 3000000 6000000 --processes 2

For each size it writes shards of Parquet with distinct lines, by numbering the lines of CORPUS. Then it starts processes at
once that ask for the token cache of these shards in one folder, as the processes of a training do: one prepares it, the
others wait for it and map it. Each then reads batches as a training does, over a whole pass unless `--batches` ends it.
Last, one process starts on the cache that is there.

It prints for each process the peak of its own memory (RssAnon: what it shares with nobody), the peak of the pages of files
that it maps (RssFile: one copy in the machine's memory for all, which the system takes back when it needs them), and seconds.
It needs Linux, whose /proc tells them apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CHILD = """
import json, sys, time
from pathlib import Path
from textrae.settings.corpus import CorpusConfig
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig
from textrae.text.batch import SPECIALS, LengthBuckets
from textrae.training.reading import prepared

pattern, cache, batches = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
settings, said, began = Settings(ModelConfig(), CorpusConfig(), TrainingConfig(), (pattern,)), [], time.monotonic()
corpus = prepared(settings, (None, None), cache, said.append)
ready, steps, sentences = time.monotonic(), 0, 0
buckets = LengthBuckets(corpus.train, 4096, SPECIALS, 0)
tokens = buckets.tokens()
for batch in buckets.epoch(0):
    steps, sentences = steps + 1, sentences + len(batch.lengths)
    if steps == batches:
        break
print(json.dumps({
    "waited": any("waiting" in line for line in said), "ready": ready - began, "batches": steps,
    "seconds": time.monotonic() - ready, "sentences": sentences, "rows": len(corpus.train), "tokens": tokens,
}))
"""


def write_shards(corpus: Path, lines: int, shards: int, folder: Path) -> int:
    """Write `lines` distinct lines in shards of Parquet; return their bytes."""
    texts = corpus.read_text(encoding="utf-8").splitlines()
    folder.mkdir()
    for shard in range(shards):
        first, last = shard * lines // shards, (shard + 1) * lines // shards
        with pq.ParquetWriter(
            folder / f"part-{shard:05}.parquet", pa.schema([("text", pa.string())])
        ) as writer:
            for start in range(first, last, 100_000):
                numbers = range(start, min(start + 100_000, last))
                writer.write_table(pa.table({"text": [f"{texts[n % len(texts)]} {n}" for n in numbers]}))
    return sum(file.stat().st_size for file in folder.iterdir())


def memory(process: int) -> dict[str, float]:
    """Return the memory of a process in MiB, as its status tells: its own and that of mapped files."""
    try:
        told = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it has ended
        return {}
    values = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    return {name: int(values[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile") if name in values}


def watched(commands: list[list[str]]) -> list[dict[str, float]]:
    """Run commands at once; return what each prints, with its peaks; exit if one fails."""
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    peaks: list[dict[str, float]] = [{} for _ in processes]
    while any(process.poll() is None for process in processes):
        for process, peak in zip(processes, peaks, strict=True):
            for name, value in memory(process.pid).items():
                peak[name] = max(peak.get(name, 0.0), value)
        time.sleep(0.05)
    found = []
    for process, peak in zip(processes, peaks, strict=True):
        told = process.communicate()[0]
        if process.returncode:
            sys.exit(process.returncode)
        found.append(json.loads(told) | peak)
    return found


def main() -> None:
    """Measure each size and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--lines", type=int, nargs="+", default=[3_000_000, 6_000_000])
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--batches", type=int, default=-1, help="batches that each reads; -1 for a whole pass"
    )
    args = parser.parse_args()
    print(f"{'lines':>11} {'process':>10} {'own MiB':>8} {'mapped MiB':>10} {'ready s':>8} {'pass s':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for lines in args.lines:
            place, cache = Path(folder) / f"{lines}", Path(folder) / f"cache-{lines}"
            size = write_shards(args.corpus, lines, args.shards, place)
            command = [
                sys.executable,
                "-c",
                CHILD,
                str(place / "part-*.parquet"),
                str(cache),
                str(args.batches),
            ]
            together, after = watched([command] * args.processes), watched([command])
            for found, name in [(one, "waited" if one["waited"] else "prepared") for one in together] + [
                (after[0], "afterwards")
            ]:
                print(
                    f"{lines:>11,} {name:>10} {found['RssAnon']:8.0f} {found['RssFile']:10.0f} {found['ready']:8.1f} "
                    f"{found['seconds']:7.1f}",
                    flush=True,
                )
            held = sum(file.stat().st_size for file in cache.iterdir())
            print(
                f"{lines:>11,} lines: {size / 2**20:,.0f} MiB in {args.shards} shards, cache of {held / 2**20:,.0f} MiB, "
                f"{after[0]['tokens']:,} tokens",
                flush=True,
            )


if __name__ == "__main__":
    main()
