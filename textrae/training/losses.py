"""The reconstruction losses: cross-entropy and squared distance."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.hierarchy import owners
from textrae.text.batch import Batch

_SCORED = 256
"""Tokens whose scores fit into a processor's cache together."""


class Scorer(Protocol):
    """A model that turns features into scores of the vocabulary."""

    mse: bool
    """Whether the features are the output itself."""

    @property
    def output(self) -> nn.Embedding:
        """Embeddings of the output tokens."""

    def softmax(self) -> tuple[Tensor, Tensor]:
        """Return the matrix (vocabulary, embedding) and bias (vocabulary,) of the scores."""


def token_losses(model: Scorer, features: Tensor, target: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """Return the loss of each real target token: negative log-likelihood in nats, or squared distance with ``mse``.

    The vocabulary is scored only where a real token stands.

    Args:
        features: (steps, batch, embedding).
        target: (steps, batch) ids.

    Returns:
        (real tokens,) losses and (real tokens,) predicted ids, in the order of `target.flatten()`.
    """
    flat = target.flatten()
    real = (flat != pad).nonzero().squeeze(1)
    rows = features.flatten(0, 1)
    rows, flat = (rows, flat) if len(real) == len(flat) else (rows[real], flat[real])
    scores = F.linear(rows, *model.softmax())
    if model.mse:
        losses = squared_distance(rows, targets(model, flat))
    else:
        losses = F.cross_entropy(scores.float(), flat, reduction="none")
    return losses, scores.detach().argmax(-1)


def sentence_losses(model: Autoencoder, features: Tensor, batch: Batch, pad: int) -> tuple[Tensor, Tensor]:
    """Return the loss and the right tokens of each sentence; the ends of segments count in the loss only.

    Args:
        features: (steps, batch, embedding), teacher-forced.

    Returns:
        (sentences,) sums of :func:`token_losses`, and (sentences,) tokens that were predicted right, its end among them;
        float64, on the CPU.
    """
    losses, predicted = token_losses(model, features, batch.target, pad)
    _, flat, sentence = _real(features, batch, pad)
    hit = (predicted == flat) & (flat < model.first_end)
    return _sums(losses, sentence), _sums(hit, sentence)


def sentence_nats(model: Autoencoder, features: Tensor, batch: Batch, pad: int) -> Tensor:
    """Return the negative log-likelihood of each sentence in nats, with the scores of few tokens in memory at once.

    It equals the first result of :func:`sentence_losses` for a softmax. The scores of a batch are its largest tensor, and
    importance weighting needs them hundreds of times.
    """
    rows, flat, sentence = _real(features, batch, pad)
    weight, bias = (part.to(rows.dtype) for part in model.softmax())
    nats = []
    for some, ids in zip(torch.split(rows, _SCORED), torch.split(flat, _SCORED), strict=True):
        scores = F.linear(some, weight, bias).float()
        nats.append(scores.logsumexp(-1) - scores.gather(1, ids.unsqueeze(1)).squeeze(1))
    return _sums(torch.cat(nats), sentence)


def _real(features: Tensor, batch: Batch, pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the features and ids of the real target tokens, and the sentence that each belongs to."""
    flat = batch.target.flatten()
    real = (flat != pad).nonzero().squeeze(1)
    sentence = real % batch.target.shape[1]
    if batch.tree:
        sentence = owners(batch.tree).to(sentence.device)[sentence]
    return features.flatten(0, 1)[real], flat[real], sentence


def _sums(values: Tensor, sentence: Tensor) -> Tensor:
    """Sum the values of each sentence's tokens, in float64 on the CPU."""
    sentence = sentence.cpu()
    total = torch.zeros(int(sentence.max()) + 1, dtype=torch.float64)
    return total.index_add_(0, sentence, values.cpu().double())


def reconstruction_loss(
    model: Scorer,
    features: Tensor,
    target: Tensor,
    pad: int,
    *,
    mse_weight: float = 0.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the mean loss of a real target token.

    It is softmax cross-entropy in nats, or with ``mse`` L = ‖y − ê‖², y the output and ê the token's embedding.

    Args:
        features: (steps, batch, embedding).
        target: (steps, batch) ids.
        mse_weight: λ of cross-entropy + λ · MSE, where y is the features scaled to unit length: cross-entropy needs
            them long.
        label_smoothing: ε of (1 - ε) · cross-entropy + ε · the mean of -log p over the vocabulary (Szegedy et al. 2016).
            It has no meaning for ``mse``.
    """
    flat, rows = target.flatten(), features.flatten(0, 1)
    real = (flat != pad).nonzero().squeeze(1)
    count = len(real)
    if count < len(flat):
        # kernels are made and kept for each number of rows: up to 63 rows more than there are tokens make them few
        real = torch.cat([real, real[:1].expand(-count % 64)])
        flat, rows = flat[real], rows[real]
    if model.mse:
        return squared_distance(rows[:count], targets(model, flat[:count])).mean()
    loss: Any = _LinearCrossEntropy.apply
    weight, bias = (part.to(rows.dtype) for part in model.softmax())
    with torch.autocast(rows.device.type, enabled=False):  # a GPU's has softmax and sums in float32
        mean: Tensor = loss(rows, weight, bias, flat, count, label_smoothing)
    if mse_weight:
        directions = F.normalize(rows[:count].float(), dim=-1)
        mean = mean + mse_weight * squared_distance(directions, targets(model, flat[:count])).mean()
    return mean


def length_loss(expected: Tensor, batch: Batch, pad: int) -> Tensor:
    """Return the mean of (log T̂ − log T)² over sentences.

    T counts the target tokens, the end among them; in a hierarchical batch the parts of the highest level.

    Args:
        expected: (batch,) lengths T̂ that the clock went by.
    """
    lengths = batch.tree[-1] if batch.tree else (batch.target != pad).sum(0)
    return (expected.log() - lengths.to(expected.dtype).log()).square().mean()


def targets(model: Scorer, ids: Tensor) -> Tensor:
    """Return the tokens' embeddings scaled to unit length, which no gradient reaches.

    If embeddings learnt from it, MSE would bring them all to one point, where it is 0.
    """
    return F.normalize(model.output.weight.detach()[ids], dim=-1)


def squared_distance(outputs: Tensor, wanted: Tensor) -> Tensor:
    """Return ‖y − ê‖² of each row: (tokens, embedding) and (tokens, embedding) → (tokens,)."""
    return (outputs.float() - wanted).square().sum(-1)


class _LinearCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of the scores features · Wᵀ + b, whose gradient, softmax − one-hot, takes their place.

    The scores of a batch are its largest tensor: they are read and written half as often as by torch's own kernels.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        target: Tensor,
        count: int,
        smoothing: float,
    ) -> Tensor:
        """Return the mean nats of the first `count` tokens.

        Shapes: features (tokens, embedding), weight (vocabulary, embedding), bias (vocabulary,), target (tokens,).
        """
        gradient = F.linear(features, weight, bias).softmax(-1)
        picked = torch.arange(len(target), device=target.device), target
        right = gradient[picked]
        # 1 − p as the sum of all the other shares: a share near 1 has too few bits to be subtracted from it
        gradient[picked] = 0.0
        others = gradient.sum(-1)
        gradient[picked] = -others
        if smoothing:
            gradient[picked] += smoothing
            gradient -= smoothing / len(weight)
        gradient[count:] = 0.0
        ctx.save_for_backward(gradient, features, weight)
        ctx.count = count
        if right.dtype == torch.bfloat16:
            right, others = right.float(), others.float()
        nats = torch.where(others < 0.5, -torch.log1p(-others), -right.clamp_min(1e-38).log())
        if smoothing:
            # -mean log p = nats + score of the right one - mean score, and that is the score of the mean row
            score = (features * (weight[target] - weight.mean(0))).sum(-1) + bias[target] - bias.mean()
            nats = nats + smoothing * score
        return nats[:count].mean()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        """Multiply the kept gradient; the mean's factor goes to the smaller tensors."""
        gradient, features, weight = ctx.saved_tensors
        factor = (grads[0] / ctx.count).to(features.dtype)
        return (
            (gradient @ weight) * factor,
            gradient.t() @ (features * factor),
            gradient.sum(0) * factor,
            None,
            None,
            None,
        )
