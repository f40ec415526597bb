"""Attention: weights over a memory by how well its keys fit a query."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from textrae.nn.clock import windows


class Attention(nn.Module):
    """Weights over the items of a memory.

    ``dot``: q · k / √d (Luong et al. 2015, scaled as by Vaswani et al. 2017); ``additive``: v · tanh(q + k) (Bahdanau et
    al. 2015). q is linear in the query and k in the item; ``additive`` adds a bias to k, which the softmax of ``dot``
    would cancel.

    Args:
        query: dimensions of a query.
        item: dimensions of an item.
        scoring: ``dot`` or ``additive``.
        size: dimensions of q and k.
    """

    def __init__(self, query: int, item: int, scoring: str, size: int) -> None:
        super().__init__()
        self.query, self.key = (
            nn.Linear(query, size, bias=False),
            nn.Linear(item, size, bias=scoring == "additive"),
        )
        self.size = size
        self.energy = nn.Linear(size, 1, bias=False) if scoring == "additive" else None

    def keys(self, items: Tensor) -> Tensor:
        """Compute the keys of a memory, once for all queries: (batch, items, item) → (batch, items, size)."""
        keys: Tensor = self.key(items)
        return keys

    def forward(self, queries: Tensor, keys: Tensor, added: Tensor | None = None) -> Tensor:
        """Compute weights that add up to 1 for each query.

        Args:
            queries: (batch, queries, query).
            keys: from :meth:`keys`.
            added: (batch, queries or 1, items), added to the scores: −∞ where there is no item.

        Returns:
            Weights (batch, queries, items).
        """
        q: Tensor = self.query(queries)
        if self.energy is None:
            scores = q @ keys.transpose(1, 2) * self.size**-0.5
        else:
            energy: Tensor = self.energy(torch.tanh(q.unsqueeze(2) + keys.unsqueeze(1)))
            scores = energy.squeeze(-1)
        if added is not None:
            scores = scores + added
        weights: Tensor = scores.softmax(-1)
        return weights


class Slots(nn.Module):
    """K learnt queries that attend over a sentence's states: a fixed number of items, whatever its length.

    They resemble the inducing points of a set transformer (Lee et al. 2019). With `placed`, each slot has a Gaussian
    window (Luong et al. 2015): -(t - c)² / 2σ² is added to its score of the state at t. The position t, c and σ are shares
    of the sentence's length; c and σ are learnt. For slot k, c begins at (k + ½) / K and σ at 1 / K: the slots begin with
    successive parts of the sentence. Slots without windows begin alike and must differentiate first.

    Args:
        count: number of slots, K.
        features: dimensions of a state.
        scoring: ``dot`` or ``additive``, see :class:`Attention`.
        size: dimensions of queries and keys.
        placed: whether slots have windows; the parameter `sharpness` is log 1 / σ.
    """

    def __init__(self, count: int, features: int, scoring: str, size: int, placed: bool = False) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(count, size))
        self.attention = Attention(size, features, scoring, size)
        self.centres = nn.Parameter((torch.arange(count) + 0.5) / count) if placed else None
        self.sharpness = nn.Parameter(torch.full((count,), math.log(count))) if placed else None

    def weights(self, states: Tensor, absent: Tensor) -> Tensor:
        """Compute where the slots look.

        Args:
            states: (batch, time, features).
            absent: (batch, time), from :func:`absence`.

        Returns:
            Weights (batch, slots, time).
        """
        queries = self.queries.expand(len(states), -1, -1)
        added = absent.unsqueeze(1)
        if self.centres is not None:
            added = added + self.windows(absent)
        weights: Tensor = self.attention.forward(queries, self.attention.keys(states), added)
        return weights

    def windows(self, absent: Tensor) -> Tensor:
        """Compute the windows, which are added to the scores: absence (batch, time) → (batch, slots, time)."""
        assert self.centres is not None
        assert self.sharpness is not None
        lengths = (absent == 0).sum(1, keepdim=True)
        time = torch.arange(absent.shape[1], dtype=self.centres.dtype, device=absent.device)
        found = windows((time + 0.5) / lengths, self.centres, self.sharpness)
        return found.transpose(1, 2).to(absent.dtype)

    def forward(self, states: Tensor, absent: Tensor) -> Tensor:
        """Summarise states in slots.

        Args:
            states: (batch, time, features).
            absent: (batch, time), from :func:`absence`.

        Returns:
            Weighted means of the states, (batch, slots, features).
        """
        return self.weights(states, absent).to(states.dtype) @ states


def absence(lengths: Tensor, time: int, dtype: torch.dtype) -> Tensor:
    """Return the mask that hides padding from attention: (batch,) lengths → (batch, time) of 0 and −∞."""
    padding = torch.arange(time, device=lengths.device) >= lengths.unsqueeze(1)
    return torch.zeros(padding.shape, dtype=dtype, device=lengths.device).masked_fill_(padding, float("-inf"))
