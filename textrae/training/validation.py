"""What a validation measures, and the encodings that a run keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrae.latent.mixture import KEPT, LARGEST, Latents, fit_mixture
from textrae.latent.posterior import Diagnosis, diagnose
from textrae.nn.bottleneck import Latent
from textrae.text.batch import WINDOW, Batch, Rows
from textrae.training.losses import token_losses
from textrae.training.processes import Processes
from textrae.training.regularisers import kl_terms, with_free_bits
from textrae.training.state import Trainer

_NUMBERS = 5_120_000
"""Numbers of the encodings that a run keeps, at most: 20 MB."""
_FITTED = 20_000
"""Training sentences that the axes of meaning are fitted to, at most."""
_DIAGNOSED = 2_000
"""Sentences whose posteriors are measured while training."""


@dataclass(frozen=True)
class Validation:
    """The result of a validation."""

    loss: float
    """Reconstruction loss a token, plus a variational model's KL divergence at full weight.

    Other terms that training may add are left out.
    """
    accuracy: float
    """Share of teacher-forced tokens that are right."""
    diagnosis: Diagnosis | None
    """Diagnosis of a variational model's posteriors; None for another model."""
    losses: dict[str, float]
    """Reconstruction loss a token of each language, where targets are of several."""


@torch.no_grad()
def validate(trainer: Trainer) -> Validation:
    """Measure the network on the validation rows of :func:`measured_rows`, of which each process has a share."""
    trainer.network.eval()
    buckets, processes = trainer.buckets(4_096, 0, valid=True), trainer.processes
    rows = measured_rows(trainer)
    languages = torch.zeros(2, len(trainer.languages), dtype=torch.float64)
    sums, posteriors = torch.zeros(4, dtype=torch.float64), _Posteriors(len(rows))
    first = 0
    for number, batch in enumerate(buckets.by_length(rows)):
        texts = len(batch.tree[-1] if batch.tree else batch.lengths)
        if number % processes.size == processes.rank:
            latent = _measure(trainer, batch, sums, languages)
            posteriors.add(first, latent)
        first += texts
    total, right, count, divergence = processes.summed(sums).tolist()
    sides = zip(trainer.languages, *processes.summed(languages).tolist(), strict=True)
    return Validation(
        (total + trainer.config.beta * divergence) / count,
        right / count,
        posteriors.diagnosis(processes),
        {name: nats / tokens for name, nats, tokens in sides if tokens},
    )


def _measure(trainer: Trainer, batch: Batch, sums: Tensor, languages: Tensor) -> Latent:
    """Add what a batch measures, and return its encodings.

    Args:
        trainer: the training.
        batch: some validation rows.
        sums: loss, right tokens, tokens, and KL divergence, (4,).
        languages: loss and tokens of each language, (2, languages).
    """
    batch = batch.to(trainer.device)
    with trainer.autocast():
        features, latent = trainer.network.forward(
            batch.source, batch.lengths, batch.previous, batch.tree, 0.0, batch.vectors
        )
        losses, predicted = token_losses(trainer.network, features, batch.target, trainer.specials.pad)
    flat = batch.target.flatten()
    real = flat != trainer.specials.pad
    divergence = 0.0
    if len(trainer.languages) > 1:
        column = real.nonzero().squeeze(1) % batch.target.shape[1]
        language = (batch.previous[0, column] - trainer.network.first_tag).cpu()
        languages[0].index_add_(0, language, losses.cpu().double())
        languages[1] += torch.bincount(language, minlength=len(trainer.languages))
    if latent.mean is not None:
        config = trainer.config
        cost = with_free_bits(kl_terms(latent).cpu().double(), config.free_bits, config.free_bits_per)
        divergence = float(cost) * len(latent.vector)
    right = int((predicted == flat[real]).sum())
    loss = float(losses.cpu().double().sum())
    sums += torch.tensor([loss, right, len(losses), divergence], dtype=torch.float64)
    return latent


