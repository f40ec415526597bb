"""Damage and forge run folders and indexes, open and use each, and count what comes of it.

    python scripts/checks/mutated_runs.py --count 1000 --seed 0
    python scripts/checks/mutated_runs.py --first 417 --count 1 --seed 0 --show

Tiny runs of every kind are trained: sentences, a variational model with a prior, a hierarchical one, a translator with two
tokenizers, series, a stopped training, and an index. Each time one thing of one folder is changed, as a disk or a stranger
might: bits, JSON, headers, tokenizers, settings, links, pipes, pickles. Half of them are forged: their digests are made right
again. One command then uses the folder. It must work or refuse in one line, start no program, unpickle nothing, write nowhere
but at `-o`, leave nothing half-written, and take no more than 1 GiB beyond what the sound folder takes. It needs Linux.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from contained import LIMIT, Limits, Outcome, snapshot, summed, textrae, unlike, watched
from mutations import joined, of_file, parts, payloads

NOBODY = 65_534
LARGEST = 1 << 28
"""Bytes of a file whose digest is made right again."""
SMALL = ("--steps", "3", "--hidden", "8", "--embedding", "8", "--latent", "4", "--vocab-size", "300", "--max-length", "8", "--device", "cpu", "--precision", "fp32")  # fmt: skip
MADE: dict[str, list[list[str]]] = {
    "text": [["train", "text.txt", "-o", "runs/text", *SMALL, "--slots", "2"], ["encode", "runs/text", "text.txt", "-o", "text.npy"]],
    "variational": [
        ["train", "text.txt", "-o", "runs/variational", *SMALL, "--variational", "--layers", "2", "--cell", "lstm"],
        ["prior", "runs/variational", "text.txt", "--steps", "3"], ["encode", "runs/variational", "text.txt", "-o", "variational.npy"],
    ],
    "hierarchical": [["train", "text.txt", "-o", "runs/hierarchical", *SMALL, "--hierarchical"], ["encode", "runs/hierarchical", "text.txt", "-o", "hierarchical.npy"]],
    "translator": [["train", "text.txt", "--target", "text.txt", "-o", "runs/translator", *SMALL, "--tokenizers", "separate"]],
    "series": [["train", "--series", "series.csv", "-o", "runs/series", "--steps", "3", "--hidden", "4", "--device", "cpu"]],
    "stopped": [],
    "index": [["index", "runs/text", "text.txt", "-o", "runs/index"]],
}  # fmt: skip
"""Command lines that make the folder of each kind, and what is used with it."""
USES: dict[str, list[list[str]]] = {
    "text": [
        ["info", "RUN", "--json"], ["info", "RUN"], ["encode", "RUN", "few.txt", "-o", "out/v.npy"], ["decode", "RUN", "text.npy", "-o", "out/t.txt"],
        ["reconstruct", "RUN", "few.txt", "-o", "out/t.txt"], ["evaluate", "RUN", "few.txt", "-o", "out/e.json", "--json"],
        ["sample", "RUN", "-n", "2", "-o", "out/t.txt"], ["interpolate", "RUN", "A dog.", "A cat."], ["search", "RUN", "few.txt", "A dog."],
    ],
    "variational": [
        ["info", "RUN"], ["sample", "RUN", "-n", "2"], ["decode", "RUN", "variational.npy", "-o", "out/t.txt"], ["paraphrase", "RUN", "A dog sees a.", "-n", "2"],
        ["encode", "RUN", "few.txt", "-o", "out/v.parquet"], ["evaluate", "RUN", "few.txt"],
    ],
    "hierarchical": [["info", "RUN"], ["decode", "RUN", "hierarchical.npy", "-o", "out/t.txt"], ["reconstruct", "RUN", "few.txt"]],
    "translator": [["info", "RUN"], ["translate", "RUN", "few.txt", "-o", "out/t.txt"], ["evaluate", "RUN", "few.txt", "--target", "few.txt"], ["encode", "RUN", "few.txt", "-o", "out/v.csv"]],
    "series": [["info", "RUN"], ["score", "RUN", "series.csv", "-o", "out/s.csv"], ["reconstruct", "RUN", "series.csv", "-o", "out/s.csv"], ["evaluate", "RUN", "series.csv"]],
    "stopped": [["info", "RUN"], ["train", "--resume", "-o", "RUN"], ["train", "--resume", "-o", "RUN"], ["train", "text.txt", "--overwrite", "-o", "RUN", *SMALL]],
    "index": [["search", "runs/text", "RUN", "A dog."], ["search", "runs/text", "RUN", "A dog.", "-k", "3", "-o", "out/f.txt"]],
}  # fmt: skip
"""Commands that use a folder, RUN, of each kind."""
ADDED = ("pytorch_model.bin", "model.pkl", "checkpoint/optimizer.pt", "textrae.py", "torch.py", "sitecustomize.py", "__init__.py", "latents.npy", ".config.json.1.partial")  # fmt: skip
"""Names of files that a stranger may put beside those of a run."""


@dataclass
class Result:
    """What one changed folder led to."""

    number: int
    kind: str
    change: str
    words: list[str]
    outcome: Outcome


@dataclass
class Home:
    """The sound folders, and what their use takes."""

    folder: Path
    peaks: dict[str, int] = field(default_factory=dict)

    def peak(self, kind: str, words: list[str]) -> int:
        """Return the most bytes of memory that a command takes on the sound folder, which is tried once."""
        name = f"{kind} {words}"
        if name not in self.peaks:
            outcome = once(self, kind, words, lambda box: "nothing").outcome
            if outcome.kind != "works":
                sys.exit(f"a sound {kind}, {words}: {outcome}")
            self.peaks[name] = outcome.peak
        return self.peaks[name]

    def used(self, kind: str, words: list[str], box: Path) -> list[str]:
        """Return a command line on the copy of a folder in `box`, and on what lies beside the sound ones."""
        names = {path.name for path in self.folder.iterdir()}
        return [
            str(box / "run")
            if word == "RUN"
            else str(self.folder / word)
            if word.split("/")[0] in names
            else word
            for word in words
        ]


def warm() -> None:
    """Import what the commands use, so that each child has it at once."""
    import torch

    torch.set_num_threads(1)
    for name in (
        "datasets", "pyarrow.parquet", "sacrebleu", "pandas", "textrae.model", "textrae.training.pipeline", "textrae.series.model",
        "textrae.search.index", "textrae.runs.lock", "textrae.report.making", "textrae.evaluation.measured", "textrae.integrations.sentence_transformers",
        "textrae.inference.vectors.reading", "textrae.series.training", "textrae.evaluation.language_model",
    ):  # fmt: skip
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def prepare(folder: Path, kinds: Sequence[str] = tuple(MADE)) -> Home:
    """Train the tiny runs of some kinds; an index needs those of sentences."""
    lines = [
        f"{who} {does} {what}."
        for who in ("A dog", "My cat")
        for does in ("sees", "eats")
        for what in "abcdefgh"
    ]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "few.txt").write_text("\n".join(lines[:6]) + "\n", encoding="utf-8")
    rows = (f"{row % 7}.5,{row % 5}\n{row % 3},1\n" for row in range(20))
    (folder / "series.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "runs").mkdir()
    for words in (words for kind in MADE if kind in kinds for words in MADE[kind]):
        outcome = textrae(words, folder)
        if outcome.kind != "works":
            sys.exit(f"{words}: {outcome}")
    if "stopped" in kinds:
        stopped = watched(lambda: _stop(folder), folder, Limits())
        if stopped.kind != "works":
            sys.exit(f"the stopped training: {stopped}")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Home(folder)


def _stop(folder: Path) -> None:
    """Stop a training in `folder` after 3 of its 6 steps."""
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.model import ModelConfig
    from textrae.settings.run import Settings
    from textrae.settings.training import TrainingConfig
    from textrae.training.pipeline import Watch, train_run

    settings = Settings(
        ModelConfig(hidden=8, embedding=8, latent=4, slots=0, regulariser="adversarial"),
        CorpusConfig(vocab_size=300, max_length=8),
        TrainingConfig(steps=6, device="cpu", precision="fp32", validations=2),
        sources=(str(folder / "text.txt"),),
    )
    asked = iter(range(100))
    train_run(settings, folder / "runs" / "stopped", watch=Watch(should_stop=lambda: next(asked) >= 3))


def changed(draw: random.Random, home: Home, run: Path, canary: Path) -> str:
    """Change one thing of a folder, and return what."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.stat().st_size)
    way = draw.random()
    if way < 0.05:
        added = run / draw.choice(ADDED)
        added.parent.mkdir(exist_ok=True)
        what, content = draw.choice(sorted(payloads(canary).items()))
        added.write_bytes(content)
        return f"{added.name} added: {what}"
    weights = [
        4
        if path.name in ("config.json", "settings.json", "index.json")
        else 2
        if path.suffix in (".safetensors", ".model")
        else 1
        for path in files
    ]
    file = draw.choices(files, weights)[0]
    name = str(file.relative_to(run))
    if way < 0.12:
        other = draw.choice([path for path in home.folder.rglob(f"*{file.suffix}") if path.is_file()])
        shutil.copyfile(other, file)
        return f"{name}: that of {other.relative_to(home.folder)}"
    what = of_file(draw, file, canary)
    return f"{name}: {what}"


