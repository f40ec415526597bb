"""`textrae split`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .failures import note
from .options import Errors, Json, Out
from .output import Output

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
    out: Out = None,
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
    as_json: Json = False,
) -> None:
    """Turn running text, such as a book, into one sentence a line; a blank line stays between paragraphs."""
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.files import build
    from textrae.text.blocks import ReadCounts
    from textrae.text.lines import locate
    from textrae.text.sentences import SplitCounts, split_sentences

    source = locate(file, build(CorpusConfig, {"errors": errors}))
    _refuse(source)
    read, counts = ReadCounts(), SplitCounts()
    found = split_sentences(_lines(source, errors, read), language, counts, drop_hyphens=drop_hyphens)
    with Output(out, as_json, None if source.stream else source.path) as output:
        _write(found, output)
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


def _refuse(source: Source) -> None:
    """Raise an error if a source is no running text."""
    from textrae.errors import CorpusError

    if source.format == "datasets":
        raise CorpusError(f"{source.path}: no such file; check the path")
    if source.format != "text":
        raise CorpusError(
            f"{source.name}: is a table, whose rows are sentences already; give a file of running text"
        )
    if source.parts:
        raise CorpusError(f"{source.name}: {len(source.parts):,} files; give them one by one")


def _lines(source: Source, errors: str, counts: ReadCounts) -> Iterator[str]:
    """Yield the lines of a text, whatever their length up to 16 MiB, and count them."""
    from textrae.text.blank import is_blank
    from textrae.text.blocks import decoded_lines, read_blocks

    blocks = read_blocks(source)
    for batch in decoded_lines(blocks, source.name, errors, counts, refuse_over=2**24):  # type: ignore[arg-type]
        for line in batch:
            counts.lines += 1
            counts.blank += is_blank(line)
            yield line


def _write(sentences: Iterator[str], output: Output) -> None:
    """Write sentences; as JSON with the number of their paragraph, from 1, in place of the blank lines."""
    paragraph = 1
    while block := list(islice(sentences, _BLOCK)):
        if not output.as_json:
            output.lines(block)
            continue
        numbers, texts = [], []
        for sentence in block:
            paragraph += not sentence
            if sentence:
                numbers.append(paragraph)
                texts.append(sentence)
        output.rows(paragraph=numbers, text=texts)
