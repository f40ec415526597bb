"""The arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .places import run_place

RunFolder = Annotated[
    Path,
    typer.Argument(
        help="The run folder; or user/name[@revision] of the Hugging Face hub, where there is no such folder.",
        parser=run_place,
        metavar="run",
        show_default=False,
    ),
]
LARGEST_SEED = 2**64 - 1
Json = Annotated[
    bool, typer.Option("--json", help="Results as lines of JSON; an error is an object on stderr.")
]
Summary = Annotated[
    bool, typer.Option("--json", help="Print what was made as JSON; an error is an object on stderr.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="File for the results, which appears when it is whole (default: standard output)."
    ),
]
File = Annotated[
    str,
    typer.Argument(
        help="Sentences, one a line (.txt[.gz], .jsonl, .json, .csv, .tsv, .parquet): a file, a folder, 'part-*.txt' or s3://…; - for standard input."
    ),
]

CorpusFormat = Annotated[str, typer.Option(help="auto, text, jsonl, csv, tsv or parquet.")]

Errors = Annotated[
    str,
    typer.Option(
        help="Bytes that are not UTF-8: strict refuses them, replace reads U+FFFD and counts the lines."
    ),
]

Column = Annotated[
    str | None,
    typer.Option(
        help="Column of a table that holds the sentences: a name, a number, or a path as in translation.en."
    ),
]

Delimiter = Annotated[
    str | None,
    typer.Option(
        help="Character between columns of a .csv or .tsv, or its name, as in tab (default: told from the rows)."
    ),
]

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]

Precision = Annotated[
    str,
    typer.Option(
        help="fp32: equal to 1e-5 in any batch; bf16: faster, equal to 1e-2; auto: bf16 where the hardware has it."
    ),
]

Beam = Annotated[
    int, typer.Option(min=1, help="Hypotheses kept at every step; 1 takes the most likely token each time.")
]

Workers = Annotated[int, typer.Option(min=1, help="Processes: one for every few cores, or one for each GPU.")]

EngineWorkers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes: one for every few cores, or one for each GPU (default: 1; with --engine ray one for each core or GPU of the cluster).",
        show_default=False,
    ),
]

WorkEngine = Annotated[
    Literal["local", "ray"],
    typer.Option(
        help="local: this machine. ray: parts of the input on a cluster, by Ray; -o is a folder of parquet files then."
    ),
]

PartRows = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Rows of a part with --engine ray, a multiple of 8192 (default: 65536 to encode, 8192 to translate).",
        show_default=False,
    ),
]

To = Annotated[
    str | None,
    typer.Option(help="Language to write, for a run that writes several.", show_default=False),
]


def check_device(name: str) -> None:
    """Raise :class:`textrae.errors.ConfigError` if there is no such kind of device."""
    from textrae.inference import arguments
    from textrae.settings.fields import DEVICES

    arguments.choice("device", name, DEVICES)
