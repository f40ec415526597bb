"""Where a model with attention looks: as numbers and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.errors import ConfigError, RunError
from textrae.nn.autoencoder import Autoencoder
from textrae.text.batch import Batch

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class AttentionMap:
    """Weights of one sentence; every row adds up to 1."""

    source: list[str]
    """Pieces that were read, their end the last."""
    target: list[str]
    """Pieces that were written, their end the last."""
    decoder: Weights
    """(target, items): where each step looks, among the slots, or among the source pieces with memory ``states``."""
    slots: Weights | None
    """(slots, source): where each slot looks; None with memory ``states``."""

    @property
    def over_source(self) -> Weights:
        """(target, source): the decoder's weights, carried on through the slots."""
        return self.decoder if self.slots is None else self.decoder @ self.slots


@torch.no_grad()
def attention_map(
    network: Autoencoder, batch: Batch, source: Sequence[str], target: Sequence[str]
) -> AttentionMap:
    """The weights of a batch of one sentence.

    Args:
        network: in evaluation mode.
        batch: source and the tokens before each target.
        source: its pieces.
        target: its pieces.

    Raises:
        ConfigError: the decoder has nothing to choose from.
    """
    if network.decoder.attention is None or network.hierarchy is not None:
        raise ConfigError(
            "this model's decoder has no attention over one sentence; train with --slots 2 or more, or --memory states"
        )
    latent = network.encode(batch.source, batch.lengths)
    decoder = network.attend(batch.previous, latent)[0].float().cpu().numpy()
    slots = network.slot_weights(batch.source, batch.lengths)
    pooled = None if slots is None else slots[0].float().cpu().numpy()
    return AttentionMap(list(source), list(target), decoder, pooled)


def draw(found: AttentionMap, path: Path) -> None:
    """Draw the map, as (target, source), and the slots' own beside it.

    Raises:
        RunError: matplotlib is missing, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise RunError("pictures need matplotlib; install it with: pip install matplotlib") from None
    parts = [("written", found.over_source, found.target)]
    if found.slots is not None:
        parts.append(("slots", found.slots, [str(number + 1) for number in range(len(found.slots))]))
    heights = [0.28 * len(rows) + 0.6 for _, _, rows in parts]
    figure = Figure((2.2 + 0.42 * len(found.source), sum(heights) + 1.0), layout="constrained")
    axes = figure.subplots(len(parts), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axis, (name, weights, rows) in zip(axes, parts, strict=True):
        axis.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        axis.set_xticks(range(len(found.source)), found.source, rotation=60, ha="right")
        axis.set_yticks(range(len(rows)), rows)
        axis.set_ylabel(name)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path}: cannot draw ({error}); give a .png, .svg or .pdf that can be written"
        ) from None
