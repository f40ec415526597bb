"""How long, how fast and on what a model is trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from textrae.settings.fields import STRICT, Device, Fraction, Positive, Precision, Seed, refuse_two_budgets


@dataclass(frozen=True, config=STRICT)
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
        refuse_two_budgets(self)
        if self.reset_decoder and not self.pretrain:
            raise ValueError("reset_decoder: it begins anew after pre-training; give pretrain too")
        return self
