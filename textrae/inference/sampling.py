"""Choosing the next token from its scores: drawn, or the most likely one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from textrae.errors import ConfigError

Choose = Callable[[Tensor], Tensor]
"""Scores (batch, vocabulary) → the next ids (batch,)."""


@dataclass(frozen=True)
class Sampling:
    """Draws of tokens from the softmax, scores divided by a temperature, among the most likely tokens."""

    temperature: float = 1.0
    """Divisor of the scores: below 1 likely tokens gain."""
    top_k: int = 0
    """Number of tokens drawn from (Fan et al. 2018); 0 for all."""
    top_p: float = 1.0
    """Draw from the fewest tokens whose probabilities add up to this (nucleus sampling; Holtzman et al. 2020)."""
    generator: torch.Generator = field(default_factory=torch.Generator)
    """Source of randomness, on the CPU so that a seed draws the same on every device."""

    def __call__(self, scores: Tensor) -> Tensor:
        """Draw the next ids: scores (batch, vocabulary) → (batch,)."""
        scores = scores.float().cpu() / self.temperature
        if 0 < self.top_k < scores.shape[1]:
            least = scores.topk(self.top_k).values[:, -1:]
            scores = scores.masked_fill(scores < least, float("-inf"))
        shares = scores.softmax(-1)
        if self.top_p < 1.0:
            ordered, places = shares.sort(descending=True)
            before = ordered.cumsum(-1) - ordered  # the most likely token always stays
            ordered = ordered.masked_fill(before >= self.top_p, 0.0)
            shares = torch.zeros_like(shares).scatter_(1, places, ordered)
        return torch.multinomial(shares, 1, generator=self.generator).squeeze(1)


def sampling_of(
    temperature: float | None, top_k: int | None, top_p: float | None, beam: int, seed: int
) -> Sampling | None:
    """Return how tokens are drawn, or None where the most likely one is taken or a beam searches.

    With no setting given, tokens are drawn with ``top_p=0.5``: as diverse as real text, with few words that do not exist.

    Args:
        temperature: as for :class:`Sampling`; 0 takes the most likely token.
        top_k: as for :class:`Sampling`.
        top_p: as for :class:`Sampling`.
        beam: hypotheses of a beam search; 1 for none.
        seed: of the draws.

    Raises:
        ConfigError: draws are combined with a beam, or `top_k` or `top_p` with a temperature of 0.
    """
    given = [value for value in (temperature, top_k, top_p) if value is not None]
    if beam > 1:
        if given and temperature != 0:
            raise ConfigError(
                "`beam`: a beam searches and does not draw; leave it out, or `temperature`, `top_k` and `top_p`"
            )
        return None
    if not given:
        top_p = 0.5
    if temperature == 0:
        if len(given) > 1:
            raise ConfigError(
                "`top_k` and `top_p` are for draws, of which `temperature=0` makes none: leave them out"
            )
        return None
    generator = torch.Generator().manual_seed(seed)
    return Sampling(
        temperature=1.0 if temperature is None else temperature,
        top_k=top_k or 0,
        top_p=1.0 if top_p is None else top_p,
        generator=generator,
    )


def likeliest(scores: Tensor) -> Tensor:
    """Return the most likely ids: scores (batch, vocabulary) → (batch,)."""
    if scores.device.type != "cpu":
        return scores.argmax(-1)
    numbers = scores.float() if scores.dtype == torch.bfloat16 else scores
    return torch.from_numpy(numbers.numpy().argmax(-1))  # ten times as fast as torch's
