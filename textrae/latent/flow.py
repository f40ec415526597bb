"""Where encodings lie, learnt: a rectified flow that carries noise to encodings, and encodings back to noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.errors import ConfigError

STEPS = 32
"""Steps in which the way from noise to an encoding is taken."""
MOST_NUMBERS = 50_000_000
"""Numbers of encodings that a flow is fitted to at most, 200 MB; of larger texts as many sentences are taken as fit."""
_WAVES = 32
"""Frequencies that tell the time to the field."""
_USUAL = 16.0
"""Tokens of a text whose length is told as 0."""
_AT_ONCE = 2_048
"""Points that are carried at once, which bounds the memory."""
_TURNED = 4_096
"""Most dimensions of encodings that are turned to their principal axes, which takes a matrix of their square."""
_FLOOR = 0.05
"""Least variance of a principal axis as the field sees it, where their mean is 1; smaller ones are stretched."""


@dataclass(frozen=True)
class FlowShape:
    """What decides on the parameters of a flow."""

    dimensions: int
    """Numbers of an encoding."""
    width: int = 512
    """Units of each layer of the field."""
    depth: int = 4
    """Residual blocks of the field."""
    labels: tuple[str, ...] = ()
    """Classes of texts that it knows."""


@dataclass(frozen=True)
class Condition:
    """Class and length of each of some points, where they are known or asked for."""

    labels: Tensor
    """(points,) numbers of classes, from 1; 0 for any."""
    lengths: Tensor
    """(points,) tokens of the texts; 0 for any."""

    def at(self, rows: Tensor | slice) -> Condition:
        """Return what is asked of some of the points."""
        return Condition(self.labels[rows], self.lengths[rows])

    @classmethod
    def none(cls, points: int, device: torch.device | None = None) -> Condition:
        """Return a condition that asks for nothing."""
        return cls(torch.zeros(points, dtype=torch.long, device=device), torch.zeros(points, device=device))


class _Block(nn.Module):
    """A residual block whose scale, shift and gate the condition sets; at first it changes nothing (Peebles & Xie 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        self.set = nn.Linear(width, 3 * width)
        nn.init.zeros_(self.set.weight)
        nn.init.zeros_(self.set.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift, gate = self.set(condition).chunk(3, dim=-1)
        inner = self.norm(x) * (1 + scale) + shift
        out: Tensor = x + gate * self.outer(F.silu(self.inner(inner)))
        return out


class Flow(nn.Module):
    """A velocity field v(x, t) whose paths lead from N(0, 1) at t = 0 to encodings on their principal axes at t = 1.

    It is trained on straight lines: x_t = (1 - t) x₀ + t x₁ between a draw x₀ and an encoding x₁, and
    ‖v(x_t, t) - (x₁ - x₀)‖² is minimised (flow matching, Lipman et al. 2023; rectified flow, Liu et al. 2023). A network
    learns only what a Gaussian of the same covariance does not know. If λ is the variance of an axis, the Gaussian's field
    is x (t λ - (1 - t)) / s², s² = (1 - t)² + t² λ. The network's input is divided by s and its output is multiplied by
    √λ / s, as Karras et al. (2022) do. So a flow that has learnt nothing draws from that Gaussian.

    The field may be told a class and a length. What it is told is left out of some points in training, so that both answers
    are known (classifier-free guidance, Ho & Salimans 2022).

    Args:
        shape: numbers and classes.
    """

    centre: Tensor
    """Mean of the encodings, (dimensions,)."""
    axes: Tensor
    """Principal axes of the encodings as columns, (dimensions, dimensions); empty where they are not turned."""
    scale: Tensor
    """What an axis is divided by, (dimensions,)."""
    variance: Tensor
    """Variance λ of each axis after that, (dimensions,)."""

    def __init__(self, shape: FlowShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.register_buffer("centre", torch.zeros(shape.dimensions))
        turned = shape.dimensions if shape.dimensions <= _TURNED else 0
        self.register_buffer("axes", torch.eye(turned))
        self.register_buffer("scale", torch.ones(shape.dimensions))
        self.register_buffer("variance", torch.ones(shape.dimensions))
        self.read = nn.Linear(shape.dimensions, width)
        self.time = nn.Sequential(nn.Linear(2 * _WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.label = nn.Embedding(len(shape.labels) + 1, width)
        self.length = nn.Sequential(nn.Linear(2, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(width)
        self.write = nn.Linear(width, shape.dimensions)
        nn.init.normal_(self.label.weight, std=0.02)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)

    def forward(self, points: Tensor, time: Tensor, condition: Condition) -> Tensor:
        """Return the velocity at points on the principal axes.

        Args:
            points: (points, dimensions), from :meth:`turned`.
            time: (points,) from 0 to 1.
            condition: what is asked of them.

        Returns:
            (points, dimensions).
        """
        waves = torch.arange(1, _WAVES + 1, device=points.device) * (0.5 * math.pi)
        angles = time.unsqueeze(1) * waves
        known = (condition.lengths > 0).to(points.dtype)
        length = known * (condition.lengths.clamp_min(1e-3) / _USUAL).log()
        told = self.time(torch.cat([angles.cos(), angles.sin()], dim=-1))
        told = told + self.label(condition.labels) + self.length(torch.stack([known, length], dim=-1))
        t = time.unsqueeze(1)
        size = (1 - t).square() + t.square() * self.variance
        x, told = self.read(points / size.sqrt()), F.silu(told)
        for block in self.blocks:
            x = block(x, told)
        learnt = self.write(F.silu(self.norm(x))).float()
        out: Tensor = points * (t * self.variance - (1 - t)) / size + learnt * (self.variance / size).sqrt()
        return out

    def standardise(self, vectors: Tensor) -> None:
        """Set mean, principal axes and their variances to those of encodings (n, dimensions)."""
        centred = (vectors - vectors.mean(0)).double()
        if len(self.axes):
            found, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
            self.axes.copy_(axes)
        else:
            found = centred.square().mean(0)
        found = found.clamp_min(1e-8)
        self.centre.copy_(vectors.mean(0))
        self.variance.copy_((found / found.mean()).clamp_min(_FLOOR))
        self.scale.copy_((found / self.variance.double()).sqrt())

    def turned(self, vectors: Tensor) -> Tensor:
        """Return encodings (n, dimensions) on their principal axes, as the field sees them."""
        centred = vectors - self.centre
        return (centred @ self.axes if len(self.axes) else centred) / self.scale

    def turned_back(self, points: Tensor) -> Tensor:
        """Return the encodings (n, dimensions) that points on the principal axes stand for."""
        centred = points * self.scale
        return (centred @ self.axes.T if len(self.axes) else centred) + self.centre

    def asked(self, points: int, label: str | None = None, length: float | None = None) -> Condition:
        """Return the condition that all of some points have a class and a length.

        Raises:
            ConfigError: there is no such class, or the length is not positive.
        """
        known = self.shape.labels
        if label is not None and label not in known:
            said = f"its labels are {', '.join(known)}" if known else "it was taught none"
            raise ConfigError(f"`label`: the run's prior does not know {label!r}; {said}")
        if length is not None and not 0 < length < math.inf:
            raise ConfigError(f"`length`: a number of tokens above 0 is expected, not {length}")
        found = Condition.none(points, self.centre.device)
        found.labels.fill_(0 if label is None else 1 + known.index(label))
        found.lengths.fill_(0.0 if length is None else length)
        return found

    @torch.no_grad()
    def sample(
        self,
        count: int,
        generator: torch.Generator,
        condition: Condition | None = None,
        guidance: float = 1.0,
    ) -> Tensor:
        """Draw encodings.

        Args:
            count: how many.
            generator: of the noise, on the CPU.
            condition: what is asked of them; nothing by default.
            guidance: how far the field is moved from what it says without the condition towards what it says with it; 1
                for just that.

        Returns:
            (count, dimensions) float32 on the CPU.
        """
        noise = torch.randn(count, self.shape.dimensions, generator=generator)
        return self.encodings(noise, condition, guidance)

    @torch.no_grad()
    def encodings(self, noise: Tensor, condition: Condition | None = None, guidance: float = 1.0) -> Tensor:
        """Return the encodings (n, dimensions) that some noise leads to; arguments as for :meth:`sample`."""
        return self._carried(noise, condition, guidance, 0.0, 1.0)

    @torch.no_grad()
    def noise(self, vectors: Tensor, condition: Condition | None = None) -> Tensor:
        """Return the noise (n, dimensions) that leads to some encodings."""
        return self._carried(vectors.float(), condition, 1.0, 1.0, 0.0)

    def _carried(
        self, points: Tensor, condition: Condition | None, guidance: float, start: float, end: float
    ) -> Tensor:
        """Follow the field from one time to another, by the midpoint rule; what is at time 1 are encodings."""
        asked, parts = condition or Condition.none(len(points), self.centre.device), []
        for at in range(0, len(points), _AT_ONCE):
            rows = slice(at, at + _AT_ONCE)
            some = points[rows].to(self.centre.device)
            some = self._followed(
                self.turned(some) if start == 1 else some, asked.at(rows), guidance, start, end
            )
            parts.append((self.turned_back(some) if end == 1 else some).cpu())
        return torch.cat(parts) if parts else points

    def _followed(
        self, points: Tensor, condition: Condition, guidance: float, start: float, end: float
    ) -> Tensor:
        step = (end - start) / STEPS
        for number in range(STEPS):
            now = start + number * step
            half = points + 0.5 * step * self._velocity(points, now, condition, guidance)
            points = points + step * self._velocity(half, now + 0.5 * step, condition, guidance)
        return points

    def _velocity(self, points: Tensor, now: float, condition: Condition, guidance: float) -> Tensor:
        time = points.new_full((len(points),), now)
        found: Tensor = self(points, time, condition)
        if guidance == 1.0:
            return found
        free: Tensor = self(points, time, Condition.none(len(points), points.device))
        return free + guidance * (found - free)


@dataclass(frozen=True)
class Known:
    """Encodings of a text, with what a flow may be told of them."""

    vectors: Tensor
    """(texts, dimensions) float32; means of the posteriors for a variational model."""
    condition: Condition
    """Class and length of each text."""
    labels: tuple[str, ...] = ()
    """Names of the classes."""
    read: int = 0
    """Number of texts that there were, of which these were drawn."""
