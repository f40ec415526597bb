"""Foretell hours and money for many sentences from measured speeds, as a Markdown table.

    python scripts/speed/costs.py --encoding 46323 --decoding 15213 --training 53156 --preparing 40000 --price 2.5

Speeds are of one worker (a GPU, or a processor): sentences a second that it encodes and decodes, tokens a second that it
trains on, and lines a second that one process of a training reads into its token cache. --price is that of an hour of a worker.
Workers divide encoding and decoding evenly; training divides by the share that scripts/speed/processes.py foretells
(--efficiency); reading the corpus is not divided.
"""

from __future__ import annotations

import argparse

COUNTS = (10_000_000, 1_000_000_000, 100_000_000_000)
"""Sentences that costs are foretold for."""


def span(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def rows(args: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Return what each kind of work takes for each number of sentences."""
    trained = args.training * (args.workers * args.efficiency if args.workers > 1 else 1)
    speeds = {
        "encoding": args.encoding * args.workers,
        "decoding": args.decoding * args.workers,
        "one pass of training": trained / args.tokens,
    }
    found = [
        (
            work,
            [
                f"{span(count / speed)}, {args.workers * args.price * count / speed / 3_600:,.0f} $"
                for count in COUNTS
            ],
        )
        for work, speed in speeds.items()
    ]
    found.append(("reading the corpus, one process", [span(count / args.preparing) for count in COUNTS]))
    found.append(("token cache", [f"{count * (2 * args.tokens + 4) / 1e9:,.0f} GB" for count in COUNTS]))
    numbers = [f"{count * args.numbers * 2 / 1e12:,.2f} TB" for count in COUNTS]
    found.append((f"vectors of {args.numbers:,} half-precision numbers", numbers))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoding", type=float, required=True, help="sentences a second of one worker")
    parser.add_argument("--decoding", type=float, required=True, help="sentences a second of one worker")
    parser.add_argument("--training", type=float, required=True, help="tokens a second of one worker")
    parser.add_argument("--preparing", type=float, required=True, help="lines a second of one process")
    parser.add_argument("--price", type=float, required=True, help="dollars an hour of one worker")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--efficiency", type=float, default=1.0, help="share of N times the training speed")
    parser.add_argument("--tokens", type=float, default=12.0, help="tokens of a sentence, its end included")
    parser.add_argument("--numbers", type=int, default=1_024, help="numbers of a vector")
    args = parser.parse_args()
    print("| work | " + " | ".join(f"{count:,} sentences" for count in COUNTS) + " |")
    print("|---|" + "---:|" * len(COUNTS))
    for work, cells in rows(args):
        print(f"| {work} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
