"""Measuring a model on sentences: reconstruction, likelihood, use of the latent space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch

from textrae.devices import autocast
from textrae.errors import ConfigError, VectorError
from textrae.evaluation.likelihood import Likelihood, batch_likelihood, likelihood
from textrae.evaluation.reconstruction import ReconstructionReport, Scored, reconstruction_report
from textrae.evaluation.similarity import xsim
from textrae.evaluation.tokenization import check_tokenizer
from textrae.evaluation.translation import TranslationReport, refuse_unpaired, translation_report
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine
from textrae.inference.vectors import Vectors
from textrae.latent.posterior import Diagnosis, diagnose
from textrae.text.batch import SPECIALS
from textrae.text.blank import Filled, filled_pairs
from textrae.training.losses import sentence_losses


def measure_reconstruction(
    engine: Engine, sentences: Iterable[str], tokenize: str, vectors: Vectors | None = None
) -> ReconstructionReport:
    """Measure the quality of greedy reconstruction; blank sentences are left out and counted.

    Args:
        engine: of the model.
        sentences: at least one that is not blank.
        tokenize: sacrebleu's tokenizer for BLEU, or ``auto``.
        vectors: (sentences, dimensions) of the sentences, blank ones too, for a model that reads vectors.

    Raises:
        ValueError: there is no sentence but blank ones.
        VectorError: there is not one vector for each sentence.
        ConfigError: the model translates, or reads vectors and there are none; or there is no such tokenizer.
    """
    check_tokenizer(tokenize)
    return report_of(
        *scored_sentences(engine, sentences, vectors), tokenize=tokenize, longest=engine.max_length
    )


def scored_sentences(
    engine: Engine, sentences: Iterable[str], vectors: Vectors | None = None
) -> tuple[list[Scored], Filled, Cuts]:
    """Rebuild and score sentences; arguments and errors as :func:`measure_reconstruction`.

    Returns:
        The sentences scored, which of them were blank, and how many were truncated.
    """
    refuse_translator(engine, "give references to `evaluate_translation`")
    cuts, scored, filled = Cuts(), list[Scored](), Filled(sentences)
    if vectors is None:
        engine.refuse_text()
    for window, ids in engine.tokenised(filled, cuts):
        given, rows = None, filled.rows[len(scored) : len(scored) + len(window)]
        if vectors is not None:
            if rows[-1] >= len(vectors):
                raise VectorError(
                    f"{len(vectors):,} vectors for more sentences: row n is to belong to line n"
                )
            given = vectors[rows]
        scored += _scored(engine, window, ids, given)
    if vectors is not None and len(vectors) != filled.seen:
        raise VectorError(
            f"{len(vectors):,} vectors for {filled.seen:,} sentences: row n is to belong to line n"
        )
    filled.refuse_none()
    return scored, filled, cuts


def report_of(
    scored: list[Scored], filled: Filled, cuts: Cuts, *, tokenize: str, longest: int
) -> ReconstructionReport:
    """Summarise what :func:`scored_sentences` returned.

    Args:
        scored: the sentences.
        filled: which of those that were read were blank.
        cuts: how many were truncated.
        tokenize: sacrebleu's tokenizer for BLEU, or ``auto``.
        longest: tokens at which they were truncated.
    """
    result = replace(reconstruction_report(scored, tokenize), blank=filled.blank)
    if filled.blank:
        result.notes.append(left_out(filled.blank, filled.seen))
    if cuts.cut:
        result.notes.append(f"{cuts.cut} of {cuts.sentences} sentences truncated at {longest} tokens")
    result.notes.extend(cuts.unknown())
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
        sentences: at least one that is not blank; blank ones are left out and counted.
        samples: draws from each sentence's posterior.
        seed: of the draws.

    Raises:
        ConfigError: the model is not variational, has no likelihoods, or translates.
        ValueError: there is no sentence but blank ones.
    """
    refuse_unlikely(engine)
    filled = Filled(sentences)
    generator, texts, tokens = torch.Generator().manual_seed(seed), list[str](), 0
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    for window, ids in engine.tokenised(filled):
        texts += engine.kept(window, ids)
        tokens += sum(len(row) + 1 for row in ids)
        for rows, batch in engine.batches(ids):
            latent = engine.encode(batch)
            with autocast(engine.device, engine.bf16):
                elbo, nll = batch_likelihood(engine.network, batch, latent, SPECIALS.pad, samples, generator)
            parts.append((elbo[: len(rows)], nll[: len(rows)]))
    filled.refuse_none()
    elbos, nlls = (torch.cat(column) for column in zip(*parts, strict=True))
    return replace(likelihood(elbos, nlls, texts, tokens, samples), blank=filled.blank)


