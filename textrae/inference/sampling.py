"""How the next token is chosen from its scores."""

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
    """Draws each token from the softmax, of the scores divided by the temperature, among the likeliest."""

    temperature: float = 1.0
    """Below 1 the likely tokens gain."""
    top_k: int = 0
    """Tokens drawn from (Fan et al. 2018); 0 for all."""
    top_p: float = 1.0
    """The fewest of the likeliest tokens that have this probability together (nucleus; Holtzman et al. 2020)."""
    generator: torch.Generator = field(default_factory=torch.Generator)
    """On the CPU, so that a seed draws the same on every device."""

    def __call__(self, scores: Tensor) -> Tensor:
        """See :data:`Choose`."""
        scores = scores.float().cpu() / self.temperature
        if 0 < self.top_k < scores.shape[1]:
            least = scores.topk(self.top_k).values[:, -1:]
            scores = scores.masked_fill(scores < least, float("-inf"))
        shares = scores.softmax(-1)
        if self.top_p < 1.0:
            ordered, places = shares.sort(descending=True)
            before = ordered.cumsum(-1) - ordered  # the likeliest one always stays
            ordered = ordered.masked_fill(before >= self.top_p, 0.0)
            shares = torch.zeros_like(shares).scatter_(1, places, ordered)
        return torch.multinomial(shares, 1, generator=self.generator).squeeze(1)


def sampling_of(
    temperature: float | None, top_k: int | None, top_p: float | None, beam: int, seed: int
) -> Sampling | None:
    """How tokens are drawn; None where the likeliest is taken, or a beam searches.

    Where nothing is said they are drawn among the likeliest that have half of the probability together: as diverse as
    real text, with few words that are none.

    Args:
        temperature: 0 takes the likeliest.
        top_k: as :class:`Sampling` has it, as the next.

    Raises:
        ConfigError: draws are asked for together with a beam, or among few tokens without a temperature.
    """
    given = [value for value in (temperature, top_k, top_p) if value is not None]
    if beam > 1:
        if given and temperature != 0:
            raise ConfigError(
                "a beam searches and does not draw: leave out beam, or temperature, top-k and top-p"
            )
        return None
    if not given:
        top_p = 0.5
    if temperature == 0:
        if len(given) > 1:
            raise ConfigError(
                "top-k and top-p are for draws, of which temperature 0 makes none: leave them out"
            )
        return None
    generator = torch.Generator().manual_seed(seed)
    chosen = (1.0 if temperature is None else temperature, top_k or 0, 1.0 if top_p is None else top_p)
    return Sampling(*chosen, generator)


def likeliest(scores: Tensor) -> Tensor:
    """See :data:`Choose`."""
    if scores.device.type != "cpu":
        return scores.argmax(-1)
    numbers = scores.float() if scores.dtype == torch.bfloat16 else scores
    return torch.from_numpy(numbers.numpy().argmax(-1))  # in a tenth of the time that torch takes
