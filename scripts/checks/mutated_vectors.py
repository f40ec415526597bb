"""Damage and forge files of vectors, tables, texts, series and settings, use each, and count what comes of it.

    python scripts/checks/mutated_vectors.py --count 1000 --seed 0
    python scripts/checks/mutated_vectors.py --first 417 --count 1 --seed 0 --show

Each time one thing of one file is changed: bits, headers, fields, footers, JSON, links, pipes, pickles, and files that unpack
to a thousand times their size. One command then reads it. What counts as right is told in `mutated_runs.py`. It needs Linux.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from contained import LIMIT, Limits, Outcome, snapshot, summed, textrae, unlike
from mutated_runs import NOBODY, SMALL, Result, warm
from mutations import BY_ENDING, RAW, Mutation, of_bytes, of_file

TINY = ["--steps", "1", "--hidden", "4", "--device", "cpu"]
TABLE = [
    ["encode", "run", "FILE", "-o", "out/v.npy"], ["encode", "run", "FILE", "--keep", "id", "-o", "out/v.parquet"], ["reconstruct", "run", "FILE", "-o", "out/t.txt"],
    ["search", "run", "FILE", "A dog.", "-o", "out/t.txt"], ["evaluate", "run", "FILE", "-o", "out/e.txt"], ["train", "FILE", "-o", "out/run", *SMALL],
    ["duplicates", "run", "FILE", "-o", "out/t.txt"], ["encode", "run", "FILE", "--errors", "replace", "-o", "out/v.csv"], ["search", "run", "text.txt", "--queries", "FILE", "-o", "out/t.txt"],
    ["split", "FILE", "-o", "out/t.txt"], ["index", "run", "FILE", "-o", "out/index"],
]  # fmt: skip
VECTORS = [
    ["decode", "run", "FILE", "-o", "out/t.txt"],
    ["decode", "run", "FILE", "--any-run", "-o", "out/t.txt"],
]
GIVEN = [
    ["train", "text.txt", "--vectors", "FILE", "-o", "out/run", *SMALL],
    ["train", "text.txt", "--teacher", "FILE", "-o", "out/run", *SMALL],
]
SERIES = [
    ["score", "series", "FILE", "-o", "out/s.csv"], ["reconstruct", "series", "FILE", "-o", "out/s.csv"], ["encode", "series", "FILE", "-o", "out/s.npy"],
    ["train", "--series", "FILE", "-o", "out/run", *TINY], ["evaluate", "series", "FILE"],
]  # fmt: skip
SETTINGS = [["train", "text.txt", "--config", "FILE", "-o", "out/run", "--steps", "2"]]
USES: dict[str, list[list[str]]] = {
    "text.txt": TABLE, "text.txt.gz": TABLE, "text.csv": TABLE, "text.csv.gz": TABLE, "text.tsv": TABLE, "text.jsonl": TABLE, "text.jsonl.gz": TABLE, "text.json": TABLE,
    "text.parquet": TABLE, "v.npy": [*VECTORS, *GIVEN], "int8.npy": VECTORS, "v.safetensors": VECTORS, "half.safetensors": VECTORS, "v.parquet": VECTORS,
    "binary.parquet": VECTORS, "v.jsonl": VECTORS, "v.csv": VECTORS, "s.csv": SERIES, "s.npy": SERIES, "s.parquet": SERIES, "config.toml": SETTINGS,
}  # fmt: skip
"""Commands that read each of the sound files, in the place of FILE."""
ENDLESS = ("a pipe", "a link to /dev/zero")
"""Changes that put something without an end in the place of a file: a command that reads on is right."""
MADE = [
    ["train", "text.txt", "-o", "run", *SMALL],
    ["train", "--series", "s.csv", "-o", "series", "--steps", "2", "--hidden", "4"],
    *(
        ["encode", "run", "text.txt", "-o", f"v.{ending}"]
        for ending in ("npy", "safetensors", "parquet", "jsonl", "csv")
    ),
    *(
        ["encode", "run", "text.txt", "--storage", kind, "-o", name]
        for kind, name in (
            ("int8", "int8.npy"),
            ("float16", "half.safetensors"),
            ("binary", "binary.parquet"),
        )
    ),
]
"""Command lines that make what the commands use."""
FIELDS = (
    "", '"', '""', '"a\nb"', '"never ends', "a\0b", "\r", "\r\n", "\t", ";", ",,,,", "x" * 100_000, "9" * 400, "nan", "inf", "-inf", "1e400", "1e-400", "0x10", "1_0",
    "١٢", "−1", "\ufeff", "\u2028", "=cmd|' /C calc'!A0", "\x1b[31mred", "../../escaped", "true", "None", "text", "[[[[", "{}", "猫",
)  # fmt: skip
"""Texts in the place of a field."""


def of_lines(draw: random.Random, content: bytes) -> Mutation:
    """Change a field or a line of a text, or many."""
    lines = content.split(b"\n")
    at, way = draw.randrange(len(lines)), draw.randrange(8)
    if way <= 2:
        mark = draw.choice([mark for mark in (b",", b"\t", b" ", b'"') if mark in lines[at]] or [b","])
        fields = lines[at].split(mark)
        field = draw.choice(FIELDS)
        fields[draw.randrange(len(fields))] = field.encode()
        lines[at] = mark.join(fields)
        return f"line {at}: {field[:20]!r}", b"\n".join(lines)
    if way == 3:
        lines[at] = draw.choice(
            (b"\xff\xfe", b"\xed\xa0\x80", b"\x00" * 100, draw.randbytes(50), draw.choice(RAW))
        )
        return f"line {at} = {lines[at][:20]!r}", b"\n".join(lines)
    if way == 4:
        count = draw.choice((2, 1_000, 20_000))
        return f"line {at} {count:,} times", b"\n".join([*lines[:at], *[lines[at]] * count, *lines[at + 1 :]])
    if way == 5:
        end = draw.choice((b"\r", b"\r\n", b"\n\n", b"", b"\x0b", "\u2028".encode()))
        return f"lines end in {end!r}", end.join(lines)
    if way == 6:
        kind = draw.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7"))
        return kind, content.decode("utf-8", "replace").encode(kind)
    size = draw.choice((1 << 20, 1 << 24, 1 << 26))
    lines[at] += draw.choice((b"a", b"a ", b'"', b"0", b"[", b"1,")) * (size // 2)
    return f"line {at} of {size:,} bytes", b"\n".join(lines)


def of_parquet(draw: random.Random, content: bytes) -> Mutation:
    """Damage the footer of a Parquet file, or any of it; or give one that unpacks to far more."""
    way = draw.random()
    if way < 0.1:
        return _parquet_bomb(draw, b"vector" in content)
    if way < 0.4:
        return of_bytes(draw, content)
    size = int.from_bytes(content[-8:-4], "little")
    changed, count = bytearray(content), draw.choice((1, 1, 2, 5))
    for _ in range(count):
        changed[len(content) - 1 - draw.randrange(min(size + 8, len(content)))] ^= 1 << draw.randrange(8)
    return f"{count} bits of the footer", bytes(changed)


def _parquet_bomb(draw: random.Random, vectors: bool) -> Mutation:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    if vectors:
        rows = draw.choice((200_000, 3))
        width = 4 if rows > 3 else 20_000_000
        lists = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * width, np.float32)), width)
        pq.write_table(pa.table({"vector": lists}), out, compression="zstd")
    else:
        rows, size = draw.choice(((40_000, 1 << 16), (2_000, 1 << 20), (200_000, 1)))
        texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * size]))
        pq.write_table(pa.table({"text": texts}), out, compression="zstd")
    return f"{rows:,} large rows", out.getvalue()


def of_gzip(draw: random.Random, name: str, content: bytes) -> Mutation:
    """Damage a compressed file, or what it holds; or give one that unpacks to far more."""
    way = draw.random()
    if way < 0.3:
        return of_bytes(draw, content)
    if way < 0.36:
        line = draw.choice((b"a", b"a ", b"a\n", b"\n", b'"', b"[", b"\0"))
        member = gzip.compress((line * (1 << 24))[: 1 << 24])
        return f"{line!r} unpacked to 256 MiB", member * 16
    inner = Path(name.removesuffix(".gz")).suffix
    what, changed = by_ending(inner)(draw, gzip.decompress(content))
    return f"inside {what}", gzip.compress(changed, 1)


def by_ending(ending: str) -> Callable[[random.Random, bytes], Mutation]:
    """Return what forges a file of an ending."""
    if ending in (".csv", ".tsv", ".txt", ".toml"):
        return of_lines
    return of_parquet if ending == ".parquet" else BY_ENDING.get(ending, of_lines)


def changed(draw: random.Random, path: Path, canary: Path, folder: Path) -> str:
    """Change one thing of a file, and return what."""
    way = draw.random()
    if way < 0.2:
        return of_file(draw, path, canary)
    if way < 0.26:
        other = draw.choice(sorted(set(USES) - {path.name}))
        shutil.copyfile(folder / other, path)
        return f"that of {other}"
    if path.suffix == ".gz":
        what, content = of_gzip(draw, path.name, path.read_bytes())
    else:
        what, content = by_ending(path.suffix)(draw, path.read_bytes())
    path.write_bytes(content)
    return what


def prepare(folder: Path) -> None:
    """Make the sound files and runs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [
        f"{who} {does} {what}."
        for who in ("A dog", "My cat")
        for does in ("sees", "eats")
        for what in "abcdefgh"
    ]
    lines = {
        "text.txt": texts,
        "text.csv": ["id,text,note", *(f'{n},"{text}",x' for n, text in enumerate(texts))],
        "text.tsv": ["id\ttext", *(f"{n}\t{text}" for n, text in enumerate(texts))],
        "text.jsonl": [
            f'{{"id": {n}, "text": "{text}", "more": {{"a": [1, 2]}}}}' for n, text in enumerate(texts)
        ],
        "config.toml": [
            "hidden = 8",
            "embedding = 8",
            "latent = 4",
            "vocab-size = 300",
            "max-length = 8",
            'device = "cpu"',
            "slots = 2",
            "lr = 0.01",
            'cell = "lstm"',
        ],
        "s.csv": ["a,b", *(f"{n % 7}.5,{n % 5}" for n in range(20))],
    }
    for name, rows in lines.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "text.json").write_text("[" + ",".join(lines["text.jsonl"]) + "]", encoding="utf-8")
    for name in ("text.txt", "text.csv", "text.jsonl"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": texts}), folder / "text.parquet")
    numbers = np.random.default_rng(0).normal(size=(3, 12, 2)).astype(np.float32)
    np.save(folder / "s.npy", numbers)
    pq.write_table(pa.table({"a": numbers[0, :, 0], "b": numbers[0, :, 1]}), folder / "s.parquet")
    for words in MADE:
        if (outcome := textrae(words, folder)).kind != "works":
            sys.exit(f"{words}: {outcome}")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def peak(folder: Path, file: str, words: list[str], known: dict[str, int]) -> int:
    """Return the most bytes of memory that a command takes on a sound file, which is tried once; `known` are those of before."""
    name = f"{file} {words}"
    if name not in known:
        outcome, _ = once(folder, file, words, lambda path, canary: "nothing")
        tables = file.startswith("text")  # `split` refuses tables, and lines have no columns to keep
        if outcome.kind != "works" and not (tables and outcome.kind == "refused"):
            sys.exit(f"a sound {file}, {words}: {outcome}")
        known[name] = outcome.peak
    return known[name]


def once(
    folder: Path, file: str, words: list[str], change: Callable[[Path, Path], str]
) -> tuple[Outcome, str]:
    """Copy a sound file, change the copy, and have a command read it; return what came of it, and the change."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        box = Path(name)
        shutil.copyfile(folder / file, box / file)
        (box / "out").mkdir()
        what = change(box / file, box / "CANARY")
        box.chmod(0o777)
        (box / "out").chmod(0o777)
        before = snapshot(box)
        places = {"FILE": box / file} | {one: folder / one for one in ("run", "series", "text.txt")}
        endless = what in ENDLESS  # of a text or a table that is read as it comes
        user = NOBODY if "may not be read" in what and os.getuid() == 0 else None
        limits = Limits(seconds=15 if endless else 120, user=user)
        outcome = textrae([places.get(word, word) for word in words], box, limits)
        if endless and outcome.kind == "hung":
            outcome = replace(outcome, kind="works", said="still reading, in bounded memory")
        odd = [
            path
            for path in unlike(before, snapshot(box))
            if outcome.kind == "refused" or not path.startswith("out")
        ]
        if odd:
            outcome = replace(outcome, kind="did more", said=f"changed {', '.join(odd[:5])}; {outcome.said}")
    return outcome, what


def drawn(folder: Path, number: int, seed: int) -> Result:
    """Draw a file and a change of it, and have a command read it."""
    draw = random.Random(f"{seed}-{number}")
    file = draw.choice(list(USES))
    words = draw.choice(USES[file])
    outcome, what = once(folder, file, words, lambda path, canary: changed(draw, path, canary, folder))
    return Result(number, file, what, words, outcome)


def main() -> None:
    """Change files, have each read once, and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print every outcome, not only the wrong ones")
    args = parser.parse_args()
    warm()
    counts: dict[str, Counter[str]] = {file: Counter() for file in USES}
    most = slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        (top / "sound").mkdir()
        prepare(top / "sound")
        peaks: dict[str, int] = {}
        sound = snapshot(top)
        for number in range(args.first, args.first + args.count):
            result = drawn(top / "sound", number, args.seed)
            outcome = result.outcome
            more = outcome.peak - peak(top / "sound", result.kind, result.words, peaks)
            if outcome.right and more > LIMIT:
                outcome = replace(outcome, kind="memory")
            counts[result.kind][outcome.kind] += 1
            most, slowest = max(most, more), max(slowest, outcome.seconds)
            if args.show or not outcome.right:
                print(
                    f"{number} {outcome.kind}: {result.kind}, {result.change}\n    {' '.join(result.words)} ({outcome.seconds:.1f} s, {more / 2**20:.0f} MiB)\n    {outcome.said[:400]}",
                    flush=True,
                )
        if odd := unlike(sound, snapshot(top)):
            print(f"changed beside the copies: {', '.join(odd[:9])}")
            counts["text.txt"]["did more"] += 1
    wrong = summed(counts, "files")
    print(f"at most {most / 2**20:,.0f} MiB beyond the sound file; the slowest took {slowest:.1f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
