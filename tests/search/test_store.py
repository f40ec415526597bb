"""What an index holds, written and mapped."""

from __future__ import annotations

import numpy as np
import pytest
from searched import made

from textrae.errors import SearchError
from textrae.search.store import Kept, Store, StoreWriter


@pytest.mark.parametrize("kept", ["float16", "float32"])
def test_sentences_rows_and_vectors_come_back(kept: Kept) -> None:
    store = made(kept)
    assert [store.text_of(number) for number in range(4)] == ["a", "bé", "日本", "x y"]
    assert [store.rows_of(number) for number in range(4)] == [[0, 4], [1], [2], [5]]
    assert store.copies().tolist() == [2, 1, 1, 1]
    assert (store.vectors.dtype, store.vectors.shape, store.steps.shape) == (kept, (4, 5), (4, 5))
    assert np.allclose(np.linalg.norm(store.vectors.astype(np.float64), axis=1), 1, atol=5e-4)
    assert len(store.kept) == 4


def test_what_cannot_be_right_is_refused_where_it_is_used() -> None:
    store = made()
    damages = {
        "ends": np.array([9, 3, 9, 12], np.uint64),
        "starts": np.array([3, 2, 9, 2**63, 1], np.uint64),
        "rows": np.array([8, 7, 9, 9, 9], np.uint64),
        "text": np.full(len(store.text), 0xFF, np.uint8),
    }
    for name, values in damages.items():
        broken = Store(**{**vars(store), name: values})
        with pytest.raises(SearchError, match="sentence 1 of the index"):
            broken.rows_of(1) if name in ("starts", "rows") else broken.text_of(1)


def test_an_empty_store_is_a_store() -> None:
    writer = StoreWriter(5, "float16")
    store = writer.finish(np.empty(0, np.int64), np.zeros(1, np.int64), 3)
    assert (len(store.vectors), store.lines) == (0, 3)
    writer.close()
