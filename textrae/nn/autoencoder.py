"""Embedding, encoder, bottleneck and decoder joined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.config import ModelConfig
from textrae.nn.bottleneck import Bottleneck, Latent
from textrae.nn.decoder import Decoder
from textrae.nn.encoder import Encoder


class Autoencoder(nn.Module):
    """Token ids → latent → features → logits; the softmax shares the embedding table (Press & Wolf 2017).

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
        self.bottleneck = Bottleneck(self.encoder.features, config.latent)
        self.decoder = Decoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.latent,
            config.embedding,
            config.dropout,
        )
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def embed(self, ids: Tensor) -> Tensor:
        """(time, batch) ids → (time, batch, embedding)."""
        return self.dropout.forward(self.embedding(ids) * self.scale)

    def encode(self, ids: Tensor, lengths: Tensor, tables: Sequence[Tensor] | None = None) -> Latent:
        """(time, batch) ids and (batch,) lengths → the latent; :meth:`tables` make it faster for many tokens."""
        x = self.embed(ids) if tables is None else ids
        return self.bottleneck.forward(self.encoder.forward(x, lengths, tables))

    def tables(self) -> list[Tensor] | None:
        """What the encoder would compute anew for each occurrence of a token."""
        return self.encoder.tables(self.embedding.weight * self.scale)

    def decode(self, previous: Tensor, state: Tensor, condition: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """One or more steps: (time, batch) previous ids → features (time, batch, embedding) and the new state.

        State and condition come from the decoder's `start` and `condition`.
        """
        return self.decoder.forward(self.embed(previous), state, condition)

    def teach(self, previous: Tensor, latent: Tensor) -> Tensor:
        """Features of every step when the tokens before it are given: (steps, batch) ids, (batch, latent)."""
        return self.decode(previous, self.decoder.start(latent), self.decoder.condition(latent))[0]

    def logits(self, features: Tensor) -> Tensor:
        """(…, embedding) → (…, vocabulary)."""
        return F.linear(features, *self.softmax())

    def softmax(self) -> tuple[Tensor, Tensor]:
        """The matrix (vocabulary, embedding) and bias (vocabulary,) of the scores."""
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
        latent = self.bottleneck.forward(self.encoder.forward(x, lengths))
        start, condition = self.decoder.start(latent.vector), self.decoder.condition(latent.vector)
        return self.decoder.forward(shifted, start, condition)[0], latent
