"""What a report is made of, before it is written as a page: facts, tables, pictures and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from textrae.pictures.canvas import Canvas


@dataclass(frozen=True)
class Said:
    """A paragraph; what stands between backticks is code."""

    text: str


@dataclass(frozen=True)
class Code:
    """Lines to be copied."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first of each the name of the row; numbers stand at the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: bool = False
    """Whether the cells are texts, which stand at the left."""


@dataclass(frozen=True)
class Drawn:
    """A picture."""

    what: str
    """Name by which it is asked for."""
    canvas: Canvas
    caption: str


@dataclass(frozen=True)
class Changed:
    """A sentence, and beside it what came of it, with the differences marked."""

    given: str
    became: Sequence[tuple[str, str]]
    """Each by whom, which may be empty, and the text."""


@dataclass(frozen=True)
class Rebuilt:
    """Sentences and what came of each."""

    rows: Sequence[Changed]


@dataclass(frozen=True)
class Listed:
    """Sentences, one below the other; numbered where their order means something."""

    sentences: Sequence[str]
    ordered: bool = False


Block = Said | Code | Table | Drawn | Rebuilt | Listed


@dataclass(frozen=True)
class Section:
    """A part of a report."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """The content of a page about one or several runs."""

    title: str
    lead: str
    """The kind of model and what it was measured on, in a sentence."""
    sections: Sequence[Section]
    figures: dict[str, Any] = field(default_factory=dict)
    """What was measured, as plain values."""

    def pictures(self) -> Iterator[Drawn]:
        """Yield all pictures."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Drawn):
                    yield block
