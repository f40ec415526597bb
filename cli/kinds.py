"""What the commands do with runs of other kinds than sentences, by the `kind` that a run's `config.json` names.

The commands do not know these kinds. A file such as `series.py` puts its kind here, and takes it along when it is deleted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from .session import refuse_options


@dataclass(frozen=True)
class KindCommand:
    """How a command that sentences have too works on one kind of run."""

    options: Callable[[], Sequence[inspect.Parameter]]
    """Return its options for this kind only."""
    shared: tuple[str, ...]
    """Options of the command itself that hold for this kind too."""
    run: Callable[[Path, str, Mapping[str, Any]], None]
    """Work on a file with a run, given the values of all options by name."""


@dataclass(frozen=True)
class Kind:
    """How one kind of run is trained, used and described."""

    section: str
    """Title of its options in the help of `train`."""
    train_option: inspect.Parameter
    """Option of `train` that names the files to train on, and so asks for this kind; called like the kind."""
    settings: Callable[[], tuple[type, ...]]
    """Return its dataclasses of settings, whose fields become options of `train`."""
    train: Callable[[Any, list[str], Mapping[str, Any], list[str], Path, Path | None, bool], None]
    """Train, given the context, files, settings, options that do not fit, the run folder, a TOML file, and `overwrite`."""
    commands: Mapping[str, KindCommand]
    """How it does the commands that sentences have too, by their names."""
    info: Callable[[Path], dict[str, Any]]
    """Return what there is to tell of a run."""


KINDS: dict[str, Kind] = {}


def options_for(command: str) -> Callable[[], list[inspect.Parameter]]:
    """Return what makes the options that other kinds than sentences have for a command."""
    return lambda: [
        option
        for kind in KINDS.values()
        if command in kind.commands
        for option in kind.commands[command].options()
    ]


def done_by_kind(ctx: typer.Context, command: str, run: Path, file: str, others: Mapping[str, Any]) -> bool:
    """Have the kind of a run do a command; return False for a run of sentences, or of a kind that does not have it.

    Args:
        ctx: context of the command; options that are not for the kind of the run are wrong usage.
        command: name of the command.
        run: the run folder.
        file: the file to work on.
        others: the options that other kinds than sentences have, and only they.
    """
    from textrae.runs.folder import kind_of

    name = kind_of(run)
    kind = KINDS.get(name)
    if kind is None or command not in kind.commands:
        refuse_options(ctx, "a run of sentences", *others)
        return False
    found = kind.commands[command]
    known = {"run", "file", *found.shared, *(option.name for option in found.options())}
    refuse_options(ctx, f"a run of {name}", *(one for one in ctx.params if one not in known))
    found.run(run, file, ctx.params)
    return True
