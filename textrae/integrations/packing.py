"""Models as plain bytes, so that a pickle of what holds one has no code of ours in it, and is read with all checks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

Model = TypeVar("Model")


def packed(save: Callable[[Path], None]) -> dict[str, bytes]:
    """Return the files of a run folder by their names.

    Args:
        save: writes the run into a folder that is not there yet.
    """
    with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
        save(Path(folder) / "run")
        return {file.name: file.read_bytes() for file in sorted((Path(folder) / "run").iterdir())}


def unpacked(files: Mapping[str, bytes], load: Callable[[Path], Model]) -> Model:
    """Return the model of a run folder whose files :func:`packed` returned.

    Args:
        files: their bytes by their names.
        load: reads the run from a folder.

    Raises:
        RunError: they are no run, or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
        for name, content in files.items():
            (Path(folder) / Path(name).name).write_bytes(content)
        return load(Path(folder))
