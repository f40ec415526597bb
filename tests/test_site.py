"""The site: its navigation names every page once, it builds without a warning, and it loads nothing from elsewhere."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from nn.layers import inputs, make
from support import textrae_here
from torch import Tensor

import textrae
from textrae.nn.cells import CELLS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
INSTALLED = all(
    importlib.util.find_spec(name) for name in ("mkdocs", "material", "mkdocstrings", "latex2mathml")
)
needs_mkdocs = pytest.mark.skipif(not INSTALLED, reason='needs pip install "textrae[docs]"')


def loaded(path: str) -> ModuleType:
    """Load a script."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = loaded("scripts/docs/hooks.py")
outside_loads = loaded("scripts/checks/outside_loads.py")


def pages(nav: Any) -> Iterator[str]:
    """Yield the names of the pages of a navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for one in nav.values() if isinstance(nav, dict) else nav:
            yield from pages(one)


def test_the_navigation_has_every_page_once() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = Counter(pages(nav))
    assert [name for name, times in named.items() if times > 1] == []
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert set(named) == there | set(hooks.OUTSIDE.values())


@pytest.mark.parametrize("page", sorted((DOCS / "experiments").glob("*.md")), ids=lambda page: page.stem)
def test_experiments_are_dated(page: Path) -> None:
    parts = re.split(r"^## (.+)\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    undated = [
        head
        for head, text in zip(parts[1::2], parts[2::2], strict=True)
        if not re.search(r"\b20\d\d-\d\d-\d\d", text)
    ]
    assert undated == [] or re.search(r"\b20\d\d-\d\d-\d\d", parts[0])


def test_the_reference_has_every_public_name() -> None:
    shown = re.findall(r"^::: textrae\.(\w+)$", (DOCS / "reference" / "python.md").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(name for name in textrae.__all__ if name != "__version__")


def rows(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the files and names in the table of a page that says where things stand in the code."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\|[^|]*\| `(textrae/[\w/]+\.py)` \|([^|]*)\|$", line):
            yield found[1], re.findall(r"`([\w.]+)`", found[2])


def defined(path: Path) -> set[str]:
    """Return the functions, classes and methods of a file."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found |= {node.name} | {
                f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)
            }
    return found


@pytest.mark.parametrize("name", ["rae", "brae", "ara", "hrae", "vrae", "mse"])
def test_how_it_works_names_code_that_exists(name: str) -> None:
    page = DOCS / "how" / f"{name}.md"
    named = list(rows(page))
    assert named
    for path, names in named:
        assert set(names) <= defined(ROOT / path), path
    assert f"({name}.svg)" in page.read_text(encoding="utf-8")


def test_the_pictures_are_what_the_script_draws() -> None:
    diagrams = loaded("scripts/docs/diagrams.py")
    for name, draw in diagrams.PICTURES.items():
        text = draw().svg()
        assert (DOCS / "how" / f"{name}.svg").read_text(encoding="utf-8") == text
        assert "prefers-color-scheme:dark" in text


