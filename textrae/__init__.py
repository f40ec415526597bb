"""textrae: sentence → vector → sentence with recurrent autoencoders.

The names below are loaded when first used, so that `import textrae` (and the command line's help) needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from textrae.version import __version__

if TYPE_CHECKING:
    from textrae.errors import TextraeError
    from textrae.model import SentenceAutoencoder
    from textrae.series.model import SeriesAutoencoder
    from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.model import ModelConfig
    from textrae.settings.training import TrainingConfig
    from textrae.training.job import Watch

_HOMES = {
    "CorpusConfig": "textrae.settings.corpus",
    "ModelConfig": "textrae.settings.model",
    "SeriesConfig": "textrae.series.settings",
    "SeriesFormat": "textrae.series.settings",
    "SeriesTraining": "textrae.series.settings",
    "TrainingConfig": "textrae.settings.training",
    "Watch": "textrae.training.job",
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
    "Watch",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textrae' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names too, for `dir`, `help` and editors, before they are loaded."""
    return sorted({*globals(), *__all__})
