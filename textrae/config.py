"""Every setting of textrae as frozen, validated dataclasses; conflicts are raised when one is built.

Config objects stop at the builders: the modules of :mod:`textrae.nn` receive plain numbers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from textrae.errors import ConfigError

Cell = Literal["rnn", "lstm", "gru"]
Pooling = Literal["auto", "max", "mean", "last"]
Memory = Literal["slots", "states"]
Scoring = Literal["dot", "additive"]
SlotAddressing = Literal["auto", "content", "position"]
Regulariser = Literal["none", "mmd", "adversarial"]
Reconstruction = Literal["cross-entropy", "mse"]
Preset = Literal["rae", "brae", "vrae", "ara", "hrae"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
CorpusFormat = Literal["auto", "text", "jsonl", "csv", "tsv", "parquet", "datasets"]
Activation = Literal["tanh", "relu"]
Bottleneck = Literal["none", "last"]
SeriesLayout = Literal["steps", "rows"]

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class CorpusConfig:
    """How text is read, split and cut into tokens."""

    format: CorpusFormat = "auto"
    """The corpus's format; ``auto`` goes by the file's ending, then takes it for a `datasets` name."""
    column: str | None = None
    """The column that holds the sentences, in a table; the default is ``text`` or the only text column."""
    errors: Literal["strict", "replace"] = "strict"
    """What to do with bytes that are not UTF-8: stop and name the place, or read each as U+FFFD and count the lines."""
    vocab_size: Annotated[int, Field(ge=300, le=65_535)] = 5_000
    """Pieces of the tokenizer (fewer where the corpus does not support so many)."""
    whole_words: bool = False
    """Whether the commonest words, as spaces separate them, are a piece each, instead of byte-pair encoding deciding."""
    tokenizer: str | None = None
    """A SentencePiece model to use instead of training one."""
    target_column: str | None = None
    """Of parallel text in a table: the column of the target sentences."""
    tokenizers: Literal["joint", "separate"] = "joint"
    """Of parallel text: one tokenizer for both sides, whose embeddings they share, or one for each."""
    target_tokenizer: str | None = None
    """A SentencePiece model for the target side."""
    max_length: Annotated[int, Field(ge=2, le=4_096)] = 128
    """Tokens a sentence may have; a longer one is cut and counted."""
    valid_size: Positive = 2_000
    """Sentences held out for validation, at most; never more than a tenth of the corpus. Of a validation file, which is read
    whole, the first so many are measured on."""
    seed: Seed = 0
    """Seed of the split and of the tokenizer's sample."""

    @model_validator(mode="after")
    def _tokenizers_agree(self) -> Self:
        if self.target_tokenizer is not None and self.tokenizers == "joint":
            raise ValueError(
                "target_tokenizer: a joint tokenizer is the source's; give tokenizers separate too"
            )
        return self


