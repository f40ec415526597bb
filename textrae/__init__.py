"""textrae: sentence → vector → sentence with recurrent autoencoders.

The names below are loaded when first used, so that `import textrae` (and the command line's help) needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from textrae.version import __version__

if TYPE_CHECKING:
    from textrae.config import (
        CorpusConfig,
        ModelConfig,
        SeriesConfig,
        SeriesFormat,
        SeriesTraining,
        TrainingConfig,
    )
    from textrae.errors import TextraeError
    from textrae.model import SentenceAutoencoder
    from textrae.series.model import SeriesAutoencoder

_HOMES = {
    "CorpusConfig": "textrae.config",
    "ModelConfig": "textrae.config",
    "SeriesConfig": "textrae.config",
    "SeriesFormat": "textrae.config",
    "SeriesTraining": "textrae.config",
    "TrainingConfig": "textrae.config",
    "TextraeError": "textrae.errors",
    "SentenceAutoencoder": "textrae.model",
    "SeriesAutoencoder": "textrae.series.model",
}
__all__ = [
    "CorpusConfig",
    "ModelConfig",
    "SentenceAutoencoder",
    "SeriesAutoencoder",
    "SeriesConfig",
    "SeriesFormat",
    "SeriesTraining",
    "TextraeError",
    "TrainingConfig",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textrae' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
