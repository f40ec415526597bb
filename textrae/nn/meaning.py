"""Tokens and encoder states → the part of an encoding that tells what a sentence means."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_COMMON = 1e-3
"""a of the weights a / (a + p) of smooth inverse frequency."""
_EVEN = 0.25
"""Power of the variances that axes are divided by: 0.5 would make them equal."""


class Compared(nn.Module):
    """What a part for meaning is compared by: half of a whitening, fitted to the training text.

    The mean of the text is subtracted, and the rest turned to principal axes, each divided by the fourth root of its
    variance. Before it is fitted it changes nothing.

    Args:
        size: dimensions of the part.
    """

    centre: Tensor
    """Mean of the training text, (size,)."""
    axes: Tensor
    """(size, size); its columns are the axes that sentences are compared by, the one of the largest variance first."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("axes", torch.eye(size))

    def fit(self, meaning: Tensor) -> None:
        """Set mean and axes by what sentences mean, (sentences, size).

        The fewer the sentences, the more the variances are shrunk towards their mean: where there are not more sentences than
        numbers, small variances are those of other sentences only by chance.
        """
        wide = meaning.double()
        centre = wide.mean(0)
        covariance = (wide - centre).t() @ (wide - centre) / len(wide)
        variances, axes = torch.linalg.eigh(covariance)
        variances, axes = variances.flip(0).clamp_min(0.0), axes.flip(1)
        kept = len(wide) / (len(wide) + wide.shape[1])
        variances = kept * variances + (1 - kept) * variances.mean() + 1e-12
        self.centre.copy_(centre)
        self.axes.copy_(axes / variances**_EVEN)

    def shown(self, meaning: Tensor) -> Tensor:
        """Return (batch, size) as it is compared: centred, and turned to the axes."""
        return (meaning.float() - self.centre) @ self.axes.float()


class Meaning(Compared):
    """A weighted mean of token vectors plus a projection of the mean state, normalised; all of it is learnt.

    Each token has a vector of its own, and a weight: their sum is a sentence's smooth inverse frequency embedding (Arora et
    al. 2017) whose vectors and weights are trained. The states add what the order of the tokens means. The result is
    shifted and scaled to mean 0 and variance 1 over its dimensions, as what spells a sentence is.

    Args:
        features: dimensions of a state.
        size: dimensions of the result.
        vocab_size: number of tokens.
    """

    reads_states = True

    def __init__(self, features: int, size: int, vocab_size: int) -> None:
        super().__init__(size)
        self.tokens = nn.Embedding(vocab_size, size)
        self.weights = nn.Embedding(vocab_size, 1)
        self.project = nn.Linear(features, size)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.zeros_(self.weights.weight)

    def tables(self) -> tuple[nn.Embedding, nn.Embedding]:
        """Return the vectors and the weights of the tokens."""
        return self.tokens, self.weights

    def forward(self, ids: Tensor, lengths: Tensor, states: Tensor | None, embeddings: Tensor) -> Tensor:
        """Compute what sentences mean.

        Args:
            ids: (time, batch) token ids, padded at the end.
            lengths: (batch,) real lengths ≥ 1.
            states: (batch, time, features), in the order of `ids`.
            embeddings: (vocabulary, embedding); they are not used.

        Returns:
            (batch, size) float32, of mean 0 and variance 1 in each row.
        """
        assert states is not None
        mean = _mean(self.tokens.weight, self.weights.weight.squeeze(-1), ids, lengths)
        states = states.masked_fill(_absent(ids, lengths).unsqueeze(-1), 0.0)
        state = states.sum(1, dtype=torch.float32) / lengths.unsqueeze(1)
        told = self.project(state.to(self.project.weight.dtype))
        return F.layer_norm(mean + told.float(), mean.shape[-1:])


class FrequencyMeaning(Compared):
    """A mean of the model's token embeddings, weighted by smooth inverse frequency: a / (a + p) (SIF; Arora et al. 2017).

    Nothing of it is learnt but the embeddings, which learn from reconstruction. They are projected to the wanted number of
    dimensions at random, by an orthogonal matrix where the numbers are equal.

    Args:
        embedding: dimensions of an embedding.
        size: dimensions of the result.
        vocab_size: number of tokens.
    """

    reads_states = False
    weights: Tensor
    """log a / (a + p) of each token, (vocabulary,)."""
    project: Tensor
    """(embedding, size)."""

    def __init__(self, embedding: int, size: int, vocab_size: int) -> None:
        super().__init__(size)
        square = torch.linalg.qr(torch.randn(max(embedding, size), max(embedding, size)))[0]
        self.register_buffer("weights", torch.zeros(vocab_size))
        self.register_buffer("project", square[:embedding, :size].contiguous())

    def tables(self) -> tuple[nn.Embedding, ...]:
        """Return the tables that are learnt: none."""
        return ()

    def weigh(self, counts: Tensor) -> None:
        """Set the weights by the counts (vocabulary,) of the tokens in a text."""
        share = counts.double() / counts.sum().clamp_min(1)
        self.weights.copy_((_COMMON / (_COMMON + share)).log())

    def forward(self, ids: Tensor, lengths: Tensor, states: Tensor | None, embeddings: Tensor) -> Tensor:
        """Compute what sentences mean; arguments as for :class:`Meaning`, but the states are not used."""
        mean = _mean(embeddings.detach(), self.weights, ids, lengths) @ self.project.float()
        return F.layer_norm(mean, mean.shape[-1:])


def _absent(ids: Tensor, lengths: Tensor) -> Tensor:
    """Return where there is only padding: (batch, time)."""
    return torch.arange(len(ids), device=ids.device) >= lengths.unsqueeze(1)


def _mean(vectors: Tensor, weights: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean of each sentence's token vectors (vocabulary, size), by exp(weights) (vocabulary,): (batch, size)."""
    scores = weights[ids].t().float().masked_fill(_absent(ids, lengths), float("-inf"))
    with torch.autocast(ids.device.type, enabled=False):
        return torch.einsum("bt,tbd->bd", scores.softmax(-1), F.embedding(ids, vectors).float())