@dataclass(frozen=True, config=_STRICT)
class TrainingConfig:
    """How long, how fast and on what a model is trained."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    """Budget as wall-clock minutes of training (10 where no budget is given)."""
    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Budget as passes over the training sentences."""
    steps: Positive | None = None
    """Budget as optimizer steps."""
    batch_tokens: Positive = 1_024
    """Tokens of a batch: few enough for many updates, enough to fill the matrix units."""
    lr: Annotated[float, Field(gt=0, lt=1)] = 2e-3
    """Peak learning rate."""
    warmup: Fraction = 0.02
    """Share of the budget over which the rate rises to its peak; it then decays to zero."""
    beta: Annotated[float, Field(ge=0)] = 0.3
    """Weight of the KL divergence of a variational model, nats a sentence beside nats a sentence."""
    beta_schedule: Literal["linear", "sigmoid", "cyclical", "constant"] = "linear"
    """How that weight rises from 0: once, ``linear`` (Bowman et al. 2016) or ``sigmoid``; ``cyclical``, again and again (Fu
    et al. 2019); or ``constant``, not at all."""
    beta_warmup: Fraction = 0.2
    """Share of the budget, or of each cycle, over which it rises."""
    beta_cycles: Positive = 4
    """Cycles of the cyclical schedule."""
    free_bits: Annotated[float, Field(ge=0)] = 0.1
    """Nats of the KL divergence that cost nothing."""
    free_bits_per: Literal["dimension", "sentence"] = "dimension"
    """Of what: each number's mean over a batch (Kingma et al. 2016), or each sentence's sum."""
    pretrain: Fraction = 0.0
    """Share of the budget in which a variational model is trained as a plain autoencoder first (Li et al. 2019)."""
    reset_decoder: bool = False
    """Whether its decoder begins anew after that (Li et al. 2019)."""
    aggressive: Fraction = 0.0
    """Share of the budget, at most, in which the encoder is trained until it stops getting better before every update of the
    decoder; ends when the mutual information stops growing (He et al. 2019)."""
    regulariser_weight: Annotated[float, Field(ge=0)] = 10.0
    """Weight of the model's ``mmd`` or ``adversarial`` regulariser, a sentence."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.6
    """Decoupled weight decay of AdamW, on matrices alone."""
    embedding_rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Embeddings learn, and decay, at so many times the rate of the rest (as by Yang et al. 2021, whose rates of the rest fall
    with a model's width)."""
    adam_beta2: Fraction = 0.98
    """β₂ of AdamW: how slowly its measure of the gradients' size changes. What is rare gets the larger steps the nearer it is
    to 1."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the gradient; a longer one is scaled down."""
    label_smoothing: Fraction = 0.0
    """Share of each target's weight that is spread over the vocabulary (Szegedy et al. 2016); of cross-entropy alone."""
    word_dropout: Fraction = 0.0
    """Share of the decoder's input tokens blanked (Bowman et al. 2016)."""
    noise_drop: Fraction = 0.0
    """Share of the encoder's input tokens left out. This and the next three make a denoising autoencoder (Vincent et al.
    2008; Shen et al. 2020)."""
    noise_blank: Fraction = 0.0
    """Share of the encoder's input tokens blanked."""
    noise_substitute: Fraction = 0.0
    """Share of the encoder's input tokens replaced by random ones."""
    noise_shuffle: Annotated[int, Field(ge=0)] = 0
    """Places that a token of the encoder's input may move at most (Lample et al. 2018)."""
    crossover: Fraction = 0.0
    """Share of the training sentences that go on as another one from a random token."""
    freeze_encoder: bool = False
    """Whether an encoder that comes from another run stays as it is."""
    rehearsal: Fraction = 0.4
    """Share of the budget over which a hierarchical model decodes some segments from their own features instead of from
    their plans: all of them at first, none at its end."""
    seed: Seed = 0
    """Seed of initialisation, order and noise."""
    device: Device = "auto"
    """Where to compute; ``auto`` takes a GPU where there is one."""
    precision: Precision = "auto"
    """``bf16`` autocast or ``fp32``; ``auto`` takes bf16 where the hardware has it."""
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 2.0
    """Minutes between checkpoints."""
    validations: Positive = 10
    """Validations over the whole budget; the best model by validation loss is kept."""

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        _refuse_two_budgets(self)
        if self.reset_decoder and not self.pretrain:
            raise ValueError("reset_decoder: it begins anew after pre-training; give pretrain too")
        return self


@dataclass(frozen=True, config=_STRICT)
class SeriesConfig:
    """The shape of the basic autoencoder of real-valued sequences."""

    cell: Cell = "rnn"
    """The recurrence of encoder and decoder: ``rnn`` (Elman), ``lstm`` or ``gru``."""
    activation: Activation = "tanh"
    """φ of the equations; ``relu`` goes with ``rnn`` alone."""
    hidden: Positive = 32
    """Numbers of an encoder state, and so of an encoding."""
    bottleneck: Bottleneck = "none"
    """What the decoder sees at step t: the aligned state h_t (``none``), or the ``last`` state h_T at every step."""
    scaling: Literal["column", "joint", "none"] = "column"
    """How values are brought into the range of φ: each column by its own range, all by one, or not at all."""

    @model_validator(mode="after")
    def _relu_is_elmans(self) -> Self:
        if self.activation == "relu" and self.cell != "rnn":
            raise ValueError(f"activation relu goes with cell rnn, not {self.cell}: give one of them up")
        return self


