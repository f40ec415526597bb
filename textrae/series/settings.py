"""The settings of an autoencoder of real-valued sequences."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from textrae.settings.fields import STRICT, Cell, Device, Fraction, Positive, Seed, refuse_two_budgets

Activation = Literal["tanh", "relu"]

Bottleneck = Literal["none", "last"]

SeriesLayout = Literal["steps", "rows"]


@dataclass(frozen=True, config=STRICT)
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


@dataclass(frozen=True, config=STRICT)
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


@dataclass(frozen=True, config=STRICT)
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
        refuse_two_budgets(self)
        return self
