"""`textrae export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .failures import note
from .options import RunFolder, Summary
from .output import print_json
from .session import load_model, refuse_options

Folder = Annotated[Path, typer.Option("--out", "-o", help="New folder for the files.", show_default=False)]
Int8 = Annotated[
    bool,
    typer.Option(
        "--int8", help="Store matrices as int8: a quarter of the bytes, and slightly other encodings."
    ),
]
Site = Annotated[
    bool,
    typer.Option("--site", help="Write the page of `textrae serve` as a static site that needs no service."),
]
Runtime = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the npm package onnxruntime-web, for --site (default: downloaded once, 33 MB, and kept).",
        show_default=False,
    ),
]


@app.command(epilog="Example: textrae export run -o onnx-run")
def export(
    ctx: typer.Context,
    run: RunFolder,
    out: Folder,
    int8: Int8 = False,
    site: Site = False,
    runtime: Runtime = None,
    as_json: Summary = False,
) -> None:
    """Write a run as ONNX graphs, with its tokenizer and a plain Python file that encodes and generates with them."""
    if not site:
        refuse_options(ctx, "an export without --site", "runtime")
    _needed("onnx")
    from textrae.errors import ConfigError
    from textrae.inference import arguments
    from textrae.runs.folder import kind_of

    if (kind := kind_of(run)) != "text":
        raise ConfigError(
            f"{run}: a run of {kind} cannot be exported; the graphs begin and end with the tokens of sentences"
        )
    folder, model = Path(arguments.place("out", out)), load_model(run, "cpu", "fp32")
    if site:
        from textrae.integrations.onnx.web import export_site

        name, about = run.resolve().name, repr(model)[1:-1].removeprefix("SentenceAutoencoder: ")
        sizes = export_site(model.run, folder, name=name, about=about, int8=int8, runtime=runtime)
        use = f"python -m http.server --directory {folder}"
    else:
        from textrae.integrations.onnx.exporting import export as write

        sizes, use = write(model.run, folder, int8=int8), f"python {folder}/generate.py < FILE"
    note(f"{folder}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB; {use}")
    if as_json:
        print_json({"out": folder, "int8": int8, "site": site, "bytes": sizes})


def _needed(name: str) -> None:
    """Raise ConfigError if what writes graphs is not installed."""
    from importlib.util import find_spec

    from textrae.errors import ConfigError

    if find_spec(name) is None:
        raise ConfigError(f'exporting needs {name}: pip install "textrae[onnx]"')
