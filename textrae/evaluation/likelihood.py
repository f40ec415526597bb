"""How likely a variational model finds sentences: the evidence bound and importance-weighted estimates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Batch
from textrae.text.scripts import words_parted
from textrae.training.losses import sentence_nats


@dataclass(frozen=True)
class Likelihood:
    """Likelihood of some sentences; a perplexity is exp(nats / units), each sentence's end counted as one unit."""

    samples: int
    """Draws from each sentence's posterior."""
    sentences: int
    """Number of sentences measured."""
    elbo: float
    """Evidence bound, nats a sentence: E log p(x|z) - KL(q(z|x) ‖ p(z)), the expectation over the draws."""
    nll: float
    """Nats a sentence: -log of the mean of p(x|z) p(z) / q(z|x) over the draws (Burda et al. 2016)."""
    perplexity_word: float | None
    """Perplexity from `nll` per white-space word of the text, whatever the pieces; None where spaces part no words."""
    perplexity_token: float
    """Perplexity from `nll` per piece of the model's own tokenizer."""
    perplexity_byte: float
    """Perplexity from `nll` per UTF-8 byte."""
    blank: int = 0
    """Number of blank sentences, which were left out."""

    def describe(self) -> str:
        """Return the figures in one line, with the definition and the number of samples."""
        word = "" if self.perplexity_word is None else f"a word {self.perplexity_word:.2f}, "
        return (
            f"likelihood of {self.sentences:,} sentences, importance-weighted with {self.samples} samples each: "
            f"{self.nll:.3f} nats a sentence (bound {-self.elbo:.3f}), perplexity {word}"
            f"a token {self.perplexity_token:.2f}, a byte {self.perplexity_byte:.3f}; a sentence's end counts as one"
        )


def likelihood(elbos: Tensor, nlls: Tensor, texts: list[str], tokens: int, samples: int) -> Likelihood:
    """Summarise the figures of single sentences.

    Args:
        elbos: (sentences,) nats.
        nlls: (sentences,) nats.
        texts: the parts of the sentences that were read.
        tokens: pieces of all sentences, ends counted.
        samples: draws that `elbos` and `nlls` come from.
    """
    nats = float(nlls.sum())
    words = sum(len(text.split()) + 1 for text in texts)
    size = sum(len(text.encode()) + 1 for text in texts)
    word, token, byte = (math.exp(min(700.0, nats / units)) for units in (words, tokens, size))
    figures = (float(elbos.mean()), nats / len(texts), word if words_parted(texts) else None, token, byte)
    return Likelihood(samples, len(texts), *figures)


def importance_weighted(log_weights: Tensor) -> Tensor:
    """Return the log of the mean weight over the first dimension: a lower bound of log p(x) that tightens with the draws.

    Args:
        log_weights: (samples, sentences).

    Returns:
        (sentences,).
    """
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def weigh_draws(
    mean: Tensor,
    log_variance: Tensor,
    log_likelihood: Callable[[Tensor], Tensor],
    samples: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Weigh draws z from N(mean, exp(log_variance)) under the prior N(0, 1) (Burda et al. 2016).

    Args:
        mean: (sentences, dimensions).
        log_variance: (sentences, dimensions).
        log_likelihood: z (sentences, dimensions) → log p(x|z) (sentences,), in nats.
        samples: draws for each sentence.
        generator: on the CPU.

    Returns:
        (samples, sentences) log p(x|z) + log p(z) - log q(z|x), and (sentences,) the evidence bound, whose divergence
        is in closed form.
    """
    mean, log_variance = mean.cpu().double(), log_variance.cpu().double()
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
    weights, fits = [], torch.zeros(len(mean), dtype=torch.double)
    for _ in range(samples):
        noise = torch.randn(mean.shape, generator=generator, dtype=torch.double)
        z = mean + noise * (0.5 * log_variance).exp()
        fit = log_likelihood(z).cpu().double()
        # the constants of the two densities are the same
        weights.append(fit + 0.5 * (noise.square() + log_variance - z.square()).sum(1))
        fits += fit
    return torch.stack(weights), fits / samples - divergence


@torch.no_grad()
def batch_likelihood(
    network: Autoencoder, batch: Batch, latent: Latent, pad: int, samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return each sentence's evidence bound and importance-weighted negative log-likelihood, in nats: (sentences,) each.

    Args:
        network: in evaluation mode.
        batch: the sentences.
        latent: their posteriors.
        pad: id of padding.
        samples: draws for each sentence.
        generator: on the CPU.

    Raises:
        ValueError: the model is not variational.
    """
    if latent.mean is None or latent.log_variance is None:
        raise ValueError("a model without a posterior has no likelihood of sentences")

    def fit(z: Tensor) -> Tensor:
        given = latent._replace(vector=z.to(latent.vector))
        return -sentence_nats(network, network.teach(batch.previous, given), batch, pad)

    weights, elbo = weigh_draws(latent.mean, latent.log_variance, fit, samples, generator)
    return elbo, -importance_weighted(weights)
