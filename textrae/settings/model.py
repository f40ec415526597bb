"""The shape of a sentence autoencoder.

Config objects stop at the builders: the modules of :mod:`textrae.nn` receive plain numbers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import ArgsKwargs

from textrae.errors import ConfigError
from textrae.settings.fields import Cell, Factor, Fraction, Units, Weight, Whole, settings
from textrae.settings.files import build
from textrae.settings.fits import refuse_unfit
from textrae.settings.sizes import SIZES, Size, numbers

Pooling = Literal["auto", "max", "mean", "last"]

Memory = Literal["slots", "states"]

Scoring = Literal["dot", "additive"]

SlotAddressing = Literal["auto", "content", "position"]

Regulariser = Literal["none", "mmd", "adversarial"]

Reconstruction = Literal["cross-entropy", "mse"]

Part = Literal["all", "meaning", "spelling"]
"""Parts of an encoding: all of it, the numbers for meaning that it begins with, or those that spell."""
PARTS: tuple[Part, ...] = get_args(Part)

Preset = Literal["rae", "brae", "vrae", "ara", "hrae"]


@settings
class ModelConfig:
    """The shape of a recurrent autoencoder.

    Of `hidden`, `embedding`, `slots` and `latent`, those that are not given are those of the base size
    (:mod:`textrae.settings.sizes`), for a model with slots or with one vector; :meth:`sized` makes another size.
    """

    cell: Cell = "gru"
    """Recurrent cell of encoder and decoder.

    ``rnn`` is Elman's with tanh (Elman 1990).
    """
    layers: Annotated[int, Whole, Field(gt=0, le=64)] = 1
    """Recurrent layers of the encoder and of the decoder."""
    hidden: Units = SIZES["base"].hidden
    """Hidden units of each recurrent layer.

    A bidirectional encoder has N in each direction.
    """
    embedding: Units = SIZES["base"].embedding
    """Dimensions of a token embedding.

    The output softmax is tied to the same table.
    """
    latent: Annotated[int, Whole, Field(ge=2, le=65_536)] = SIZES["base"].latent
    """Dimensions of an encoding, or of each of its slots.

    Unless the model is variational or regularised, their mean is 0 and their variance 1, so that two fewer are
    free.
    """
    bidirectional: bool = True
    """Read the sentence in both directions (BRAE)."""
    reverse: bool = False
    """Read from the last token to the first, if the encoder reads one way.

    Sutskever et al. 2014.
    """
    pooling: Pooling = "auto"
    """How the encoder's states become one vector: maximum, mean, or the last state.

    ``auto`` is max, but mean in a hierarchical model, whose units have too similar maxima to be told apart.
    """
    dropout: Fraction = 0.0
    """Share of features zeroed in training, the same ones at every time step.

    It acts on embeddings, between layers and before the softmax (Gal & Ghahramani 2016).
    """
    weight_dropout: Fraction = 0.0
    """Share of the recurrent matrices' entries zeroed in training.

    DropConnect (Merity, Keskar & Socher 2018).
    """
    slots: Annotated[int, Whole, Field(ge=0, le=256)] = SIZES["base"].slots
    """Slots that the decoder attends over (ARA); 0 for no attention.

    N learnt queries attend over the encoder's states and give the slots; an encoding is all of them side by side. Where
    they are not given, there are none (one vector) with all states as memory, a pooling or given vectors, and in a
    variational, regularised or hierarchical model, unless `memory` is given as ``slots``.
    """
    slot_addressing: SlotAddressing = "auto"
    """What tells slots apart: their content only, or their position in the sentence too.

    ``content``: each slot has a query and a projection of its own. ``position``: each has a learnt window of the
    sentence too, from the first slot's at the beginning to the last one's at the end. A dimension then means the
    same in every slot, all slots share one projection, and the decoder knows each slot by a key. ``auto``: position
    for several slots, but content in a variational model without `blur`, whose samples it makes more fluent, and in a
    hierarchical one.
    """
    clock: bool | None = None
    """Tell the decoder at which share of the text it is (by default where slots have positions).

    Its attention then has a window on the slots that stand for that share, and they are an input of every step. The
    length is kept in the last number of an encoding; the length of a translation is foretold from the whole of it. In a
    hierarchical model the clock is the planner's: the places stand for shares of a text's segments.
    """
    memory: Memory = "slots"
    """What the decoder attends over: the slots, or all states (which cannot be decoded).

    The number of ``states`` grows with the sentence. The encoding then does not hold the sentence by itself.
    """
    scoring: Scoring = "dot"
    """How attention compares a query and a key.

    ``dot`` product, or ``additive`` (Bahdanau et al. 2015).
    """
    conditioning: Literal["initial", "every-step"] = "every-step"
    """How the encoding reaches the decoder: as its initial state only, or at every step too.

    With all states as memory the encoding is the initial state.
    """
    encoding_scale: Factor | None = None
    """Scale of the encoding as an input of every step (1 up to 128 dimensions, smaller above).

    The weights that meet it begin larger by the same factor. An optimizer step moves each weight equally far
    however many there are, and so moves their sum farther, the more dimensions an encoding has. The default is
    therefore 128 / dimensions above 128 (as Yang et al. 2021 scale rates by width), but 1 in a hierarchical model,
    where it was not tried.
    """
    vectors: Annotated[int, Whole, Field(ge=0, le=65_536)] = 0
    """Dimensions of the given vectors that are read instead of a text; 0 reads a text.

    Any encoder may have made them.
    """
    meaning: Annotated[int, Whole, Field(ge=0, le=4_096)] = 0
    """Numbers at the beginning of an encoding that tell what a sentence means; 0 for none.

    The others spell it. They are learnt from an objective of their own, such as `teacher` or `views`. Their first 32, 64 or 128 numbers mean
    nearly as much as all (Kusupati et al. 2022). The decoder is given them with the rest.
    """
    sif: bool = False
    """Make the part for meaning of the token embeddings, weighted by smooth inverse frequency.

    SIF (Arora et al. 2017). It is what `meaning` is where nothing teaches it.
    """
    variational: bool = False
    """Learn a Gaussian posterior of the encoding (VRAE).

    Training draws the encoding from it; in use the encoding is its mean.
    """
    posterior_norm: Weight = 0.0
    """Standard deviation that posterior means are held at over a batch; 0 for no such norm.

    γ of BN-VAE (Zhu et al. 2020): the KL divergence cannot vanish.
    """
    blur: Fraction = 0.0
    """Share of sentences in training whose encodings get noise that the decoder is told of.

    The noise is of all levels, from none to only noise, where the decoder writes like a language model. So it makes
    fluent sentences of draws and of points between encodings, and still rebuilds those without noise.
    """
    regulariser: Regulariser = "none"
    """What makes encodings resemble draws from N(0, 1), beside or instead of the KL divergence.

    ``mmd`` (WAE; Tolstikhin et al. 2018) or an ``adversarial`` critic (AAE; Makhzani et al. 2015). Encodings are
    not normalised then.
    """
    languages: tuple[Annotated[str, Field(pattern=r"^\w[\w-]{0,15}$")], ...] = ()
    """Names of the languages that a translator into several writes.

    Each has a token of its own, with which the output begins.
    """
    hierarchical: bool = False
    """Encode and decode segments, and a text as a sequence of segments (HRAE).

    A recurrence over segments reads them, and another one plans them.
    """
    segments: (
        Annotated[
            str, Field(pattern=r"^(sentence|clause|[1-9]\d{0,3})(,(sentence|clause|[1-9]\d{0,3})){0,3}$")
        ]
        | None
    ) = None
    """Where a hierarchical model cuts: sentence, clause, or N tokens; commas make levels.

    The finest level comes first, as in ``12,sentence``. ``12`` by default: segments of at most 12 tokens.
    """
    closings: bool = True
    """Whether quotes and brackets that close after a sentence or clause belong to it, however they are spelled.

    Older runs cut behind the mark, unless both are one piece of the vocabulary.
    """
    places: Annotated[int, Whole, Field(ge=0, le=256)] | None = None
    """Places of the encoding that hold a hierarchical model's segments in turn; 0 for none.

    The default is as many as leave 4 dimensions to each, at most 16. With slots there are none.
    """
    reconstruction: Reconstruction = "cross-entropy"
    """What training minimises: cross-entropy of a softmax, or squared distance of embeddings.

    ``mse`` compares the output with the token's normalised embedding; tokens are read back as the nearest one.
    """
    mse_weight: Weight = 0.0
    """Weight λ of the mixed loss cross-entropy + λ · MSE."""

    @property
    def pooled(self) -> Literal["max", "mean", "last"]:
        """The pooling that is used, with ``auto`` resolved."""
        if self.pooling == "auto":
            return "mean" if self.hierarchical else "max"
        return self.pooling

    @property
    def slots_placed(self) -> bool:
        """Whether each slot has a position in the sentence."""
        if self.slot_addressing == "auto":
            return self.slots > 1 and not ((self.variational and not self.blur) or self.hierarchical)
        return self.slot_addressing == "position"

    @property
    def clock_used(self) -> bool:
        """Whether the decoder has a clock, with the default resolved."""
        return self.can_have_clock if self.clock is None else self.clock

    @property
    def keeps_length(self) -> bool:
        """Whether the last number of an encoding is the length of what was read."""
        return self.clock_used and not self.vectors

    @property
    def can_have_clock(self) -> bool:
        """Whether there are slots with positions, or a hierarchical model's places, for a clock to go by.

        With ``reverse`` slots stand for shares from the end, which is not where the decoder begins.
        """
        return bool(self.places_used) if self.hierarchical else self.slots_placed and not self.reverse

    @property
    def conditions_every_step(self) -> bool:
        """Whether the encoding is an input of every step of the decoder."""
        return self.memory == "slots" and self.conditioning == "every-step"

    @property
    def encoding_scale_used(self) -> float:
        """Scale of the encoding as an input of every step, with the default resolved."""
        if self.encoding_scale is not None:
            return self.encoding_scale
        if self.hierarchical or not self.conditions_every_step:
            return 1.0
        return min(1.0, 128 / self.encoding_size)

    @property
    def segment_rules(self) -> str:
        """Where a hierarchical model cuts a text, with the default resolved."""
        return self.segments or "12"

    @property
    def closings_used(self) -> bool:
        """Whether what closes belongs to its sentence or clause; True where segments are numbers of tokens only."""
        return self.closings or all(rule.isdigit() for rule in self.segment_rules.split(","))

    @property
    def levels(self) -> int:
        """Levels of segments below a text; 0 in a model that is not hierarchical."""
        return len(self.segment_rules.split(",")) if self.hierarchical else 0

    @property
    def places_used(self) -> int:
        """Places of the encoding, with the default resolved; 0 for none."""
        if not self.hierarchical or self.slots:
            return 0
        if self.places is not None:
            return self.places
        return max(
            (count for count in (2, 4, 8, 16) if self.latent % count == 0 and self.latent >= 4 * count),
            default=0,
        )

    @property
    def read_size(self) -> int:
        """Dimensions of a vector that can be decoded: an encoding, or one of the vectors that are read."""
        return self.vectors or self.encoding_size

    @property
    def attends(self) -> bool:
        """Whether the decoder has attention."""
        return self.slots > 0 or self.memory == "states"

    @property
    def encoding_size(self) -> int:
        """Dimensions of an encoding: those for meaning, then those that spell."""
        return self.meaning + max(1, self.slots) * self.latent

    @property
    def compared(self) -> Part:
        """Part of an encoding that sentences are compared by: that for meaning, or all where there is none."""
        return "meaning" if self.meaning else "all"

    def part_size(self, part: Part) -> int:
        """Return the dimensions of a part of an encoding.

        Raises:
            ConfigError: there is no part for meaning.
        """
        if part == "meaning" and not self.meaning:
            raise ConfigError(
                "`part=meaning`: this run's encodings only spell; train with `meaning`, and what is to teach it"
            )
        return {"all": self.encoding_size, "meaning": self.meaning}.get(
            part, self.encoding_size - self.meaning
        )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: ArgsKwargs) -> ArgsKwargs:
        """Fill in the numbers that are not given, which depend on what is."""
        names = cls.__dataclass_fields__
        given = dict(zip(names, values.args, strict=False)) | (values.kwargs or {})
        return ArgsKwargs(values.args, {**numbers("base", given), **(values.kwargs or {})})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        refuse_unfit(self)
        return self

    @classmethod
    def sized(cls, size: Size, **switches: Any) -> ModelConfig:
        """Return a model of a size, with `switches` overriding it.

        Raises:
            ConfigError: there is no such size, or a switch is wrong.
        """
        if size not in SIZES:
            raise ConfigError(f"`size`: {size!r} is none; there are {', '.join(SIZES)}")
        return build(cls, {**numbers(size, switches), **switches})

    @classmethod
    def preset(cls, name: Preset, size: Size = "base", **switches: Any) -> ModelConfig:
        """Return a variant by its name in the literature, of a size, with `switches` overriding both.

        Raises:
            ConfigError: there is no such variant or size, or a switch is wrong.
        """
        if name not in PRESETS:
            raise ConfigError(f"`model`: {name!r} is no variant; there are {', '.join(PRESETS)}")
        return cls.sized(size, **{**PRESETS[name], **switches})


PRESETS: dict[Preset, dict[str, Any]] = {
    "rae": {"bidirectional": False, "slots": 0},
    "brae": {"bidirectional": True, "slots": 0},
    "vrae": {"variational": True, "slots": 16, "latent": 16, "blur": 0.5},
    "ara": {"memory": "slots"},
    "hrae": {"hierarchical": True},
}
"""The settings that each variant's name stands for; the size decides the others."""
