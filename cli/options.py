"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[Path, typer.Argument(help="The run folder.", show_default=False)]
LARGEST_SEED = 2**64 - 1
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Layout = Annotated[
    str | None,
    typer.Option(
        help="Of series: steps (a row a time step, blank lines between) or rows (a row a sequence)."
    ),
]
Labels = Annotated[
    bool | None,
    typer.Option("--labels/--no-labels", help="With --layout rows: a row's first number is its label."),
]
Frame = Annotated[
    int | None, typer.Option(help="With --layout rows: successive numbers that make one time step.")
]
