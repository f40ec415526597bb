"""A small suite made from the very sentences that a run is measured on: probes, and their labels if they have some."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from textrae.report.studying import Text

_LABELS, _LINES = 200, 5
"""Different labels that a suite takes at most, and lines that each of them needs."""


def write_suite(folder: Path, text: Text) -> list[str]:
    """Write a suite of a text into an empty folder, as :mod:`textrae.evaluation.suite` reads it.

    Args:
        folder: an empty folder.
        text: sentences, and perhaps their labels.

    Returns:
        What was left out, a line each.
    """
    lines = [_line(one) for one in text.sentences]
    (folder / "probing").mkdir()
    (folder / "probing" / "sentences.txt").write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    if text.labels is None:
        return []
    labels = [_line(one).strip() for one in text.labels]
    counts = Counter(labels)
    kept = {name for name, count in counts.items() if name and count >= _LINES}
    if not 2 <= len(kept) <= _LABELS:
        return [
            f"The labels are not measured: {len(kept):,} of them have {_LINES} sentences or more, and 2 to {_LABELS} are taken"
        ]
    rows = [f"{label}\t{line}\n" for label, line in zip(labels, lines, strict=True) if label in kept]
    (folder / "labels").mkdir()
    (folder / "labels" / "labels.tsv").write_text("".join(rows), encoding="utf-8")
    rare = len(labels) - len(rows)
    return [f"{rare:,} sentences of labels that fewer than {_LINES} have are not measured"] if rare else []


def _line(text: str) -> str:
    """Return a text as a field of a line: without tabs and line ends."""
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
