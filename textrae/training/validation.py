"""What a validation measures, and the encodings that a run keeps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textrae.latent.mixture import KEPT, LARGEST, Latents, fit_mixture
from textrae.latent.posterior import Diagnosis, diagnose
from textrae.training.losses import token_losses
from textrae.training.regularisers import kl_terms, with_free_bits
from textrae.training.state import Trainer

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


@torch.no_grad()
def validate(trainer: Trainer) -> Validation:
    """Measure the network on the first `valid_size` validation rows."""
    trainer.network.eval()
    buckets = trainer.buckets(4_096, 0, valid=True)
    total, right, count, sentences, divergence = 0.0, 0, 0, 0, 0.0
    posteriors: list[tuple[Tensor, Tensor]] = []
    for batch in buckets.in_order(trainer.valid_size):
        batch = batch.to(trainer.device)
        with trainer.autocast():
            features, latent = trainer.network(
                batch.source, batch.lengths, batch.previous, batch.tree, 0.0, batch.vectors
            )
            losses, predicted = token_losses(trainer.network, features, batch.target, trainer.specials.pad)
        flat = batch.target.flatten()
        total += float(losses.cpu().double().sum())
        right += int((predicted == flat[flat != trainer.specials.pad]).sum())
        count += len(losses)
        sentences += len(latent.vector)
        if latent.mean is not None and latent.log_variance is not None:
            config = trainer.config
            cost = with_free_bits(kl_terms(latent).cpu().double(), config.free_bits, config.free_bits_per)
            divergence += float(cost) * len(latent.vector)
            posteriors.append((latent.mean, latent.log_variance))
    found = None
    if posteriors:
        mean, log_variance = (torch.cat(parts) for parts in zip(*posteriors, strict=True))
        some = torch.linspace(0, len(mean) - 1, min(_DIAGNOSED, len(mean)), device=mean.device).long()
        found = diagnose(mean[some], log_variance[some])
    return Validation((total + trainer.config.beta * divergence) / count, right / count, found)


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
    for batch in buckets.in_order(KEPT, spread=True):
        if batch.vectors is not None:
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
