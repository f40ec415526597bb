"""Embedding, encoder, bottleneck, memory and decoder joined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.attention import Slots, absence
from textrae.nn.bottleneck import Bottleneck, Latent
from textrae.nn.decoder import Decoder
from textrae.nn.dropout import LockedDropout
from textrae.nn.encoder import Encoder, Reading
from textrae.nn.hierarchy import Hierarchy, owners
from textrae.nn.recurrence import Recurrence
from textrae.settings.model import ModelConfig

READING = ("embedding.", "encoder.", "hierarchy.readers.", "hierarchy.places.", "slots.", "bottleneck.")
"""How the parameters' names begin that lead from a text to its encoding."""
WRITING = ("decoder.", "hierarchy.planners.", "hierarchy.shortcut.", "bias")
"""And those that lead from an encoding to a text, beside the embeddings of what is written."""


class Autoencoder(nn.Module):
    """Token ids → latent → features → scores; the softmax shares the embedding table (Press & Wolf 2017).

    With ``reconstruction="mse"`` the features are the output itself and are compared with the token's embedding scaled
    to unit length: the tokens' scores are then the products with these, whose largest is the nearest one's.

    Args:
        config: the shape.
        vocab_size: text tokens and specials; a hierarchical model has ids behind them that end segments,
            and one that writes several languages ids that begin them.
        target_vocab_size: those of the target, where it has a vocabulary of its own, and so embeddings of its own.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, target_vocab_size: int | None = None) -> None:
        super().__init__()
        self.vocab_size, self.first_end = vocab_size, target_vocab_size or vocab_size
        self.first_tag = self.first_end + config.levels
        rows = self.first_tag + len(config.languages)
        self.embedding = _table(vocab_size if target_vocab_size else rows, config.embedding)
        self.target_embedding = _table(rows, config.embedding) if target_vocab_size else None
        self.adapter = nn.Linear(config.vectors, config.encoding_size) if config.vectors else None
        self.scale = config.embedding**0.5
        self.dropout = LockedDropout(config.dropout)
        self.slot_count, features = config.slots, config.hidden * (2 if config.bidirectional else 1)
        self.placed = config.slots_placed
        self.encoder: Encoder | None = None
        self.hierarchy: Hierarchy | None = None
        self.slots: Slots | None = None
        self.bottleneck: Bottleneck | None = None
        if not config.vectors:
            self._make_reader(config, features)
        self.reverse = config.reverse
        self.keeps_states = config.memory == "states"
        self.decoder = Decoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.encoding_size + (config.hidden if config.hierarchical else 0),
            config.embedding,
            config.dropout,
            every_step=config.conditions_every_step,
            # to a single slot all attention would go: what it holds is in the latent already
            item=features if self.keeps_states else config.latent if config.slots > 1 else 0,
            scoring=config.scoring,
            places=config.slots if self.placed else 0,
            scale=config.encoding_scale_used,
        )
        self.mse = config.reconstruction == "mse"
        self.bias = None if self.mse else nn.Parameter(torch.zeros(rows))
        for module in self.modules():
            if isinstance(module, Recurrence):
                module.weight_dropout = config.weight_dropout

    def _make_reader(self, config: ModelConfig, features: int) -> None:
        """What turns a text into a latent."""
        self.encoder = Encoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.bidirectional,
            config.pooled,
            config.dropout,
        )
        if config.hierarchical:
            self.hierarchy = Hierarchy(
                config.cell,
                features,
                config.hidden,
                config.levels,
                config.bidirectional,
                config.pooled,
                config.encoding_size,
                config.dropout,
                config.places_used,
            )
        if config.slots:
            self.slots = Slots(config.slots, features, config.scoring, min(config.hidden, 128), self.placed)
        self.bottleneck = Bottleneck(
            features,
            config.latent,
            max(1, config.slots),
            config.variational,
            config.regulariser == "none",
            config.posterior_norm,
            self.placed,
        )

    @property
    def output(self) -> nn.Embedding:
        """The embeddings of what is written: the decoder's input, and its softmax."""
        return self.embedding if self.target_embedding is None else self.target_embedding

    def embed(self, ids: Tensor) -> Tensor:
        """(time, batch) ids of what is read → (time, batch, embedding)."""
        return self.dropout.forward(self.embedding(ids) * self.scale)

    def embed_output(self, ids: Tensor) -> Tensor:
        """The same of what is written."""
        return self.dropout.forward(self.output(ids) * self.scale)

    def encode(
        self,
        ids: Tensor,
        lengths: Tensor,
        tables: Sequence[Tensor] | None = None,
        tree: Sequence[Tensor] = (),
    ) -> Latent:
        """(time, batch) ids and (batch,) lengths → the latent; :meth:`tables` make it faster for many tokens."""
        if self.reverse:
            ids = _reversed(ids, lengths)
        return self._compress(self.embed(ids) if tables is None else ids, lengths, tables, tree)

    def _compress(
        self,
        x: Tensor,
        lengths: Tensor,
        tables: Sequence[Tensor] | None = None,
        tree: Sequence[Tensor] = (),
    ) -> Latent:
        encoder, bottleneck = self.reader(), self.bottleneck
        assert bottleneck is not None
        reading = encoder.forward(x, lengths, tables)
        levels: list[Tensor] = []
        if self.hierarchy is not None:
            reading, levels = self.hierarchy.fold(encoder.pool(reading), tree)
            encoder = self.hierarchy.reader(len(tree) - 1)
        if self.slots is not None:
            states, absent = _memory(encoder, reading)
            slots = self.slots.forward(states, absent)
            latent = bottleneck.forward(slots.squeeze(1) if slots.shape[1] == 1 else slots)
        else:
            placed = None
            if self.hierarchy is not None and self.hierarchy.places is not None:
                placed = self.hierarchy.places.forward(encoder.in_order(reading), reading.lengths)
            latent = bottleneck.forward(encoder.pool(reading), placed)
            if self.keeps_states:
                states, absent = _memory(encoder, reading)
                latent = latent._replace(states=states, absent=absent)
        return latent._replace(tree=tuple(tree), levels=tuple(levels))

    def read(self, vectors: Tensor) -> Latent:
        """(batch, numbers) vectors that another encoder made → the latent: normalised, projected, normalised.

        Raises:
            ValueError: the model reads a text.
        """
        if self.adapter is None:
            raise ValueError("a model that reads a text has no adapter for vectors")
        found = self.adapter(F.layer_norm(vectors.float(), vectors.shape[-1:]))
        return Latent(F.layer_norm(found.float(), found.shape[-1:]))

    def begin(self, latent: Latent, rehearse: float = 0.0) -> tuple[Tensor, list[Tensor]]:
        """The decoder's state before the first step, and what conditions every step.

        Of a hierarchical model they are those of each finest segment, and need the latent of :meth:`encode`; a share
        `rehearse` of its texts is planned as :meth:`Hierarchy.rehearsed` says.
        """
        items = self.items(latent)
        if self.hierarchy is None:
            return self.decoder.start(latent.vector), self.decoder.condition(
                latent.vector, items, latent.absent
            )
        plans = self.hierarchy.unfold(latent.vector, latent.tree, latent.levels)
        if rehearse:
            plans = self.hierarchy.rehearsed(plans, latent.levels[0], latent.tree, rehearse)
        return self.begin_segments(plans, latent.vector, items, owners(latent.tree))

    def begin_segments(
        self, plans: Tensor, vector: Tensor, items: Tensor | None, texts: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """As :meth:`begin`, of segments that are planned, each of which is given its text's vector beside its plan.

        Args:
            plans: (segments, hidden).
            vector: (texts, encoding).
            items: (texts, items, item), if there are any.
            texts: (segments,) the text that each belongs to.
        """
        given = torch.cat([plans, vector[texts].to(plans.dtype)], dim=-1)
        return self.decoder.start(given), self.decoder.condition(
            given, None if items is None else items[texts]
        )

    def items(self, latent: Latent) -> Tensor | None:
        """What a decoder that has attention attends over: (batch, items, item)."""
        if self.slot_count and self.decoder.attention is not None:
            return latent.vector.view(len(latent.vector), self.slot_count, -1)
        return latent.states

    def slot_weights(self, ids: Tensor, lengths: Tensor) -> Tensor | None:
        """Where the slots look: (batch, slots, time); None without slots."""
        if self.slots is None:
            return None
        if self.reverse:
            ids = _reversed(ids, lengths)
        encoder = self.reader()
        return self.slots.weights(*_memory(encoder, encoder.forward(self.embed(ids), lengths)))

    def tables(self) -> list[Tensor] | None:
        """What the encoder would compute anew for each occurrence of a token."""
        return self.reader().tables(self.embedding.weight * self.scale)

    def reader(self) -> Encoder:
        """The encoder of a model that reads a text.

        Raises:
            ValueError: the model reads vectors.
        """
        if self.encoder is None:
            raise ValueError("a model that reads vectors has no encoder")
        return self.encoder

    def writing_table(self) -> Tensor | None:
        """What the decoder would compute anew for each occurrence of a token."""
        return self.decoder.table(self.output.weight * self.scale)

    def decode(
        self, previous: Tensor, state: Tensor, condition: Sequence[Tensor], table: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """One or more steps: (time, batch) previous ids → features (time, batch, embedding) and the new state.

        State and condition come from :meth:`begin`; :meth:`writing_table` makes it faster for many tokens.
        """
        x = self.embed_output(previous) if table is None else F.embedding(previous, table)
        return self.decoder.forward(x, state, condition, table is not None)

    def teach(self, previous: Tensor, latent: Latent) -> Tensor:
        """Features of every step when the tokens before it are given as (steps, batch) ids."""
        return self.decode(previous, *self.begin(latent))[0]

    def attend(self, previous: Tensor, latent: Latent) -> Tensor:
        """Where every step looks in the memory: (batch, steps, items)."""
        return self.decoder.attend(self.embed_output(previous), *self.begin(latent))

    def logits(self, features: Tensor) -> Tensor:
        """(…, embedding) → (…, vocabulary)."""
        return F.linear(features, *self.softmax())

    def softmax(self) -> tuple[Tensor, Tensor]:
        """The matrix (vocabulary, embedding) and bias (vocabulary,) of the scores."""
        weight = self.output.weight
        if self.bias is None:
            return F.normalize(weight, dim=-1), weight.new_zeros(len(weight))
        return weight, self.bias

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        previous: Tensor,
        tree: Sequence[Tensor] = (),
        rehearse: float = 0.0,
        vectors: Tensor | None = None,
    ) -> tuple[Tensor, Latent]:
        """Teacher-forced features of every target step.

        Args:
            source: (time, batch) ids, padded at the end.
            lengths: (batch,) real lengths of the source.
            previous: (steps, batch) target ids shifted right.
            tree: counts of the units of a hierarchical model, whose columns are segments.
            rehearse: as for :meth:`begin`.
            vectors: (batch, numbers), of a model that reads them instead of the source.

        Returns:
            Features (steps, batch, embedding) and the latent.
        """
        if vectors is not None:
            latent = self.read(vectors)
            return self.teach(previous, latent), latent
        if self.reverse:
            source = _reversed(source, lengths)
        if self.target_embedding is None:
            # one look-up, because its gradient is as large as the whole table
            x, shifted = torch.split(self.embed(torch.cat([source, previous])), [len(source), len(previous)])
        else:
            x, shifted = self.embed(source), self.embed_output(previous)
        latent = self._compress(x, lengths, tree=tree)
        return self.decoder.forward(shifted, *self.begin(latent, rehearse))[0], latent


def _reversed(ids: Tensor, lengths: Tensor) -> Tensor:
    """(time, batch) ids from each sentence's last token to its first, then its end and padding."""
    time = torch.arange(len(ids), device=ids.device).unsqueeze(1)
    return ids.gather(0, torch.where(time < lengths - 1, lengths - 2 - time, time))


def _table(rows: int, numbers: int) -> nn.Embedding:
    """Embeddings of unit length on average: logits start small, inputs of the recurrence do not vanish."""
    table = nn.Embedding(rows, numbers)
    nn.init.normal_(table.weight, std=numbers**-0.5)
    return table


def _memory(encoder: Encoder, reading: Reading) -> tuple[Tensor, Tensor]:
    """All states, (batch, time, features), and what hides those that are none."""
    states = encoder.in_order(reading)
    return states, absence(reading.lengths, states.shape[1], states.dtype)
