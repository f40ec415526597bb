"""The `textrae` command, before its commands are added."""

from __future__ import annotations

import io
import os
import sys

import typer

from .failures import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sentence → vector → sentence: recurrent autoencoders for text.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from textrae import __version__

        typer.echo(f"textrae {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error (may stand anywhere)."),
) -> None:
    """Sentence → vector → sentence: recurrent autoencoders for text."""
    if "PYTHONIOENCODING" not in os.environ:  # as it is read: sentences of any language, whatever the locale
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors=stream.errors)
