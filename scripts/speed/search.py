"""Measure `textrae index`, exact queries, and `textrae duplicates` on large files made from corpora, as a Markdown table.

    python scripts/speed/search.py RUN CORPUS [CORPUS ...] --lines 1000000 --duplicates 100000 --workers 2 --precision auto

The large file repeats the corpora; from the second time on each line ends with the number of the repetition, so that rows
differ. It is encoded, and then indexed, which tells what part of indexing is encoding. Queries are asked of the opened
index, one at a time, and every tenth answer is compared with a product of all vectors in float32. The file for duplicates
has different lines of the corpora, among which copies are planted: exact ones, and ones with another mark at the end or
another case of the first letter. Every planted pair whose cosine reaches the threshold must be in one group.

Memory is the sum of all processes of a command, what they share counted once (Linux); that of asking is of its process,
mapped pages counted. Times of queries are medians. Other work on the machine makes all of them larger, but hardly the
seconds of all cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from machine import commit, describe, peak_memory

QUERIES, WARM = 50, 5
"""Queries that are measured, and those before them."""
PLANTED = 500
"""Copies of each kind."""


def lines_of(corpora: list[Path]) -> Iterator[str]:
    """Yield the filled lines of all corpora."""
    for corpus in corpora:
        with corpus.open(encoding="utf-8", newline="\n") as stream:
            yield from (line.rstrip("\n") for line in stream if line.strip())


def repeated(corpora: list[Path]) -> Iterator[str]:
    """Yield the lines of all corpora again and again; from the second time on with its number behind each."""
    for time_ in count(1):
        for line in lines_of(corpora):
            yield line if time_ == 1 else f"{line} {time_}"


def planted(corpora: list[Path], lines: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return different lines with copies among them, and the pairs of lines and their changed copies.

    Raises:
        SystemExit: the corpora have not as many different lines.
    """
    own = list(islice(dict.fromkeys(lines_of(corpora)), lines - 2 * PLANTED))
    if len(own) < lines - 2 * PLANTED:
        sys.exit(f"the corpora have {len(own):,} different lines; give others, or fewer --duplicates")
    known, pairs = set(own), list[tuple[str, str]]()
    for line in own[:: max(1, len(own) // (4 * PLANTED))]:
        end = {".": "!", "!": ".", "?": "."}.get(line[-1])
        other = line[0].swapcase() + line[1:] if end is None else line[:-1] + end
        if other not in known and len(pairs) < PLANTED:
            pairs.append((line, other))
    exact = own[7 :: max(1, len(own) // PLANTED)][:PLANTED]
    mixed, copies = [], [*exact, *(other for _, other in pairs)]
    step = max(1, len(own) // max(1, len(copies)))
    for number, line in enumerate(own):
        mixed.append(line)
        if number % step == step - 1 and copies:
            mixed.append(copies.pop())
    return [*mixed, *copies], pairs


def memory_of(session: int) -> float:
    """Return the memory of a session's processes in MiB, what they share counted once."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                told = (entry / "smaps_rollup").read_text().split("Pss:")[1]
                total += int(told.split()[0])
        except (OSError, IndexError, ValueError):  # it has ended meanwhile
            continue
    return total / 1024


def run(words: list[Any], items: int = 0) -> tuple[str, str]:
    """Run a command; return its seconds, items a second and peak memory in words, and what it printed; exit if it fails."""
    began, peak, before = time.perf_counter(), 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*map(str, words)], stdout=out, stderr=said, start_new_session=True)
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - began
        out.seek(0)
        said.seek(0)
        if process.returncode:
            sys.exit(f"{words}: {said.read()}")
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
        speed = f"{items / seconds:,.0f} lines/s, " if items else ""
        return f"{seconds:.1f} s, {speed}{busy:.1f} s of all cores, {peak:,.0f} MiB", out.read()


def ask(run_folder: Path, index_folder: Path, precision: Any) -> None:
    """Ask an index queries, and print as JSON the milliseconds and how many answers were those of all products."""
    import numpy as np
    import torch

    from textrae import SentenceAutoencoder
    from textrae.devices import keep_freed_memory
    from textrae.search import Index

    keep_freed_memory()
    model = SentenceAutoencoder.load(run_folder, precision=precision, device="cpu")
    began = time.perf_counter()
    index = Index.open(index_folder, model)
    opened = time.perf_counter() - began
    step = max(1, len(index) // (QUERIES + WARM))
    queries = [f"{index.text(number * step)[3:]} again" for number in range(QUERIES + WARM)]
    encoding, whole, scores = [], [], []
    for number, query in enumerate(queries):
        began = time.perf_counter()
        index.vectors([query])
        middle = time.perf_counter()
        scores.append([hit.score for hit in index.search(query, 10)])
        ended = time.perf_counter()
        if number >= WARM:
            encoding.append(1000 * (middle - began))
            whole.append(1000 * (ended - middle))
    memory, right, checked = peak_memory(), 0, range(0, len(queries), 10)
    for number in checked:
        vector = torch.from_numpy(index.vectors([queries[number]])[0])
        blocks = (index.store.kept.floats(start, start + 8_192) for start in range(0, len(index), 8_192))
        best = torch.cat([block @ vector for block in blocks]).topk(10).values.numpy()
        right += bool(np.allclose(scores[number], best, atol=1e-3))
    print(
        json.dumps(
            {
                "opened": opened,
                "whole": statistics.median(whole),
                "slowest": max(whole),
                "encoding": statistics.median(encoding),
                "memory": memory,
                "right": f"{right} of {len(checked)}",
            }
        )
    )


def measure(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the rows of the table, each as soon as it is measured."""
    command = Path(sys.executable).with_name("textrae")
    how = ["--workers", args.workers, "--precision", args.precision]
    with tempfile.TemporaryDirectory() as folder:
        text, index, vectors = (Path(folder) / name for name in ("text.txt", "index", "vectors.npy"))
        with text.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in islice(repeated(args.corpora), args.lines))
        told, _ = run([command, "encode", args.run, text, "-o", vectors, *how], args.lines)
        vectors.unlink()
        yield f"encode {args.lines:,} lines", told
        said, printed = run([command, "index", args.run, text, "-o", index, *how, "--json"], args.lines)
        told = json.loads(printed)
        size = sum(file.stat().st_size for file in index.iterdir())
        yield f"index {args.lines:,} lines", said
        yield "of that encoding and hashing", f"{told['encoding']:.1f} s"
        yield (
            "index",
            f"{told['sentences']:,} different sentences, {told['dimensions']} dimensions, {size / 1e6:,.0f} MB",
        )
        words = [sys.executable, __file__, args.run, "--ask", index, "--precision", args.precision]
        asked = json.loads(run(words)[1])
        yield "a query, 10 hits", f"{asked['whole']:.1f} ms (slowest {asked['slowest']:.1f})"
        yield "of that encoding it", f"{asked['encoding']:.1f} ms"
        yield "memory of the process that asks", f"{asked['memory']:,.0f} MiB"
        yield "queries with the cosines of all products", asked["right"]
    yield from measure_duplicates(args, command, how)


def measure_duplicates(args: argparse.Namespace, command: Path, how: list[Any]) -> list[tuple[str, str]]:
    """Return the rows of the table that tell of duplicates."""
    import numpy as np

    from textrae import SentenceAutoencoder
    from textrae.search.encoding import compared, unit_vectors

    lines, pairs = planted(args.corpora, args.duplicates)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        text.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        words = [command, "duplicates", args.run, text, "--threshold", args.threshold, *how, "--json"]
        said, printed = run(words, len(lines))
    group: dict[str, int] = {}
    repeats = 0
    for line in printed.splitlines():
        told = json.loads(line)
        for one in told["sentences"]:
            group[one["text"]] = told["group"]
            repeats += len(one["rows"]) - 1
    wanted = len(lines) - len(set(lines))
    model = SentenceAutoencoder.load(args.run, precision=args.precision, device="cpu")
    width, part = compared(model), model.run.settings.model.compared
    sides = [
        np.concatenate(list(unit_vectors(model, side, width, part=part))) for side in zip(*pairs, strict=True)
    ]
    cosines = (sides[0] * sides[1]).sum(1)
    near = [pair for pair, cosine in zip(pairs, cosines, strict=True) if cosine >= args.threshold + 1e-3]
    found = sum(group.get(one, -1) == group.get(other, -2) for one, other in near)
    return [
        (f"duplicates of {len(lines):,} lines, threshold {args.threshold}", said),
        ("exact copies planted, found", f"{wanted:,}, {repeats:,}"),
        (
            "changed copies planted, of a cosine of the threshold or more, of these found",
            f"{len(pairs):,}, {len(near):,}, {found:,}",
        ),
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("corpora", type=Path, nargs="*")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--duplicates", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.95)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--ask", type=Path, help="an index to ask queries; what the script calls itself with")
    args = parser.parse_args()
    if args.ask is not None:
        ask(args.run, args.ask, args.precision)
        return
    if not args.corpora:
        parser.error("give a corpus")
    print(f"{describe()}, {args.workers} workers, {args.precision}, commit {commit()}\n")
    print("| what | measured |\n|---|---|", flush=True)
    for name, value in measure(args):
        print(f"| {name} | {value} |", flush=True)


if __name__ == "__main__":
    main()
