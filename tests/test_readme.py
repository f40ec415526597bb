"""The README's commands and its Python run as written, with a budget that suits a test; links in all pages work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import command, environment

from textrae import ModelConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    "README.md",
    "data/README.md",
    *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))),
]
LONGEST = 160
"""Lines of the README."""
SMALL = "--steps 3 --hidden 24 --embedding 16 --vocab-size 400"


@pytest.fixture
def place(tmp_path: Path, corpus: Path) -> Path:
    text = corpus.read_text()
    (tmp_path / "corpus.txt").write_text(text)
    (tmp_path / "sentences.txt").write_text("\n".join(text.split("\n")[:20]) + "\n")
    for name, part in (("past", slice(20, 30)), ("present", slice(30, 40))):
        (tmp_path / f"{name}.txt").write_text("\n".join(text.split("\n")[part]) + "\n")
    for name in ("train.en", "train.de", "test.en", "test.de"):
        (tmp_path / name).write_text(text.upper() if name.endswith("de") else text)
    return tmp_path


@pytest.mark.parametrize(("section", "least"), [("Use", 7), ("Translation", 3)])
def test_commands(place: Path, section: str, least: int) -> None:
    block = re.search(rf"## {section}\n.*?```console\n(.*?)```", README, re.DOTALL)
    assert block
    lines = [line.removeprefix("$ ") for line in block[1].splitlines()]
    assert len(lines) >= least
    for line in lines:
        words = shlex.split(re.sub(r"--minutes \d+", SMALL, line))
        assert words[0] == "textrae"
        done = subprocess.run([command(), *words[1:]], cwd=place, capture_output=True, env=environment())
        assert done.returncode == 0, (line, done.stderr)
        if words[1] not in ("train", "encode", "report"):
            assert done.stdout, line


def test_python(place: Path) -> None:
    names = ran(place, README, "README.md", {"minutes=10": "steps=3", 'cell="gru"': "hidden=24"})
    assert names["vectors"].shape == (2, ModelConfig().encoding_size)
    assert f"(2, {ModelConfig().encoding_size})" in README
    assert len(names["sentences"]) == 2


def test_python_guide(place: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    names = ran(place, page, "docs/python.md", {"minutes=2": "steps=3", "progress=True": "progress=False"})
    size = ModelConfig.sized("small").encoding_size  # as three steps train no larger one
    assert names["vector"].shape == names["step"].shape == (size,)
    assert names["vectors"].shape == (120, size)
    assert f"({ModelConfig().encoding_size},)" in page
    assert isinstance(names["sentence"], str)
    assert isinstance(names["moved"], str)
    assert len(names["path"]) == len(names["nearer"]) == 5


def ran(place: Path, page: str, name: str, smaller: dict[str, str]) -> dict[str, Any]:
    """Run the first block of Python of a page, with a budget that suits a test; return its names."""
    block = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert block
    code = block[1]
    for written, small in smaller.items():
        assert written in code
        code = code.replace(written, small)
    names: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(place)
    try:
        exec(compile(code, name, "exec"), names)
    finally:
        os.chdir(before)
    return names


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    place = ROOT / page
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", place.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        found = place.parent / target if target else place
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}, (
                anchor
            )


def test_plain_lines_are_what_make_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    block = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[1]
    expanded = makefile.replace("$(BIN)", ".venv/bin").replace("$(DEMO)", "demo-run")
    for line in block.splitlines()[2:]:
        assert line in expanded, line


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_is_in_the_index(page: str) -> None:
    index = ROOT / "docs" / "README.md"
    linked = re.findall(r"\]\(([^)#\s]+)", index.read_text(encoding="utf-8"))
    assert ROOT / page == index or ROOT / page in {(index.parent / target).resolve() for target in linked}


@pytest.mark.parametrize("page", PAGES)
def test_every_script_that_is_named_exists(page: str) -> None:
    for script in re.findall(r"\bscripts/[\w/]+\.(?:py|sh)\b", (ROOT / page).read_text(encoding="utf-8")):
        assert (ROOT / script).is_file(), script
