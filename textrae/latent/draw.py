"""New encodings from a trained model's latent space: drawn, on the way between sentences, around one, or moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch.nn import functional as F

from textrae.errors import ConfigError
from textrae.latent.mixture import LARGEST, Latents
from textrae.latent.path import Method, Vectors
from textrae.runs.run import Run

Source = Literal["prior", "posterior", "mixture"]
SOURCES: tuple[Source, ...] = ("prior", "posterior", "mixture")


def normalised(run: Run) -> bool:
    """Whether the model's encodings have mean 0 and variance 1, so that new ones are to have them too."""
    model = run.settings.model
    return not (model.variational or model.vectors) and model.regulariser == "none"


def default_source(run: Run) -> Source:
    """The prior of a model that was trained towards it; the fitted mixture of another."""
    return "mixture" if normalised(run) or run.settings.model.vectors else "prior"


def default_method(run: Run) -> Method:
    """The great circle where encodings have one length."""
    return "spherical" if normalised(run) else "linear"


def draw(run: Run, count: int, source: Source | None = None, seed: int = 0) -> Vectors:
    """New encodings: (count, encoding).

    Args:
        source: ``prior``: N(0, 1); ``posterior``: the aggregated one, a training sentence's encoding, of a variational
            model drawn anew from its posterior; ``mixture``: the Gaussian mixture fitted to training encodings (Ghosh et
            al. 2020). By default as :func:`default_source`.
        seed: the same draws the same.

    Raises:
        ConfigError: the model does not decode vectors, or the run keeps no encodings.
    """
    refuse_states(run)
    chosen = source or default_source(run)
    generator = torch.Generator().manual_seed(seed)
    if chosen == "prior":
        vectors = torch.randn(count, run.settings.model.read_size, generator=generator)
    else:
        latents = kept_latents(run)
        if chosen == "mixture":
            vectors = latents.mixture.sample(count, generator)
        else:
            rows = torch.randint(len(latents.vectors), (count,), generator=generator)
            vectors = latents.vectors[rows]
            if latents.log_variance is not None:
                noise = torch.randn(vectors.shape, generator=generator)
                vectors = vectors + noise * (0.5 * latents.log_variance[rows]).exp()
    return on_the_sphere(run, vectors)


def around(run: Run, vector: Vectors, distance: float, seed: int = 0) -> Iterator[Vectors]:
    """Without end, encodings near one.

    Each is it plus `distance` times Gaussian noise, of each number in proportion to its standard deviation over the
    training sentences.

    Raises:
        ConfigError: as :func:`draw`.
    """
    refuse_states(run)
    spread = kept_latents(run).vectors.std(0)
    generator = torch.Generator().manual_seed(seed)
    start = torch.from_numpy(vector)
    while True:
        moved = start + distance * spread * torch.randn(len(start), generator=generator)
        yield on_the_sphere(run, moved.unsqueeze(0))[0]


def refuse_states(run: Run) -> None:
    """ConfigError, if the model's decoder needs more than vectors."""
    if run.settings.model.memory == "states":
        raise ConfigError(
            "this model attends over all states of a sentence (memory states), so a vector alone cannot be decoded; "
            "train with --slots instead"
        )


def on_the_sphere(run: Run, vectors: torch.Tensor) -> Vectors:
    """Encodings such as the model makes: normalised, if its are."""
    vectors = vectors.float()
    shaped = F.layer_norm(vectors, vectors.shape[-1:]) if normalised(run) else vectors
    out: Vectors = np.ascontiguousarray(shaped.numpy())
    return out


def kept_latents(run: Run) -> Latents:
    """The encodings that the run keeps; ConfigError where it keeps none."""
    if run.latents is None:
        raise ConfigError(
            "this run keeps no encodings of its training sentences (an older textrae kept none, and of more than "
            f"{LARGEST:,} numbers none are kept); sample --from prior"
        )
    return run.latents
