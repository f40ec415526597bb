"""New encodings from a model's latent space: drawn from a distribution, or near a given one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from textrae.errors import ConfigError
from textrae.latent.flow import Flow
from textrae.latent.mixture import LARGEST, Latents
from textrae.latent.path import Encodings, Method, path
from textrae.settings.model import ModelConfig

Source = Literal["prior", "posterior", "mixture", "flow"]
SOURCES: tuple[Source, ...] = ("prior", "posterior", "mixture", "flow")


class Noise(NamedTuple):
    """Noise in some encodings."""

    levels: torch.Tensor
    """(encodings,) from 0 to 1."""
    draws: torch.Tensor
    """(encodings, dimensions) draws from N(0, 1); zeros where a decoder is told of noise and there is none to add."""


@dataclass(frozen=True)
class Wish:
    """A class and a length that new encodings are to have, which only a flow can follow."""

    label: str | None = None
    """Class of the sentences."""
    length: float | None = None
    """Tokens of the sentences."""
    guidance: float = 1.0
    """How strongly the wish counts: 1 as it was learnt, more for what is typical of it (Ho & Salimans 2022)."""

    @property
    def given(self) -> bool:
        """Whether anything is asked."""
        return self.label is not None or self.length is not None


def normalised(config: ModelConfig) -> bool:
    """Return whether a model's encodings have mean 0 and variance 1, so that new ones must have them too."""
    return not (config.variational or config.vectors) and config.regulariser == "none"


def default_source(config: ModelConfig, flow: Flow | None = None) -> Source:
    """Return the flow where there is one; else the prior for a model that was trained towards it without blur, else the mixture."""
    if flow is not None:
        return "flow"
    return "mixture" if normalised(config) or config.vectors or config.blur else "prior"


def default_path_method(config: ModelConfig) -> Method:
    """Return ``spherical`` for a model whose encodings all have the same length or that knows noise, else ``linear``."""
    return "spherical" if normalised(config) or config.blur else "linear"


def level_of(config: ModelConfig, asked: float | None, usual: float) -> float:
    """Return the level of noise that a decoder is to assume: what is asked for, or the usual one if it knows noise.

    Raises:
        ConfigError: the decoder does not know noise, and a level is asked for.
    """
    if asked is None:
        return usual if config.blur else 0.0
    if asked and not config.blur:
        raise ConfigError(
            "`blur`: this model's decoder is not told of noise; train with `blur`, or leave it out"
        )
    return asked


def noise_of(vectors: Encodings, levels: float | Encodings, seed: int | None = None) -> Noise | None:
    """Return noise for some encodings, or None if its level is 0 everywhere.

    Args:
        vectors: (n, dimensions).
        levels: of all of them, or of each, (n,).
        seed: of the draws; None for a decoder that is told of noise which is not added.
    """
    each = torch.as_tensor(levels, dtype=torch.float32).expand(len(vectors))
    if not len(each) or not float(each.max()):
        return None
    if seed is None:
        return Noise(each, torch.zeros(vectors.shape))
    return Noise(each, torch.randn(vectors.shape, generator=torch.Generator().manual_seed(seed)))


def draw(
    config: ModelConfig,
    latents: Latents | None,
    count: int,
    source: Source | None = None,
    seed: int = 0,
    *,
    flow: Flow | None = None,
    wish: Wish = Wish(),
) -> Encodings:
    """Draw new encodings.

    Args:
        config: shape of the model that will decode them.
        latents: encodings of training sentences, as the run keeps them; only the prior does without.
        count: number of encodings.
        source: ``prior``: N(0, 1). ``posterior``: the aggregated posterior, that is a training sentence's encoding, which
            a variational model samples from its posterior. ``mixture``: the Gaussian mixture fitted to training
            encodings (Ghosh et al. 2020). ``flow``: the flow fitted to them. Default: :func:`default_source`.
        seed: of the draws; the same seed gives the same encodings.
        flow: the run's flow.
        wish: what is asked of them.

    Returns:
        (count, dimensions) float32.

    Raises:
        ConfigError: the model does not decode vectors, `latents` or `flow` is needed and None, or the wish cannot be
            followed.
    """
    refuse_states(config)
    chosen = source or default_source(config, flow)
    generator = torch.Generator().manual_seed(seed)
    if wish.given and chosen != "flow":
        raise ConfigError(
            "`label` and `length`: only a flow can follow them; make one with `textrae prior`, and leave `source` out"
        )
    if not wish.given and wish.guidance != 1.0:
        raise ConfigError("`guidance`: strengthens a `label` or a `length`; give one")
    if chosen == "flow":
        field = _flow(flow, "source")
        asked = field.asked(count, wish.label, wish.length)
        vectors = field.sample(count, generator, asked, wish.guidance)
    elif chosen == "prior":
        vectors = torch.randn(count, config.read_size, generator=generator)
    else:
        kept = _needed(latents)
        if chosen == "mixture":
            vectors = kept.mixture.sample(count, generator)
        else:
            rows = torch.randint(len(kept.vectors), (count,), generator=generator)
            vectors = kept.vectors[rows]
            if kept.log_variance is not None:
                noise = torch.randn(vectors.shape, generator=generator)
                vectors = vectors + noise * (0.5 * kept.log_variance[rows]).exp()
    return on_the_sphere(config, vectors)


