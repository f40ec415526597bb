"""A small classifier: tells which of two kinds a sentence reads like."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.text.tokenizer import Tokenizer

_BUCKETS = 1 << 18
"""Hash values of pieces and pairs."""
_STEPS, _BATCH = 600, 256


class Classifier(nn.Module):
    """Logistic regression on a sentence's pieces and pairs of pieces, hashed (as Joulin et al. 2017 do).

    Args:
        tokenizer: splits the sentences into pieces.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.weights = nn.EmbeddingBag(_BUCKETS, 1, mode="mean")
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(()))

    def features(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return each sentence's hashed pieces and pairs."""
        rows = self.tokenizer.encode(list(sentences))
        return [
            [*row, *((a * 1_000_003 + b) % _BUCKETS for a, b in zip([0, *row], [*row, 0], strict=True))]
            for row in rows
        ]

    def forward(self, features: Sequence[Sequence[int]]) -> Tensor:
        """Return the log odds of the second kind: (sentences,)."""
        lengths = torch.tensor([len(row) for row in features])
        flat = torch.tensor([i for row in features for i in row])
        scores: Tensor = self.weights(flat, lengths.cumsum(0) - lengths)
        return scores.squeeze(-1) + self.bias

    @torch.no_grad()
    def share(self, sentences: Sequence[str]) -> float:
        """Return the share of the sentences that read like the second kind."""
        return float((self.forward(self.features(sentences)) > 0).float().mean())


def train_classifier(
    first: Sequence[str], second: Sequence[str], tokenizer: Tokenizer, seed: int = 0
) -> tuple[Classifier, float]:
    """Train on examples of two kinds, every tenth of which is held out.

    Args:
        first: examples of the first kind, at least ten.
        second: examples of the second kind, at least ten.
        tokenizer: splits the sentences into pieces.
        seed: of the order of the examples.

    Returns:
        The classifier, and its accuracy on the held-out examples, averaged over the two kinds.

    Raises:
        ValueError: there are less than ten of a kind.
    """
    if min(len(first), len(second)) < 10:
        raise ValueError("a classifier needs ten examples of each kind")
    model, generator = Classifier(tokenizer), torch.Generator().manual_seed(seed)
    kinds = [model.features(list(kind)) for kind in (first, second)]
    held = [rows[9::10] for rows in kinds]
    kept = [[row for number, row in enumerate(rows) if number % 10 != 9] for rows in kinds]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1 - step / _STEPS)
        batch = [
            rows[int(i)]
            for rows in kept
            for i in torch.randint(len(rows), (_BATCH // 2,), generator=generator)
        ]
        wanted = torch.arange(_BATCH) >= _BATCH // 2
        loss = F.binary_cross_entropy_with_logits(model.forward(batch), wanted.float())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        right = [
            float(((model.forward(rows) > 0) == bool(kind)).float().mean()) for kind, rows in enumerate(held)
        ]
    return model, sum(right) / 2
