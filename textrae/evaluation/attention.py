"""Where a model with attention looks: weights and a picture of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.errors import ConfigError
from textrae.inference.engine import Engine
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.pictures.canvas import Canvas
from textrae.pictures.charts import Panel, heat
from textrae.text.batch import SPECIALS, Batch, collate_lists
from textrae.text.blank import refuse_blank

Weights = NDArray[np.float32]
"""Attention weights; every row adds up to 1."""
_END = "end"
"""Name of the end token in a map."""


@dataclass(frozen=True)
class AttentionMap:
    """Attention weights of one sentence; every row adds up to 1."""

    source: list[str]
    """Pieces that were read, with the end as the last."""
    target: list[str]
    """Pieces that were written, with the end as the last."""
    decoder: Weights
    """(target, items): where each step looks, among the slots, or with ``memory="states"`` among the source pieces."""
    slots: Weights | None
    """(slots, source): where each slot looks; None with ``memory="states"``."""

    @property
    def over_source(self) -> Weights:
        """The decoder's weights over the source, through the slots: (target, source)."""
        return self.decoder if self.slots is None else self.decoder @ self.slots


@torch.no_grad()
def sentence_attention(engine: Engine, sentence: str, to: str | None = None) -> AttentionMap:
    """Return where a model looks while it rebuilds or translates a sentence, greedily, without autocast.

    Args:
        engine: of a model with attention.
        sentence: what is read.
        to: language to write, if the model writes several.

    Raises:
        ConfigError: the model has no attention, is hierarchical, or reads vectors.
        CorpusError: the sentence is blank.
    """
    network = engine.network
    engine.refuse_text()
    specials = engine.specials(to)
    refuse_no_attention(network)
    refuse_blank([sentence])
    ((_, (read,)),) = engine.tokenised([sentence])
    source = collate_lists([read], SPECIALS).to(engine.device)
    latent = network.encode(source.source, source.lengths)
    (written,) = write(network, latent, specials, engine.max_length)
    target = collate_lists([written], specials).to(engine.device)
    batch = Batch(source.source, source.lengths, target.previous, target.target)
    pieces, others = engine.run.tokenizer.pieces(), engine.run.writer.pieces()
    in_order = read[::-1] if network.reverse else read
    return attention_map(
        network, batch, [*(pieces[i] for i in in_order), _END], [*(others[i] for i in written), _END]
    )


@torch.no_grad()
def attention_map(
    network: Autoencoder, batch: Batch, source: Sequence[str], target: Sequence[str]
) -> AttentionMap:
    """Return the weights of a batch of one sentence.

    Args:
        network: in evaluation mode.
        batch: source and the tokens before each target.
        source: pieces of the source.
        target: pieces of the target.

    Raises:
        ConfigError: the decoder has nothing to attend over.
    """
    refuse_no_attention(network)
    latent = network.encode(batch.source, batch.lengths)
    decoder = network.attend(batch.previous, latent)[0].float().cpu().numpy()
    slots = network.slot_weights(batch.source, batch.lengths)
    pooled = None if slots is None else slots[0].float().cpu().numpy()
    return AttentionMap(list(source), list(target), decoder, pooled)


def refuse_no_attention(network: Autoencoder) -> None:
    """Raise :class:`ConfigError` if the model's decoder does not attend over a whole sentence."""
    if network.decoder.attention is None or network.hierarchy is not None:
        raise ConfigError(
            "this model's decoder has no attention over one sentence; train with `slots=2` or more, or `memory=states`"
        )


def attention_picture(found: AttentionMap) -> Canvas:
    """Draw a map over (target, source), with that of the slots below it."""
    panels = [Panel("written", found.over_source, _pieces(found.target))]
    if found.slots is not None:
        panels.append(Panel("slots", found.slots, [str(number + 1) for number in range(len(found.slots))]))
    return heat(
        "Where each piece that is written looks among those that are read", panels, _pieces(found.source)
    )


def _pieces(pieces: Sequence[str]) -> list[str]:
    """Return pieces with a thin mark for a space."""
    return [piece.replace("\u2581", "·") for piece in pieces]
