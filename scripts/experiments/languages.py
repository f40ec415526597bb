"""Compare models that read or write several languages with models of one pair each.

    python scripts/experiments/languages.py FOLDER --minutes 20 [--at-once 2] [--only "de+fr en" …] [--keep DIR] [-- --dropout 0.3]

FOLDER holds train.X and val.X for each language X; line n of one is the translation of line n of the others. A model is
named by the languages that it reads and writes. Each is trained for --minutes and scored by sacrebleu on the validation files
(13a, beam 5). Arguments after -- are passed to `textrae train`. Prints a Markdown table, then the share of sentences whose
translation is not the nearest encoding (xsim) in each model that reads several languages.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from side_by_side import on_cores, parsed, side_by_side

MODELS = ["de+fr en", "en de+fr", "de en", "fr en", "en de", "en fr"]
SHAPE = ["--slots", "16", "--latent", "64"]
"""Switches of all models: a fixed number of slots, so that they have encodings."""


def main() -> None:
    """Train all models and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", default="20")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--beam", default="5")
    parser.add_argument("--only", nargs="+", default=MODELS, help="models, such as 'de+fr en'")
    parser.add_argument(
        "--keep", type=Path, help="folder for the trained models; by default they are deleted"
    )
    args, further = parsed(parser)
    command = str(Path(sys.executable).with_name("textrae"))

    def text(part: str, language: str) -> str:
        return str(args.folder / f"{part}.{language}")

    head = ("model", "direction", "BLEU", "chrF", "tokens/s", "passes")
    print("| " + " | ".join(head) + " |\n|---|---|" + "---:|" * 4, flush=True)
    with nullcontext(args.keep) if args.keep else tempfile.TemporaryDirectory() as folder:

        def one(model: str, cores: list[int]) -> tuple[list[str], list[str]]:
            read, written = (side.split("+") for side in model.split())
            run = str(Path(folder) / model.replace(" ", "-"))
            pairs = list(itertools.product(read, written))
            train = [command, "train", *(text("train", source) for source, _ in pairs)]
            for _, target in pairs:
                train += ["--target", f"{target}={text('train', target)}"]
            on_cores([*train, "-o", run, "--minutes", args.minutes, *SHAPE, *further], cores)
            result = json.loads(on_cores([command, "info", run, "--json"], cores))["result"]
            rate, rows = f"{result['tokens'] / result['seconds']:,.0f} | {result['passes']:.1f}", []
            for source, target in pairs:
                evaluate = [command, "evaluate", run, text("val", source), "--target", text("val", target)]
                evaluate += ["--to", target, "--beam", args.beam, "--json"]
                scores = json.loads(on_cores(evaluate, cores))["overall"]
                rows.append(
                    f"| {model} | {source} → {target} | {scores['bleu']:.2f} | {scores['chrf']:.2f} | {rate} |"
                )
            nearest = [
                f"{model}: {' and '.join(both)}: "
                + on_cores(
                    [command, "xsim", run, *(text("val", language) for language in both)], cores
                ).strip()
                for both in itertools.combinations(read, 2)
            ]
            return rows, nearest

        found = []
        for rows, nearest in side_by_side(one, args.only, args.at_once):
            print("\n".join(rows), flush=True)
            found += nearest
        print("\n" + "\n".join(found))


if __name__ == "__main__":
    main()
