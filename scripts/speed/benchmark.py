"""Measure speed, as a share of the machine's peak and as ratios to other tools.

    python scripts/speed/benchmark.py train CORPUS [--cell lstm ...] [--profile]
    python scripts/speed/benchmark.py encode RUN FILE [--minilm FOLDER]
    python scripts/speed/benchmark.py decode RUN FILE
    python scripts/speed/benchmark.py translate RUN FILE
    python scripts/speed/benchmark.py startup RUN

Cases run in turn, measurements of the machine's peak among them; figures are medians of --repeats. Each takes
`--peer COMMAND --peer-pattern REGEX`: a command line of another tool that is run in turn too, and a pattern that finds its
figure in what it prints (with `--peer-seconds N` the figure is the seconds for N tokens or sentences).
"""

from __future__ import annotations

import argparse
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import torch
from machine import (
    bandwidth,
    decoder_flops,
    describe,
    encoder_flops,
    in_turn,
    matrix_peak,
    peak_memory,
    spread,
)

from textrae.devices import choose_bf16, choose_device, keep_freed_memory
from textrae.model import SentenceAutoencoder
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.corpus import CorpusConfig
from textrae.settings.model import ModelConfig
from textrae.settings.training import TrainingConfig
from textrae.text.batch import SPECIALS
from textrae.text.corpus import prepare
from textrae.text.prepared import PreparedCorpus
from textrae.training.loop import fit
from textrae.training.state import Trainer, TrainingReport

Sample = Callable[[], float]


def main() -> None:
    """Measure what is asked for and print it."""
    args = parse()
    if args.what == "startup":
        startup(args)
        return
    keep_freed_memory()  # as the commands do
    print(f"machine: {describe()}")
    print(
        f"ceiling: {matrix_peak(torch.bfloat16) / 1e9:.0f} GFLOP/s in bf16, "
        f"{matrix_peak(torch.float32) / 1e9:.0f} in fp32, {bandwidth() / 1e9:.0f} GB/s"
    )
    {"train": train, "encode": encode, "decode": decode, "translate": translate}[args.what](args)
    print(f"peak memory of this process: {peak_memory():.0f} MiB")


