"""Sentences from a file or standard input, one row a line."""

from __future__ import annotations

from collections.abc import Iterator

from textrae.text.lines import ReadCounts, read_lines

from textrae.config import CorpusConfig, build


def sentences(file: str, corpus_format: str = "auto", column: str | None = None) -> Iterator[str]:
    """Every line of the file (``-``: standard input), blank ones too, so that rows stay aligned."""
    config = build(CorpusConfig, {"format": corpus_format, "column": column})
    for batch in read_lines([file], config, ReadCounts(), keep_blank=True):
        yield from batch
