"""What a user sees when something goes wrong: one line on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from .interruptions import exit_code, stoppable

DEBUG, JSON = "--debug", "--json"
"""Switches that tell how an error is shown."""
FAILED, USAGE = 1, 2
"""Exit codes of what went wrong while a command worked, and of a command that was asked for wrongly."""
LATE: dict[str, Callable[[], Any]] = {}
"""What makes the commands whose options are made when they are first asked for, by name."""
NAMES: dict[str, str] = {}
"""Names that users know folders by, which messages have instead: those of runs from the hub."""
_USAGE: Any = typer.BadParameter.__mro__[2]
"""ClickException, the base of what wrong usage raises; typer does not export it."""
_BAD_VALUE: Any = typer.BadParameter
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys."""
_SETTING = re.compile(r"`(\w+)(?:=([^`]*))?`")
"""A setting as the library's messages write it, with its value perhaps."""


def plain(text: str) -> str:
    r"""Return a text that moves no cursor and changes no colour of a terminal: its control characters are spelled, as in \\x1b.

    Line ends and tabs stay.
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def note(line: str) -> None:
    """Print a line for the user that is not a result; names in it may be a stranger's."""
    for folder, name in NAMES.items():
        line = line.replace(folder, name)
    typer.echo(plain(line), err=True)


def failed(message: str, kind: str, code: int, as_json: bool) -> None:
    """Print what went wrong, as a line or as an object of JSON: {"error": …, "kind": …, "exit": …}.

    Args:
        message: one line.
        kind: name of the error's class; UsageError for what the command line itself refuses.
        code: exit code.
        as_json: whether results are asked for as JSON, and so errors too.
    """
    if _told_by_another():
        return
    if not as_json:
        note(f"error: {' '.join(message.split(chr(10)))}")
        return
    from .as_json import to_json

    note(to_json({"error": message, "kind": kind, "exit": code}))


def _told_by_another() -> bool:
    """Return whether another of the processes that train together is to print an error, or has printed one."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return False
    from textrae.training.processes import first_to_tell

    return not first_to_tell()


class Commands(TyperGroup):
    """The command group: exit code 2 for wrong usage, 128 + N for signal N, 1 for anything else, each told in one line."""

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

    def main(self, args: Sequence[str] | None = None, **settings: Any) -> Any:  # type: ignore[override]
        """Run the command line, and tell wrong usage in one line.

        Args:
            args: the words after the command's name; by default those of the process.
            settings: of :meth:`typer.core.TyperGroup.main`.
        """
        alone = settings.pop("standalone_mode", True)
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(args, standalone_mode=False, **settings)
            if not alone:
                return code
        except _USAGE as error:
            if not alone:
                raise
            if given:
                failed(_usage(error), "UsageError", USAGE, _has(given, JSON))
            else:
                error.show()  # the help, as nothing at all was asked for
            code = USAGE
        except typer.Abort:
            if not alone:
                raise
            code = FAILED
        sys.exit(code if isinstance(code, int) else 0)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept --debug anywhere on the command line."""
        ctx.meta[JSON] = _has(args, JSON)
        if _has(args, DEBUG):
            ctx.meta[DEBUG] = True
            ends = _end(args)
            args = [arg for place, arg in enumerate(args) if arg != DEBUG or place > ends]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and tell in one line what failed."""
        from textrae.errors import ConfigError, TextraeError

        as_json = ctx.meta.get(JSON, False)
        try:
            with stoppable():
                return super().invoke(ctx)
        except (_USAGE, typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt as stop:
            said, code = "stopped; nothing was left half-written", exit_code(stop)
            if as_json:
                failed(said, "KeyboardInterrupt", code, as_json)
            else:
                note(said)
            raise typer.Exit(code) from None
        except BrokenPipeError:
            _silence(sys.stdout)  # the reader of our output has left
            raise typer.Exit(FAILED) from None
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None:
                _silence(sys.stdout)  # which may be what refused
            if ctx.meta.get(DEBUG):
                note(traceback.format_exc())
            said = in_options(ctx, str(error)) if isinstance(error, TextraeError) else _line(error)
            code = USAGE if isinstance(error, ConfigError) else FAILED
            failed(said, type(error).__name__, code, as_json)
            raise typer.Exit(code) from None


def _end(args: Sequence[str]) -> int:
    """Return the place of the ``--`` after which nothing is an option, or of the end."""
    return args.index("--") if "--" in args else len(args)


def _has(args: Sequence[str], switch: str) -> bool:
    return switch in args[: _end(args)]


def _usage(error: Any) -> str:
    """Write wrong usage in one line: the option, what is wrong, where the options are listed."""
    said = " ".join(error.format_message().split()).rstrip(".")
    if type(error) is _BAD_VALUE:
        place = error.param_hint or (error.param.opts[0] if error.param is not None else None)
        said = f"{place}: {error.message.rstrip('.')}" if place else said
    path = "textrae" if error.ctx is None else error.ctx.command_path
    return f"{said}; `{path} --help` tells what may be given"


def in_options(ctx: Any, message: str) -> str:
    """Write the settings in a message of the library as options: `beta=0.1` → --beta 0.1.

    Args:
        ctx: context of the command that runs, whose options come first, or of the group.
        message: a message that names settings in backticks.
    """
    from textrae.settings.command import RENAMED

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
    from textrae.settings.command import RENAMED
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


def _out_of_memory(error: Exception) -> bool:
    """Return whether an error says that there is no more memory, as Python, NumPy, Arrow, the system and torch say it."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


def _line(error: Exception) -> str:
    if _out_of_memory(error):
        return (
            "there is too little memory for this; close other programs, raise what `ulimit -v` allows, or ask for less, as with "
            "`train --size small` or a smaller --batch-tokens"
        )
    if isinstance(error, OSError) and error.strerror:
        where = "output" if error.filename is None else error.filename
        return f"{where}: {error.strerror}; check the path, its permissions and the free space"
    said = str(error).strip().splitlines()
    return (
        f"{type(error).__name__}: {said[0] if said else 'no message'}; run again with --debug and report this"
    )
