"""Judge sentences that any tool moved from one kind to another: accuracy, closeness to the sentences, fluency.

    python scripts/experiments/transfer_quality.py FROM TO FILE MOVED [MOVED…]

FROM and TO hold examples of the two kinds, one a line; FILE the sentences as they were; line n of each MOVED what line n
became. All MOVED are judged by one classifier and one language model, trained on FROM and TO, and cut into the pieces of
one tokenizer, trained on TO. The first row is of FILE itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generation_quality import tokenizer_of

from textrae.devices import keep_freed_memory
from textrae.evaluation.transfer import sweep


def lines(path: Path) -> list[str]:
    """All of its lines, blank ones too: line n belongs to line n."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "target", "file"):
        parser.add_argument(name, type=Path)
    parser.add_argument("moved", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=1_000, help="of the language model")
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
