"""Measuring a model on sentences: reconstruction, likelihood, use of the latent space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from textrae.devices import autocast
from textrae.errors import ConfigError, VectorError
from textrae.evaluation.likelihood import Likelihood, batch_likelihood, likelihood
from textrae.evaluation.reconstruction import ReconstructionReport, Scored, reconstruction_report
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine
from textrae.inference.vectors import Vectors
from textrae.latent.posterior import Diagnosis, diagnose
from textrae.text.batch import SPECIALS
from textrae.training.losses import sentence_losses


def measure_reconstruction(
    engine: Engine, sentences: Iterable[str], tokenize: str, vectors: Vectors | None = None
) -> ReconstructionReport:
    """Measure the quality of greedy reconstruction.

    Args:
        engine: of the model.
        sentences: at least one.
        tokenize: sacrebleu's tokenizer for BLEU.
        vectors: (sentences, dimensions) of the sentences, for a model that reads vectors.

    Raises:
        ValueError: there is no sentence.
        VectorError: there is not one vector for each sentence.
        ConfigError: the model reads vectors and there are none.
    """
    cuts, scored = Cuts(), list[Scored]()
    if vectors is None:
        engine.refuse_text()
    for window, ids in engine.tokenised(sentences, cuts):
        given = None if vectors is None else vectors[len(scored) : len(scored) + len(window)]
        if given is not None and len(given) < len(window):
            raise VectorError(
                f"{len(scored) + len(given):,} vectors for more sentences: row n is to belong to line n"
            )
        scored += _scored(engine, window, ids, given)
    if vectors is not None and len(vectors) > len(scored):
        raise VectorError(
            f"{len(vectors):,} vectors for {len(scored):,} sentences: row n is to belong to line n"
        )
    if not scored:
        raise ValueError("no sentence to evaluate on")
    result = reconstruction_report(scored, tokenize)
    if cuts.cut:
        result.notes.append(
            f"{cuts.cut} of {cuts.sentences} sentences truncated at {engine.max_length} tokens"
        )
    return result


def _scored(engine: Engine, window: list[str], ids: list[list[int]], vectors: Vectors | None) -> list[Scored]:
    """Encode a window of sentences, decode them again, and measure under teacher forcing."""
    out: list[Scored | None] = [None] * len(window)
    network, tokens = engine.network, sum(map(len, ids))
    tables = engine.tables(tokens) if vectors is None else None
    table, read = engine.writing_table(tokens), engine.kept(window, ids)
    for rows, batch in engine.batches(ids):
        if vectors is not None:
            given = torch.zeros(len(batch.lengths), vectors.shape[1], device=engine.device)
            given[: len(rows)] = torch.from_numpy(vectors[rows])
            batch = replace(batch, vectors=given)
        latent = engine.encode(batch, tables)
        rebuilt = engine.generate(latent.take(slice(len(rows))), table=table)
        with torch.no_grad(), autocast(engine.device, engine.bf16):
            nll, right = sentence_losses(network, network.teach(batch.previous, latent), batch, SPECIALS.pad)
        for column, row in enumerate(rows.tolist()):
            nats = None if network.mse else float(nll[column])
            out[row] = Scored(
                window[row], rebuilt[column], len(ids[row]) + 1, int(right[column]), nats, read[row]
            )
    return [row for row in out if row is not None]


def measure_likelihood(engine: Engine, sentences: Iterable[str], samples: int, seed: int) -> Likelihood:
    """Measure how likely a variational model finds sentences, importance-weighted (Burda et al. 2016).

    Args:
        engine: of the model.
        sentences: at least one.
        samples: draws from each sentence's posterior.
        seed: of the draws.

    Raises:
        ConfigError: the model is not variational, or has no likelihoods.
        ValueError: there is no sentence.
    """
    refuse_unlikely(engine)
    generator, texts, tokens = torch.Generator().manual_seed(seed), list[str](), 0
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    for window, ids in engine.tokenised(sentences):
        texts += engine.kept(window, ids)
        tokens += sum(len(row) + 1 for row in ids)
        for rows, batch in engine.batches(ids):
            latent = engine.encode(batch)
            with autocast(engine.device, engine.bf16):
                elbo, nll = batch_likelihood(engine.network, batch, latent, SPECIALS.pad, samples, generator)
            parts.append((elbo[: len(rows)], nll[: len(rows)]))
    if not texts:
        raise ValueError("no sentence to measure")
    elbos, nlls = (torch.cat(column) for column in zip(*parts, strict=True))
    return likelihood(elbos, nlls, texts, tokens, samples)


def measure_posterior(engine: Engine, sentences: Iterable[str]) -> Diagnosis:
    """Measure whether a variational model uses its latent dimensions.

    Raises:
        ConfigError: the model is not variational.
        ValueError: there is no sentence.
    """
    _refuse_deterministic(engine)
    parts = []
    for _, ids in engine.tokenised(sentences):
        for _, latent in engine.latents(ids):
            assert latent.mean is not None
            assert latent.log_variance is not None
            parts.append((latent.mean, latent.log_variance))
    if not parts:
        raise ValueError("no sentence to measure")
    mean, log_variance = (torch.cat(column) for column in zip(*parts, strict=True))
    return diagnose(mean, log_variance)


def refuse_unlikely(engine: Engine) -> None:
    """Raise :class:`ConfigError` if the model gives sentences no likelihood."""
    _refuse_deterministic(engine)
    if engine.network.mse:
        raise ConfigError(
            "this model was trained with mse and has no likelihoods; train with `reconstruction=cross-entropy`"
        )


def _refuse_deterministic(engine: Engine) -> None:
    if not engine.run.settings.model.variational:
        raise ConfigError(
            "only a variational model has posteriors and a likelihood; train with `variational=True`"
        )
