"""Pictures in files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from textrae.errors import ConfigError, RunError, cannot_write
from textrae.pictures.canvas import Canvas
from textrae.pictures.raster import rastered
from textrae.pictures.svg import to_svg
from textrae.runs.files import write_atomically

PICTURES = (".png", ".svg", ".pdf")
"""Endings of the pictures that are drawn."""


def check_picture(path: Path) -> None:
    """Reject, before the work, a picture that could not be drawn.

    Raises:
        ConfigError: the ending is none of :data:`PICTURES`.
        RunError: matplotlib is missing for one that it draws, or a folder is there.
    """
    if path.is_dir():
        raise RunError(f"{path}: is a folder; give a file")
    if path.suffix not in PICTURES:
        raise ConfigError(f"{path}: pictures are written to {', '.join(PICTURES)}; give one of these endings")
    if path.suffix != ".svg" and find_spec("matplotlib") is None:
        raise RunError(
            f'{path}: {path.suffix} needs matplotlib; install it with `pip install "textrae[plot]"`, or give .svg'
        )


def save_picture(canvas: Canvas, path: Path, smaller: str) -> None:
    """Write a picture; the file appears whole or not at all.

    Args:
        canvas: what is drawn.
        path: ending in ``.png``, ``.svg`` or ``.pdf``.
        smaller: what to do where the picture is too large to draw, as the message says.

    Raises:
        ConfigError: the ending is another one.
        RunError: matplotlib is missing, the file cannot be written, or the picture is too large.
    """
    check_picture(path)
    try:
        content = to_svg(canvas).encode() if path.suffix == ".svg" else rastered(canvas, path.suffix[1:])
        write_atomically(path, content)
    except OSError as error:
        raise RunError(cannot_write(path, error)) from None
    except ValueError as error:
        raise RunError(f"{path}: cannot draw ({error}); {smaller}") from None
