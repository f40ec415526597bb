"""Measure a GPU in at most eight minutes: training, encoding, decoding, and the quality that five minutes bring.

    python scripts/speed/gpu.py TRAIN VALID [--budget 480] [--device cuda] [--commit NAME]

Prints a Markdown table, each line as soon as it is measured: the card's peak; tokens/s of training at base and at large size, with
batches of 1,024 tokens and with as many as suit the card, beside torch's own GRU;
what training with the defaults for 5/8 of the budget reaches on VALID, which it does not learn from; sentences/s of encoding TRAIN
and of decoding VALID's vectors greedily. Works without a GPU too. Needs textrae to be importable, not installed:
PYTHONPATH=. will do. --commit names the version where there is no checkout of git.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from benchmark import make_trainer, rate
from machine import commit, describe, matrix_peak

from textrae.devices import autocast, choose_bf16, choose_device, keep_freed_memory
from textrae.model import SentenceAutoencoder
from textrae.settings.corpus import CorpusConfig
from textrae.settings.model import ModelConfig
from textrae.settings.sizes import Size
from textrae.settings.training import TrainingConfig
from textrae.text.corpus import prepare
from textrae.text.prepared import PreparedCorpus
from textrae.training.dial import BATCH, Ground, batch_for, pace, shaped, turned

EIGHT = 480.0
"""Seconds of the whole budget, of which the shares below are parts."""
TRAINING, PACE, SPEED = 300 / EIGHT, 25 / EIGHT, 15 / EIGHT
"""Shares of the training, of each speed of training, and of each of encoding and decoding; the rest is for all else."""
STEPS = 16
"""Steps of the sequences that torch's own GRU is measured on."""
LINES, MEASURED = 20_000, 5_000
"""Lines of TRAIN that speeds are measured on, and of VALID that quality is measured on, at most."""


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--budget", type=float, default=EIGHT, help="seconds for everything (default 480)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--commit", help="name of the version, instead of git's")
    args = parser.parse_args()
    if args.budget <= 0:
        parser.error("--budget: give seconds above 0")
    for path in (args.train, args.valid):
        if not path.is_file():
            parser.error(f"{path}: no such file")
    began = time.perf_counter()
    device = choose_device(args.device)
    bf16 = choose_bf16("auto", device)
    precision = "bf16" if bf16 else "fp32"
    keep_freed_memory()  # as the commands do
    say(f"{describe(device.type)}, commit {args.commit or commit()}", f"{precision}, {args.train.name}")
    print("|---|---:|", flush=True)
    size = 2_048 if args.budget >= EIGHT / 8 else 256
    peak = matrix_peak(torch.bfloat16 if bf16 else torch.float32, size, device.type)
    say("matrix peak", f"{peak / 1e12:,.2f} TFLOP/s")
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.txt"
        few.write_text("".join(f"{line}\n" for line in lines(args.train, LINES)), encoding="utf-8")
        corpus = prepare([str(few)], CorpusConfig(), Path(folder) / "tokens")
        sizes: tuple[Size, ...] = ("base", "large")
        for name in sizes:
            model = shape_of(corpus, name)

            def speed(tokens: int, seconds: float, model: ModelConfig = model) -> float:
                return training_speed(corpus, model, tokens, seconds, device, bf16)

            say(f"training, {name} ({told(model)})", f"{speed(BATCH, args.budget * PACE):,.0f} tokens/s")
            tokens, paces = batch_for(partial(speed, seconds=args.budget * PACE / 8))
            say(f"training, {name}, `--batch-tokens auto`: {tokens:,}", f"{paces[-1]:,.0f} tokens/s")
            alone = gru_speed(model.hidden, tokens, args.budget * PACE / 8, device, bf16)
            say(f"torch's GRU alone, {model.hidden:,} units, {tokens:,} tokens", f"{alone:,.0f} tokens/s")
    model = trained(args)
    use(model, args, began)
    say("all of this", f"{time.perf_counter() - began:,.0f} s")


def shape_of(corpus: PreparedCorpus, size: Size) -> ModelConfig:
    """Return the default model of a size for a corpus."""
    shape, dial = shaped({}, size)
    ground = Ground(config=TrainingConfig(), corpus=corpus, pace=lambda *_: 0.0, fits=lambda model: True)
    return turned(shape, dial, ground)[0]


