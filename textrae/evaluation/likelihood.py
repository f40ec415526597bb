"""How likely a variational model holds sentences: the evidence bound, and importance-weighted estimates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Batch
from textrae.training.losses import sentence_nats


@dataclass(frozen=True)
class Likelihood:
    """Over some sentences; a perplexity is exp(nats / units), each sentence's end counted as one unit."""

    samples: int
    """Draws from each sentence's posterior."""
    sentences: int
    elbo: float
    """Nats a sentence: E log p(x|z) - KL(q(z|x) ‖ p(z)), the expectation over the draws."""
    nll: float
    """Nats a sentence: -log of the mean of p(x|z) p(z) / q(z|x) over the draws (Burda et al. 2016)."""
    perplexity_word: float
    """From `nll`, a white-space word of the text, whatever the pieces."""
    perplexity_token: float
    """From `nll`, a piece of the model's own tokenizer."""
    perplexity_byte: float
    """From `nll`, a UTF-8 byte."""

    def describe(self) -> str:
        """One line with the definition and the number of samples."""
        return (
            f"likelihood of {self.sentences:,} sentences, importance-weighted with {self.samples} samples each: "
            f"{self.nll:.3f} nats a sentence (bound {-self.elbo:.3f}), perplexity a word {self.perplexity_word:.2f}, "
            f"a token {self.perplexity_token:.2f}, a byte {self.perplexity_byte:.3f}; a sentence's end counts as one"
        )


def likelihood(elbos: Tensor, nlls: Tensor, texts: list[str], tokens: int, samples: int) -> Likelihood:
    """Gather sentences' figures.

    Args:
        elbos: (sentences,) nats.
        nlls: (sentences,) nats.
        texts: the sentences, as far as they were read.
        tokens: pieces of all, ends counted.
        samples: draws that both come from.
    """
    nats = float(nlls.sum())
    words = sum(len(text.split()) + 1 for text in texts)
    size = sum(len(text.encode()) + 1 for text in texts)
    word, token, byte = (math.exp(min(700.0, nats / units)) for units in (words, tokens, size))
    return Likelihood(samples, len(texts), float(elbos.mean()), nats / len(texts), word, token, byte)


def importance_weighted(log_weights: Tensor) -> Tensor:
    """log of the mean weight over the first dimension, a lower bound of log p(x) that tightens with the draws."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def draw(
    mean: Tensor,
    log_variance: Tensor,
    log_likelihood: Callable[[Tensor], Tensor],
    samples: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Weigh draws z from N(mean, exp(log_variance)) under the prior N(0, 1).

    Args:
        mean: (sentences, numbers).
        log_variance: the same shape.
        log_likelihood: z (sentences, numbers) → log p(x|z) (sentences,), in nats.
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
    """Each sentence's evidence bound and importance-weighted negative log-likelihood, nats: (sentences,) twice.

    Raises:
        ValueError: the model is not variational.
    """
    if latent.mean is None or latent.log_variance is None:
        raise ValueError("a model without a posterior has no likelihood of sentences")

    def fit(z: Tensor) -> Tensor:
        given = latent._replace(vector=z.to(latent.vector))
        return -sentence_nats(network, network.teach(batch.previous, given), batch, pad)

    weights, elbo = draw(latent.mean, latent.log_variance, fit, samples, generator)
    return elbo, -importance_weighted(weights)
