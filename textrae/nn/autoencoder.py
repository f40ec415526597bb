"""Embedding, encoder, bottleneck, memory and decoder joined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.config import ModelConfig
from textrae.nn.attention import Slots, absence
from textrae.nn.bottleneck import Bottleneck, Latent
from textrae.nn.decoder import Decoder
from textrae.nn.encoder import Encoder


class Autoencoder(nn.Module):
    """Token ids → latent → features → scores; the softmax shares the embedding table (Press & Wolf 2017).

    With ``reconstruction="mse"`` the features are the output itself and are compared with the token's embedding scaled
    to unit length: the tokens' scores are then the products with these, whose largest is the nearest one's.

    Args:
        config: the shape.
        vocab_size: rows of the embedding table.
    """

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, config.embedding)
        # rows of unit length on average: logits start small, inputs of the recurrence do not vanish
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)
        self.scale = config.embedding**0.5
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = Encoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.bidirectional,
            config.pooling,
            config.dropout,
        )
        features, size = self.encoder.features, min(config.hidden, 128)
        self.slots = Slots(config.slots, features, config.scoring, size) if config.slots else None
        self.bottleneck = Bottleneck(features, config.latent, max(1, config.slots), config.variational)
        self.keeps_states = config.memory == "states"
        self.decoder = Decoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.encoding_size,
            config.embedding,
            config.dropout,
            every_step=not self.keeps_states,
            # to a single slot all attention would go: what it holds is in the latent already
            item=features if self.keeps_states else config.latent if config.slots > 1 else 0,
            scoring=config.scoring,
        )
        self.mse = config.reconstruction == "mse"
        self.bias = None if self.mse else nn.Parameter(torch.zeros(vocab_size))

    def embed(self, ids: Tensor) -> Tensor:
        """(time, batch) ids → (time, batch, embedding)."""
        return self.dropout.forward(self.embedding(ids) * self.scale)

    def encode(self, ids: Tensor, lengths: Tensor, tables: Sequence[Tensor] | None = None) -> Latent:
        """(time, batch) ids and (batch,) lengths → the latent; :meth:`tables` make it faster for many tokens."""
        return self._compress(self.embed(ids) if tables is None else ids, lengths, tables)

    def _compress(self, x: Tensor, lengths: Tensor, tables: Sequence[Tensor] | None = None) -> Latent:
        reading = self.encoder.forward(x, lengths, tables)
        if self.slots is None and not self.keeps_states:
            return self.bottleneck.forward(self.encoder.pool(reading))
        states = self.encoder.in_order(reading)
        absent = absence(lengths, states.shape[1], states.dtype)
        if self.slots is None:
            latent = self.bottleneck.forward(self.encoder.pool(reading))
            return latent._replace(states=states, absent=absent)
        slots = self.slots.forward(states, absent)
        return self.bottleneck.forward(slots.squeeze(1) if slots.shape[1] == 1 else slots)

    def begin(self, latent: Latent) -> tuple[Tensor, list[Tensor]]:
        """The decoder's state before the first step, and what conditions every step."""
        items = latent.states
        if self.slots is not None and self.decoder.attention is not None:
            items = latent.vector.view(len(latent.vector), len(self.slots.queries), -1)
        return self.decoder.start(latent.vector), self.decoder.condition(latent.vector, items, latent.absent)

    def tables(self) -> list[Tensor] | None:
        """What the encoder would compute anew for each occurrence of a token."""
        return self.encoder.tables(self.embedding.weight * self.scale)

    def decode(self, previous: Tensor, state: Tensor, condition: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """One or more steps: (time, batch) previous ids → features (time, batch, embedding) and the new state.

        State and condition come from :meth:`begin`.
        """
        return self.decoder.forward(self.embed(previous), state, condition)

    def teach(self, previous: Tensor, latent: Latent) -> Tensor:
        """Features of every step when the tokens before it are given as (steps, batch) ids."""
        return self.decode(previous, *self.begin(latent))[0]

    def attend(self, previous: Tensor, latent: Latent) -> Tensor:
        """Where every step looks in the memory: (batch, steps, items)."""
        return self.decoder.attend(self.embed(previous), *self.begin(latent))

    def logits(self, features: Tensor) -> Tensor:
        """(…, embedding) → (…, vocabulary)."""
        return F.linear(features, *self.softmax())

    def softmax(self) -> tuple[Tensor, Tensor]:
        """The matrix (vocabulary, embedding) and bias (vocabulary,) of the scores."""
        if self.bias is None:
            return F.normalize(self.embedding.weight, dim=-1), self.embedding.weight.new_zeros(
                self.embedding.num_embeddings
            )
        return self.embedding.weight, self.bias

    def forward(self, source: Tensor, lengths: Tensor, previous: Tensor) -> tuple[Tensor, Latent]:
        """Teacher-forced features of every target step.

        Args:
            source: (time, batch) ids, padded at the end.
            lengths: (batch,) real lengths of the source.
            previous: (steps, batch) target ids shifted right.

        Returns:
            Features (steps, batch, embedding) and the latent.
        """
        # one look-up, because its gradient is as large as the whole table
        x, shifted = torch.split(self.embed(torch.cat([source, previous])), [len(source), len(previous)])
        latent = self._compress(x, lengths)
        return self.decoder.forward(shifted, *self.begin(latent))[0], latent
