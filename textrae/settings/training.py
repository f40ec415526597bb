"""How long, how fast and on what a model is trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from textrae.errors import ConfigError
from textrae.settings.fields import (
    Device,
    Epochs,
    Factor,
    Fraction,
    Minutes,
    Positive,
    Precision,
    Seed,
    Weight,
    Whole,
    refuse,
    refuse_two_budgets,
    settings,
)


@settings
class TrainingConfig:
    """How long, how fast and on what a model is trained."""

    minutes: Minutes | None = None
    """Budget in minutes of training (10 where no budget is given).

    It begins with the first step, when the corpus is read and its tokenizer trained, and ends when the run is written.
    """
    epochs: Epochs | None = None
    """Budget in passes over the training sentences."""
    steps: Positive | None = None
    """Budget in optimizer steps."""
    batch_tokens: Annotated[int, Whole, Field(gt=0, le=2**20)] | Literal["auto"] = 1_024
    """Tokens of a batch, or auto for what fills a GPU.

    1,024 are few enough for many updates, and enough to fill a processor's matrix units. ``auto`` takes the fewest with which
    a GPU trains nearly as fast as with more; elsewhere 1,024. A run keeps the number that was found.
    """
    accumulate: Annotated[int, Whole, Field(gt=0, le=4_096)] = 1
    """Batches that are added up before an update.

    It then learns from that many times the tokens, in the memory of one batch.
    """
    lr: Annotated[float, Field(gt=0, lt=1)] = 2e-3
    """Peak learning rate."""
    warmup: Fraction = 0.02
    """Share of the budget over which the learning rate rises to its peak.

    It then decays to zero.
    """
    beta: Weight = 0.15
    """Weight of a variational model's KL divergence.

    Nats a sentence are weighed against nats a sentence.
    """
    beta_schedule: Literal["linear", "sigmoid", "cyclical", "constant"] = "linear"
    """How the weight of the KL divergence rises from 0.

    Once, ``linear`` (Bowman et al. 2016) or ``sigmoid``; ``cyclical``, again and again (Fu et al. 2019);
    ``constant``, not at all.
    """
    beta_warmup: Fraction = 0.2
    """Share of the budget, or of each cycle, over which the weight of the KL rises."""
    beta_cycles: Positive = 4
    """Cycles of the cyclical schedule of the KL divergence's weight."""
    free_bits: Weight = 0.1
    """Nats of the KL divergence that cost nothing."""
    free_bits_per: Literal["dimension", "sentence"] = "dimension"
    """Whether free bits are counted for each dimension or for each sentence.

    ``dimension``: each dimension's mean over a batch (Kingma et al. 2016). ``sentence``: each sentence's sum.
    """
    pretrain: Fraction = 0.0
    """Share of the budget that trains a variational model as a plain autoencoder first.

    Li et al. 2019.
    """
    reset_decoder: bool = False
    """Reinitialise the decoder when pre-training ends.

    Li et al. 2019.
    """
    aggressive: Fraction = 0.0
    """Share of the budget, at most, with many encoder updates for each decoder update.

    The encoder is trained until it stops improving before every update of the decoder. This ends when the mutual
    information stops growing (He et al. 2019).
    """
    regulariser_weight: Weight = 10.0
    """Weight of the model's regulariser, for each sentence."""
    weight_decay: Weight = 0.6
    """Decoupled weight decay of AdamW, on matrices only."""
    embedding_rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Multiple of the learning rate at which embeddings learn and decay.

    Yang et al. 2021 have the rates of all other weights fall with a model's width.
    """
    adam_beta2: Fraction = 0.98
    """β₂ of AdamW; the nearer to 1, the larger the steps of rare tokens.

    It is how slowly the measure of the gradients' size changes.
    """
    clip: Factor = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it."""
    label_smoothing: Fraction = 0.0
    """Share of each target's weight that is spread over the vocabulary.

    For cross-entropy only (Szegedy et al. 2016).
    """
    word_dropout: Fraction = 0.0
    """Share of the decoder's input tokens replaced by a blank.

    Bowman et al. 2016.
    """
    noise_drop: Fraction = 0.0
    """Share of the encoder's input tokens left out (denoising).

    The four kinds of noise make a denoising autoencoder (Vincent et al. 2008; Shen et al. 2020).
    """
    noise_blank: Fraction = 0.0
    """Share of the encoder's input tokens replaced by a blank."""
    noise_substitute: Fraction = 0.0
    """Share of the encoder's input tokens replaced by random ones."""
    noise_shuffle: Annotated[int, Whole, Field(ge=0, le=4_096)] = 0
    """Positions that a token of the encoder's input may move, at most.

    Lample et al. 2018.
    """
    crossover: Fraction = 0.0
    """Share of training sentences that continue as another one from a random token on."""
    copying: Fraction | None = None
    """Share of batches that are exercises in copying (0.2 for an autoencoder with slots).

    Their texts are joined, shuffled and partly made of random pieces, and are written as they are read. So a model also
    learns to copy names, numbers and other domains. The default is 0 for other models, whose use it would not be.
    """
    views: bool = False
    """Teach meaning by telling a sentence's spoilt copies from those of other sentences.

    Two copies lack 30 % of the tokens each (Gao et al. 2021, Giorgi et al. 2021).
    """
    context: bool = False
    """Teach meaning by telling the next line from others, where lines stand in order.

    Blank lines part documents. After Logeswaran & Lee 2018.
    """
    aligned: bool = False
    """Teach meaning by translations: the corpus has a file for each language, line by line.

    Line n of each file is a translation of line n of the others. Each file is rebuilt, and a line's translation is told
    from other lines (Wieting et al. 2019, Feng et al. 2022).
    """
    meaning_weight: Factor = 1.0
    """Weight of what teaches meaning, beside reconstruction."""
    prior: Fraction = 0.0
    """Share of the budget in which a flow learns where encodings lie, for sampling.

    Of a budget in steps or epochs, as many updates of its own as that share of them (Lipman et al. 2023, Liu et al. 2023).
    """
    freeze_encoder: bool = False
    """Do not train the imported encoder."""
    rehearsal: Fraction = 0.4
    """Share of the budget in which a hierarchical model trains segments by themselves too.

    Some texts are then decoded from their segments' own features instead of from plans: all at first, none at its
    end.
    """
    seed: Seed = 0
    """Seed of initialisation, order and noise."""
    device: Device = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    precision: Precision = "auto"
    """Precision of the computation; auto takes bf16 where the hardware has it.

    ``bf16`` is autocast.
    """
    checkpoint_minutes: Minutes = 2.0
    """Minutes between checkpoints."""
    validations: Positive = 10
    """Validations over the whole budget; the best model by validation loss is kept."""

    @property
    def batch(self) -> int:
        """Return `batch_tokens` as a number.

        Raises:
            ConfigError: it is still ``auto``.
        """
        if isinstance(self.batch_tokens, str):
            raise ConfigError("`batch_tokens`: no device has decided what auto is; give a number")
        return self.batch_tokens

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        refuse_two_budgets(self)
        refuse(
            self.reset_decoder and not self.pretrain,
            "`reset_decoder`: it is reinitialised after pre-training; give `pretrain` too",
        )
        return self
