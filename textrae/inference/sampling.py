"""Choosing the next token from its scores: drawn, or the most likely one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.errors import ConfigError
from textrae.inference import arguments

Choose = Callable[[Tensor], Tensor]
"""Scores (batch, vocabulary) → the next ids (batch,)."""
TEMPERATURES = (0.01, 100.0)
"""The lowest and the highest temperature of draws: between them scores neither overflow nor become equal."""
SHARES = (0.01, 1.0)
"""The least and the greatest probability that draws are made among."""


@dataclass(frozen=True)
class Sampling:
    """Draws of tokens from the softmax, scores divided by a temperature, among the most likely tokens.

    Raises:
        ConfigError: a setting is out of its range.
        TypeError: a setting is not a number, or `generator` is no generator.
    """

    temperature: float = 1.0
    """Divisor of the scores, 0.01 to 100: below 1 likely tokens gain."""
    top_k: int | None = None
    """Number of tokens drawn from (Fan et al. 2018), 1 or more; None for all."""
    top_p: float = 1.0
    """Draw from the fewest tokens whose probabilities add up to this, 0.01 to 1.

    It is nucleus sampling (Holtzman et al. 2020).
    """
    generator: torch.Generator = field(default_factory=torch.Generator)
    """Source of randomness, on the CPU so that a seed draws the same on every device."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        number, (least, most) = arguments.real("temperature", self.temperature), TEMPERATURES
        arguments.expect(
            number != 0, "`temperature=0` draws nothing: leave `sampling` out for the most likely tokens"
        )
        arguments.expect(
            least <= number <= most,
            f"`temperature`: a number from {least:g} to {most:g} is expected, or 0 to take the most likely token "
            f"each time, not {arguments.shown(self.temperature)}",
        )
        arguments.real("top_p", self.top_p, *SHARES)
        if self.top_k is not None:
            arguments.whole("top_k", self.top_k, 1)
        arguments.instance("generator", self.generator, torch.Generator)

    def __call__(self, scores: Tensor) -> Tensor:
        """Draw the next ids: scores (batch, vocabulary) → (batch,)."""
        scores = scores.float().cpu() / float(self.temperature)
        if self.top_k is not None and self.top_k < scores.shape[1]:
            values, places = scores.topk(int(self.top_k))  # so many, whatever is equally likely
            scores = torch.full_like(scores, float("-inf")).scatter_(1, places, values)
        shares = scores.softmax(-1)
        if self.top_p < 1.0:
            ordered, places = shares.sort(descending=True, stable=True)
            before = F.pad(ordered.cumsum(-1)[:, :-1], (1, 0))  # the most likely token always stays
            ordered = ordered.masked_fill(before >= self.top_p, 0.0)
            shares = torch.zeros_like(shares).scatter_(1, places, ordered)
        return torch.multinomial(shares, 1, generator=self.generator).squeeze(1)


def sampling_of(
    temperature: float | None, top_k: int | None, top_p: float | None, beam: int, seed: int
) -> Sampling | None:
    """Return how tokens are drawn, or None where the most likely one is taken or a beam searches.

    With no setting given, tokens are drawn with ``top_p=0.5``: as diverse as real text, with few words that do not exist.

    Args:
        temperature: as for :class:`Sampling`, or 0, which takes the most likely token.
        top_k: as for :class:`Sampling`.
        top_p: as for :class:`Sampling`.
        beam: hypotheses of a beam search; 1 for none.
        seed: of the draws.

    Raises:
        ConfigError: draws are combined with a beam, or `top_k` or `top_p` with a temperature of 0; or as for
            :class:`Sampling`, whatever the beam.
        TypeError: a setting is no number.
    """
    greedy = temperature is not None and arguments.real("temperature", temperature) == 0
    drawn = Sampling(
        temperature=1.0 if temperature is None or greedy else temperature,
        top_k=top_k,
        top_p=1.0 if top_p is None else top_p,
        generator=torch.Generator().manual_seed(arguments.seed(seed)),
    )
    given = [value for value in (temperature, top_k, top_p) if value is not None]
    if beam > 1:
        if given and not greedy:
            raise ConfigError(
                "`beam`: a beam searches and does not draw; leave it out, or `temperature`, `top_k` and `top_p`"
            )
        return None
    if greedy:
        if len(given) > 1:
            raise ConfigError(
                "`top_k` and `top_p` are for draws, of which `temperature=0` makes none: leave them out"
            )
        return None
    return drawn if given else replace(drawn, top_p=0.5)


def likeliest(scores: Tensor) -> Tensor:
    """Return the most likely ids: scores (batch, vocabulary) → (batch,)."""
    if scores.device.type != "cpu":
        return scores.argmax(-1)
    numbers = scores.float() if scores.dtype == torch.bfloat16 else scores
    return torch.from_numpy(numbers.numpy().argmax(-1))  # ten times as fast as torch's