def test_the_start_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command runs as it is written, with fewer steps; what needs no training is shown as it comes out."""
    page = (DOCS / "start.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    typed = [
        line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]
    (tmp_path / "data").mkdir()
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    lines = (ROOT / "data" / "sentences.en.txt").read_text(encoding="utf-8").splitlines(keepends=True)[-800:]
    (tmp_path / "data" / "sentences.en.txt").write_text("".join(lines), encoding="utf-8", newline="")
    (tmp_path / "corpus.txt").write_text("".join(lines[:200]), encoding="utf-8", newline="")
    monkeypatch.chdir(tmp_path)
    ran = 0
    for line in typed:
        given, piped, rest = line.rpartition(" | ")
        words = shlex.split(
            rest.replace("--steps 300", "--steps 2").replace("--minutes 10", "--steps 2 --size small")
        )
        if words[0] == "textrae":
            stdin = (given.removeprefix("echo ").strip('"') + "\n").encode() if piped else b""
            done = textrae_here(*words[1:], stdin=stdin)
            assert done.returncode == 0, (line, done.stderr)
            ran += 1
        elif words[0] == "python":
            subprocess.run([sys.executable, *words[1:]], check=True)
            eight = (tmp_path / "first" / "eight.txt").read_text(encoding="utf-8")
            assert eight in page
        else:
            assert line in ("make install", ". .venv/bin/activate", "ls first"), line
    assert ran >= 8
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/start.md", "exec"), names)
    assert names["vectors"].shape == (2, 512)


def test_the_commands_of_long_texts_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "data" / "sentences.en.txt").read_text(encoding="utf-8").split("\n")[:400]
    book = "\n\n".join(" ".join(lines[first : first + 10]) for first in range(0, 400, 10))
    (tmp_path / "book.txt").write_text(book + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "long-texts.md").read_text(encoding="utf-8")
    typed = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    assert len(typed) == 9
    for line in typed:
        words = shlex.split(re.sub(r"--minutes \d+|--steps \d+", "--steps 2 --hidden 16 --embedding 8", line))
        if words[0] == "python":
            subprocess.run([sys.executable, ROOT / words[1], *words[2:]], check=True, capture_output=True)
        else:
            done = textrae_here(*words[1:])
            assert done.returncode == 0, (line, done.stderr)
    counts = [len((tmp_path / name).read_bytes().split(b"\n")) for name in ("sentences.txt", "rebuilt.txt")]
    assert counts == [400 + 39 + 1] * 2


def typed() -> list[tuple[str, str]]:
    """Return the commands of textrae that the pages show after a prompt, each with its page."""
    found = []
    for page in sorted(DOCS.rglob("*.md")):
        for block in re.findall(r"```(?:console|sh)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in re.findall(
                r"^(?:\$ )?(?:.*[ |])?(?<!install )(?<![\w/\"])textrae (.*)$", block, re.MULTILINE
            ):
                found.append((page.relative_to(DOCS).as_posix(), re.split(r" [|<>#]", line)[0]))
    return sorted(set(found))


@pytest.mark.parametrize(("page", "line"), typed())
def test_every_command_of_the_pages_is_one(page: str, line: str) -> None:
    """Options are those of the command; what tests of the guides run is tested there too."""
    done = textrae_here(*shlex.split(line), "--help")
    assert done.returncode == 0, done.stderr.decode()


def test_the_cell_of_the_guide_works(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, test = re.findall(
        r"```python\n(.*?)```", (DOCS / "extend.md").read_text(encoding="utf-8"), re.DOTALL
    )
    names: dict[str, Any] = {"__name__": "ugrnn"}
    exec(compile(cell, "docs/extend.md", "exec"), names)
    monkeypatch.setitem(CELLS, "ugrnn", names["UGRNN"])
    exec(compile(test, "docs/extend.md", "exec"), names)
    names["test_forward_follows_the_equations"]()
    layer = make("ugrnn", hidden=3)
    x, state, _ = inputs(layer, steps=3, batch=2)

    def run(x: Tensor, state: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        given = dict(zip(dict(layer.named_parameters()), parameters, strict=True))
        joined = torch.cat([x, x.new_zeros(*x.shape[:2], 3)], dim=-1)
        return torch.func.functional_call(layer, given, (joined, state))

    assert torch.autograd.gradcheck(run, (x, state, *layer.parameters()))


def test_links_that_leave_docs_lead_to_pages() -> None:
    text = "[a](../CHANGELOG.md), [b](../data/README.md#files) and `[c](../none.md)`, [d](https://x.org)\n```\n[e](../x)\n```\n"
    assert hooks.relinked(text, "files.md") == (
        "[a](project/changes.md), [b](project/corpus.md#files) and `[c](../none.md)`, [d](https://x.org)\n"
        "```\n[e](../x)\n```\n"
    )
    assert (
        hooks.relinked("![p](docs/page.png) [l](LICENSE)", "project/readme.md")
        == "![p](../page.png) [l](LICENSE.txt)"
    )
    assert hooks.relinked('<img src="docs/page.png">', "project/readme.md") == '<img src="../page.png">'
    assert hooks.relinked("[n](../notebooks/one.ipynb)", "how/rae.md") == "[n](../notebooks/one.md)"
    with pytest.raises(ValueError, match="no page for pyproject"):
        hooks.relinked("[p](../pyproject.toml)", "files.md")


def test_notebooks_become_pages_with_their_outputs() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# One\n", "Text."]},
        {
            "cell_type": "code",
            "source": ["print(1)"],
            "outputs": [
                {"output_type": "stream", "text": [" 50%\r100%\r\n", "1\n"]},
                {
                    "output_type": "display_data",
                    "data": {"text/markdown": "| a |", "text/plain": "<Markdown>"},
                },
                {"output_type": "display_data", "data": {"image/png": "QUJD\n", "text/plain": "<Figure>"}},
            ],
        },
    ]
    page = hooks.as_markdown({"cells": cells}, "one.ipynb")
    assert page.startswith("# One\n\n<p><a download href='one.ipynb'>")
    assert "```python\nprint(1)\n```\n\n```text\n100%\n1\n```\n\n| a |\n" in page
    assert 'src="data:image/png;base64,QUJD"' in page
    assert "<Figure>" not in page
    assert "<Markdown>" not in page


def test_loads_from_elsewhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script src="https://x.org/a.js"></script><a href="https://x.org">fine</a><img src="b.png">'
        '<link rel="canonical" href="https://x.org"><style>@import "//x.org/a.css"</style><pre class="mermaid"></pre>'
    )
    (tmp_path / "a.css").write_text("a { background: url('https://x.org/b.png') }")
    found = list(outside_loads.loads(tmp_path))
    assert [one.split(": ")[0] for one in found] == ["a.css", "a.html", "a.html", "a.html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder


@needs_mkdocs
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    assert list(outside_loads.loads(site)) == []


@needs_mkdocs
def test_the_site_has_its_pages(site: Path) -> None:
    assert "doc-class" in (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert (site / "project" / "changes.html").is_file()
    for page in (site / "how").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "arithmatex" not in text, page
        assert "<merror" not in text, page
    assert "<math" in (site / "how" / "rae.html").read_text(encoding="utf-8")


@needs_mkdocs
def test_a_dead_anchor_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    small = {key: settings[key] for key in ("site_name", "strict", "validation")}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(small))
    (tmp_path / "docs" / "index.md").write_text("# Here\n\n[dead](#nowhere)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "#nowhere" in done.stderr
    shutil.rmtree(tmp_path / "docs")
