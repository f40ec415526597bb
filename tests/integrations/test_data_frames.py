"""What the guide of data frames says is run: its code against the installed libraries, on what `encode` writes."""

from __future__ import annotations

import contextlib
import importlib
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import sentences
from support import textrae_here

GUIDE = (Path(__file__).parents[2] / "docs" / "data-frames.md").read_text(encoding="utf-8")
NEAREST = {"polars": "frame", "pandas": "frame", "duckdb": "nearest", "lancedb": "store", "faiss": "rows"}
LINES = [*sentences()[::40], "the soup was cold"]
"""Sentences of which the last is the one that the guide looks for."""


def blocks(title: str) -> list[str]:
    """Return the code of a section, which begins with what is said before all sections."""
    before, *parts = GUIDE.split("\n## ")
    (part,) = [one for one in parts if one.lower().startswith(title)]
    return re.findall(r"```python\n(.*?)```", before + part, re.DOTALL)


@pytest.fixture(scope="module")
def place(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    shutil.copytree(run, folder / "run")
    (folder / "sentences.txt").write_text("\n".join(LINES), encoding="utf-8")
    with contextlib.chdir(folder):
        assert textrae_here("encode", "run", "sentences.txt", "-o", "vectors.parquet").returncode == 0
    return folder


@pytest.mark.parametrize("library", NEAREST)
def test_the_code_of_the_guide_finds_the_sentence(
    library: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = pytest.importorskip(library).__version__
    monkeypatch.chdir(place)
    names: dict[str, Any] = {}
    for block in blocks(library):
        exec(compile(block, "data-frames.md", "exec"), names)
    assert "the soup was cold" in capsys.readouterr().out
    assert NEAREST[library] in names
    if "vectors" in names and library != "faiss":
        assert names["vectors"].shape == (len(LINES), len(names["query"]))
        assert names["vectors"].dtype == np.float32
        assert np.abs(names["vectors"][-1] - names["query"]).max() < 1e-5
    title = re.search(rf"^## {library} (\S+)$", GUIDE, re.MULTILINE | re.IGNORECASE)
    assert title
    assert version.startswith(f"{title[1]}."), "name the version that is tested"


def test_what_polars_has_changed_is_decoded(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("polars")
    monkeypatch.chdir(place)
    names: dict[str, Any] = {}
    for block in blocks("polars"):
        exec(compile(block, "data-frames.md", "exec"), names)
    done = textrae_here("decode", "run", "middle.parquet")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_the_column_is_a_list_of_a_fixed_length(place: Path) -> None:
    schema = importlib.import_module("pyarrow.parquet").read_schema(place / "vectors.parquet")
    kind = schema.field("vector").type
    assert (str(kind.value_type), kind.list_size > 0) == ("float", True)
