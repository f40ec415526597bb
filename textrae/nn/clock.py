"""The decoder's clock: at which share of the text a step is, and windows on the slots that stand for that share.

Slots stand for successive shares of a sentence. A decoder that has to find out by itself at which share it is learns slowly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

TYPICAL = 16.0
"""Length whose number in an encoding is 0."""
_LONGEST = 65_536.0
"""Longest length that is read from an encoding, whatever its number."""
_LEAST = 0.05
"""Least deviation of log(T / 16) that numbers are divided by, where all texts are about as long."""
_RATE = 8.0
"""Sum of the factors of an encoding's dimensions where a length is foretold from them."""


def length_number(lengths: Tensor) -> Tensor:
    """Return the number of an encoding that tells a length T, log T / 16, as float32: of lengths of any shape."""
    return (lengths.float() / TYPICAL).log()


class Clock(nn.Module):
    """The length of what is to be written, read from an encoding: T̂ = 16 exp(m + s·n + w·z + b).

    n is the encoding's last number, which an encoder sets to (log(T / 16) − m) / s, T the length of what it read. So a
    model that rebuilds what it read knows the length exactly from the first step on. A model that writes something else
    foretells it by w and b, which are learnt and begin at 0.

    Args:
        latent: dimensions of an encoding z.
        kept: whether encodings keep the length; without it s·n is left out.
        foretells: whether what is written has another length than what was read.
    """

    mean: Tensor
    """m, mean of log(T / 16); 0 unless encodings are to resemble draws from N(0, 1)."""
    spread: Tensor
    """s, deviation of log(T / 16); 1 unless encodings are to resemble draws from N(0, 1)."""

    def __init__(self, latent: int, kept: bool, foretells: bool) -> None:
        super().__init__()
        self.kept = kept
        self.foretell = nn.Linear(latent, 1) if foretells else None
        # an optimizer step moves all weights by the same amount, and so their sum the farther, the more there are
        self.scale = _RATE / latent
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("spread", torch.ones(()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Let what is written be expected to be as long as what was read."""
        if self.foretell is not None:
            nn.init.zeros_(self.foretell.weight)
            nn.init.zeros_(self.foretell.bias)

    def standardise(self, lengths: Tensor) -> None:
        """Set m and s to the mean and deviation of some lengths (count,), so that their numbers have mean 0 and variance 1."""
        numbers = length_number(lengths)
        self.mean.copy_(numbers.mean())
        self.spread.copy_(numbers.std(correction=0).clamp_min(_LEAST))

    def number(self, lengths: Tensor) -> Tensor:
        """Return the number of an encoding that keeps a length: (batch,) → (batch,)."""
        return (length_number(lengths) - self.mean) / self.spread

    def forward(self, vector: Tensor) -> Tensor:
        """Read the lengths of what is to be written, as real numbers: (batch, latent) → (batch,) float32."""
        told = self.mean.expand(len(vector))
        if self.kept:
            told = told + self.spread * vector[:, -1].float()
        if self.foretell is not None:
            told = told + self.foretell(vector * self.scale).squeeze(1).float()
        return TYPICAL * told.clamp(-math.log(TYPICAL), math.log(_LONGEST / TYPICAL)).exp()


def positions(lengths: Tensor, steps: int, first: int = 0) -> Tensor:
    """Return at which share of its text each step is, (t + ½) / T; past the expected length it stays at the end, 1.

    Args:
        lengths: (batch,).
        steps: number of steps.
        first: index of the first step.

    Returns:
        (batch, steps) float32.
    """
    time = torch.arange(first, first + steps, dtype=torch.float32, device=lengths.device) + 0.5
    return (time / lengths.unsqueeze(1)).clamp_max(1.0)


def windows(shares: Tensor, centres: Tensor, sharpness: Tensor) -> Tensor:
    """Return the log of Gaussian windows (Luong et al. 2015), -(p - c)² / 2σ², at shares p of a text.

    Args:
        shares: (batch, time).
        centres: (count,) c.
        sharpness: (count,) log 1 / σ.

    Returns:
        (batch, time, count).
    """
    away = shares.unsqueeze(-1) - centres
    return -0.5 * (away * sharpness.exp()).square()


class Windows(nn.Module):
    """A window on each slot for the share of the text that it stands for; centres and widths are learnt.

    Args:
        count: number of slots, K; the centre of slot k begins at (k + ½) / K.
        sharpness: 1 / σ to begin with.
    """

    def __init__(self, count: int, sharpness: float) -> None:
        super().__init__()
        self.count, self.begin = count, math.log(sharpness)
        self.centres = nn.Parameter(torch.empty(count))
        self.sharpness = nn.Parameter(torch.empty(count))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Place the windows evenly."""
        with torch.no_grad():
            self.centres.copy_((torch.arange(self.count) + 0.5) / self.count)
            self.sharpness.fill_(self.begin)

    def forward(self, shares: Tensor) -> Tensor:
        """Compute what is added to scores: shares of the texts (batch, time) → (batch, time, count)."""
        return windows(shares, self.centres, self.sharpness)
