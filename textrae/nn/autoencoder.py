"""Embedding, encoder, bottleneck, memory and decoder joined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.nn.attention import Slots, absence
from textrae.nn.blur import TOLD, randomly_blurred, with_level
from textrae.nn.bottleneck import Bottleneck, Latent
from textrae.nn.clock import Clock
from textrae.nn.decoder import Decoder
from textrae.nn.dropout import LockedDropout
from textrae.nn.encoder import Encoder, Reading
from textrae.nn.hierarchy import Hierarchy, owners
from textrae.nn.meaning import FrequencyMeaning, Meaning
from textrae.nn.recurrence import Recurrence
from textrae.settings.model import ModelConfig

READING = (
    "embedding.", "encoder.", "hierarchy.readers.", "hierarchy.places.", "slots.", "bottleneck.", "meaning.",
    "clock.mean", "clock.spread",
)  # fmt: skip
"""Beginnings of the names of the parameters that lead from a text to its encoding."""
WRITING = ("decoder.", "clock.foretell.", "hierarchy.planners.", "hierarchy.shortcut.", "bias")
"""Beginnings of the names of the parameters that lead from an encoding to a text, without the token embeddings."""


class Autoencoder(nn.Module):
    """Token ids → latent → features → scores; the softmax shares the embedding table (Press & Wolf 2017).

    With ``reconstruction="mse"`` the features are compared with the token's embedding scaled to unit length. Scores are
    then the products with the scaled embeddings, the largest of which is that of the nearest token.

    Args:
        config: shape of the model.
        vocab_size: number of text and special tokens. A hierarchical model has further ids that end segments, and a
            model that writes several languages has further ids that begin them.
        target_vocab_size: vocabulary size of the target if it has its own vocabulary, and so its own embeddings.
        translates: whether it writes something else than it reads, whose length it has to foretell.
    """

    def __init__(
        self,
        config: ModelConfig,
        vocab_size: int,
        target_vocab_size: int | None = None,
        translates: bool = False,
    ) -> None:
        super().__init__()
        self.vocab_size, self.first_end = vocab_size, target_vocab_size or vocab_size
        self.first_tag = self.first_end + config.levels
        rows = self.first_tag + len(config.languages)
        self.embedding = _table(vocab_size if target_vocab_size else rows, config.embedding)
        self.target_embedding = _table(rows, config.embedding) if target_vocab_size else None
        self.adapter = nn.Linear(config.vectors, config.encoding_size) if config.vectors else None
        self.scale = config.embedding**0.5
        self.dropout = LockedDropout(config.dropout)
        self.meant = config.meaning
        self.slot_count, features = config.slots, config.hidden * (2 if config.bidirectional else 1)
        self.placed = config.slots_placed
        self.encoder: Encoder | None = None
        self.hierarchy: Hierarchy | None = None
        self.slots: Slots | None = None
        self.bottleneck: Bottleneck | None = None
        self.meaning: Meaning | FrequencyMeaning | None = None
        if not config.vectors:
            self._make_reader(config, features)
        self.reverse = config.reverse
        self.keeps_states, self.blur = config.memory == "states", config.blur
        self.decoder = Decoder(
            config.cell,
            config.embedding,
            config.hidden,
            config.layers,
            config.encoding_size + (config.hidden if config.hierarchical else TOLD if config.blur else 0),
            config.embedding,
            config.dropout,
            every_step=config.conditions_every_step,
            # a single slot would get all attention, and what it holds is in the latent already
            item=features if self.keeps_states else config.latent if config.slots > 1 else 0,
            scoring=config.scoring,
            places=config.slots if self.placed else 0,
            scale=config.encoding_scale_used,
            clock=config.clock_used and not config.hierarchical,
        )
        self.clock: Clock | None = None
        if config.clock_used:
            kept = not config.vectors
            self.clock = Clock(config.encoding_size, kept, foretells=translates or not kept)
        self.mse = config.reconstruction == "mse"
        self.bias = None if self.mse else nn.Parameter(torch.zeros(rows))
        for module in self.modules():
            if isinstance(module, Recurrence):
                module.weight_dropout = config.weight_dropout

    def _make_reader(self, config: ModelConfig, features: int) -> None:
        """Make the parts that turn a text into a latent."""
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
                config.clock_used,
            )
        if config.slots:
            self.slots = Slots(config.slots, features, config.scoring, min(config.hidden, 128), self.placed)
        if config.meaning:
            tokens = self.embedding.num_embeddings
            self.meaning = (
                FrequencyMeaning(config.embedding, config.meaning, tokens)
                if config.sif
                else Meaning(features, config.meaning, tokens)
            )
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
        """Embeddings of the target tokens: the decoder's input and its softmax."""
        return self.embedding if self.target_embedding is None else self.target_embedding

    def embed(self, ids: Tensor) -> Tensor:
        """Look up source tokens, with dropout: (time, batch) ids → (time, batch, embedding)."""
        return self.dropout.forward(self.embedding(ids) * self.scale)

    def embed_output(self, ids: Tensor) -> Tensor:
        """Look up target tokens, with dropout: (time, batch) ids → (time, batch, embedding)."""
        return self.dropout.forward(self.output(ids) * self.scale)

    def encode(
        self,
        ids: Tensor,
        lengths: Tensor,
        tables: Sequence[Tensor] | None = None,
        tree: Sequence[Tensor] = (),
    ) -> Latent:
        """Encode sentences.

        Args:
            ids: (time, batch) token ids, padded at the end.
            lengths: (batch,) real lengths.
            tables: from :meth:`tables`, which make encoding many tokens faster.
            tree: counts of the units of each level, for a hierarchical model, whose columns are segments.

        Returns:
            The latent of the sentences, or of the texts of a hierarchical model.
        """
        if self.reverse:
            ids = _reversed(ids, lengths)
        return self._compress(ids, self.embed(ids) if tables is None else ids, lengths, tables, tree)

    def mean(self, ids: Tensor, lengths: Tensor, tables: Sequence[Tensor] | None = None) -> Tensor:
        """Compute only the part of encodings for meaning; arguments as for :meth:`encode`.

        Returns:
            (batch, meaning).

        Raises:
            ValueError: encodings have no such part.
        """
        if self.meaning is None:
            raise ValueError("encodings of this model have no part for meaning")
        if self.reverse:
            ids = _reversed(ids, lengths)
        states = None
        if self.meaning.reads_states:
            encoder = self.reader()
            reading = encoder.forward(self.embed(ids) if tables is None else ids, lengths, tables)
            states = encoder.in_order(reading)
        return self.meaning.forward(ids, lengths, states, self.embedding.weight)

    def _compress(
        self,
        ids: Tensor,
        x: Tensor,
        lengths: Tensor,
        tables: Sequence[Tensor] | None = None,
        tree: Sequence[Tensor] = (),
        told: Tensor | None = None,
    ) -> Latent:
        """Encode token ids (time, batch), given their embeddings (time, batch, embedding), or again the ids if there are tables.

        `told` are the lengths (batch,) that encodings keep, where noise makes those that are read others.
        """
        encoder, bottleneck = self.reader(), self.bottleneck
        assert bottleneck is not None
        reading = encoder.forward(x, lengths, tables)
        levels: list[Tensor] = []
        if self.hierarchy is not None:
            reading, levels = self.hierarchy.fold(encoder.pool(reading), tree)
            encoder = self.hierarchy.reader(len(tree) - 1)
        last = None
        if self.clock is not None:
            last = self.clock.number(reading.lengths if told is None or tree else told)
        if self.slots is not None:
            states, absent = _memory(encoder, reading)
            slots = self.slots.forward(states, absent)
            latent = bottleneck.forward(slots.squeeze(1) if slots.shape[1] == 1 else slots, last=last)
        else:
            placed = None
            if self.hierarchy is not None and self.hierarchy.places is not None:
                placed = self.hierarchy.places.forward(encoder.in_order(reading), reading.lengths)
            latent = bottleneck.forward(encoder.pool(reading), placed, last)
            if self.keeps_states:
                states, absent = _memory(encoder, reading)
                latent = latent._replace(states=states, absent=absent)
        if self.meaning is not None:
            read = encoder.in_order(reading) if self.meaning.reads_states else None
            meaning = self.meaning.forward(ids, reading.lengths, read, self.embedding.weight)
            # what rebuilds sentences best is not what tells their meaning: the decoder's gradient stays out
            vector = torch.cat([meaning.detach(), latent.vector.float()], dim=1)
            latent = latent._replace(vector=vector, meaning=meaning)
        return latent._replace(tree=tuple(tree), levels=tuple(levels))

    def read(self, vectors: Tensor) -> Latent:
        """Convert vectors of another encoder to a latent: normalise, project, normalise.

        Args:
            vectors: (batch, dimensions).

        Returns:
            The latent, with a (batch, encoding) vector.

        Raises:
            ValueError: the model reads a text.
        """
        if self.adapter is None:
            raise ValueError("a model that reads a text has no adapter for vectors")
        found = self.adapter(F.layer_norm(vectors.float(), vectors.shape[-1:]))
        return Latent(F.layer_norm(found.float(), found.shape[-1:]))

    def begin(self, latent: Latent, rehearse: float = 0.0) -> tuple[Tensor, list[Tensor]]:
        """Prepare decoding, of each sentence or of each finest segment of a hierarchical model.

        Args:
            latent: any encodings; for a hierarchical model, those that :meth:`encode` returned.
            rehearse: share of a hierarchical model's texts whose plans come from :meth:`Hierarchy.rehearsed`.

        Returns:
            The decoder's state before the first step, and what conditions every step.
        """
        items, lengths = self.items(latent), self.expected(latent)
        if self.hierarchy is None:
            given = with_level(latent) if self.blur else latent.vector
            return self.decoder.start(given), self.decoder.condition(given, items, latent.absent, lengths)
        plans = self.hierarchy.unfold(latent.vector, latent.tree, latent.levels, lengths)
        if rehearse:
            plans = self.hierarchy.rehearsed(plans, latent.levels[0], latent.tree, rehearse)
        return self.begin_segments(plans, latent.vector, items, owners(latent.tree))

    def begin_segments(
        self, plans: Tensor, vector: Tensor, items: Tensor | None, texts: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Prepare decoding of planned segments, each given its plan and the vector of its text.

        Args:
            plans: (segments, hidden).
            vector: (texts, encoding).
            items: (texts, items, item), from :meth:`items`.
            texts: (segments,), index of the text to which each segment belongs.

        Returns:
            The decoder's state before the first step, and what conditions every step.
        """
        given = torch.cat([plans, vector[texts].to(plans.dtype)], dim=-1)
        return self.decoder.start(given), self.decoder.condition(
            given, None if items is None else items[texts]
        )

    def expected(self, latent: Latent) -> Tensor | None:
        """Return the lengths (batch,) that the clock goes by: in tokens, or in parts of a hierarchical model's text."""
        if self.clock is None:
            return None
        return self.clock.forward(latent.vector) if latent.expected is None else latent.expected

    def items(self, latent: Latent) -> Tensor | None:
        """Return the memory that a decoder with attention attends over, (batch, items, item); None without one."""
        if self.slot_count and self.decoder.attention is not None:
            return latent.vector[:, self.meant :].reshape(len(latent.vector), self.slot_count, -1)
        return latent.states

    def slot_weights(self, ids: Tensor, lengths: Tensor) -> Tensor | None:
        """Compute where the slots look: ids (time, batch) → (batch, slots, time); None without slots."""
        if self.slots is None:
            return None
        if self.reverse:
            ids = _reversed(ids, lengths)
        encoder = self.reader()
        return self.slots.weights(*_memory(encoder, encoder.forward(self.embed(ids), lengths)))

    def tables(self) -> list[Tensor] | None:
        """Compute each token's part of the encoder's gates for all its occurrences; None where a fused module runs."""
        return self.reader().tables(self.embedding.weight * self.scale)

    def reader(self) -> Encoder:
        """Return the encoder of a model that reads a text.

        Raises:
            ValueError: the model reads vectors.
        """
        if self.encoder is None:
            raise ValueError("a model that reads vectors has no encoder")
        return self.encoder

    def writing_table(self) -> Tensor | None:
        """Compute each token's part of the decoder's gates for all its occurrences; None where a fused module runs."""
        return self.decoder.table(self.output.weight * self.scale)

    def decode(
        self,
        previous: Tensor,
        state: Tensor,
        condition: Sequence[Tensor],
        table: Tensor | None = None,
        first: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """Decode one or more steps.

        Args:
            previous: (time, batch), ids of the tokens before each step.
            state: from :meth:`begin` or from the steps before.
            condition: from :meth:`begin`.
            table: from :meth:`writing_table`, which makes decoding many tokens faster.
            first: index of the first of these steps, for a decoder with a clock.

        Returns:
            Features (time, batch, embedding) and the new state.
        """
        x = self.embed_output(previous) if table is None else F.embedding(previous, table)
        return self.decoder.forward(x, state, condition, table is not None, first)

    def teach(self, previous: Tensor, latent: Latent) -> Tensor:
        """Compute the features of every step, (steps, batch, embedding), given the ids before it (steps, batch)."""
        return self.decode(previous, *self.begin(latent))[0]

    def attend(self, previous: Tensor, latent: Latent) -> Tensor:
        """Compute where every step looks in the memory: ids before each (steps, batch) → (batch, steps, items)."""
        return self.decoder.attend(self.embed_output(previous), *self.begin(latent))

    def logits(self, features: Tensor) -> Tensor:
        """Compute the scores of all tokens: features (…, embedding) → (…, vocabulary)."""
        return F.linear(features, *self.softmax())

    def softmax(self) -> tuple[Tensor, Tensor]:
        """Return the matrix (vocabulary, embedding) and the bias (vocabulary,) of the scores."""
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
        told: Tensor | None = None,
    ) -> tuple[Tensor, Latent]:
        """Encode, then compute the features of every target step with teacher forcing.

        Args:
            source: (time, batch) ids, padded at the end.
            lengths: (batch,) real lengths of the source.
            previous: (steps, batch) target ids shifted right.
            tree: counts of the units of each level, for a hierarchical model, whose columns are segments.
            rehearse: share of a hierarchical model's texts whose plans come from :meth:`Hierarchy.rehearsed`.
            vectors: (batch, dimensions), for a model that reads vectors instead of the source.
            told: (batch,) lengths that encodings keep, if they are not `lengths`, which noise may change.

        Returns:
            Features (steps, batch, embedding) and the latent.
        """
        if vectors is not None:
            latent = self.read(vectors)
            latent = latent._replace(expected=self.expected(latent))
            return self.teach(previous, latent), latent
        if self.reverse:
            source = _reversed(source, lengths)
        if self.target_embedding is None:
            # one look-up, because its gradient is as large as the whole table
            x, shifted = torch.split(self.embed(torch.cat([source, previous])), [len(source), len(previous)])
        else:
            x, shifted = self.embed(source), self.embed_output(previous)
        latent = self._compress(source, x, lengths, tree=tree, told=told)
        latent = latent._replace(expected=self.expected(latent))
        given = randomly_blurred(latent, self.blur) if self.training and self.blur else latent
        return self.decoder.forward(shifted, *self.begin(given, rehearse))[0], latent


def _reversed(ids: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the tokens of each sentence in (time, batch) ids; its end token and the padding stay last."""
    time = torch.arange(len(ids), device=ids.device).unsqueeze(1)
    return ids.gather(0, torch.where(time < lengths - 1, lengths - 2 - time, time))


def _table(rows: int, dimensions: int) -> nn.Embedding:
    """Make embeddings of unit length on average: scores begin small, and inputs of the recurrence do not vanish."""
    table = nn.Embedding(rows, dimensions)
    nn.init.normal_(table.weight, std=dimensions**-0.5)
    return table


def _memory(encoder: Encoder, reading: Reading) -> tuple[Tensor, Tensor]:
    """Return the states (batch, time, features) and the mask of padding (batch, time)."""
    states = encoder.in_order(reading)
    return states, absence(reading.lengths, states.shape[1], states.dtype)
