"""Compare the variants at equal parameters and equal time, in one table.

    python scripts/experiments/variants.py TRAIN VALID --minutes 10 [--only lstm mse ...] [--at-once 2] [-- --max-length 400]

Every variant's hidden size is fitted so that it has as many parameters as the GRU with one vector, and its encoding has --latent
dimensions in all (1,024 are those of the default, 64 slots of 16). With --at-once 2, two train at a time, each on half of the cores. Arguments after -- are passed to
`textrae train`. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from side_by_side import on_cores, parsed, side_by_side

from textrae import ModelConfig
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.sizes import NUMBERS

VARIANTS: dict[str, dict[str, Any]] = {
    "gru (BRAE)": {},
    "lstm": {"cell": "lstm"},
    "rnn": {"cell": "rnn"},
    "gru, one way (RAE)": {"bidirectional": False},
    "1 slot": {"slots": 1},
    "4 slots (ARA)": {"slots": 4},
    "4 slots, additive": {"slots": 4, "scoring": "additive"},
    "64 slots (ARA)": {"slots": 64},
    "256 slots (ARA)": {"slots": 256},
    "states (literal ARA)": {"memory": "states"},
    "variational (VRAE)": {"variational": True},
    "hierarchical, 12 (HRAE)": {"hierarchical": True, "segments": "12"},
    "hierarchical, sentence": {"hierarchical": True, "segments": "sentence"},
    "mse": {"reconstruction": "mse"},
    "cross-entropy + mse": {"mse_weight": 1.0},
}
"""Settings of each variant."""
TRAINING = {"variational (VRAE)": ["--beta", "0.1", "--free-bits", "0"]}
"""Further switches of some variants: the variational one is trained to rebuild, not to sample."""


def parameters(config: ModelConfig, vocabulary: int) -> int:
    """Count the parameters of a model without allocating it."""
    import torch

    with torch.device("meta"):
        return sum(p.numel() for p in Autoencoder(config, vocabulary).parameters())


def fitted(switches: dict[str, Any], latent: int, budget: int, vocabulary: int) -> ModelConfig:
    """Return the variant with the hidden size, a multiple of 16, whose parameters come nearest to `budget`."""
    config = ModelConfig(**{"slots": 0, **switches}, latent=latent // max(1, switches.get("slots", 0)))
    sizes = [replace(config, hidden=hidden) for hidden in range(64, 1601, 16)]
    return min(sizes, key=lambda one: abs(parameters(one, vocabulary) - budget))


def measure(
    name: str, config: ModelConfig, args: argparse.Namespace, cores: list[int], folder: Path
) -> list[str]:
    """Train, evaluate, and return the table's row."""
    command = str(Path(sys.executable).with_name("textrae"))
    run = folder / f"run-{cores[0]}-{abs(hash(name))}"
    switches = [
        part for key, value in VARIANTS[name].items() if key not in NUMBERS for part in as_switch(key, value)
    ]
    for number in NUMBERS:
        switches += [f"--{number}", str(getattr(config, number))]
    switches += TRAINING.get(name, [])
    train = [command, "train", str(args.train), "--valid", str(args.valid), "-o", str(run), "--overwrite"]
    train += ["--minutes", str(args.minutes), *switches, *args.switches]

    def call(line: list[str]) -> str:
        return on_cores(line, cores)

    call(train)
    scores = json.loads(call([command, "evaluate", str(run), str(args.valid), "--json"]))["overall"]
    facts = json.loads(call([command, "info", str(run), "--json"]))
    perplexity = scores["perplexity_word"]
    return [
        name,
        str(config.hidden),
        f"{100 * scores['token_accuracy']:.1f} %",
        f"{100 * scores['exact']:.1f} %",
        f"{scores['bleu']:.1f}",
        "-" if perplexity is None else f"{perplexity:.3g}",
        f"{facts['result']['tokens'] / facts['result']['seconds']:,.0f}",
        str(facts["encoding_size"]),
    ]


def as_switch(key: str, value: object) -> list[str]:
    """Return a setting as a switch of the command line."""
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{'' if value else 'no-'}{name}"]
    return [f"--{name}", str(value)]


def main() -> None:
    """Train all variants and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--latent", type=int, default=1_024, help="dimensions of every encoding")
    parser.add_argument("--vocabulary", type=int, default=5_000, help="for counting parameters")
    args, args.switches = parsed(parser)
    budget = parameters(ModelConfig(slots=0, latent=args.latent), args.vocabulary)
    shapes = {name: fitted(VARIANTS[name], args.latent, budget, args.vocabulary) for name in args.only}
    print(f"{budget:,} parameters, {args.minutes:g} minutes each, {args.at_once} at once", flush=True)
    for name, config in shapes.items():
        print(f"  {name}: hidden {config.hidden}, {parameters(config, args.vocabulary):,}", flush=True)
    head = ("variant", "hidden", "token accuracy", "exact", "BLEU", "ppl/word", "tokens/s", "encoding")
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    with tempfile.TemporaryDirectory() as folder:

        def one(name: str, cores: list[int]) -> list[str]:
            return measure(name, shapes[name], args, cores, Path(folder))

        for row in side_by_side(one, list(shapes), args.at_once):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
