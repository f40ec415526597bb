"""How vectors are measured on one task: correlation, a classifier, nearest answers, clusters."""

from __future__ import annotations

import math
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from textrae.evaluation.suite.tasks import Task

Rows = Any
"""Vectors (sentences, dimensions): an array, or a sparse matrix of scipy."""
FOLDS: Final = 5
"""Folds of cross-validation."""
MEASURES: Final = {
    "similarity": ("spearman",),
    "labels": ("accuracy",),
    "retrieval": ("accuracy@1", "mrr"),
    "clusters": ("v-measure",),
    "probing": ("accuracy",),
}
"""Names of the measures of each kind of task; all are 1 at best."""
_STRENGTHS: Final = (0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0)
"""Inverse strengths of regularisation that the classifier chooses from, in ascending order."""
_STEPS: Final = 300
"""Steps of the classifier's solver (L-BFGS) at most."""
_STARTS: Final = 10
"""Times that k-means begins again; the tightest clusters are taken."""
_BLOCK: Final = 1_024
"""Queries whose cosines with all answers are in memory at once."""


def score(task: Task, rows: Rows, seed: int) -> dict[str, float]:
    """Measure vectors on a task.

    Args:
        task: what they are measured on.
        rows: one for each of the task's sentences, finite.
        seed: of folds and clusters.

    Returns:
        Values by the names in :data:`MEASURES`; not a number for a correlation of cosines that are all equal.
    """
    if task.kind == "similarity":
        return {"spearman": spearman(rows, task)}
    if task.kind == "retrieval":
        ranks = answer_ranks(rows, task)
        return {"accuracy@1": float((ranks == 1).mean()), "mrr": float((1 / ranks).mean())}
    if task.kind == "clusters":
        return {"v-measure": clustered(rows, task, seed)}
    (places,) = task.columns
    return {"accuracy": classified(rows[places], task.gold, seed)}


def chance(task: Task) -> dict[str, float]:
    """Return what guessing gives on a task: of labels the most frequent one's share, of retrieval any order of the answers."""
    if task.kind in ("labels", "probing"):
        return {"accuracy": float(np.bincount(task.gold).max() / len(task.gold))}
    if task.kind == "retrieval":
        count = len(np.unique(task.columns[1]))
        return {"accuracy@1": 1 / count, "mrr": float((1 / np.arange(1, count + 1)).mean())}
    return dict.fromkeys(MEASURES[task.kind], 0.0)


def spearman(rows: Rows, task: Task) -> float:
    """Return Spearman's correlation of the pairs' cosines with their scores; not a number if all cosines are equal."""
    from scipy.sparse import issparse
    from scipy.stats import spearmanr

    first, second = (unit(rows)[places] for places in task.columns)
    products = first.multiply(second) if issparse(rows) else first * second
    cosines = np.asarray(products.sum(axis=1)).ravel()
    if np.ptp(cosines) == 0:
        return math.nan
    return float(spearmanr(cosines, task.gold).statistic)


def classified(rows: Rows, labels: NDArray[np.integer], seed: int) -> float:
    """Return the accuracy of logistic regression over five stratified folds.

    Columns of an array are standardised by the training folds, and then scaled so that a row's length is about 1, as
    TF-IDF's is. A quarter of the training folds chooses the strength of the regularisation among six.

    Args:
        rows: (count, dimensions).
        labels: (count,) numbers of labels, each of which stands for five rows or more.
        seed: of the folds.
    """
    right = 0
    for train, test in folds(labels, seed):
        right += int((predicted(rows[train], labels[train], rows[test], seed) == labels[test]).sum())
    return right / len(labels)


def folds(labels: NDArray[np.integer], seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return for each of five stratified folds the places of the others' rows, to fit, and of its own, to test."""
    from sklearn.model_selection import StratifiedKFold

    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=_small(seed))
    return list(splits.split(np.zeros(len(labels)), labels))


