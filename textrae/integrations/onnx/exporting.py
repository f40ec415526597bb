"""A run written as a folder of ONNX graphs that needs no textrae."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from textrae.errors import ConfigError, RunError
from textrae.integrations.onnx.cells import OPERATORS
from textrae.integrations.onnx.reading import Reader, adapter_graph
from textrae.integrations.onnx.writing import start_graph, step_graph
from textrae.latent.draw import default_path_method, normalised
from textrae.runs.folder import write_folder
from textrae.runs.run import Run
from textrae.settings.model import ModelConfig
from textrae.text.batch import SPECIALS
from textrae.version import __version__

FORMAT = 1
"""Number of the folder's format."""
TOKENIZER, TARGET_TOKENIZER = "tokenizer.model", "target_tokenizer.model"


def export(run: Run, folder: Path, *, int8: bool = False) -> dict[str, int]:
    """Write a run as ONNX graphs, with its tokenizer and a loop in plain Python that generates.

    Args:
        run: any run of sentences, but no hierarchical one.
        folder: new folder.
        int8: whether matrices are stored as int8, in a quarter of the bytes.

    Returns:
        The bytes of each file.

    Raises:
        ConfigError: the run cannot be exported.
        RunError: something is at `folder`, or the disk refuses.
    """
    check_place(folder)
    return write(folder, contents(run, int8))


def check_place(folder: Path) -> None:
    """Raise :class:`RunError` if something is where a folder is to be written."""
    if folder.exists() or folder.is_symlink():
        raise RunError(f"{folder}: exists already; choose another folder")


def write(folder: Path, content: dict[str, bytes]) -> dict[str, int]:
    """Write files into a new folder, which appears when it is whole; return the bytes of each.

    Raises:
        RunError: the disk refuses.
    """

    def fill(place: Path) -> None:
        for name, data in content.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(data)

    write_folder(folder, fill)
    return {name: len(data) for name, data in content.items()}


def check_shape(config: ModelConfig) -> None:
    """Raise :class:`ConfigError` if runs of a shape cannot be exported."""
    if config.hierarchical:
        raise ConfigError(
            "a hierarchical run cannot be exported: it plans each segment from the one before, which it reads again, "
            "and no graph of one step holds that; export a run with slots"
        )
    if config.cell not in OPERATORS:
        raise ConfigError(
            f"a run with `cell={config.cell}` cannot be exported: ONNX has no operator for that cell, only for "
            f"{', '.join(OPERATORS)}"
        )


def contents(run: Run, int8: bool) -> dict[str, bytes]:
    """Return the files of an exported run by their names.

    Raises:
        ConfigError: the run cannot be exported.
    """
    check_shape(run.settings.model)
    network = run.network
    encoder = adapter_graph(network, int8) if network.adapter is not None else Reader(network, int8).build()
    found = {
        "encoder.onnx": encoder,
        "start.onnx": start_graph(network, int8),
        "step.onnx": step_graph(network, int8),
        "config.json": json.dumps(described(run, int8), indent=1, ensure_ascii=False).encode() + b"\n",
        "generate.py": files("textrae.integrations.onnx").joinpath("generate.py").read_bytes(),
        TOKENIZER: run.tokenizer.to_bytes(),
    }
    if run.target_tokenizer is not None:
        found[TARGET_TOKENIZER] = run.target_tokenizer.to_bytes()
    return found


def described(run: Run, int8: bool) -> dict[str, Any]:
    """Return what a program has to know to use the graphs."""
    config = run.settings.model
    begin = {name: run.network.first_tag + place for place, name in enumerate(config.languages)}
    if len(begin) < 2:  # nobody needs to name the only one
        begin[""] = next(iter(begin.values()), SPECIALS.bos)
    return {
        "format": FORMAT,
        "textrae": __version__,
        "run": run.fingerprint,
        "int8": int8,
        "encoding_size": config.encoding_size,
        "reads": TOKENIZER,
        "writes": TOKENIZER if run.target_tokenizer is None else TARGET_TOKENIZER,
        "vectors": config.vectors,
        "max_length": run.settings.corpus.longest,
        "begin": begin,
        "end": SPECIALS.eos,
        "blank": SPECIALS.blank,
        "decodes": config.memory != "states",
        "translates": run.translates,
        "normalised": normalised(config),
        "meaning": config.meaning,
        "keeps_length": config.keeps_length,
        "blur": config.blur > 0,
        "path": default_path_method(config),
    }
