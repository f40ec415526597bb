"""Runs as the command line names them: folders, or `user/name[@revision]` of the Hugging Face hub."""

from __future__ import annotations

import os
from pathlib import Path

from .failures import NAMES, note


def run_place(text: str) -> Path:
    """Return the folder of a run, downloading one of the hub and telling its commit.

    A path at which there is nothing stays as it is, if it cannot be a name of the hub.

    Raises:
        HubError: the hub has no such run, or cannot be reached.
    """
    path = Path(text)
    if os.path.lexists(path):
        return path
    from textrae.runs.hub import origin_of, run_folder

    folder = run_folder(text, note)
    origin = origin_of(folder)
    if origin is not None:
        NAMES[str(folder)] = origin
        note(f"{text}: commit {folder.name} of the hub")
    return folder


def refuse_copy(run: Path, setting: str, instead: str) -> None:
    """Raise :class:`textrae.errors.ConfigError` if a run that is to be written to is a copy from the hub.

    Args:
        run: the run folder.
        setting: what asks for it.
        instead: what to do.
    """
    from textrae.errors import ConfigError
    from textrae.runs.hub import origin_of

    if origin_of(run) is not None:
        raise ConfigError(f"`{setting}`: {run} is a copy from the hub, which is not written to; {instead}")