@dataclass(frozen=True, config=_STRICT)
class SeriesFormat:
    """How sequences lie in a file."""

    layout: SeriesLayout = "steps"
    """A row is a time step, with a blank line between sequences (``steps``), or a whole sequence (``rows``)."""
    labels: bool = False
    """Whether the first number of a row is the sequence's label: kept beside it, never learnt (``rows`` alone)."""
    frame: Positive = 1
    """Successive numbers of a row that make one time step (``rows`` alone)."""

    @model_validator(mode="after")
    def _rows_alone(self) -> Self:
        if self.layout != "rows" and (self.labels or self.frame > 1):
            raise ValueError("labels and frame are for the layout rows: give that too")
        return self


@dataclass(frozen=True, config=_STRICT)
class SeriesTraining:
    """How long and how fast an autoencoder of real-valued sequences is trained."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    """Budget as wall-clock minutes of training (10 where no budget is given)."""
    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Budget as passes over the training sequences."""
    steps: Positive | None = None
    """Budget as optimizer steps."""
    batch_size: Positive = 16
    """Sequences of a batch."""
    lr: Annotated[float, Field(gt=0, lt=1)] = 1e-2
    """Peak learning rate."""
    warmup: Fraction = 0.02
    """Share of the budget over which the rate rises to its peak; it then decays to zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay of AdamW, on matrices alone."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the gradient; a longer one is scaled down."""
    valid_size: Positive = 200
    """Sequences held out for validation, at most; never more than a tenth."""
    validations: Positive = 10
    """Validations over the whole budget; the best model by validation loss is kept."""
    seed: Seed = 0
    """Seed of the split, of initialisation and of order."""
    device: Device = "auto"
    """Where to compute; ``auto`` takes a GPU where there is one."""

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        _refuse_two_budgets(self)
        return self


_BUDGETS = ("minutes", "epochs", "steps")
"""Settings of which a training has one."""


def _refuse_two_budgets(config: TrainingConfig | SeriesTraining) -> None:
    given = [name for name in _BUDGETS if getattr(config, name) is not None]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} are each a budget: give one of them")


Config = TypeVar(
    "Config", ModelConfig, CorpusConfig, TrainingConfig, SeriesConfig, SeriesFormat, SeriesTraining
)
AnyConfig = ModelConfig | CorpusConfig | TrainingConfig | SeriesConfig | SeriesFormat | SeriesTraining


def build(cls: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a config from untyped values (a command line, a file).

    Raises:
        ConfigError: naming the key that is unknown or out of range, in one line.
    """
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or cls.__name__
        if first["type"] == "unexpected_keyword_argument":
            known = ", ".join(field.name for field in fields(cls))
            raise ConfigError(f"{where}: no such setting; there are {known}") from None
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"{where}: {said} (given: {values.get(where)!r})" if where in values else said
        ) from None


def to_dict(config: AnyConfig) -> dict[str, Any]:
    """A config as plain values, ready for JSON; :func:`build` reads it back."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()
    }


def read_toml(path: Path) -> dict[str, Any]:
    """The flat settings of a ``--config`` file; tables are allowed for order and are merged.

    Raises:
        ConfigError: the file is missing, not TOML, or names a key twice.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; give an existing TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file ({error})") from None
    settings: dict[str, Any] = {}
    for key, value in content.items():
        for name, inner in (value if isinstance(value, dict) else {key: value}).items():
            setting = name.replace("-", "_")
            if setting in settings:
                raise ConfigError(f"{path}: {name} is set twice; keep one")
            settings[setting] = inner
    return settings


def merged(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a file, and over them those of the switches; a budget given stands for any that is stored."""
    replaced = _BUDGETS if given.keys() & set(_BUDGETS) else ()
    return {**{name: value for name, value in stored.items() if name not in replaced}, **given}
