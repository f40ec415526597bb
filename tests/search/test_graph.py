"""Approximate search: by a graph, and compared again by the vectors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, SearchError
from textrae.search import Index
from textrae.search.graph import Graph, make_graph


def test_a_graph_finds_nearly_all(model: SentenceAutoencoder, tmp_path: Path) -> None:
    pytest.importorskip("usearch")
    Index.build(model, sentences()).save(tmp_path / "index", approximate=True)
    index = Index.open(tmp_path / "index", model)
    queries = sentences()[::40]
    pairs = list(zip(index.search(queries, 5), index.search(queries, 5, approximate=True), strict=True))
    shared = [len({hit.row for hit in a} & {hit.row for hit in b}) for a, b in pairs]
    assert np.mean(shared) > 4.5
    # both compare the same kept vectors; a query encoded in another batch differs from its line in the last bits
    assert all(b[0].score == pytest.approx(a[0].score, abs=1e-6) for a, b in pairs)
    assert all(b[0].score == pytest.approx(1, abs=1e-4) for _, b in pairs)
    index.save(tmp_path / "plain")
    with pytest.raises(SearchError, match="textrae index --approximate"):
        Index.open(tmp_path / "plain", model).search("a", approximate=True)


def test_a_graph_of_other_vectors_is_refused(model: SentenceAutoencoder, tmp_path: Path) -> None:
    pytest.importorskip("usearch")
    one, two = (Index.build(model, sentences()[:count]).store.kept for count in (30, 31))
    file = tmp_path / "graph"
    file.write_bytes(make_graph(one))
    assert Graph(file, one).nearest(one.vectors[:1].astype(np.float32), 1)[0][0].tolist() == [0]
    with pytest.raises(SearchError, match="of other vectors"):
        Graph(file, two)
    file.write_bytes(b"no graph")
    with pytest.raises(SearchError, match="no graph of this index"):
        Graph(file, one)


def test_without_usearch_it_says_what_to_install(
    model: SentenceAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    monkeypatch.setitem(sys.modules, "usearch", None)
    with pytest.raises(ConfigError, match=r"pip install textrae\[ann\]"):
        Index.build(model, ["A dog."]).save(tmp_path / "index", approximate=True)
    assert not (tmp_path / "index").exists()
