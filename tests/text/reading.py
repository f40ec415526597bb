"""What several tests of text need: files that are written and read, and rows that are decoded."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import build
from textrae.text.lines import ReadCounts, read_lines
from textrae.text.rows import TokenRows
from textrae.text.tokenizer import Tokenizer


def config(**options: Any) -> CorpusConfig:
    """Settings with a small vocabulary."""
    return build(CorpusConfig, {"vocab_size": 400, **options})


def files(folder: Path, **contents: list[str]) -> list[str]:
    """Write files of lines under their names, and return their paths."""
    for name, lines in contents.items():
        (folder / f"{name}.txt").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return [str(folder / f"{name}.txt") for name in contents]


def texts(rows: TokenRows, tokenizer: Tokenizer) -> list[str]:
    """Decode all rows."""
    ids, offsets = rows.gather(np.arange(len(rows)))
    return tokenizer.decode([ids[a:b].tolist() for a, b in pairwise(offsets)])


def read(
    content: bytes | str, name: str, tmp_path: Path, keep_blank: bool = True, **options: Any
) -> list[str]:
    """Write a file and read its sentences."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_path(str(path), keep_blank=keep_blank, **options)


def read_path(
    path: str, keep_blank: bool = True, counts: ReadCounts | None = None, **options: Any
) -> list[str]:
    """Read the sentences of a path."""
    batches = list(read_lines([path], CorpusConfig(**options), counts or ReadCounts(), keep_blank=keep_blank))
    assert all(len(batch) <= 4096 for batch in batches)
    return [line for batch in batches for line in batch]


def refusal(content: bytes | str, name: str, tmp_path: Path, **options: Any) -> str:
    """Write a file that is refused, and return the one line that says why."""
    with pytest.raises(CorpusError) as caught:
        read(content, name, tmp_path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert name in text
    return text
