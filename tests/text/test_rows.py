"""Rows of token ids come back from their file as they were written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.text import rows as rows_module
from textrae.text.rows import RowWriter, TokenRows


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_rows_are_gathered_as_written(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(st.lists(st.integers(0, 65_535), min_size=1, max_size=9), min_size=1, max_size=40)
    )
    path = tmp_path_factory.mktemp("rows") / "rows.arrow"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "_CHUNK_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(rows_module, "_SLAB_TOKENS", data.draw(st.integers(1, 20)))
        with RowWriter(path) as writer:
            for row in rows:
                writer.add([row])
        limit = data.draw(st.none() | st.integers(1, 10))
        read = TokenRows(path, limit)
        assert len(read) == len(rows)
        assert read.lengths.dtype == np.uint16
        assert read.lengths.tolist() == [len(row[:limit]) for row in rows]
        wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=30))
        ids, offsets = read.gather(np.array(wanted, dtype=np.int64))
    assert ids.dtype == np.uint16
    assert [ids[a:b].tolist() for a, b in pairwise(offsets)] == [rows[i][:limit] for i in wanted]
    assert datasets.Dataset.from_file(str(path))["ids"][:] == rows
    for outside in (-1, len(rows)):
        with pytest.raises(IndexError):
            read.gather(np.array([outside]))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    with RowWriter(path) as writer:
        writer.add([[5, 300], [7], [9, 11, 12]])
    rows = TokenRows(path, below=301)
    assert rows.gather(np.arange(3))[0].tolist() == [5, 300, 7, 9, 11, 12]
    with pytest.raises(CorpusError, match="token 300 of a vocabulary of 300"):
        TokenRows(path, below=300).gather(np.arange(3))
    content, offsets = path.read_bytes(), np.array([0, 2, 3, 6], dtype=np.int32).tobytes()
    assert content.count(offsets) == 1
    for forged in ([0, 2, 3, 6_000_000], [0, -2, 3, 6], [0, 3, 2, 6]):
        path.write_bytes(content.replace(offsets, np.array(forged, dtype=np.int32).tobytes()))
        with pytest.raises(CorpusError, match="not a file of token rows"):
            TokenRows(path)
