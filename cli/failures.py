"""What a user sees when something goes wrong: one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

DEBUG = "--debug"
INTERRUPTED = 130
_USAGE: Any = typer.BadParameter.__mro__[2]
"""ClickException, the base of what wrong usage raises; typer does not export it."""


def note(line: str) -> None:
    """A line for the user that is not a result."""
    typer.echo(line, err=True)


class Commands(TyperGroup):
    """The command group: 2 for wrong usage, 130 for Ctrl-C, 1 and one line for anything else."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take --debug from wherever it stands."""
        ends = args.index("--") if "--" in args else len(args)
        if DEBUG in args[:ends]:
            ctx.meta[DEBUG] = True
            args = [arg for place, arg in enumerate(args) if arg != DEBUG or place > ends]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command and say what failed."""
        from textrae.errors import TextraeError

        try:
            return super().invoke(ctx)
        except (_USAGE, typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            note("stopped; nothing was left half-written")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _silence(sys.stdout)  # the reader of our output has left
            raise typer.Exit(1) from None
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None:
                _silence(sys.stdout)  # which may be what refused
            if ctx.meta.get(DEBUG):
                raise
            note(f"error: {_line(error) if not isinstance(error, TextraeError) else error}")
            raise typer.Exit(1) from None


def _silence(stream: TextIO) -> None:
    """Let Python's own last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = "output" if error.filename is None else error.filename
        return f"{where}: {error.strerror}; check the path, its permissions and the free space"
    said = str(error).strip().splitlines()
    return (
        f"{type(error).__name__}: {said[0] if said else 'no message'}; run again with --debug and report this"
    )
