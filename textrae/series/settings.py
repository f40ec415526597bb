"""Settings of an autoencoder of real-valued sequences."""

from __future__ import annotations

import csv
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from textrae.settings.corpus import DELIMITERS, character
from textrae.settings.fields import (
    Cell,
    Device,
    Epochs,
    Factor,
    Fraction,
    Minutes,
    Positive,
    Seed,
    Units,
    Weight,
    refuse,
    refuse_two_budgets,
    settings,
)

Activation = Literal["tanh", "relu"]
"""Activation φ of the equations."""
DecoderInput = Literal["none", "last"]
"""What the decoder sees at each step: the aligned state, or the last state."""
SeriesLayout = Literal["steps", "rows"]
"""What a row of a file is: a time step, or a whole sequence."""


NAMES = {sign: name for name, sign in reversed(DELIMITERS.items())}
"""Name of each delimiter; a space stands for white space of any length."""
MARKS = {"point": ".", "comma": ","}
"""Decimal marks by their names."""
TEXT_ONLY = ("delimiter", "decimal", "header")
"""Settings of a format that only text files have."""
FILES_ONLY = ("layout", "labels", "frame", "columns", *TEXT_ONLY)
"""Settings of a format that sequences in memory do not have."""


def _listed(value: Any) -> Any:
    """Split names joined by commas; a name in quotes may have a comma in it."""
    if isinstance(value, str):
        value = [name.strip() for name in next(csv.reader([value], skipinitialspace=True), [])]
    if isinstance(value, list | tuple):
        value = tuple(str(name) if isinstance(name, int) else name for name in value)
    return value or None


def _delimiter(value: Any) -> Any:
    """Return the name of a delimiter that is given as itself."""
    return NAMES.get(character(value), value) if isinstance(value, str) else value


@settings
class SeriesConfig:
    """The shape of the basic autoencoder of real-valued sequences."""

    cell: Cell = "rnn"
    """Recurrence of encoder and decoder: Elman's, LSTM or GRU."""
    activation: Activation = "tanh"
    """Activation φ of the equations; relu is for the Elman cell only."""
    hidden: Units = 32
    """Dimensions of an encoder state, and so of an encoding."""
    bottleneck: DecoderInput = "none"
    """What the decoder sees at each step: the aligned state (none), or the last state (last).

    ``none`` is the state h_t at step t; ``last`` is h_T at every step.
    """
    scaling: Literal["column", "joint", "none"] = "column"
    """How values are scaled to the range of φ: by each column, by all jointly, or not at all."""

    @model_validator(mode="after")
    def _relu_is_elmans(self) -> Self:
        """Reject relu for a cell with gates."""
        refuse(
            self.activation == "relu" and self.cell != "rnn",
            f"`activation=relu` goes with `cell=rnn`, not {self.cell}: leave one of them out",
        )
        return self


@settings
class SeriesFormat:
    """How sequences lie in a file."""

    layout: SeriesLayout = "steps"
    """Whether a row is a time step (with blank lines between sequences) or a whole sequence.

    ``steps`` or ``rows``.
    """
    labels: bool = False
    """With rows: the first value of a row is its label, which is kept and not learnt."""
    frame: Positive = 1
    """With rows: successive values that make one time step."""
    columns: Annotated[tuple[str, ...] | None, BeforeValidator(_listed)] = None
    """Columns to read, by their names in the header or their numbers from 1, joined by commas.

    By default all of them.
    """
    delimiter: Annotated[
        Literal["comma", "semicolon", "tab", "bar", "space"] | None, BeforeValidator(_delimiter)
    ] = None
    """What parts the columns of a text file; by default told from its rows."""
    decimal: Literal["point", "comma"] | None = None
    """Decimal mark of a text file; by default told from its rows."""
    header: bool | None = None
    """Whether the first row of a text names its columns; by default told from the rows."""
    missing: Literal["error", "drop", "interpolate"] = "error"
    """Treatment of gaps: refuse them, drop their time steps, or interpolate them in time.

    A gap is an empty cell, NaN, NA, N/A, null, None, ``-`` or ``?``. Steps with a gap before a column's first number or
    after its last one are dropped by ``interpolate`` too.
    """
    window: Positive | None = None
    """Cut every sequence into windows of this many time steps."""
    stride: Positive | None = None
    """With a window: time steps between the starts of two (by default as long as a window)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Reject settings that another layout, or nothing at all, would use."""
        refuse(
            self.layout != "rows" and (self.labels or self.frame > 1),
            "`labels` and `frame` are for `layout=rows`: give that too",
        )
        refuse(
            self.layout == "rows" and self.columns,
            "`columns` is for `layout=steps`, where a column is a dimension: leave one of them out",
        )
        refuse(self.stride and not self.window, "`stride` is for `window`: give that too")
        return self


@settings
class SeriesTraining:
    """How long and how fast an autoencoder of real-valued sequences is trained."""

    minutes: Minutes | None = None
    """Budget in minutes of training (10 where no budget is given)."""
    epochs: Epochs | None = None
    """Budget in passes over the training sequences."""
    steps: Positive | None = None
    """Budget in optimizer steps."""
    batch_size: Positive = 16
    """Sequences in a batch."""
    lr: Annotated[float, Field(gt=0, lt=1)] = 1e-2
    """Peak learning rate."""
    warmup: Fraction = 0.02
    """Share of the budget over which the learning rate rises to its peak.

    It then decays to zero.
    """
    weight_decay: Weight = 0.0
    """Decoupled weight decay of AdamW, on matrices only."""
    clip: Factor = 1.0
    """Largest norm of the gradient; a longer one is scaled down to it."""
    valid_size: Positive = 200
    """Sequences held out for validation, at most; never more than a tenth."""
    validations: Positive = 10
    """Validations over the whole budget; the best model by validation loss is kept."""
    seed: Seed = 0
    """Seed of the split, of initialisation and of order."""
    device: Device = "auto"
    """Where to compute; auto takes a GPU where there is one."""

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        """Reject two budgets."""
        refuse_two_budgets(self)
        return self
