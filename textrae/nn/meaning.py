"""Encoder states and tokens → the part of an encoding that tells what a sentence means."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Meaning(nn.Module):
    """A weighted mean of token vectors plus a projection of the mean state, normalised.

    Each token has a vector of its own, and a weight that is learnt: their sum is a sentence's smooth inverse frequency
    embedding (Arora et al. 2017) whose vectors and weights are trained. The states add what the order of the tokens means.
    The result is shifted and scaled to mean 0 and variance 1 over its dimensions, as what spells a sentence is.

    Args:
        features: dimensions of a state.
        size: dimensions of the result.
        vocab_size: number of tokens.
    """

    def __init__(self, features: int, size: int, vocab_size: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, size)
        self.weights = nn.Embedding(vocab_size, 1)
        self.project = nn.Linear(features, size)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.zeros_(self.weights.weight)

    def tables(self) -> tuple[nn.Embedding, nn.Embedding]:
        """Return the vectors and the weights of the tokens."""
        return self.tokens, self.weights

    def forward(self, ids: Tensor, lengths: Tensor, states: Tensor) -> Tensor:
        """Compute what sentences mean.

        Args:
            ids: (time, batch) token ids, padded at the end.
            lengths: (batch,) real lengths ≥ 1.
            states: (batch, time, features), in the order of `ids`.

        Returns:
            (batch, size) float32, of mean 0 and variance 1 in each row.
        """
        absent = torch.arange(len(ids), device=ids.device) >= lengths.unsqueeze(1)  # (batch, time)
        scores = self.weights(ids).squeeze(-1).t().float().masked_fill(absent, float("-inf"))
        tokens = torch.einsum("bt,tbd->bd", scores.softmax(-1), self.tokens(ids).float())
        mean = states.masked_fill(absent.unsqueeze(-1), 0.0).sum(1, dtype=torch.float32) / lengths.unsqueeze(
            1
        )
        return F.layer_norm(tokens + self.project(mean).float(), tokens.shape[-1:])
