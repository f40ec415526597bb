"""The distribution of a model's encodings, to draw new ones from: a mixture of Gaussians fitted to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

KEPT = 5_000
"""Number of training sentences whose encodings a run keeps."""
LARGEST = 4_096
"""Most dimensions of encodings that a run keeps: a mixture's covariances grow with their square."""
COMPONENTS = 10
"""Most components of a fitted mixture."""
_SEVERAL = 512
"""Most dimensions in which several components are fitted: each round takes as many products as there are numbers squared."""


@dataclass(frozen=True)
class Mixture:
    """Gaussians with full covariances, fitted after training (ex-post density estimation; Ghosh et al. 2020)."""

    weights: Tensor
    """(components,), adding up to 1."""
    means: Tensor
    """(components, dimensions)."""
    factors: Tensor
    """(components, dimensions, dimensions), lower triangles L of the covariances L Lᵀ."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw (count, dimensions) points."""
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        points = self.means[chosen]
        for component, factor in enumerate(self.factors):
            rows = chosen == component
            points[rows] += noise[rows] @ factor.t()
        return points

    def log_density(self, points: Tensor) -> Tensor:
        """Return the log density at each of (points, dimensions): (points,)."""
        return _log_joint(points, self).logsumexp(1)


@dataclass(frozen=True)
class Latents:
    """The encodings of some training sentences, and the mixture fitted to them."""

    vectors: Tensor
    """(sentences, dimensions); means of the posteriors for a variational model."""
    log_variance: Tensor | None
    """Log variance of a variational model's posteriors, same shape as `vectors`; None for other models."""
    mixture: Mixture

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the parts by name, as float32."""
        parts = {
            "vectors": self.vectors,
            "log_variance": self.log_variance,
            "mixture.weights": self.mixture.weights,
            "mixture.means": self.mixture.means,
            "mixture.factors": self.mixture.factors,
        }
        return {name: part.float().contiguous() for name, part in parts.items() if part is not None}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], dimensions: int) -> Latents:
        """Rebuild what :meth:`to_tensors` returned.

        Args:
            tensors: by name.
            dimensions: of an encoding.

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
            "vectors": (count, dimensions),
            "log_variance": (count, dimensions),
            "mixture.weights": (components,),
            "mixture.means": (components, dimensions),
            "mixture.factors": (components, dimensions, dimensions),
        }
        for name, tensor in tensors.items():
            if tuple(tensor.shape) != shapes.get(name) or not bool(tensor.isfinite().all()):
                raise ValueError(f"{name} does not fit")
        return latents


def fit_mixture(vectors: Tensor, components: int = COMPONENTS, seed: int = 0, rounds: int = 50) -> Mixture:
    """Fit a mixture by expectation-maximisation (Dempster, Laird & Rubin 1977), from seeds chosen as by k-means++.

    Covariances are shrunk towards their diagonal, more so for components of few vectors, so that they stay positive
    definite with few vectors of many dimensions.

    Args:
        vectors: (vectors, dimensions), at least one.
        components: the most; fewer where each would have less than twice as many vectors as there are dimensions, and
            one in more than 512 dimensions.
        seed: of the first means.
        rounds: the most; fitting ends when the likelihood grows by less than 1e-4 nats a vector.
    """
    points = vectors.double()
    count, dimensions = points.shape
    components = max(1, min(components, count // (2 * dimensions))) if dimensions <= _SEVERAL else 1
    generator = torch.Generator().manual_seed(seed)
    means = _seeds(points, components, generator)
    nearest = torch.cdist(points, means).argmin(1)
    shares = F.one_hot(nearest, components).double()
    mixture, before = _maximise(points, shares), -math.inf
    for _ in range(rounds if components > 1 else 0):  # a single Gaussian is fitted at once
        joint = _log_joint(points, mixture)
        total = joint.logsumexp(1)
        now = float(total.mean())
        if now - before < 1e-4:
            break
        before = now
        mixture = _maximise(points, (joint - total.unsqueeze(1)).exp())
    # float32, as a run keeps it: a seed then draws the same from a trained run and from a loaded one
    return Mixture(mixture.weights.float(), mixture.means.float(), mixture.factors.float())


def _seeds(points: Tensor, components: int, generator: torch.Generator) -> Tensor:
    """Choose points far from one another (Arthur & Vassilvitskii 2007)."""
    chosen = [int(torch.randint(len(points), (1,), generator=generator))]
    apart = (points - points[chosen[0]]).square().sum(1)
    while len(chosen) < components and float(apart.sum()) > 0:
        chosen.append(int(torch.multinomial(apart, 1, generator=generator)))
        apart = torch.minimum(apart, (points - points[chosen[-1]]).square().sum(1))
    return points[chosen]


def _maximise(points: Tensor, shares: Tensor) -> Mixture:
    """Return the mixture that fits best if each point belongs to the components by (points, components) `shares`."""
    dimensions = points.shape[1]
    sizes = shares.sum(0).clamp_min(1e-9)
    means = shares.t() @ points / sizes.unsqueeze(1)
    overall = points.var(0, correction=0).mean().clamp_min(1e-12)
    factors = []
    for share, size, mean in zip(shares.t(), sizes, means, strict=True):
        apart = points - mean
        covariance = (apart * share.unsqueeze(1)).t() @ apart / size
        diagonal = covariance.diagonal()
        kept = size / (size + dimensions)
        covariance = kept * covariance + (1 - kept) * diagonal.diag() + 1e-4 * overall * torch.eye(dimensions)
        factors.append(torch.linalg.cholesky(covariance))
    return Mixture(sizes / sizes.sum(), means, torch.stack(factors))


def _log_joint(points: Tensor, mixture: Mixture) -> Tensor:
    """Return log (weight · density): (points, components)."""
    dimensions, parts = points.shape[1], []
    for mean, factor in zip(mixture.means, mixture.factors, strict=True):
        whitened = torch.linalg.solve_triangular(factor, (points - mean).t(), upper=False)
        volume = factor.diagonal().log().sum() + 0.5 * dimensions * math.log(2 * math.pi)
        parts.append(-0.5 * whitened.square().sum(0) - volume)
    return torch.stack(parts, 1) + mixture.weights.log()