def train(args: argparse.Namespace) -> None:
    """Measure tokens/s of the training loop, without validation and start."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = prepare([args.run], CorpusConfig(vocab_size=args.vocab_size), Path(folder))
        vocabulary = corpus.tokenizer.vocab_size
        per_sentence = corpus.stats.train_rows
        tokens = corpus.stats.train_tokens + per_sentence
        config = model_config(args)
        needed = 3 * (
            encoder_flops(config, tokens, per_sentence)
            + decoder_flops(config, vocabulary, tokens, per_sentence)
        )
        cases: dict[str, Sample] = {}
        for precision in args.precisions:
            bf16 = choose_bf16(precision, choose_device(args.device))
            trainer = make_trainer(corpus, config, args, bf16)
            loop(trainer, args.steps)  # warms up: kernels for each shape are made once
            cases[precision] = lambda trainer=trainer: loop(trainer, args.steps)  # type: ignore[misc]
        show(measure(cases, args), "tokens/s", needed / tokens)
        if args.profile:
            profile(make_trainer(corpus, config, args, True))


def make_trainer(
    corpus: PreparedCorpus, config: ModelConfig, args: argparse.Namespace, bf16: bool
) -> Trainer:
    """Return a trainer of an untrained model on the corpus."""
    torch.manual_seed(0)
    device = choose_device(args.device)
    network = Autoencoder(config, corpus.tokenizer.vocab_size).to(device)
    training = TrainingConfig(steps=args.steps, batch_tokens=args.batch_tokens, validations=1)
    return Trainer(
        network=network,
        train=corpus.train,
        valid=corpus.valid,
        specials=SPECIALS,
        config=training,
        valid_size=1,
        device=device,
        bf16=bf16,
    )


def loop(trainer: Trainer, steps: int) -> float:
    """Train and return tokens/s from the first report to the last."""
    reports: list[TrainingReport] = []
    trainer.on_report = reports.append
    trainer.progress = type(trainer.progress)(epoch=trainer.progress.epoch + 1)
    trainer.config = type(trainer.config)(
        steps=steps, batch_tokens=trainer.config.batch_tokens, validations=1
    )
    fit(trainer)
    first, *_, last = [report for report in reports if report.kind == "train"]
    return (last.tokens - first.tokens) / (last.seconds - first.seconds)


def profile(trainer: Trainer) -> None:
    """Print the time of a training step by torch operation."""
    loop(trainer, 300)
    with torch.profiler.profile() as record:
        loop(trainer, 150)
    print(
        record.key_averages().table(
            sort_by="self_cpu_time_total", row_limit=25, max_name_column_width=40, header="150 steps"
        )
    )


def encode(args: argparse.Namespace) -> None:
    """Measure sentences/s from strings in memory to vectors."""
    sentences = Path(args.file).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    models = {p: SentenceAutoencoder.load(args.run, device=args.device, precision=p) for p in args.precisions}
    cases: dict[str, Sample] = {
        name: rate(lambda model=model: model.encode(sentences), len(sentences))  # type: ignore[misc]
        for name, model in models.items()
    }
    if args.minilm:
        from sentence_transformers import SentenceTransformer

        minilm = SentenceTransformer(args.minilm, device=args.device)
        work = sentences[: args.minilm_sentences]
        cases["MiniLM"] = rate(lambda: minilm.encode(work, batch_size=64), len(work))
    any_model = next(iter(models.values()))
    tokens = sum(len(row) + 1 for row in any_model.run.tokenizer.encode(sentences))
    needed = encoder_flops(any_model.run.settings.model, tokens, len(sentences)) / len(sentences)
    show(measure(cases, args), "sentences/s", needed)


def decode(args: argparse.Namespace) -> None:
    """Measure sentences/s from vectors in memory to strings."""
    sentences = (
        Path(args.file).read_text(encoding="utf-8").removesuffix("\n").split("\n")[: args.decode_sentences]
    )
    models = {p: SentenceAutoencoder.load(args.run, device=args.device, precision=p) for p in args.precisions}
    any_model = next(iter(models.values()))
    vectors = any_model.encode(sentences)
    some = vectors[: len(vectors) // 4]
    cases: dict[str, Sample] = {}
    for name, model in models.items():
        cases[name] = rate(lambda model=model: model.decode(vectors), len(vectors))  # type: ignore[misc]
        cases[f"{name}, beam 5"] = rate(lambda model=model: model.decode(some, beam=5), len(some))  # type: ignore[misc]
    tokenizer = any_model.run.tokenizer
    tokens = sum(len(row) + 1 for row in tokenizer.encode(any_model.decode(vectors)))
    config = any_model.run.settings.model
    needed = decoder_flops(config, tokenizer.vocab_size, tokens, len(vectors)) / len(vectors)
    show(measure(cases, args), "sentences/s", needed)


def translate(args: argparse.Namespace) -> None:
    """Measure sentences/s from strings to strings in memory, by any run; operations of attention are not counted."""
    sentences = (
        Path(args.file).read_text(encoding="utf-8").removesuffix("\n").split("\n")[: args.decode_sentences]
    )
    models = {p: SentenceAutoencoder.load(args.run, device=args.device, precision=p) for p in args.precisions}
    any_model = next(iter(models.values()))
    run, some = any_model.run, sentences[: len(sentences) // 4]
    written = any_model.translate(sentences, beam=1)
    cases: dict[str, Sample] = {}
    for name, model in models.items():
        cases[name] = rate(lambda model=model: model.translate(sentences, beam=1), len(sentences))  # type: ignore[misc]
        cases[f"{name}, beam 5"] = rate(lambda model=model: model.translate(some, beam=5), len(some))  # type: ignore[misc]
    config, count = run.settings.model, len(sentences)
    read, wrote = (
        sum(len(row) + 1 for row in tokenizer.encode(texts))
        for tokenizer, texts in ((run.tokenizer, sentences), (run.writer, written))
    )
    needed = encoder_flops(config, read, count) + decoder_flops(config, run.writer.vocab_size, wrote, count)
    show(measure(cases, args), "sentences/s", needed / count)


def startup(args: argparse.Namespace) -> None:
    """Measure the seconds of whole processes."""
    python, textrae = sys.executable, str(Path(sys.executable).with_name("textrae"))
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "python -c 'import torch'": [python, "-c", "import torch"],
        "textrae --help": [textrae, "--help"],
    }
    if args.run:
        with tempfile.TemporaryDirectory() as folder:
            vectors = str(Path(folder) / "v.npy")
            commands["textrae encode (one sentence)"] = [textrae, "encode", args.run, "-", "-o", vectors]
            measure_commands(commands, args.repeats)
        return
    measure_commands(commands, args.repeats)


def measure_commands(commands: dict[str, list[str]], repeats: int) -> None:
    """Run commands in turn and print their median seconds."""

    def seconds(command: list[str]) -> float:
        start = time.perf_counter()
        subprocess.run(command, input=b"One sentence.\n", check=True, capture_output=True)
        return time.perf_counter() - start

    cases = {name: lambda command=command: seconds(command) for name, command in commands.items()}  # type: ignore[misc]
    in_turn(cases, 1)  # fills the file cache
    for name, figures in in_turn(cases, repeats).items():
        print(
            f"{name:>32}: {statistics.median(figures):.2f} s (from {min(figures):.2f} to {max(figures):.2f})"
        )


def rate(work: Callable[[], object], amount: int) -> Sample:
    """Return a case that measures `amount` per second of `work`, which is run once to warm up."""

    def sample() -> float:
        start = time.perf_counter()
        work()
        return amount / (time.perf_counter() - start)

    sample()
    return sample


def peer(args: argparse.Namespace) -> dict[str, Sample]:
    """Return the other tool's case, if one is named."""
    if not args.peer:
        return {}

    def sample() -> float:
        said = subprocess.run(shlex.split(args.peer), capture_output=True, text=True, check=True)
        found = re.findall(args.peer_pattern, said.stdout + said.stderr)
        if not found:
            sys.exit(
                f"--peer-pattern {args.peer_pattern!r} is not in what the peer printed:\n{said.stdout[-2000:]}"
            )
        figure = float(found[-1].replace(",", ""))
        return args.peer_seconds / figure if args.peer_seconds else figure

    return {"peer": sample}


