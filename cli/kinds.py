"""What the commands do with runs of other kinds than sentences, by the `kind` that a run's `config.json` names.

The commands do not know these kinds. A file such as `series.py` puts its kind here, and takes it along when it is deleted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """How one kind of run is trained, reconstructed and described."""

    section: str
    """Title of its options in the help of `train`."""
    train_option: inspect.Parameter
    """Option of `train` that names the files to train on, and so asks for this kind; called like the kind."""
    settings: Callable[[], tuple[type, ...]]
    """Return its dataclasses of settings, whose fields become options of `train`."""
    train: Callable[[Any, list[str], Mapping[str, Any], list[str], Path, Path | None, bool], None]
    """Train, given the context, files, settings, options that do not fit, the run folder, a TOML file, and `overwrite`."""
    reconstruct_options: tuple[inspect.Parameter, ...]
    """Options of `reconstruct` for this kind only."""
    reconstruct: Callable[[Path, str, str, Mapping[str, Any]], None]
    """Reconstruct a file with a run, on a device, with the values of `reconstruct_options`."""
    info: Callable[[Path], dict[str, Any]]
    """Return what there is to tell of a run."""


KINDS: dict[str, Kind] = {}
