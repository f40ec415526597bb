"""Pictures that measures are drawn in, by matplotlib, an optional dependency."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from textrae.errors import ConfigError, RunError, cannot_write
from textrae.runs.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = (".png", ".svg", ".pdf")
"""Endings of the pictures that are drawn."""


def check_picture(path: Path) -> None:
    """Reject, before the work, a picture that could not be drawn.

    Raises:
        ConfigError: the ending is none of :data:`PICTURES`.
        RunError: matplotlib is missing, or a folder is there.
    """
    if path.is_dir():
        raise RunError(f"{path}: is a folder; give a file")
    if path.suffix not in PICTURES:
        raise ConfigError(f"{path}: pictures are written to {', '.join(PICTURES)}; give one of these endings")
    if find_spec("matplotlib") is None:
        raise RunError("pictures need matplotlib; install it with: pip install matplotlib")


def save_figure(figure: Figure, path: Path, smaller: str) -> None:
    """Write a figure; the file appears whole or not at all.

    Args:
        figure: what is drawn.
        path: one that :func:`check_picture` accepts.
        smaller: what to do where the figure is too large to draw, as the message says.

    Raises:
        RunError: the file cannot be written, or the figure has too many points.
    """
    content = BytesIO()
    try:
        figure.savefig(content, dpi=120, format=path.suffix.removeprefix("."))
        write_atomically(path, content.getvalue())
    except OSError as error:
        raise RunError(cannot_write(path, error)) from None
    except ValueError as error:
        raise RunError(f"{path}: cannot draw ({error}); {smaller}") from None
