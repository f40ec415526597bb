"""The `textrae` command itself, to which the files of commands add theirs."""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer

from .failures import LATE, Commands
from .interruptions import keep_noting

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sentence → vector → sentence: recurrent autoencoders for text.",
)
Function = TypeVar("Function", bound=Callable[..., None])


def late_command(
    options: Callable[[], Sequence[inspect.Parameter]], **settings: Any
) -> Callable[[Function], Function]:
    """Register a command with options of its own and further `options`, made when the command is first asked for.

    So `textrae --help` lists it without importing what its options are made from.

    Args:
        options: what makes the further parameters; the function receives them as keywords.
        settings: of :meth:`typer.Typer.command`.
    """

    def register(function: Function) -> Function:
        def listed() -> None: ...

        name, text = function.__name__, inspect.getdoc(function)
        app.command(name, help=text, **settings)(listed)
        LATE[name] = lambda: _made(function, options(), help=text, **settings)
        return function

    return register


def _made(function: Callable[..., None], options: Sequence[inspect.Parameter], **settings: Any) -> Any:
    """Make the command of a function, with `options` in the place of its ``**keywords``."""

    def run(**values: Any) -> None:
        function(**values)

    own = inspect.signature(function, eval_str=True).parameters.values()
    kept = [one for one in own if one.kind is not inspect.Parameter.VAR_KEYWORD]
    names = {one.name for one in kept}  # an option that another kind of run has too is there already
    more = [one for one in options if one.name not in names]
    run.__signature__ = inspect.Signature([*kept, *more])  # type: ignore[attr-defined]
    alone = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    alone.command(function.__name__, **settings)(run)
    return typer.main.get_command(alone)


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
    debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error (anywhere on the command line)."
    ),
) -> None:
    """Sentence → vector → sentence: recurrent autoencoders for text."""
    keep_noting()
    if "PYTHONIOENCODING" not in os.environ:  # as it is read: sentences of any language, whatever the locale
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors=stream.errors)