def reseal(run: Path) -> None:
    """Make the digests of a folder right again, as far as its files can be read."""
    try:
        if (run / "index.json").exists():
            _reseal_index(run)
            return
        config = json.loads(_whole(run / "config.json"))
        header, numbers = parts(_whole(run / "model.safetensors"))
        facts = json.loads(header["__metadata__"]["textrae"])
        weights = _digest(header, numbers)
        if config.get("kind") == "series":
            shape: Any = {
                name: config[name] for name in ("dim", "columns", "model", "series") if name in config
            }
        else:
            shape = config["model"]
        facts |= {
            "weights": weights,
            "shape": hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest(),
        }
        for part, name in (("tokenizer", "tokenizer.model"), ("target tokenizer", "target-tokenizer.model")):
            if part in facts:
                facts[part] = hashlib.sha256(_whole(run / name)).hexdigest()
        if "latents" in facts:
            facts["latents"] = _digest(*parts(_whole(run / "latents.safetensors")))
        header["__metadata__"] = {"textrae": json.dumps(facts)}
        (run / "model.safetensors").write_bytes(joined(header, numbers))
        if (run / "flow.safetensors").exists():
            header, numbers = parts(_whole(run / "flow.safetensors"))
            facts = json.loads(header["__metadata__"]["textrae"])
            facts |= {"weights": weights, "tensors": _digest(header, numbers)}
            header["__metadata__"] = {"textrae": json.dumps(facts)}
            (run / "flow.safetensors").write_bytes(joined(header, numbers))
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        struct.error,
        MemoryError,
    ):
        return  # too damaged to be forged