def around(
    config: ModelConfig, latents: Latents | None, vector: Encodings, distance: float, seed: int = 0
) -> Iterator[Encodings]:
    """Yield encodings near a given one, without end.

    Each is `vector` plus Gaussian noise, whose standard deviation in each dimension is `distance` times that of the
    training encodings.

    Args:
        config: shape of the model that will decode them.
        latents: encodings of training sentences, as the run keeps them.
        vector: (dimensions,) the encoding in the middle.
        distance: in standard deviations of the training encodings.
        seed: of the noise.

    Yields:
        (dimensions,) float32.

    Raises:
        ConfigError: the model does not decode vectors, or `latents` is None.
    """
    refuse_states(config)
    spread = _needed(latents).vectors.std(0)
    generator = torch.Generator().manual_seed(seed)
    start = torch.from_numpy(vector)
    while True:
        moved = start + distance * spread * torch.randn(len(start), generator=generator)
        yield on_the_sphere(config, moved.unsqueeze(0))[0]


def through(config: ModelConfig, flow: Flow | None, stations: Encodings, steps: int) -> Encodings:
    """Return points through several encodings, along a path that a flow leads back to noise: there it is spherical.

    Draws from N(0, 1) lie near a sphere, so that such a path stays where encodings are dense.

    Args:
        config: shape of the model that will decode them.
        flow: the run's flow.
        stations: (stations, dimensions), at least two.
        steps: number of points from a station to the next, both counted.

    Returns:
        ((stations - 1) · (steps - 1) + 1, dimensions); the stations to the bit.

    Raises:
        ConfigError: there is no flow.
    """
    noise = _flow(flow, "method").noise(torch.from_numpy(stations))
    way = path(noise.numpy(), steps, "spherical")
    points = on_the_sphere(config, _flow(flow, "method").encodings(torch.from_numpy(way)))
    points[:: steps - 1] = stations
    return points


def _flow(flow: Flow | None, setting: str) -> Flow:
    """Return the flow, or raise :class:`ConfigError` if there is none."""
    if flow is None:
        raise ConfigError(
            f"`{setting}=flow`: this run has no flow; make one from its training text with `textrae prior`"
        )
    return flow


def refuse_states(config: ModelConfig) -> None:
    """Raise :class:`ConfigError` if the model's decoder needs more than an encoding (``memory="states"``)."""
    if config.memory == "states":
        raise ConfigError(
            "this model attends over all states of a sentence (`memory=states`), so a vector cannot be decoded; "
            "train with `slots` instead"
        )


def on_the_sphere(config: ModelConfig, vectors: torch.Tensor) -> Encodings:
    """Return (n, dimensions) vectors as float32 encodings, normalised if the model's own are, but not a kept length."""
    vectors = vectors.float()
    if normalised(config):
        meaning, numbers, lengths = vectors.tensor_split(
            [config.meaning, vectors.shape[-1] - config.keeps_length], dim=-1
        )
        parts = [F.layer_norm(part, part.shape[-1:]) for part in (meaning, numbers) if part.shape[-1]]
        vectors = torch.cat([*parts, lengths], dim=-1)
    out: Encodings = np.ascontiguousarray(vectors.numpy())
    return out


def _needed(latents: Latents | None) -> Latents:
    if latents is None:
        raise ConfigError(
            "this run keeps no encodings of its training sentences (an older textrae kept none, and above "
            f"{LARGEST:,} dimensions none are kept); sample from the prior: `source=prior`"
        )
    return latents