def training_speed(
    corpus: PreparedCorpus, model: ModelConfig, tokens: int, seconds: float, device: torch.device, bf16: bool
) -> float:
    """Return the target tokens a second that training a model sees with batches of some tokens, without validations.

    It is 0 where the device's memory does not suffice.
    """
    given = Namespace(device=str(device), steps=100, batch_tokens=tokens)
    try:
        return float(pace(make_trainer(corpus, model, given, bf16), seconds))
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return 0.0


def gru_speed(units: int, tokens: int, seconds: float, device: torch.device, bf16: bool) -> float:
    """Return the tokens a second of forward and backward passes of one layer of torch's GRU, one way."""
    gru = torch.nn.GRU(units, units).to(device)
    inputs = torch.randn(STEPS, max(1, tokens // STEPS), units, device=device)

    def work() -> None:
        with autocast(device, bf16):
            out = gru(inputs)[0]
        torch.autograd.backward(out.float().sum())
        if device.type == "cuda":
            torch.cuda.synchronize()

    sample = rate(work, inputs.shape[0] * inputs.shape[1])
    figures, until = [sample()], time.perf_counter() + seconds
    while time.perf_counter() < until:
        figures.append(sample())
    return statistics.median(figures)


def trained(args: argparse.Namespace) -> SentenceAutoencoder:
    """Train with the defaults, tell what that was, and return the model."""
    minutes = args.budget * TRAINING / 60
    model = SentenceAutoencoder.train(
        args.train, training=TrainingConfig(minutes=minutes, device=args.device), valid=args.valid
    )
    done = model.run.training
    speed = f"{done['tokens'] / max(done['seconds'], 0.1):,.0f} tokens/s"
    say(
        f"default, {minutes:.3g} minutes ({told(model.run.settings.model)})",
        f"{done['step']:,} steps, {done['tokens']:,} tokens, {speed} with validations",
    )
    return model


def use(model: SentenceAutoencoder, args: argparse.Namespace, began: float) -> None:
    """Measure and tell the quality of a model, and its speed in use; the less time is left, the shorter."""
    unseen = lines(args.valid, MEASURED)
    scores = model.evaluate(unseen).overall
    say(
        f"its quality on {scores.sentences:,} of {args.valid.name}",
        f"BLEU {scores.bleu:.2f}, exact {scores.exact:.2%}, token accuracy {scores.token_accuracy:.2%}",
    )
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "run")
        quick = SentenceAutoencoder.load(Path(folder) / "run", device=args.device, precision="auto")
    left = args.budget - (time.perf_counter() - began)
    seconds = max(0.1, min(args.budget * SPEED, left / 2))
    say("encoding", speed_in_use(lambda some: quick.encode(some), lines(args.train, LINES), seconds))
    vectors = quick.encode(unseen)
    amount = len(vectors)
    say("decoding", speed_in_use(lambda some: quick.decode(vectors[: len(some)]), range(amount), seconds))


def speed_in_use(work: Callable[[Sequence], object], items: Sequence, seconds: float) -> str:
    """Return the items a second of `work`, as the median of calls that take about `seconds` in all.

    Args:
        work: takes some of the items.
        items: what is worked on at once, or fewer of the first ones where all would take longer than the time.
        seconds: how long to measure.
    """
    some = items[:64]
    first = rate(lambda: work(some), len(some))()
    amount = int(min(len(items), max(len(some), first * seconds / 3)))
    sample = rate(lambda: work(items[:amount]), amount)  # runs once to warm up
    figures, until = [sample()], time.perf_counter() + seconds / 3
    while time.perf_counter() < until:
        figures.append(sample())
    return f"{statistics.median(figures):,.0f} sentences/s ({amount:,} at once, median of {len(figures)})"


def lines(path: Path, count: int) -> list[str]:
    """Return the first lines of a text that are not blank, at most `count`."""
    with path.open(encoding="utf-8", newline="\n") as text:
        return list(islice((line.rstrip("\n") for line in text if line.strip()), count))


def told(model: ModelConfig) -> str:
    """Return the numbers of a model in a few words."""
    return f"{model.hidden:,} units, {model.slots} slots × {model.latent} numbers"


def say(what: str, figure: str) -> None:
    """Print a line of the table."""
    print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
