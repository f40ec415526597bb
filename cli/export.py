"""`textrae export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .failures import note
from .options import RunFolder, Summary
from .output import print_json
from .session import load_model

Folder = Annotated[Path, typer.Option("--out", "-o", help="New folder for the files.", show_default=False)]
Int8 = Annotated[
    bool,
    typer.Option(
        "--int8", help="Store matrices as int8: a quarter of the bytes, and slightly other encodings."
    ),
]


@app.command(epilog="Example: textrae export run -o onnx-run")
def export(run: RunFolder, out: Folder, int8: Int8 = False, as_json: Summary = False) -> None:
    """Write a run as ONNX graphs, with its tokenizer and a plain Python file that encodes and generates with them."""
    _needed("onnx")
    from textrae.errors import ConfigError
    from textrae.runs.folder import kind_of

    if (kind := kind_of(run)) != "text":
        raise ConfigError(
            f"{run}: a run of {kind} cannot be exported; the graphs begin and end with the tokens of sentences"
        )
    from textrae.inference import arguments
    from textrae.integrations.onnx.exporting import export as write

    folder = Path(arguments.place("out", out))
    sizes = write(load_model(run, "cpu", "fp32").run, folder, int8=int8)
    note(
        f"{folder}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB; python {folder}/generate.py < FILE"
    )
    if as_json:
        print_json({"out": folder, "int8": int8, "bytes": sizes})


def _needed(name: str) -> None:
    """Raise ConfigError if what writes graphs is not installed."""
    from importlib.util import find_spec

    from textrae.errors import ConfigError

    if find_spec(name) is None:
        raise ConfigError(f'exporting needs {name}: pip install "textrae[onnx]"')
