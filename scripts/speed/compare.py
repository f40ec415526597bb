"""Compare the speed of two checkouts of textrae in alternation: training, encoding, greedy decoding and a beam of 5.

    python scripts/speed/compare.py OLD NEW TRAIN FILE --rounds 22 [--run RUN [--new-run RUN]]

OLD and NEW are folders that hold a `textrae` package. Each runs in a process of its own on one thread, and they take turns in
random order: 25 steps of the default model on TRAIN, then the sentences of FILE encoded, then 1,024 of them decoded greedily and
with a beam, in bfloat16 where the processor has it. With --run the model of a run is used, and none is trained; with --new-run
NEW uses that one, of another shape. Time is that of the processor, so that other work disturbs it little.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS, DECODED, BEAM, WARM = 25, 1_024, 5, 2
"""Steps of a turn of training, sentences of a turn of decoding, its beam, and first turns that do not count."""


def module(*names: str) -> object:
    """Import the first of some modules that a checkout has."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError(names[0])


def say(value: object) -> None:
    """Answer the process that compares."""
    print(json.dumps(value), flush=True)


def train(corpus: str, out: str) -> None:
    """Train, waiting for a word before every turn; a blank line stops it."""
    from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig

    watch = module("textrae.training.job", "textrae.training.pipeline", "textrae.runs").Watch  # type: ignore[attr-defined]
    steps, began = 0, 0.0

    def should_stop() -> bool:
        nonlocal steps, began
        if steps % STEPS == 0:
            if steps:
                say(time.process_time() - began)
            if not sys.stdin.readline().strip():
                return True
            began = time.process_time()
        steps += 1
        return False

    budget = TrainingConfig(steps=100_000, validations=1, checkpoint_minutes=1_000, device="cpu")
    SentenceAutoencoder.train(corpus, ModelConfig(), budget, out=out, watch=watch(should_stop=should_stop))


def use(run: str, file: str) -> None:
    """Encode or decode as each word asks."""
    from textrae import SentenceAutoencoder

    module("textrae.memory", "textrae.devices").keep_freed_memory()  # type: ignore[attr-defined]
    model = SentenceAutoencoder.load(run, device="cpu", precision="auto")
    sentences = Path(file).read_text(encoding="utf-8").splitlines()
    vectors = model.encode(sentences)[:DECODED]
    for word in sys.stdin:
        began = time.process_time()
        if word.strip() == "encode":
            model.encode(sentences)
        else:
            model.decode(vectors, beam=BEAM if word.strip() == "beam" else 1)
        say(time.process_time() - began)


def start(tree: str, *words: str) -> subprocess.Popen[str]:
    """Start a process on one checkout."""
    environment = {**os.environ, "PYTHONPATH": str(Path(tree).resolve()), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, __file__, "--worker", *words]
    return subprocess.Popen(
        line,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def ask(worker: subprocess.Popen[str], word: str) -> float:
    """Give a worker its turn; return the seconds it took."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{word}\n")
    worker.stdin.flush()
    return float(json.loads(worker.stdout.readline()))


def compare(workers: list[subprocess.Popen[str]], word: str, what: str, rounds: int) -> None:
    """Let two workers take turns, and print how fast the second is beside the first."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + WARM):
        for side in random.sample((0, 1), 2):
            times[side].append(ask(workers[side], word))
    old, new = (part[WARM:] for part in times)
    pairs = statistics.median(a / b for a, b in zip(old, new, strict=True))
    medians = statistics.median(old), statistics.median(new)
    print(
        f"{what}: {medians[0]:.4f} s and {medians[1]:.4f} s; speed of NEW as a multiple of OLD's: medians "
        f"{medians[0] / medians[1]:.3f}, median of {rounds} pairs {pairs:.3f}, fastest {min(old) / min(new):.3f}",
        flush=True,
    )


def main() -> None:
    """Compare two checkouts, or be a worker of that."""
    if sys.argv[1:2] == ["--worker"]:
        {"train": train, "use": use}[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("train", help="sentences to train on")
    parser.add_argument("file", help="sentences to encode and decode")
    parser.add_argument("--rounds", type=int, default=22)
    parser.add_argument("--run", help="a run that both can read; by default one is trained by OLD")
    parser.add_argument("--new-run", help="a run for NEW, if it is to use another model than OLD")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [str(Path(folder) / side) for side in ("old", "new")]
        trees, run = (options.old, options.new), options.run or runs[0]
        if options.run is None:
            workers = [
                start(tree, "train", options.train, out) for tree, out in zip(trees, runs, strict=True)
            ]
            compare(workers, "go", f"train {STEPS} steps", options.rounds)
            for worker in workers:
                worker.communicate("\n")
        used = run, options.new_run or run
        workers = [start(tree, "use", one, options.file) for tree, one in zip(trees, used, strict=True)]
        compare(workers, "encode", f"encode {options.file}", options.rounds)
        compare(workers, "decode", f"decode {DECODED:,}", options.rounds)
        compare(workers, "beam", f"decode {DECODED:,} with a beam of {BEAM}", options.rounds)
        for worker in workers:
            worker.communicate()


if __name__ == "__main__":
    main()
