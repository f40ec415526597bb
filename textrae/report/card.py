"""The best of a report as text, in the model card of its run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textrae.errors import RunError, cannot_write
from textrae.pictures.canvas import shortened
from textrae.report.blocks import Block, Listed, Rebuilt, Report, Said, Section, Table
from textrae.report.showing import MARKED
from textrae.runs.files import opened, write_atomically
from textrae.runs.folder import CARD
from textrae.runs.header import Header, measured, model_index, parted, with_header

_BEGIN, _END = "<!-- textrae report -->", "<!-- end of textrae report -->"
_LARGEST = 1 << 20
_SENTENCES, _LONGEST = 8, 300
_LEFT_OUT = ("What it is", "Learning", "Where sentences lie", "Attention", "Notes")
"""Sections that the card has already, or that are pictures only."""


def add_to_card(folder: Path, report: Report) -> None:
    """Write the best of a report into the model card of its run, in the place of an earlier one.

    Args:
        folder: run folder.
        report: of that run.

    Raises:
        RunError: the card is missing or too large, or the disk refuses.
    """
    file = folder / CARD
    with opened(file) as stream:
        raw = stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise RunError(f"{file}: has more than 1 MB, which no card of a run has; make it smaller")
    card = raw.decode("utf-8", "replace")
    before = re.sub(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n?", "", card, flags=re.DOTALL).rstrip("\n")
    header, body = parted(before, file)
    index = header.get("model-index")
    named = index if isinstance(index, list) else []
    results = [one for one in named if isinstance(one, dict) and one.get("name")]
    found = _found(report, header)
    if found is not None:
        name, earlier = (results[0]["name"], results[0].get("results")) if results else ("textrae", [])
        header["model-index"] = model_index(name, [*(earlier or []), found])
        before = with_header(header, body)
    try:
        write_atomically(file, f"{before}\n\n{_BEGIN}\n{as_text(report)}{_END}\n".encode())
    except OSError as error:
        raise RunError(cannot_write(file, error)) from None


def _found(report: Report, header: Header) -> Header | None:
    """Return what a report measured on a file, as the header of a card tells it; None if it measured nothing."""
    runs, file = report.figures.get("runs"), report.figures.get("file")
    overall: dict[str, Any] = runs[0]["quality"]["overall"] if runs and file and runs[0]["quality"] else {}
    figures = {
        shown: (kind, float(overall[name]))
        for name, kind, shown in (
            ("bleu", "bleu", "BLEU"),
            ("chrf", "chrf", "chrF"),
            ("exact", "exact_match", "exact"),
        )
        if overall.get(name) is not None
    }
    if not file or not figures:
        return None
    return measured(header.get("pipeline_tag", "feature-extraction"), file["name"], figures)


def as_text(report: Report) -> str:
    """Return the tables and sentences of a report as Markdown, in which no sentence is markup."""
    lines = [f"## Measured\n\n{report.lead}\n"]
    for section in report.sections:
        if section.title not in _LEFT_OUT:
            lines += _section(section)
    return "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    parts = [text for block in section.blocks for text in _block(block)]
    if parts:
        yield f"### {section.title}\n"
        yield from parts


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Said) and block.text != MARKED:
        yield f"{_plain(block.text)}\n"
    elif isinstance(block, Table) and not block.texts and block.head:
        yield _row(block.head)
        yield _row(["---"] + ["---:"] * (len(block.head) - 1))
        yield from (_row(row) for row in block.rows)
        yield ""
    elif isinstance(block, Listed):
        yield _fenced(block.sentences[:_SENTENCES])
    elif isinstance(block, Rebuilt):
        rows = block.rows[:_SENTENCES]
        yield _fenced(
            line
            for row in rows
            for line in (row.given, *(f"  → {text}" for _, text in row.became if text != row.given))
        )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _plain(text: str) -> str:
    """Return a text without what begins markup of HTML or a link."""
    return re.sub(r"([<>\[\]])", r"\\\1", " ".join(text.split()))


def _fenced(lines: Iterator[str] | Sequence[str]) -> str:
    """Return lines in a fence that none of them can close."""
    kept = [
        shortened(line, _LONGEST) if not line.startswith(" ") else f"  {shortened(line, _LONGEST)}"
        for line in lines
    ]
    ticks = max((len(run) for line in kept for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return "\n".join([f"{fence}text", *kept, fence, ""])
