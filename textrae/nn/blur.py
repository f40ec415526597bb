"""Encodings blurred by noise, of which the decoder is told how much there is.

A decoder that knows the level of the noise rebuilds a sentence where there is none, and writes like a language model where
nothing else is left. Between the two it takes from an encoding what the noise has spared and makes a fluent sentence of it.
So it takes the last step of a diffusion model (Ho et al. 2020) of encodings: from a noisy one to a sentence at once.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from textrae.nn.bottleneck import Latent

TOLD = 16
"""Numbers that tell a decoder the level."""


def blurred(latent: Latent, levels: Tensor, noise: Tensor) -> Latent:
    """Blur encodings z: a² z + a b ε, where a² + b² = 1.

    If encodings are draws from N(0, 1), this is what is expected of z when a z + b ε is known. So the decoder gets little of
    anything at a high level, not much noise.

    Args:
        latent: (batch, dimensions) encodings z.
        levels: (batch,) b, from 0 (nothing is changed) to 1 (nothing is left).
        noise: (batch, dimensions) ε, draws from N(0, 1).

    Returns:
        The latent with blurred vectors and their levels.
    """
    level = levels.to(latent.vector.dtype).unsqueeze(1)
    kept = (1 - level.square()).clamp_min(0.0)
    vector = kept * latent.vector + kept.sqrt() * level * noise.to(latent.vector.dtype)
    return latent._replace(vector=vector, level=levels, expected=None)


def randomly_blurred(latent: Latent, share: float) -> Latent:
    """Blur a share of some encodings by levels drawn evenly from 0 to 1, and the others not.

    The levels come from the CPU's generator, so that they are the same on every device.
    """
    count = len(latent.vector)
    levels = torch.rand(count) * (torch.rand(count) < share)
    return blurred(latent, levels.to(latent.vector.device), torch.randn_like(latent.vector))


def with_level(latent: Latent) -> Tensor:
    """Return encodings with numbers that tell their level b, cos and sin of k π b / 2.

    Returns:
        (batch, dimensions + :data:`TOLD`), of the encodings' type.
    """
    vector = latent.vector
    levels = vector.new_zeros(len(vector)) if latent.level is None else latent.level
    waves = torch.arange(1, TOLD // 2 + 1, device=vector.device) * (0.5 * math.pi)
    angles = levels.float().unsqueeze(1) * waves
    told = 0.5 * torch.cat([angles.cos(), angles.sin()], dim=1)
    return torch.cat([vector, told.to(vector.dtype)], dim=1)
