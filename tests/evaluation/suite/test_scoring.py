"""Measures beside their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from textrae.evaluation.suite import scoring
from textrae.evaluation.suite.scoring import answer_ranks, chance, classified, score, spearman
from textrae.evaluation.suite.tasks import Task, make_task


def ranked(values: np.ndarray) -> np.ndarray:
    """Ranks, equal values sharing the mean of theirs."""
    return np.array([(values < one).sum() + ((values == one).sum() + 1) / 2 for one in values])


def pairs(scores: list[float]) -> Task:
    lines = range(len(scores))
    return make_task("similarity", "x", [[f"a{n}" for n in lines], [f"b{n}" for n in lines]], scores)


@given(st.lists(st.integers(0, 5), min_size=4, max_size=20).filter(lambda some: len(set(some)) > 1))
@settings(max_examples=25, deadline=None)
def test_spearman_is_the_correlation_of_ranks(scores: list[int]) -> None:
    task = pairs([float(one) for one in scores])
    rows = np.random.default_rng(len(scores)).normal(size=(len(task.sentences), 5)).astype(np.float32)
    first, second = rows[task.columns[0]], rows[task.columns[1]]
    cosines = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    expected = np.corrcoef(ranked(cosines), ranked(task.gold))[0, 1]
    assert spearman(rows, task) == pytest.approx(expected, abs=1e-6)
    for sparse in (csr_matrix(rows), csr_array(rows)):
        assert spearman(sparse, task) == pytest.approx(expected, abs=1e-6)
    assert math.isnan(spearman(np.ones_like(rows), task))


def questions() -> Task:
    queries = ["q1", "q1", "q2", "q3"]
    return make_task("retrieval", "x", [queries, ["a1", "a2", "a2", "a3"]])


def test_the_rank_is_that_of_the_nearest_own_answer() -> None:
    task = questions()
    assert task.sentences == ["q1", "a1", "a2", "q2", "q3", "a3"]
    place = {name: at for at, name in enumerate(task.sentences)}
    rows = np.zeros((6, 2), np.float32)
    for name, angle in {"q1": 0, "a2": 10, "a1": 30, "a3": 20, "q2": 25, "q3": 90}.items():
        rows[place[name]] = 7 * np.cos(np.radians(angle)), 7 * np.sin(np.radians(angle))
    by_query = dict(zip(np.unique(task.columns[0]).tolist(), answer_ranks(rows, task).tolist(), strict=True))
    # q1 is nearest to a2, one of its own; q2 at 25 to a1 and a3 (5 away), then to a2; q3 at 90 to a1, then to a3
    assert {name: by_query[place[name]] for name in ("q1", "q2", "q3")} == {"q1": 1, "q2": 3, "q3": 2}
    found = score(task, rows, 0)
    assert found == {"accuracy@1": pytest.approx(1 / 3), "mrr": pytest.approx((1 + 1 / 3 + 1 / 2) / 3)}
    assert score(task, csr_matrix(rows), 0) == pytest.approx(found)
    assert answer_ranks(np.zeros((6, 2)), task).tolist() == [2, 3, 3]  # answers as near count against it


@given(st.integers(0, 1_000), st.sampled_from([1, 3, 1_024]))
@settings(max_examples=20, deadline=None)
def test_ranks_are_their_definition_in_blocks_of_any_size(seed: int, block: int) -> None:
    generator = np.random.default_rng(seed)
    columns = [[f"s{n}" for n in generator.integers(0, 6, 9)], [f"s{n}" for n in generator.integers(3, 9, 9)]]
    task = make_task("retrieval", "x", columns)
    rows = generator.normal(size=(len(task.sentences), 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    expected = []
    answers = set(task.columns[1].tolist())
    for query in np.unique(task.columns[0]).tolist():
        own = {a for q, a in zip(*(column.tolist() for column in task.columns), strict=True) if q == query}
        best = max(rows[query] @ rows[answer] for answer in own)
        expected.append(1 + sum(rows[query] @ rows[other] > best for other in answers - own - {query}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "_BLOCK", block)
        assert answer_ranks(rows, task).tolist() == expected


def test_the_classifier_finds_what_a_line_divides_and_guesses_noise() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 2
    noise = generator.normal(size=(200, 20)).astype(np.float32)
    told = noise.copy()
    told[:, 3] = 1_000 + 0.01 * labels + 1e-4 * noise[:, 3]  # small and far from 0: columns are standardised
    told[:, 4] = 5.0  # a constant column tells nothing
    assert classified(told, labels, 0) > 0.95
    assert 0.35 < classified(noise, labels, 0) < 0.65
    assert classified(csr_matrix(np.abs(labels[:, None] - [0.1, 0.9]).astype(np.float32)), labels, 0) == 1.0
    assert classified(told, labels, 2**64 - 1) == classified(told, labels, 2**64 - 1)


def test_clusters_are_found_whatever_their_length() -> None:
    generator = np.random.default_rng(0)
    centres = np.eye(4)[np.arange(80) % 4]
    lengths = generator.uniform(0.1, 10, (80, 1))
    rows = ((centres + 0.05 * generator.normal(size=(80, 4))) * lengths).astype(np.float32)
    task = make_task("clusters", "x", [[f"s{n}" for n in range(80)]], [f"l{n % 4}" for n in range(80)])
    assert score(task, rows, 0) == {"v-measure": pytest.approx(1.0)}
    assert score(task, csr_matrix(rows), 0)["v-measure"] == pytest.approx(1.0)
    assert score(task, np.ones_like(rows), 0)["v-measure"] == 0.0
    assert score(task, generator.normal(size=rows.shape), 0)["v-measure"] < 0.2


def test_chance_is_what_guessing_gives() -> None:
    labelled = make_task("labels", "x", [["a", "b", "c"]], ["no", "no", "yes"])
    assert chance(labelled) == {"accuracy": pytest.approx(2 / 3)}
    assert chance(questions()) == {"accuracy@1": 1 / 3, "mrr": pytest.approx((1 + 1 / 2 + 1 / 3) / 3)}
    assert chance(pairs([1.0, 2.0])) == {"spearman": 0.0}