def measure_posterior(engine: Engine, sentences: Iterable[str]) -> Diagnosis:
    """Measure whether a variational model uses its latent dimensions; blank sentences are left out and counted.

    Raises:
        ConfigError: the model is not variational.
        ValueError: there is no sentence but blank ones.
    """
    _refuse_deterministic(engine)
    parts, filled = [], Filled(sentences)
    for _, ids in engine.tokenised(filled):
        for _, latent in engine.latents(ids):
            assert latent.mean is not None
            assert latent.log_variance is not None
            parts.append((latent.mean, latent.log_variance))
    filled.refuse_none()
    mean, log_variance = (torch.cat(column) for column in zip(*parts, strict=True))
    return replace(diagnose(mean, log_variance), blank=filled.blank)


def measure_translation(
    engine: Engine,
    sentences: Sequence[str],
    references: Sequence[str],
    *,
    beam: int,
    length_penalty: float,
    to: str | None,
    tokenize: str,
) -> TranslationReport:
    """Translate sentences and compare with references; pairs with a blank side are left out and counted.

    Args:
        engine: of the model.
        sentences: at least one that is not blank.
        references: one for each sentence.
        beam: hypotheses kept at every step.
        length_penalty: as for :func:`textrae.inference.beam.beam_search`.
        to: language to write, if the model writes several.
        tokenize: sacrebleu's tokenizer for BLEU, or ``auto``.

    Raises:
        ConfigError: the model does not translate, or there is no such tokenizer.
        ValueError: there is no pair without a blank side, or not one reference for each sentence.
    """
    check_tokenizer(tokenize)
    refuse_autoencoder(engine)
    refuse_unpaired(sentences, references)
    read, wanted, blank = filled_pairs(sentences, references)
    if not read:
        raise ValueError(f"no sentence to measure: {left_out(blank, blank, 'pairs')}")
    blocks = engine.translate_stream(read, beam=beam, length_penalty=length_penalty, to=to)
    written = [one for block in blocks for one in block]
    result = replace(translation_report(read, written, wanted, tokenize), blank=blank)
    if blank:
        result.notes.append(left_out(blank, len(sentences), "pairs"))
    return result


def measure_similarity(engine: Engine, sentences: Sequence[str], others: Sequence[str]) -> float:
    """Return the share of sentences whose translation is not nearest; pairs with a blank side are left out.

    Sentences are compared by the part of their encodings for meaning, if there is one.

    Args:
        engine: of the model.
        sentences: one side.
        others: their translations, row by row.

    Raises:
        ValueError: there is no pair without a blank side, or not one translation for each sentence.
    """
    refuse_unpaired(sentences, others, "translations")
    *sides, blank = filled_pairs(sentences, others)
    if not sides[0]:
        raise ValueError(f"no sentence to measure: {left_out(blank, blank, 'pairs')}")
    part = engine.run.settings.model.compared
    first, second = (np.concatenate(list(engine.encode_stream(side, part=part))) for side in sides)
    return xsim(first, second)


def left_out(blank: int, seen: int, what: str = "sentences") -> str:
    """Return one line that tells how many of what was read were blank."""
    blanks = f"{blank:,} of {seen:,} {what}"
    return f"{blanks} had a blank side, left out" if what == "pairs" else f"{blanks} were blank, left out"


def refuse_translator(engine: Engine, advice: str) -> None:
    """Raise :class:`ConfigError` with `advice` if the model writes translations, not the sentences that it reads."""
    if engine.run.translates:
        raise ConfigError(
            f"this model was trained to translate, so it does not rebuild what it reads; {advice}"
        )


def refuse_autoencoder(engine: Engine) -> None:
    """Raise :class:`ConfigError` if the model rebuilds what it reads instead of translating it."""
    if not engine.run.translates:
        raise ConfigError("this model was not trained to translate; use `evaluate`")


def refuse_unlikely(engine: Engine) -> None:
    """Raise :class:`ConfigError` if the model gives sentences no likelihood."""
    refuse_translator(engine, "measure translations with `evaluate_translation`")
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
