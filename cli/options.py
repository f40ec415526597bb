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

File = Annotated[
    str,
    typer.Argument(
        help="Sentences, one a line (.txt[.gz], .jsonl, .csv, .tsv, .parquet); - for standard input."
    ),
]

CorpusFormat = Annotated[str, typer.Option(help="auto, text, jsonl, csv, tsv or parquet.")]

Errors = Annotated[
    str, typer.Option(help="Bytes that are not UTF-8: strict refuses, replace puts U+FFFD and counts.")
]

Column = Annotated[str | None, typer.Option(help="Column of a table that holds the sentences.")]

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]

Precision = Annotated[
    str, typer.Option(help="fp32: the same to 1e-5 in any batch; bf16: faster, to 1e-2; or auto.")
]

Beam = Annotated[
    int, typer.Option(min=1, help="Hypotheses kept at every step; 1 takes the most likely token each time.")
]

Workers = Annotated[int, typer.Option(min=1, help="Processes: one for each few cores, or one a GPU.")]

To = Annotated[
    str | None,
    typer.Option(help="The language to write, of a run that writes several.", show_default=False),
]


def check_device(name: str) -> None:
    """Wrong usage, if there is no such kind of device."""
    if name not in ("auto", "cpu", "cuda", "mps"):
        raise typer.BadParameter(f"{name!r} is not auto, cpu, cuda or mps", param_hint="--device")