def _whole(path: Path) -> bytes:
    """Read a file that is one, and not of a size that only its holes have: this script's own memory is bounded too."""
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise OSError(f"{path}: not to be read whole")
    return path.read_bytes()


def _digest(header: dict[str, Any], numbers: bytes) -> str:
    total = hashlib.sha256()
    for name in sorted(header.keys() - {"__metadata__"}):
        begin, end = header[name]["data_offsets"]
        total.update(name.encode() + numbers[begin:end])
    return total.hexdigest()


def _reseal_index(run: Path) -> None:
    from textrae.search.files import _digest_of

    facts = json.loads(_whole(run / "index.json"))
    for part in facts["digests"]:
        for path in run.glob(f"{part}.*"):
            _whole(path)
            with path.open("rb") as stream:
                facts["digests"][part] = _digest_of(stream, path.stat().st_size)
    (run / "index.json").write_text(json.dumps(facts))


def once(home: Home, kind: str, words: list[str], change: Any) -> Result:
    """Copy a sound folder, change the copy, use it, and grade what came of it."""
    with tempfile.TemporaryDirectory(dir=home.folder.parent) as name:
        box = Path(name)
        shutil.copytree(home.folder / "runs" / kind, box / "run")
        (box / "out").mkdir()
        what = change(box)
        if os.getuid() == 0:
            for path in (box, box / "out", box / "run"):
                path.chmod(0o777)
        before = snapshot(box)
        line, trains = home.used(kind, words, box), words[0] == "train"
        limits = Limits(seconds=60, user=NOBODY if "may not be read" in what and os.getuid() == 0 else None)
        outcome = textrae(line, box, limits)
        after = snapshot(box)
        allowed = "run/" if trains else "out/"
        odd = [
            path
            for path in unlike(before, after)
            if not path.startswith(allowed) or (outcome.kind == "refused" and path.startswith("out/"))
        ]
        if odd:
            outcome = replace(outcome, kind="did more", said=f"changed {', '.join(odd[:5])}; {outcome.said}")
        for path in (box / "run").rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    return Result(-1, kind, what, words, outcome)


def drawn(home: Home, number: int, seed: int, kinds: Sequence[str]) -> Result:
    """Draw a change of a folder, and use it."""
    draw = random.Random(f"{seed}-{number}")
    kind = draw.choice(kinds)
    words = draw.choice(USES[kind])
    most = home.peak(kind, words) + LIMIT

    def change(box: Path) -> str:
        what = changed(draw, home, box / "run", box / "CANARY")
        if draw.random() < 0.5:
            reseal(box / "run")
            what += ", forged"
        return what

    result = replace(once(home, kind, words, change), number=number)
    if result.outcome.right and result.outcome.peak > most:
        result.outcome = replace(result.outcome, kind="memory")
    return result


def main() -> None:
    """Change folders, use each once, and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=list(USES), default=list(USES))
    parser.add_argument("--show", action="store_true", help="print every outcome, not only the wrong ones")
    args = parser.parse_args()
    warm()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in args.kinds}
    most = slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        (top / "sound").mkdir()
        home = prepare(top / "sound", args.kinds)
        sound = snapshot(top)
        for number in range(args.first, args.first + args.count):
            result = drawn(home, number, args.seed, args.kinds)
            outcome = result.outcome
            counts[result.kind][outcome.kind] += 1
            most = max(most, outcome.peak - home.peak(result.kind, result.words))
            slowest = max(slowest, outcome.seconds)
            if args.show or not outcome.right:
                print(
                    f"{number} {outcome.kind}: {result.kind}, {result.change}\n    {' '.join(result.words)} ({outcome.seconds:.1f} s)\n    {outcome.said[:400]}",
                    flush=True,
                )
        if odd := unlike(sound, snapshot(top)):
            print(f"changed beside the copies: {', '.join(odd[:9])}")
            counts[args.kinds[0]]["did more"] += 1
    wrong = summed(counts, "folders")
    print(f"at most {most / 2**20:,.0f} MiB beyond the sound folder; the slowest took {slowest:.1f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
