"""`textrae split`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .failures import note
from .options import Errors
from .session import print_lines

if TYPE_CHECKING:
    from textrae.text.blocks import ReadCounts
    from textrae.text.lines import Source

_BLOCK = 1_000
"""Sentences written at once."""


@app.command(epilog="Example: textrae split book.txt -o sentences.txt")
def split(
    file: Annotated[
        str, typer.Argument(help="Running text (.txt[.gz] or any other name); - for standard input.")
    ] = "-",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File of the sentences; without it they are printed.", show_default=False
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            help="Language of the text, which is not guessed: en, de, zh or another code. Its abbreviations end no sentence."
        ),
    ] = "en",
    drop_hyphens: Annotated[
        bool,
        typer.Option(
            "--drop-hyphens/--keep-hyphens",
            help='Whether "exam-" at a line\'s end and "ple" after it become "example", or "exam-ple" as in "well-known".',
        ),
    ] = False,
    errors: Errors = "strict",
) -> None:
    """Turn running text, such as a book, into one sentence a line; a blank line stays between paragraphs."""
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.files import build
    from textrae.text.blocks import ReadCounts
    from textrae.text.lines import locate
    from textrae.text.sentences import SplitCounts, split_sentences

    source = locate(file, build(CorpusConfig, {"errors": errors}))
    _refuse(source, out)
    read, counts = ReadCounts(), SplitCounts()
    found = split_sentences(_lines(source, errors, read), language, counts, drop_hyphens=drop_hyphens)
    _write(found, out)
    joined = f"{counts.joined:,} line ends joined"
    if counts.hyphens:
        joined += f", {counts.hyphens:,} hyphens dropped there"
    note(
        f"{source.name}: {read.lines:,} lines ({read.blank:,} blank) became {counts.sentences:,} sentences in "
        f"{counts.paragraphs:,} paragraphs; {joined}"
    )
    if counts.cut:
        note(f"{counts.cut:,} cuts within sentences of over 65,536 characters")
    if read.undecodable:
        note(f"{read.undecodable:,} lines held bytes that are not UTF-8, now U+FFFD")


def _refuse(source: Source, out: Path | None) -> None:
    """Raise an error if a source is no running text, or would be written over."""
    from textrae.errors import ConfigError, CorpusError

    if source.format == "datasets":
        raise CorpusError(f"{source.path}: no such file; check the path")
    if source.format != "text":
        raise CorpusError(
            f"{source.name}: is a table, whose rows are sentences already; give a file of running text"
        )
    if out is not None and source.stream is None and out.exists() and out.samefile(source.path):
        raise ConfigError(f"`out`: {out} is the file that is read; give another one")


def _lines(source: Source, errors: str, counts: ReadCounts) -> Iterator[str]:
    """Yield the lines of a text, whatever their length up to 16 MiB, and count them."""
    from textrae.text.blank import is_blank
    from textrae.text.blocks import decoded_lines, read_blocks

    blocks = read_blocks(source.name, source.path, source.gzipped, source.stream)
    for batch in decoded_lines(blocks, source.name, errors, counts, refuse_over=2**24):  # type: ignore[arg-type]
        for line in batch:
            counts.lines += 1
            counts.blank += is_blank(line)
            yield line


def _write(sentences: Iterator[str], out: Path | None) -> None:
    """Print sentences, or write a file that appears when it is whole."""
    from textrae.errors import RunError
    from textrae.runs.draft import Draft

    if out is None or str(out) == "-":
        while block := list(islice(sentences, _BLOCK)):
            print_lines(block)
        return
    try:
        draft = Draft(out)
        try:
            while block := list(islice(sentences, _BLOCK)):
                draft.stream.write("".join(f"{sentence}\n" for sentence in block).encode())
            draft.publish()
        finally:
            draft.discard()
    except OSError as error:
        raise RunError(f"{out}: cannot write ({error.strerror or error}); choose another place") from None
