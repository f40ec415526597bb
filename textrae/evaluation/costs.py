"""What single sentences cost a model: nats of their reconstruction or likelihood, or squared distance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.devices import autocast
from textrae.evaluation.likelihood import batch_likelihood
from textrae.evaluation.measures import refuse_translator, refuse_unlikely
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine
from textrae.text.batch import SPECIALS, Batch
from textrae.training.losses import sentence_losses


def reconstruction_costs(
    engine: Engine, sentences: Iterable[str], cuts: Cuts | None = None
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Yield what rebuilding sentences from their own encodings costs, in windows, in order, in bounded memory.

    Args:
        engine: of a model that rebuilds what it reads.
        sentences: any number.
        cuts: counts what was read and truncated.

    Yields:
        (sentences,) nats under teacher forcing, or squared distances of a model trained with ``mse``; and (sentences,)
        tokens, the end of each counted.

    Raises:
        ConfigError: the model translates, or reads vectors.
    """
    refuse_translator(engine, "it has no reconstructions to measure")

    def cost(batch: Batch, tables: list[Tensor] | None) -> Tensor:
        latent = engine.encode(batch, tables)
        with torch.no_grad(), autocast(engine.device, engine.bf16):
            return sentence_losses(
                engine.network, engine.network.teach(batch.previous, latent), batch, SPECIALS.pad
            )[0]

    return _costs(engine, sentences, cuts, cost)


def likelihood_costs(
    engine: Engine, sentences: Iterable[str], samples: int, seed: int, cuts: Cuts | None = None
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Yield the negative log-likelihood of sentences, importance-weighted (Burda et al. 2016), in windows, in order.

    Args:
        engine: of a variational model.
        sentences: any number.
        samples: draws from each sentence's posterior.
        seed: of the draws.
        cuts: counts what was read and truncated.

    Yields:
        (sentences,) nats, and (sentences,) tokens, the end of each counted.

    Raises:
        ConfigError: the model is not variational, has no likelihoods, or translates.
    """
    refuse_unlikely(engine)
    generator = torch.Generator().manual_seed(seed)

    def cost(batch: Batch, tables: list[Tensor] | None) -> Tensor:
        latent = engine.encode(batch, tables)
        with autocast(engine.device, engine.bf16):
            return batch_likelihood(engine.network, batch, latent, SPECIALS.pad, samples, generator)[1]

    return _costs(engine, sentences, cuts, cost)


def _costs(
    engine: Engine,
    sentences: Iterable[str],
    cuts: Cuts | None,
    cost: Callable[[Batch, list[Tensor] | None], Tensor],
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Yield the costs of windows of sentences, given what a batch costs."""
    engine.refuse_text()
    for window, ids in engine.tokenised(sentences, cuts):
        costs, tables = np.empty(len(window)), engine.tables(sum(map(len, ids)))
        for rows, batch in engine.batches(ids):
            costs[rows] = cost(batch, tables)[: len(rows)].double().cpu().numpy()
        yield costs, np.array([len(row) + 1 for row in ids])
