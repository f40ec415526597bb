"""The `textrae` command. Each file here is a family of commands that parses, calls the library, and prints."""

from __future__ import annotations

from . import convert, evaluate, latent, series, train
from .app import app

__all__ = ["app", "convert", "evaluate", "latent", "series", "train"]
