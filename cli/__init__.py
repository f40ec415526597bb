"""The `textrae` command. Each file of commands parses, calls the library, and prints."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from .app import app

__all__ = ["app"]

_COMMANDS = (
    "convert", "evaluate", "export", "latent", "prior", "push", "report", "search", "serve", "series", "split", "train",
)  # fmt: skip
for _name in _COMMANDS:
    if find_spec(f"{__name__}.{_name}") is not None:  # series may be left out of an installation
        import_module(f"{__name__}.{_name}")
