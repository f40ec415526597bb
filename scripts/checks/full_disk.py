"""Have every command that writes meet a full disk at each of its writes, and a folder that may not be written to.

    python scripts/checks/full_disk.py
    python scripts/checks/full_disk.py --only "encode v.npy" --show

Each command writes on a small disk in memory (tmpfs, which needs root), first with no page free, then with more and more until
it works twice: once where nothing is, and once where a good result of the same name lies already. The same is done with
`-o /dev/full`, and on a disk that is mounted read-only. Without root, and with --quick, a limit on the size of files takes the
place of the small disk. Each failure must be one line that names the place; what stood there must stand there still; and nothing
half-written may be left. It needs Linux.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from contained import Limits, Outcome, snapshot, textrae, unlike
from mutated_runs import MADE, SMALL, prepare, warm

PAGE, PAGES = 4_096, 16_384
"""Bytes of a page, and pages of the disk."""
FILLER = "filler"
FILES = (
    *(f"encode text few.txt -o v.{ending}" for ending in ("npy", "safetensors", "parquet", "jsonl", "csv")), "encode text few.txt --storage int8 -o v8.npy",
    "encode text few.txt --storage binary -o vb.parquet", "decode text text.npy -o d.txt", "decode text text.npy --json -o d.jsonl", "reconstruct text few.txt -o r.txt",
    "translate translator few.txt -o t.txt", "evaluate text few.txt --json -o e.json", "sample text -n 3 -o s.txt", "interpolate text A. B. -o i.txt",
    "paraphrase variational A. -n 2 -o p.txt", "analogy text --from few.txt --to few.txt few.txt -o a.txt", "info text -o info.txt", "search text few.txt A. -o f.txt",
    "duplicates text few.txt -o du.txt", "outliers text few.txt -o ou.txt", "cluster text few.txt -k 2 -o cl.txt", "split running.txt -o sp.txt", "score series series.csv -o sc.csv",
    "reconstruct series series.csv -o rs.csv", "encode series series.csv -o es.npy", "encode series series.csv -o es.parquet", "report text few.txt -o page.html",
    "plot text few.txt -o plot.svg", "attention text A. --json -o at.json", "xsim text few.txt few.txt -o xs.txt",
)  # fmt: skip
"""Commands that write a file, with the names of what lies beside them."""
FOLDERS = {
    "train text.txt -o run": "info run",
    "train text.txt --cache-dir cache -o run": "info run",
    "train --series series.csv --steps 2 --hidden 4 -o run": "info run",
    "train text.txt --target text.txt -o run": "info run",
    "index text text.txt -o index": "search text index A.",
    "prior variational text.txt --steps 2 -o run": "info run",
    "export text -o graphs": "",
}
"""Commands that write a folder, and what uses it."""
INSIDE = {
    "prior run text.txt --steps 2": ("variational", "sample run -n 1"),
    "train --resume -o run": ("stopped", "info run"),
}
"""Commands that write into a run that is there, the run, and what uses it."""


@dataclass
class Tally:
    """Counts of what came of the commands."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, where: str, outcome: Outcome, odd: str, show: bool) -> None:
        """Count an outcome, and tell it if something is wrong."""
        odd = odd or ("" if outcome.right else outcome.kind)
        self.counts["wrong" if odd else outcome.kind] += 1
        if odd:
            self.wrong.append(where)
        if odd or show:
            print(f"{where}: {odd or outcome.kind}\n    {outcome.said[:300]}", flush=True)