def measure(cases: dict[str, Sample], args: argparse.Namespace) -> dict[str, list[float]]:
    """Measure all cases in turn, and each precision's matrix peak, which varies on a shared machine."""
    kinds = {"bf16": torch.bfloat16, "fp32": torch.float32}
    peaks: dict[str, Sample] = {
        f"{name} peak": lambda name=name: matrix_peak(kinds[name], device=args.device)  # type: ignore[misc]
        for name in args.precisions
    }
    return in_turn(cases | peaks | peer(args), args.repeats)


def show(figures: dict[str, list[float]], unit: str, flops: float) -> None:
    """Print medians, shares of the matrix peak of the same turn, and ratios."""
    peaks = {name: figures.pop(f"{name} peak") for name in list(figures) if f"{name} peak" in figures}
    for name, values in figures.items():
        line = f"{name:>8}: {spread(values)} {unit}"
        if name in peaks:
            shares = [value * flops / peak for value, peak in zip(values, peaks[name], strict=True)]
            peak = statistics.median(peaks[name]) / 1e9
            line += f"; {statistics.median(shares):.0%} of the matrix peak ({peak:.0f} GFLOP/s)"
        print(line)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    ours = next(iter(medians))
    for name in list(medians)[1:]:
        print(f"{ours} : {name} = {medians[ours] / medians[name]:.2f}")


def model_config(args: argparse.Namespace) -> ModelConfig:
    """Return the model's shape by the switches."""
    names = {field.name for field in fields(ModelConfig)}
    given = {name: value for name, value in vars(args).items() if name in names and value is not None}
    return ModelConfig(**given)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["train", "encode", "decode", "translate", "startup"])
    parser.add_argument("run", nargs="?", help="run folder; for train a corpus")
    parser.add_argument("file", nargs="?", help="sentences, one a line")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "fp32"], choices=["bf16", "fp32"])
    parser.add_argument(
        "--steps", type=int, default=150, help="steps of a training sample; the first 50 warm up"
    )
    parser.add_argument("--batch-tokens", type=int, default=TrainingConfig().batch_tokens)
    parser.add_argument("--vocab-size", type=int, default=CorpusConfig().vocab_size)
    parser.add_argument("--cell")
    for name in ("layers", "hidden", "embedding", "slots", "latent"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument(
        "--profile", action="store_true", help="print the time of a training step by operation"
    )
    parser.add_argument("--decode-sentences", type=int, default=4_000)
    parser.add_argument("--minilm", help="folder of a sentence-transformers model to compare encoding with")
    parser.add_argument("--minilm-sentences", type=int, default=1_000)
    parser.add_argument("--peer", help="command line of another tool")
    parser.add_argument("--peer-pattern", default=r"([\d.,]+) (?:tokens|sentences)/s")
    parser.add_argument(
        "--peer-seconds",
        type=float,
        help="the peer's figure is the seconds for this many tokens or sentences",
    )
    args = parser.parse_args()
    if args.what != "startup" and args.run is None:
        parser.error("RUN is missing: the run folder, or the corpus to train on")
    if args.steps < 100:
        parser.error("--steps: at least 100, as the first 50 warm up")
    return args


if __name__ == "__main__":
    main()
