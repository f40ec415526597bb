"""Unusual sentences: those that a model rebuilds badly, finds unlikely, or places far from all others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.evaluation.costs import likelihood_costs, reconstruction_costs
from textrae.inference import arguments
from textrae.model import SentenceAutoencoder
from textrae.search.index import Index
from textrae.search.nearest import Rows, nearest, products, tensor, unit_of

By = Literal["reconstruction", "likelihood", "distance"]
"""What tells unusual sentences."""
BY: tuple[By, ...] = ("reconstruction", "likelihood", "distance")
"""Everything that tells unusual sentences."""
SAMPLE = 50_000
"""Sentences at most that all others are compared with, by distance."""
_NEIGHBOURS = 5
"""Nearest neighbours that a distance is the mean over."""
_BLOCK, _OTHERS = 1_024, 4_096
"""Rows on each side that are multiplied at once."""
_CLOSER = 4
"""How many times as many sentences as are wanted get exact distances."""


@dataclass(frozen=True)
class Outlier:
    """An unusual sentence."""

    text: str
    """The sentence."""
    score: float
    """Nats a token (squared distance a token of a model trained with ``mse``), or 1 - the mean cosine of its neighbours."""
    rows: list[int]
    """Rows of the input, from 0, where it stands."""
    other: str
    """What the model makes of it: its reconstruction, or by distance its nearest neighbour."""


def default_by(model: SentenceAutoencoder) -> By:
    """Return what tells unusual sentences best with a run: likelihood of a variational one, else reconstruction.

    A translator rebuilds nothing, so it has distances only.
    """
    run = model.run
    if run.translates:
        return "distance"
    likely = run.settings.model.variational and not model.engine.network.mse
    return "likelihood" if likely else "reconstruction"


def outliers(
    index: Index,
    count: int = 20,
    *,
    by: By | None = None,
    samples: int = 10,
    seed: int = 0,
) -> list[Outlier]:
    """Find the most unusual different sentences of an index, the most unusual first.

    Args:
        index: of the sentences.
        count: sentences wanted; fewer where there are no more.
        by: ``reconstruction``, nats a token of rebuilding a sentence from its own encoding; ``likelihood``, nats a token of a
            variational model; or ``distance``, 1 - the mean cosine with the 5 nearest other sentences. The default is
            :func:`default_by`.
        samples: draws of the likelihood of each sentence.
        seed: of these draws, and of the :data:`SAMPLE` sentences that a larger text's are compared with by distance.

    Raises:
        TypeError: an argument has a wrong type.
        ConfigError: an argument is out of range, or the model has no such figures.
        SearchError: the index is damaged.
    """
    count = arguments.whole("count", count, 1, arguments.MOST)
    by = default_by(index.model) if by is None else arguments.choice("by", by, BY)
    samples, seed = arguments.whole("samples", samples, 1, arguments.MOST), arguments.seed(seed)
    if by == "distance":
        return _distant(index, count, seed)
    engine = index.model.engine
    costs = (
        reconstruction_costs(engine, index.texts())
        if by == "reconstruction"
        else likelihood_costs(engine, index.texts(), samples, seed)
    )
    scores = np.concatenate([nats / tokens for nats, tokens in costs])
    chosen = np.argsort(-scores, kind="stable")[:count].tolist()
    texts = [index.text(number) for number in chosen]
    rebuilt = index.model.reconstruct(texts)
    return [
        Outlier(text, float(scores[number]), index.rows(number), other)
        for number, text, other in zip(chosen, texts, rebuilt, strict=True)
    ]


def _distant(index: Index, count: int, seed: int) -> list[Outlier]:
    """Return the sentences that are farthest from their nearest neighbours."""
    rows = index.store.kept
    numbers = _sampled(len(rows), seed)
    others = rows if len(numbers) == len(rows) else rows.take(numbers)
    rough = np.concatenate(list(_nearness(rows, others, numbers)))
    closer = np.argsort(rough, kind="stable")[: _CLOSER * count]
    found, cosines = nearest(others, rows.exact(closer).astype(np.float32), _NEIGHBOURS + 1)
    out = []
    for number, places, near in zip(closer.tolist(), numbers[found], cosines, strict=True):
        own = np.flatnonzero(places == number)
        others_only = np.delete(np.arange(len(places)), own[:1] if len(own) else len(places) - 1)
        if not len(others_only):  # the only sentence that there is
            continue
        score = 1 - float(near[others_only[:_NEIGHBOURS]].mean())
        other = index.text(int(places[others_only[0]]))
        out.append(Outlier(index.text(number), score, index.rows(number), other))
    return sorted(out, key=lambda one: -one.score)[:count]


def _sampled(count: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers of the sentences that others are compared with: all of them, or a sample in order."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SAMPLE, replace=False))


def _nearness(rows: Rows, others: Rows, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Yield the mean cosine of each row with its nearest other rows, by the small numbers, in blocks.

    Args:
        rows: all.
        others: those that they are compared with.
        numbers: of the latter among the former, in order.
    """
    for start in range(0, len(rows), _BLOCK):
        block = tensor(rows.steps[start : start + _BLOCK])
        best = torch.empty(len(block), 0)
        for after in range(0, len(others), _OTHERS):
            scores = products(block, tensor(others.steps[after : after + _OTHERS])).float()
            own = numbers[after : after + _OTHERS] - start
            column = torch.from_numpy(np.flatnonzero((own >= 0) & (own < len(block))))
            scores[torch.from_numpy(own)[column], column] = -torch.inf
            best = torch.cat([best, scores.topk(min(_NEIGHBOURS, scores.shape[1])).values], dim=1)
            best = best.topk(min(_NEIGHBOURS, best.shape[1])).values
        finite = best > -torch.inf
        means = best.where(finite, 0).sum(1) / finite.sum(1).clamp_min(1)
        yield (means * unit_of(rows.steps.shape[1])).numpy()
