"""Clusters: the groups that are there, weighted by copies, in any blocks."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from conftest import sentences
from searched import rows_of

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.search import Index, cluster
from textrae.search.cluster import assigned


@pytest.mark.parametrize("block", [3, 8_192])
def test_groups_that_are_apart_are_found(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("textrae.search.cluster"), "_BLOCK", block)
    generator = np.random.default_rng(0)
    true = generator.integers(5, size=120)
    centres = np.linalg.qr(generator.standard_normal((16, 5)))[0].T
    rows = rows_of((centres[true] + 0.05 * generator.standard_normal((120, 16))).astype(np.float32))
    own, cosines = assigned(rows, np.ones(120, np.int64), 5, seed=0)
    assert len({*zip(true.tolist(), own.tolist(), strict=True)}) == 5
    centre = rows.vectors[own == own[0]].astype(np.float64).sum(0)
    assert cosines[0] == pytest.approx(rows.vectors[0] @ centre / np.linalg.norm(centre), abs=1e-3)
    again, _ = assigned(rows, np.ones(120, np.int64), 5, seed=0)
    assert np.array_equal(own, again)


def test_no_cluster_is_empty_even_of_equal_rows() -> None:
    own, _ = assigned(rows_of(np.ones((6, 3), np.float32)), np.ones(6, np.int64), 1, seed=0)
    assert own.tolist() == [0] * 6
    some = rows_of(np.eye(4, dtype=np.float32))
    assert sorted(assigned(some, np.ones(4, np.int64), 4, seed=1)[0].tolist()) == [0, 1, 2, 3]


def test_what_is_told_of_clusters(model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:300], "", *sentences()[:20]]
    found = cluster(Index.build(model, lines), 4, central=3, words=2)
    sizes = [one.size for one in found.clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert (sum(sizes), sum(one.sentences for one in found.clusters)) == (320, 300)
    assert found.labels[300] == -1
    assert np.bincount(np.delete(found.labels, 300)).tolist() == sizes
    assert found.labels[:20].tolist() == found.labels[301:].tolist()
    for number, one in enumerate(found.clusters):
        scores = [hit.score for hit in one.central]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        assert one.similarity <= scores[0]
        assert {found.labels[hit.row] for hit in one.central} == {number}
        assert len(one.words) <= 2


def test_more_clusters_than_sentences_are_refused(model: SentenceAutoencoder) -> None:
    index = Index.build(model, ["A dog.", "A cat.", "A dog."])
    assert [one.size for one in cluster(index, 2).clusters] == [2, 1]
    with pytest.raises(ConfigError, match="3 clusters of 2 different sentences"):
        cluster(index, 3)
