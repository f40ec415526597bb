"""What a model's encodings look like as a whole, so that new ones can be drawn: a mixture of Gaussians fitted to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

KEPT = 5_000
"""Encodings of training sentences that a run keeps."""
LARGEST = 4_096
"""Numbers of those that it keeps: a mixture's covariances grow with the square."""
COMPONENTS = 10


@dataclass(frozen=True)
class Mixture:
    """Gaussians with full covariances, fitted after training (ex-post density estimation; Ghosh et al. 2020)."""

    weights: Tensor
    """(components,), adding up to 1."""
    means: Tensor
    """(components, numbers)."""
    factors: Tensor
    """(components, numbers, numbers), lower triangles L of the covariances L Lᵀ."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, numbers)."""
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        points = self.means[chosen]
        for component, factor in enumerate(self.factors):
            rows = chosen == component
            points[rows] += noise[rows] @ factor.t()
        return points

    def log_density(self, points: Tensor) -> Tensor:
        """log of the density at each of (points, numbers)."""
        return _log_joint(points, self).logsumexp(1)


@dataclass(frozen=True)
class Latents:
    """The encodings of some training sentences, and the mixture fitted to them."""

    vectors: Tensor
    """(sentences, numbers); of a variational model the posteriors' means."""
    log_variance: Tensor | None
    """Of a variational model's posteriors."""
    mixture: Mixture

    def to_tensors(self) -> dict[str, Tensor]:
        """By name, as float32."""
        parts = {
            "vectors": self.vectors,
            "log_variance": self.log_variance,
            "mixture.weights": self.mixture.weights,
            "mixture.means": self.mixture.means,
            "mixture.factors": self.mixture.factors,
        }
        return {name: part.float().contiguous() for name, part in parts.items() if part is not None}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], numbers: int) -> Latents:
        """What :meth:`to_tensors` made.

        Raises:
            ValueError: a tensor is missing, has another shape, or is not finite.
        """
        try:
            mixture = Mixture(*(tensors[f"mixture.{name}"] for name in ("weights", "means", "factors")))
            latents = cls(tensors["vectors"], tensors.get("log_variance"), mixture)
        except KeyError as error:
            raise ValueError(f"no {error}") from None
        count, components = len(latents.vectors), len(mixture.weights)
        shapes = {
            "vectors": (count, numbers),
            "log_variance": (count, numbers),
            "mixture.weights": (components,),
            "mixture.means": (components, numbers),
            "mixture.factors": (components, numbers, numbers),
        }
        for name, tensor in tensors.items():
            if tuple(tensor.shape) != shapes.get(name) or not bool(tensor.isfinite().all()):
                raise ValueError(f"{name} does not fit")
        return latents


def fit_mixture(vectors: Tensor, components: int = COMPONENTS, seed: int = 0, rounds: int = 50) -> Mixture:
    """Fit by expectation-maximisation (Dempster, Laird & Rubin 1977), from seeds chosen as by k-means++.

    Covariances are drawn towards their diagonal, the more the fewer vectors a component has, so that they stay
    positive with few vectors of many numbers.

    Args:
        vectors: (vectors, numbers), at least one.
        components: at most so many; fewer where each would have less than twice as many vectors as there are numbers.
        seed: of the first means.
        rounds: at most; it ends when the likelihood no longer grows by 1e-4 nats a vector.
    """
    points = vectors.double()
    count, numbers = points.shape
    components = max(1, min(components, count // (2 * numbers)))
    generator = torch.Generator().manual_seed(seed)
    means = _seeds(points, components, generator)
    nearest = torch.cdist(points, means).argmin(1)
    shares = F.one_hot(nearest, components).double()
    mixture, before = _maximise(points, shares), -math.inf
    for _ in range(rounds):
        joint = _log_joint(points, mixture)
        total = joint.logsumexp(1)
        now = float(total.mean())
        if now - before < 1e-4:
            break
        before = now
        mixture = _maximise(points, (joint - total.unsqueeze(1)).exp())
    # as it is kept, so that a seed draws the same from a run that was just trained and from one that was read
    return Mixture(mixture.weights.float(), mixture.means.float(), mixture.factors.float())


def _seeds(points: Tensor, components: int, generator: torch.Generator) -> Tensor:
    """Points far from one another (Arthur & Vassilvitskii 2007)."""
    chosen = [int(torch.randint(len(points), (1,), generator=generator))]
    apart = (points - points[chosen[0]]).square().sum(1)
    while len(chosen) < components and float(apart.sum()) > 0:
        chosen.append(int(torch.multinomial(apart, 1, generator=generator)))
        apart = torch.minimum(apart, (points - points[chosen[-1]]).square().sum(1))
    return points[chosen]


def _maximise(points: Tensor, shares: Tensor) -> Mixture:
    """The mixture that fits best, if each point belongs to the components in these shares: (points, components)."""
    numbers = points.shape[1]
    sizes = shares.sum(0).clamp_min(1e-9)
    means = shares.t() @ points / sizes.unsqueeze(1)
    overall = points.var(0, correction=0).mean().clamp_min(1e-12)
    factors = []
    for share, size, mean in zip(shares.t(), sizes, means, strict=True):
        apart = points - mean
        covariance = (apart * share.unsqueeze(1)).t() @ apart / size
        diagonal = covariance.diagonal()
        kept = size / (size + numbers)
        covariance = kept * covariance + (1 - kept) * diagonal.diag() + 1e-4 * overall * torch.eye(numbers)
        factors.append(torch.linalg.cholesky(covariance))
    return Mixture(sizes / sizes.sum(), means, torch.stack(factors))


def _log_joint(points: Tensor, mixture: Mixture) -> Tensor:
    """log of weight · density: (points, components)."""
    numbers, parts = points.shape[1], []
    for mean, factor in zip(mixture.means, mixture.factors, strict=True):
        whitened = torch.linalg.solve_triangular(factor, (points - mean).t(), upper=False)
        volume = factor.diagonal().log().sum() + 0.5 * numbers * math.log(2 * math.pi)
        parts.append(-0.5 * whitened.square().sum(0) - volume)
    return torch.stack(parts, 1) + mixture.weights.log()