def predicted(rows: Rows, labels: NDArray[np.integer], unseen: Rows, seed: int) -> NDArray[np.integer]:
    """Fit the classifier on labelled rows, as :func:`classified` does, and return the labels that it gives to others.

    Args:
        rows: (count, dimensions).
        labels: (count,).
        unseen: (others, dimensions).
        seed: of the quarter that chooses the strength of the regularisation.
    """
    from sklearn.model_selection import StratifiedKFold

    inner = StratifiedKFold(FOLDS - 1, shuffle=True, random_state=_small(seed))
    fit, held = next(inner.split(np.zeros(len(labels)), labels))
    model = _regression(_chosen(*_scaled(rows[fit], rows[held]), labels[fit], labels[held]))
    seen, unseen = _scaled(rows, unseen)
    _fit(model, seen, labels)
    found: NDArray[np.integer] = model.predict(unseen)
    return found


def _chosen(rows: Rows, held: Rows, labels: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Return the strength whose classifier is right most often on held-out rows; of several the strongest."""
    model, scores = _regression(_STRENGTHS[0]), []
    for strength in _STRENGTHS:  # each begins where the one before it ended
        model.set_params(C=strength)
        _fit(model, rows, labels)
        scores.append(float((model.predict(held) == wanted).mean()))
    return _STRENGTHS[int(np.argmax(scores))]


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=_STEPS, warm_start=True)


def _fit(model: Any, rows: Rows, labels: NDArray[Any]) -> None:
    """Fit a classifier; where its steps end it early, it is taken as it is."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows, labels)


def _scaled(train: Rows, test: Rows) -> tuple[Rows, Rows]:
    """Standardise the columns of arrays by the first, and divide by √dimensions; sparse rows stay as they are."""
    from scipy.sparse import issparse

    if issparse(train):
        return train, test
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation < 1e-6 * max(1e-6, float(deviation.max()))] = (
        np.inf
    )  # a constant column tells nothing
    factor = np.float32(1 / math.sqrt(train.shape[1])) / deviation
    return (train - mean) * factor, (test - mean) * factor


def answer_ranks(rows: Rows, task: Task) -> NDArray[np.int64]:
    """Return for each distinct query the rank from 1 of the nearest of its own answers, among the file's distinct answers.

    A query's other own answers do not count as wrong, nor does an answer that is the query itself, as in running text; an
    answer that is as near as its own does.
    """
    from scipy.sparse import issparse

    queries, at = np.unique(task.columns[0], return_inverse=True)
    answers, own = np.unique(task.columns[1], return_inverse=True)
    units = unit(rows)
    ranks = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), _BLOCK):
        block = units[queries[start : start + _BLOCK]] @ units[answers].T
        cosines = np.asarray(block.todense() if issparse(block) else block)
        inside = (at >= start) & (at < start + _BLOCK)
        right = (at[inside] - start, own[inside])
        best = np.full(len(cosines), -np.inf, dtype=cosines.dtype)
        np.maximum.at(best, right[0], cosines[right])
        cosines[right] = -np.inf
        cosines[queries[start : start + _BLOCK, None] == answers] = -np.inf
        ranks[start : start + _BLOCK] = 1 + (cosines >= best[:, None]).sum(1)
    return ranks


def clustered(rows: Rows, task: Task, seed: int) -> float:
    """Return how k-means on rows of unit length, with as many clusters as labels, fits the labels.

    This is the V-measure (Rosenberg & Hirschberg 2007), which equals the normalised mutual information with the
    arithmetic mean of the entropies.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import v_measure_score

    model = KMeans(len(task.labels), n_init=_STARTS, random_state=_small(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        found = model.fit_predict(unit(rows)[task.columns[0]])
    return float(v_measure_score(task.gold, found))


def unit(rows: Rows) -> Rows:
    """Return rows of length 1; rows of zeros stay."""
    from sklearn.preprocessing import normalize

    return normalize(rows)


def _small(seed: int) -> int:
    """Return a seed that scikit-learn takes, of at most 32 bits."""
    return seed % 2**32
