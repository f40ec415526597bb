"""The shape of a sentence autoencoder.

Config objects stop at the builders: the modules of :mod:`textrae.nn` receive plain numbers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from textrae.settings.fields import STRICT, Cell, Fraction, Positive
from textrae.settings.files import build

Pooling = Literal["auto", "max", "mean", "last"]

Memory = Literal["slots", "states"]

Scoring = Literal["dot", "additive"]

SlotAddressing = Literal["auto", "content", "position"]

Regulariser = Literal["none", "mmd", "adversarial"]

Reconstruction = Literal["cross-entropy", "mse"]

Preset = Literal["rae", "brae", "vrae", "ara", "hrae"]


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    """The shape of a recurrent autoencoder."""

    cell: Cell = "gru"
    """The recurrence of encoder and decoder: ``rnn`` (Elman, tanh), ``lstm`` or ``gru``."""
    layers: Annotated[int, Field(gt=0, le=64)] = 1
    """Recurrent layers of the encoder and of the decoder."""
    hidden: Positive = 512
    """Units of each recurrent layer (per direction in the encoder)."""
    embedding: Positive = 256
    """Numbers of a token embedding; the output softmax is tied to the same table."""
    latent: Annotated[int, Field(ge=2)] = 128
    """Numbers of a sentence's encoding, or of each of its slots; unless variational or regularised, their mean is 0, their
    variance 1, and two fewer of them are free."""
    bidirectional: bool = True
    """Whether the encoder reads both ways (BRAE)."""
    reverse: bool = False
    """Whether an encoder that reads one way does so from the end to the begin (Sutskever et al. 2014)."""
    pooling: Pooling = "auto"
    """How the encoder's states become one: their ``max`` or ``mean`` over time, or the ``last`` one. ``auto``: max, but mean
    of a hierarchical model, whose units are too much alike in their maxima to be told apart."""
    dropout: Fraction = 0.0
    """Share of features zeroed in training, on embeddings, between layers and before the softmax; the same ones at every step
    (Gal & Ghahramani 2016)."""
    weight_dropout: Fraction = 0.0
    """Share of the recurrent matrices' entries zeroed in training (DropConnect; Merity, Keskar & Socher 2018)."""
    slots: Annotated[int, Field(ge=0, le=256)] = 0
    """Attention (ARA): so many learnt queries attend over the encoder's states and give the slots that the decoder
    attends over; an encoding is all of them side by side. 0: no attention."""
    slot_addressing: SlotAddressing = "auto"
    """What tells slots apart: each has a query of its own, ``content`` alone; or its ``position`` too, a learnt window of the
    sentence from the first slot's at the begin to the last one's at the end. Their numbers then mean the same in all slots,
    which have one projection, and the decoder knows each slot by a key. ``auto``: position of several slots, but content of
    a variational or a hierarchical model, where the other was not tried."""
    memory: Memory = "slots"
    """What the decoder attends over: the ``slots``, or all ``states`` of the encoder, whose number grows with the
    sentence: then the encoding alone does not hold the sentence and cannot be decoded."""
    scoring: Scoring = "dot"
    """How attention compares a query and a key: ``dot`` product, or ``additive`` (Bahdanau et al. 2015)."""
    conditioning: Literal["initial", "every-step"] = "every-step"
    """How an encoding reaches the decoder: as its initial state alone, or at every step too. (With all states as memory the
    vector is the initial state.)"""
    encoding_scale: Annotated[float, Field(gt=0)] | None = None
    """What an encoding is multiplied by as an input of every step; the weights that meet it begin as much larger. One
    step of the optimizer moves each weight as far however many there are, and so what they add up to the farther the more
    numbers an encoding has: by default 1 up to 128 numbers, and 128 / numbers above (as Yang et al. 2021 scale rates by
    width), but 1 of a hierarchical model, where it was not tried."""
    vectors: Annotated[int, Field(ge=0)] = 0
    """Numbers of the vectors that are read instead of a text, made by any encoder; 0: a text is read."""
    variational: bool = False
    """Whether the encoding is a Gaussian posterior's (VRAE), drawn from it in training and its mean in use."""
    posterior_norm: Annotated[float, Field(ge=0)] = 0.0
    """γ of a variational model: the means of the posteriors have standard deviation γ in each number over a batch, so that
    the KL divergence cannot vanish (BN-VAE; Zhu et al. 2020). 0 leaves them as they are."""
    regulariser: Regulariser = "none"
    """What makes encodings alike to draws from N(0, 1) beside, or without, the KL divergence of a variational model: ``mmd``
    (WAE; Tolstikhin et al. 2018) or an ``adversarial`` critic (AAE; Makhzani et al. 2015). They are not normalised then."""
    languages: tuple[Annotated[str, Field(pattern=r"^\w[\w-]{0,15}$")], ...] = ()
    """Of a model that translates into several: their names. Each has a token of its own that begins what is written."""
    hierarchical: bool = False
    """Whether segments are encoded and decoded each by itself, below a recurrence over segments that reads them and one
    that plans them (HRAE)."""
    segments: (
        Annotated[
            str, Field(pattern=r"^(sentence|clause|[1-9]\d{0,3})(,(sentence|clause|[1-9]\d{0,3})){0,3}$")
        ]
        | None
    ) = None
    """How a hierarchical model cuts a text: at the end of a ``sentence`` or of a ``clause``, or
    into stretches of so many tokens at most; several, joined by commas from the finest, make several levels. ``12`` by default."""
    places: Annotated[int, Field(ge=0, le=256)] | None = None
    """Into how many places of the encoding the parts of a hierarchical model's text go in turn; 0 for none, by default as
    many as leave each 4 numbers, 16 at most. (Slots take their place.)"""
    reconstruction: Reconstruction = "cross-entropy"
    """``cross-entropy`` of a softmax over the vocabulary, or ``mse`` between the output and the token's normalised
    embedding, tokens being read back as the nearest one."""
    mse_weight: Annotated[float, Field(ge=0)] = 0.0
    """λ of the mixed loss cross-entropy + λ · MSE."""

    @property
    def pooled(self) -> Literal["max", "mean", "last"]:
        """How the encoder's states become one."""
        if self.pooling == "auto":
            return "mean" if self.hierarchical else "max"
        return self.pooling

    @property
    def slots_placed(self) -> bool:
        """Whether slots have positions."""
        if self.slot_addressing == "auto":
            return self.slots > 1 and not (self.variational or self.hierarchical)
        return self.slot_addressing == "position"

    @property
    def conditions_every_step(self) -> bool:
        """Whether the encoding is an input of every step of the decoder."""
        return self.memory == "slots" and self.conditioning == "every-step"

    @property
    def encoding_scale_used(self) -> float:
        """What an encoding is multiplied by as an input of every step."""
        if self.encoding_scale is not None:
            return self.encoding_scale
        if self.hierarchical or not self.conditions_every_step:
            return 1.0
        return min(1.0, 128 / self.encoding_size)

    @property
    def segment_rules(self) -> str:
        """How a hierarchical model cuts a text."""
        return self.segments or "12"

    @property
    def levels(self) -> int:
        """Levels of segments below a text; 0 of a model that is not hierarchical."""
        return len(self.segment_rules.split(",")) if self.hierarchical else 0

    @property
    def places_used(self) -> int:
        """Places of the encoding; 0 for none."""
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
        """Numbers of a vector that can be decoded: an encoding's, or those of the vectors that are read."""
        return self.vectors or self.encoding_size

    @property
    def attends(self) -> bool:
        """Whether the decoder has attention."""
        return self.slots > 0 or self.memory == "states"

    @property
    def encoding_size(self) -> int:
        """Numbers of an encoding."""
        return max(1, self.slots) * self.latent

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse what would be ignored or could not work."""
        states = self.memory == "states"
        refused = {
            "slots: with memory states the decoder attends over all states; leave slots out": states
            and self.slots,
            "variational: with memory states the decoder does not need the encoding, which would say nothing; "
            "use memory slots": states and self.variational,
            "slot_addressing: a position needs several slots; give slots": self.slot_addressing == "position"
            and self.slots < 2,
            "posterior_norm: only a variational model has a posterior; give variational": self.posterior_norm
            and not self.variational,
            "regulariser: with memory states the encoding says nothing; use memory slots": states
            and self.regulariser != "none",
            "hierarchical: with memory states the decoder sees every token's state already; use memory slots": states
            and self.hierarchical,
            "reverse: a bidirectional encoder reads both ways already; give no-bidirectional": self.reverse
            and self.bidirectional,
            "reverse: a hierarchical model's segments keep their order; leave it out": self.reverse
            and self.hierarchical,
            "segments: only a hierarchical model cuts its texts; give hierarchical": self.segments is not None
            and not self.hierarchical,
            "places: only a hierarchical model without slots has them; leave places out": self.places
            and (not self.hierarchical or self.slots),
            f"places: {self.latent} numbers cannot be put into {self.places} of one size": self.places
            and self.latent % self.places,
            "scoring: there is no attention; give slots, or memory states": self.scoring != "dot"
            and not self.attends,
            "encoding_scale: the encoding is the decoder's initial state alone; leave it out": self.encoding_scale
            not in (None, 1.0)
            and not self.conditions_every_step,
            "pooling: slots take the place of pooling; leave it out": self.slots
            and not self.hierarchical
            and self.pooling != "auto",
            "mse_weight: it mixes MSE into cross-entropy; with reconstruction mse there is nothing to mix": self.mse_weight
            and self.reconstruction == "mse",
        }
        encoder = ("variational", "hierarchical", "reverse", "posterior_norm")
        unread = [name for name in encoder if self.vectors and getattr(self, name)]
        if self.vectors and (states or self.regulariser != "none"):
            unread.append("memory" if states else "regulariser")
        for name in unread:
            refused[f"{name}: with vectors there is no encoder to do it; leave it out"] = True
        for reason, found in refused.items():
            if found:
                raise ValueError(reason)
        return self

    @classmethod
    def preset(cls, name: Preset, **switches: Any) -> ModelConfig:
        """The settings of a variant by its name in the literature, with `switches` overriding them."""
        return build(cls, {**PRESETS[name], **switches})


PRESETS: dict[Preset, dict[str, Any]] = {
    "rae": {"bidirectional": False},
    "brae": {"bidirectional": True},
    "vrae": {"variational": True, "slots": 4, "latent": 32},
    "ara": {"slots": 4, "latent": 32},
    "hrae": {"hierarchical": True},
}
"""What each name of ``--model`` switches."""
