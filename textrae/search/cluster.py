"""Groups of similar sentences: k-means of their directions, in bounded memory, and what is typical of each group.

The vectors have length 1 and so have the centres: spherical k-means (Dhillon & Modha 2001), whose first centres are drawn
far from one another (k-means++, Arthur & Vassilvitskii 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.inference import arguments
from textrae.search.index import Hit, Index
from textrae.search.nearest import Rows, tensor
from textrae.search.words import typical_words

_SAMPLE = 20_000
"""Sentences that the first centres are found with."""
_TRIES = 3
"""First centres of which the best are taken."""
_PASSES = 50
"""Passes over the sentences at most."""
_SETTLED = 2e-3
"""Share of the sentences that may still change their cluster in the last pass."""
_BLOCK = 8_192
"""Rows multiplied at once."""
MOST = 10_000
"""Most clusters."""


@dataclass(frozen=True)
class Cluster:
    """Sentences that are similar to one another."""

    size: int
    """Number of rows of the input."""
    sentences: int
    """Number of different sentences."""
    similarity: float
    """Mean cosine of its rows with its centre."""
    words: list[str]
    """Words that stand in it much more often than elsewhere, the most typical first."""
    central: list[Hit]
    """Different sentences nearest to its centre, scored by their cosine with it."""


@dataclass(frozen=True)
class Clustering:
    """Clusters, the largest first."""

    clusters: list[Cluster]
    """Size, typical words and central sentences of each cluster."""
    labels: NDArray[np.int64]
    """(rows of the input,), number of the cluster of each, from 0; -1 for blank ones."""


def cluster(index: Index, count: int = 8, *, central: int = 5, words: int = 8, seed: int = 0) -> Clustering:
    """Divide sentences into clusters by spherical k-means; a sentence that comes again counts as often.

    Args:
        index: of the sentences.
        count: number of clusters.
        central: central sentences told of each.
        words: typical words told of each.
        seed: of the first centres; the same one gives the same clusters.

    Raises:
        TypeError: an argument has a wrong type.
        ConfigError: an argument is out of range, or there are more clusters than different sentences.
        SearchError: the index is damaged.
    """
    count = arguments.whole("count", count, 1, MOST)
    central = arguments.whole("central", central, 0, arguments.MOST)
    words, seed = arguments.whole("words", words, 0, arguments.MOST), arguments.seed(seed)
    arguments.expect(
        count <= len(index), f"`count`: {count:,} clusters of {len(index):,} different sentences; give fewer"
    )
    copies = index.store.copies()
    own, cosines = assigned(index.store.kept, copies, count, seed)
    sizes = np.bincount(own, copies, minlength=count)
    order = np.argsort(-sizes, kind="stable")
    typical = typical_words(index, own, count, words)
    found = [_described(index, np.flatnonzero(own == one), cosines, central, typical[one]) for one in order]
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    labels = np.full(index.lines, -1, dtype=np.int64)
    labels[index.store.rows.astype(np.int64)] = np.repeat(place[own], copies)
    return Clustering(found, labels)


def _described(
    index: Index, members: NDArray[np.int64], cosines: NDArray[np.float32], central: int, words: list[str]
) -> Cluster:
    """Return what there is to tell of a cluster's different sentences."""
    copies, near = index.store.copies()[members], cosines[members]
    best = members[np.argsort(-near, kind="stable")[:central]]
    hits = [Hit(index.text(one), float(cosines[one]), index.rows(one)) for one in best.tolist()]
    size = int(copies.sum())
    return Cluster(size, len(members), float((near * copies).sum() / max(1, size)), words, hits)


def assigned(
    rows: Rows, copies: NDArray[np.int64], count: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the cluster of each row, and its cosine with the centre: (rows,) each.

    Args:
        rows: unit vectors.
        copies: (rows,), how often each counts.
        count: number of clusters, none of which stays empty.
        seed: of the first centres.
    """
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(len(rows), min(len(rows), max(_SAMPLE, count)), replace=False))
    some, weights = rows.take(chosen).wide(), tensor(copies[chosen].astype(np.float32))
    tries = [_settled(some, weights, _spread(some, count, generator)) for _ in range(_TRIES)]
    centres = max(tries, key=lambda one: float((one[2] * weights).sum()))[0]
    _, own, cosines = _settled(rows, tensor(copies.astype(np.float32)), centres)
    return own.numpy(), cosines.numpy()


def _spread(rows: Rows, count: int, generator: np.random.Generator) -> Tensor:
    """Return rows as first centres, (count, width), each drawn with a chance that grows with its distance from those before."""
    centres = [rows.floats(first := int(generator.integers(len(rows))), first + 1)]
    far = torch.full((len(rows),), torch.inf)
    for _ in range(count - 1):
        blocks = range(0, len(rows), _BLOCK)
        cosines = torch.cat([rows.floats(start, start + _BLOCK) @ centres[-1][0] for start in blocks])
        far = torch.minimum(far, (1 - cosines).clamp_min(0))
        odds = far.double().numpy()
        total = odds.sum()
        drawn = int(generator.choice(len(rows), p=odds / total if total > 0 else None))
        centres.append(rows.floats(drawn, drawn + 1))
    return torch.cat(centres)


def _settled(rows: Rows, weights: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Move centres until hardly a row changes its cluster.

    Args:
        rows: unit vectors.
        weights: (rows,), how much each counts.
        centres: (clusters, width).

    Returns:
        Centres, and (rows,) the cluster of each row and its cosine with the centre.
    """
    own, cosines = torch.full((len(rows),), -1), torch.empty(len(rows))
    for _ in range(_PASSES):
        sums, changed = torch.zeros_like(centres), 0
        for start in range(0, len(rows), _BLOCK):
            block = rows.floats(start, start + _BLOCK)
            some = slice(start, start + len(block))
            cosines[some], best = (block @ centres.T).max(1)
            changed += int((best != own[some]).sum())
            own[some] = best
            members = torch.zeros(len(centres), len(block))
            members[best, torch.arange(len(block))] = weights[some]
            sums += members @ block
        empty = (torch.bincount(own, minlength=len(centres)) == 0).nonzero().squeeze(1)
        if changed <= _SETTLED * len(rows) and not len(empty):
            break
        moved = torch.nn.functional.normalize(sums, dim=1)
        alone = cosines.topk(len(empty), largest=False).indices.tolist()
        for one, row in zip(
            empty.tolist(), alone, strict=True
        ):  # each takes a row that is far from its centre
            moved[one] = rows.floats(row, row + 1)[0]
        centres = moved
    return centres, own, cosines
