"""Judge sentences that any tool moved from one kind to another: accuracy, closeness to the originals, fluency.

    python scripts/experiments/transfer_quality.py FROM TO FILE MOVED [MOVED…]

FROM and TO hold examples of the two kinds, one a line, and FILE the original sentences; line n of each MOVED is what line n
of FILE became. All MOVED are judged by one classifier and one language model, trained on FROM and TO, with one tokenizer,
trained on TO. The first row judges FILE itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generation_quality import tokenizer_of

from textrae.devices import keep_freed_memory
from textrae.evaluation.transfer import sweep


def lines(path: Path) -> list[str]:
    """Return all lines of a file, blank ones too, as line n of one file belongs to line n of another."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def main() -> None:
    """Measure all files and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "target", "file"):
        parser.add_argument(name, type=Path)
    parser.add_argument("moved", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=1_000, help="of the language model's training")
    args = parser.parse_args()
    keep_freed_memory()
    files = [args.file, *args.moved]
    texts = [lines(path) for path in files]
    for path, text in zip(files, texts, strict=True):
        if len(text) != len(texts[0]):
            parser.error(f"{path}: {len(text):,} lines, but {args.file} has {len(texts[0]):,}")
    found = sweep(
        lambda number: texts[int(number)],
        texts[0],
        lines(args.source),
        lines(args.target),
        range(len(texts)),
        tokenizer_of(args.target, 5_000),
        steps=args.steps,
    )
    print(f"classifier: right on {found.classifier:.1%} of held-out examples\n")
    print("| text | accuracy | BLEU with FILE | ppl/word |\n|---|---:|---:|---:|")
    for path, row in zip(files, found.rows, strict=True):
        print(f"| {path.name} | {row.accuracy:.1%} | {row.bleu:.2f} | {row.perplexity:.1f} |")


if __name__ == "__main__":
    main()
