"""What a user sees when something goes wrong: one line on stderr and an exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

DEBUG = "--debug"
INTERRUPTED = 130
LATE: dict[str, Callable[[], Any]] = {}
"""What makes the commands whose options are made when they are first asked for, by name."""
RENAMED = {"format": "corpus_format"}
"""Settings whose option has another name."""
_USAGE: Any = typer.BadParameter.__mro__[2]
"""ClickException, the base of what wrong usage raises; typer does not export it."""
_SETTING = re.compile(r"`(\w+)(?:=([^`]*))?`")
"""A setting as the library's messages write it, with its value perhaps."""


def note(line: str) -> None:
    """Print a line for the user that is not a result."""
    typer.echo(line, err=True)


class Commands(TyperGroup):
    """The command group: exit code 2 for wrong usage, 130 for Ctrl-C, 1 and one line for anything else."""

    _listing = False
    _made: frozenset[str] = frozenset()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; one of :data:`LATE` is made unless it is only listed."""
        if cmd_name in LATE.keys() - self._made and not self._listing:
            self.commands[cmd_name] = LATE[cmd_name]()
            self._made |= {cmd_name}
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands, none of which is made for that."""
        self._listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._listing = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept --debug anywhere on the command line."""
        ends = args.index("--") if "--" in args else len(args)
        if DEBUG in args[:ends]:
            ctx.meta[DEBUG] = True
            args = [arg for place, arg in enumerate(args) if arg != DEBUG or place > ends]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and tell in one line what failed."""
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
            said = in_options(ctx, str(error)) if isinstance(error, TextraeError) else _line(error)
            note(f"error: {said}")
            raise typer.Exit(1) from None


def in_options(ctx: Any, message: str) -> str:
    """Write the settings in a message of the library as options: `beta=0.1` → --beta 0.1.

    Args:
        ctx: context of the command that runs, whose options come first, or of the group.
        message: a message that names settings in backticks.
    """
    root = ctx.find_root()
    running = getattr(root, "invoked_subcommand", None)
    options: dict[str, Any] = {}
    for name in sorted(root.command.commands, key=lambda name: name != running):
        for option in root.command.get_command(root, name).params:
            if option.opts[0].startswith("--"):
                options.setdefault(str(option.name), option)

    def written(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        option = options.get(RENAMED.get(name, name))
        if option is None:
            return found[0]
        if value in (None, "True"):
            return str(option.opts[0])
        if value == "False" and option.secondary_opts:
            return str(option.secondary_opts[0])
        return f"{option.opts[0]} {value}"

    return _SETTING.sub(written, message)


@contextmanager
def naming_file(config: Path | None, given: Collection[str]) -> Iterator[None]:
    """Have an error about a setting that only a TOML file gives name that file instead of an option.

    Args:
        config: the file; None without one.
        given: options that were given, which override the file.
    """
    from textrae.errors import ConfigError
    from textrae.settings.files import read_toml

    try:
        yield
    except ConfigError as error:
        begins = re.match(r"`(\w+)`: ", str(error))
        if config is None or begins is None:
            raise
        name = begins[1]
        if RENAMED.get(name, name) in given or name not in read_toml(config):
            raise
        raise ConfigError(f"{config}: {name}: {str(error)[begins.end() :]}") from None


def _silence(stream: TextIO) -> None:
    """Have the interpreter's last flush of a stream go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = "output" if error.filename is None else error.filename
        return f"{where}: {error.strerror}; check the path, its permissions and the free space"
    said = str(error).strip().splitlines()
    return (
        f"{type(error).__name__}: {said[0] if said else 'no message'}; run again with --debug and report this"
    )