class Disk:
    """A folder to write in, of which the room may be limited."""

    def __init__(self, folder: Path, sound: Path) -> None:
        self.folder, self.sound = folder, sound

    def words(self, line: str) -> list[str]:
        """Return a command line whose inputs lie elsewhere, and whose results lie here."""
        words, found = line.split(), list[str]()
        for word in words:
            given = next(
                (one for one in (self.sound / word, self.sound / "runs" / word) if one.exists()), None
            )
            here = word in ("run", "index", "graphs", "cache") or (found and found[-1] == "-o")
            if here or given is None or found == []:
                found.append(str(self.folder / word) if here else word)
            else:
                found.append(str(given))
        plain = line.startswith("train") and "--resume" not in line and "--series" not in line
        return [*found, *SMALL] if plain else found

    def clear(self) -> None:
        """Leave nothing in the folder."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def fill(self, pages: int) -> None:
        """Leave that number of pages free."""
        filler = self.folder / FILLER
        filler.unlink(missing_ok=True)
        free = os.statvfs(self.folder).f_bavail
        with filler.open("wb") as stream:
            if free > pages:
                os.posix_fallocate(stream.fileno(), 0, (free - pages) * PAGE)

    def left(self) -> list[str]:
        """Return the names of what is unfinished in the folder."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if ".partial" in path.name or path.name.endswith(".tmp")
        )


