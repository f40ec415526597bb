"""Sentences given in memory, written to disk as they come, so that a corpus of any size can be read twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from textrae.errors import CorpusError, cannot_write


def spill(sentences: Iterable[str], folder: Path) -> Path:
    """Write sentences as lines of JSON, which keep the line ends inside a sentence.

    Args:
        sentences: any number.
        folder: where the file is made.

    Returns:
        The file, whose name tells its format.

    Raises:
        CorpusError: no sentence has a letter, or the disk refuses.
    """
    path, empty = folder / "sentences.jsonl", True
    try:
        with path.open("wb") as stream:
            for sentence in sentences:
                empty = empty and not sentence.strip()
                stream.write(orjson.dumps({"text": sentence}) + b"\n")
    except OSError as error:
        raise CorpusError(cannot_write(path, error)) from None
    if empty:
        raise CorpusError("`sentences`: there is none to train on")
    return path