class _Posteriors:
    """Posteriors of some of the measured sentences, evenly spaced.

    Args:
        count: sentences that are measured on.
    """

    def __init__(self, count: int) -> None:
        self.places = torch.linspace(0, count - 1, min(_DIAGNOSED, count)).long()
        self.kept: list[Tensor] = []

    def add(self, first: int, latent: Latent) -> None:
        """Keep those of a batch.

        Args:
            first: place of its first sentence among all that are measured on.
            latent: its encodings.
        """
        if latent.mean is None or latent.log_variance is None:
            return
        both = torch.stack([latent.mean, latent.log_variance]).float().cpu()
        if not self.kept:
            self.kept.append(torch.zeros(2, len(self.places), both.shape[2]))
        own = (self.places >= first) & (self.places < first + both.shape[1])
        self.kept[0][:, own] = both[:, self.places[own] - first]

    def diagnosis(self, processes: Processes) -> Diagnosis | None:
        """Return what the posteriors of all processes tell; None for a model that has none."""
        # process 0 has measured something, the others may not
        own = self.kept[0].shape[2] if self.kept and processes.leads else 0
        width = int(processes.summed(torch.tensor(own)))
        if not width:
            return None
        mean, log_variance = processes.summed(
            self.kept[0] if self.kept else torch.zeros(2, len(self.places), width)
        )
        return diagnose(mean, log_variance)


def measured_rows(trainer: Trainer) -> NDArray[np.int64]:
    """Return the numbers of the validation rows that are measured on: the first ones, of each language equally many.

    There are as many as the budget has room for, or `valid_size`. Of a language that has fewer all are taken, and more of
    the others.
    """
    limit = min(trainer.progress.planned_rows or trainer.valid_size, len(trainer.valid))
    if len(trainer.languages) < 2 or trainer.valid_targets is None or limit == len(trainer.valid):
        return np.arange(limit)
    tags = np.concatenate(list(_tags(trainer.valid_targets))).astype(np.int64) - trainer.network.first_tag
    rows = [np.flatnonzero(tags == language) for language in range(len(trainer.languages))]
    found, left = list[NDArray[np.int64]](), limit
    for place, its in enumerate(sorted(rows, key=len)):
        found.append(its[: max(1, left // (len(rows) - place))])
        left -= len(found[-1])
    return np.sort(np.concatenate(found))


def _tags(targets: Rows) -> Iterator[NDArray[np.uint16]]:
    """Yield the first id of each row, some rows at a time."""
    for start in range(0, len(targets), WINDOW):
        ids, offsets = targets.gather(np.arange(start, min(start + WINDOW, len(targets))))
        yield ids[offsets[:-1]]


def standardise_lengths(trainer: Trainer) -> None:
    """Have lengths that encodings keep resemble draws from N(0, 1), as a variational or regularised model needs it.

    Mean and deviation are those of some training sentences.
    """
    clock = trainer.network.clock
    if clock is None:
        return
    batches = trainer.buckets(4_096, 0).in_order(_DIAGNOSED, spread=True)
    lengths = torch.cat([batch.tree[-1] if batch.tree else batch.lengths for batch in batches])
    clock.standardise(lengths)


@torch.no_grad()
def fit_meaning(trainer: Trainer) -> None:
    """Fit the axes that sentences are compared by to some training sentences; a frozen encoder keeps its own."""
    meaning, network = trainer.network.meaning, trainer.network
    if meaning is None or trainer.config.freeze_encoder:
        return
    network.eval()
    parts = [
        network.mean(batch.source.to(trainer.device), batch.lengths.to(trainer.device))
        for batch in trainer.buckets(4_096, 0).in_order(_FITTED, spread=True)
    ]
    meaning.fit(torch.cat(parts))


@torch.no_grad()
def gather_latents(trainer: Trainer) -> Latents | None:
    """Return encodings of training sentences (or vectors that are read) and the mixture fitted to them.

    It is None where the model does not decode encodings, or they have more than
    :data:`textrae.latent.mixture.LARGEST` dimensions.
    """
    if trainer.network.keeps_states:
        return None
    trainer.network.eval()
    buckets = trainer.buckets(4_096, 0)
    vectors, spreads = [], []
    count = trainer.progress.planned_kept or KEPT
    if trainer.network.bottleneck is not None:
        count = min(count, _NUMBERS // (trainer.network.meant + trainer.network.bottleneck.size))
    for batch in buckets.in_order(max(1, count), spread=True):
        if batch.vectors is not None and trainer.network.adapter is not None:
            if batch.vectors.shape[1] > LARGEST:
                return None
            vectors.append(batch.vectors)
            continue
        batch = batch.to(trainer.device)
        with trainer.autocast():
            latent = trainer.network.encode(batch.source, batch.lengths, None, batch.tree)
        if latent.vector.shape[1] > LARGEST:
            return None
        vectors.append(latent.vector.float().cpu())
        if latent.log_variance is not None:
            spreads.append(latent.log_variance.float().cpu())
    found = torch.cat(vectors)
    return Latents(found, torch.cat(spreads) if spreads else None, fit_mixture(found))