@contextmanager
def small_disk(folder: Path, sound: Path) -> Iterator[Disk | None]:
    """Mount a small disk in memory on a folder; give None where that may not be done."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={PAGE * PAGES},mode=755", "tmpfs", folder], capture_output=True
    )
    try:
        yield Disk(folder, sound) if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)


def sizes(growth: float) -> Iterator[int]:
    """Yield numbers of pages: each of the first ones, then farther and farther apart, by a factor."""
    size = 0
    while size < PAGES - 500:
        yield size
        size = max(size + 1, int(size * growth))


def tried(disk: Disk, line: str, use: str, start: str, limits: Limits | None = None) -> tuple[Outcome, str]:
    """Run a command once on a disk as it is; return what came of it, and what is wrong with what it left.

    Args:
        disk: with little room.
        line: the command.
        use: a command that uses the folder that is written; empty for a file.
        start: what is in the place: ``nothing``, or ``a good result``.
        limits: of the command.
    """
    words = disk.words(line)
    good = start != "nothing"
    if good and use and "--resume" not in line and line.split()[0] in ("train", "index"):
        words.append("--overwrite")
    before = snapshot(disk.folder)
    outcome = textrae(words, disk.folder, limits)
    changed = [path for path in unlike(before, snapshot(disk.folder)) if path != FILLER]
    if outcome.kind == "refused" and str(disk.folder) not in outcome.said and "output:" not in outcome.said:
        return outcome, "does not name the place"
    if left := disk.left():
        return outcome, f"left {', '.join(left)}"
    if outcome.kind == "works" or not changed:
        return outcome, ""
    if not use:
        return outcome, f"changed {', '.join(changed)}"
    disk.fill(PAGES // 2)
    (disk.folder / FILLER).unlink()
    used = textrae(disk.words(use), disk.folder)
    if not used.right or (good and used.kind != "works"):
        return outcome, f"changed {', '.join(changed)}, and then {use}: {used.kind}, {used.said}"
    return outcome, ""


def set_up(disk: Disk, line: str, start: str) -> None:
    """Clear a disk, and put there what a command finds."""
    disk.clear()
    run = INSIDE.get(line, ("", ""))[0]
    if run:
        shutil.copytree(disk.sound / "runs" / run, disk.folder / "run")
    elif start != "nothing" and (outcome := textrae(disk.words(line), disk.folder)).kind != "works":
        sys.exit(f"{line}, on an empty disk: {outcome}")


def starts(line: str) -> tuple[str, ...]:
    """Return what may be in the place of what a command writes."""
    if line in INSIDE:
        return ("a good result",) if "--resume" not in line else ("nothing",)
    return ("nothing",) if line.startswith(("prior", "export")) else ("nothing", "a good result")


def fill_up(disk: Disk, line: str, use: str, tally: Tally, show: bool, growth: float) -> None:
    """Run a command with more and more pages free, until it works twice."""
    for start in starts(line):
        worked = 0
        for size in sizes(growth):
            set_up(disk, line, start)
            disk.fill(size)
            outcome, odd = tried(disk, line, use, start)
            tally.note(f"{line}, {start} there, {size} pages free", outcome, odd, show)
            worked += outcome.kind == "works"
            if worked == 2:
                break


def limit_files(disk: Disk, line: str, use: str, tally: Tally, show: bool, most: int = 1 << 26) -> None:
    """Run a command with a limit on the size of files that grows until it works."""
    for start in starts(line):
        size = 0
        while size <= most:
            set_up(disk, line, start)
            outcome, odd = tried(disk, line, use, start, Limits(largest_file=size))
            tally.note(f"{line}, {start} there, files up to {size} bytes", outcome, odd, show)
            if outcome.kind == "works":
                break
            size = max(1, size * 9)


def read_only(disk: Disk, line: str, use: str, tally: Tally, show: bool) -> None:
    """Run a command on a disk that is mounted read-only."""
    for start in starts(line):
        set_up(disk, line, start)
        subprocess.run(["mount", "-o", "remount,ro", disk.folder], check=True)
        try:
            outcome, odd = tried(disk, line, use, start)
        finally:
            subprocess.run(["mount", "-o", "remount,rw", disk.folder], check=True)
        if outcome.kind == "works":
            odd = odd or "worked where nothing may be written"
        tally.note(f"{line}, {start} there, read-only", outcome, odd, show)


def main() -> None:
    """Try every command on every disk, and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="words that a command must have")
    parser.add_argument("--growth", type=float, default=1.25, help="how much more room each next try has")
    kinds = "kinds of runs that are made, and whose commands are tried"
    parser.add_argument("--kinds", nargs="+", choices=list(MADE), default=list(MADE), help=kinds)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a limit on the size of files instead of a disk that fills up",
    )
    parser.add_argument("--show", action="store_true", help="print every outcome, not only the wrong ones")
    args = parser.parse_args()
    warm()
    lines = {**dict.fromkeys(FILES, ""), **FOLDERS, **{line: use for line, (_, use) in INSIDE.items()}}
    gone = set(MADE) - set(args.kinds)
    lines = {
        line: use
        for line, use in lines.items()
        if all(word in line for word in args.only.split())
        and not gone & {*line.split(), *use.split()[:2], INSIDE.get(line, ("",))[0]}
    }
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for one in ("sound", "disk", "plain"):
            (top / one).mkdir()
        sound = prepare(top / "sound", args.kinds).folder
        (sound / "running.txt").write_text("One sentence. Another one! And a third? " * 20)
        before = snapshot(sound)
        with small_disk(top / "disk", sound) as disk:
            for line, use in lines.items():
                if disk is not None and not args.quick:
                    fill_up(disk, line, use, tallies.setdefault("full", Tally()), args.show, args.growth)
                if disk is not None:
                    read_only(disk, line, use, tallies.setdefault("read-only", Tally()), args.show)
                if disk is None or args.quick:
                    plain = Disk(top / "plain", sound)
                    limit_files(plain, line, use, tallies.setdefault("limit of files", Tally()), args.show)
                if not use and line.split()[0] != "encode":
                    words = [*Disk(top / "plain", sound).words(line)[:-1], "/dev/full"]
                    outcome = textrae(words, top / "plain")
                    odd = (
                        ""
                        if (outcome.kind == "refused" and "/dev/full" in outcome.said)
                        or ("." in line.split()[-1] and "ending" in outcome.said)
                        else "not refused"
                    )
                    tallies.setdefault("/dev/full", Tally()).note(
                        f"{line}, to /dev/full", outcome, odd, args.show
                    )
        if odd := unlike(before, snapshot(sound)):
            sys.exit(f"changed among the inputs: {', '.join(odd[:9])}")
    for kind, tally in tallies.items():
        found = tally.counts
        print(
            f"{kind}: {found.total():,} commands, {found['works']:,} worked, {found['refused']:,} failed in one line, {found['wrong']} wrong"
        )
    if "full" not in tallies and not args.quick:
        print("no disk in memory may be mounted here: only the limit of files was tried")
    sys.exit(any(tally.wrong for tally in tallies.values()))


if __name__ == "__main__":
    main()
