"""The README's commands and its Python run as written, with a budget that suits a test; links in all pages work."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from standin import TOKEN, StandIn
from support import textrae_here

from textrae import ModelConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
PAGES = [
    "README.md",
    "README.zh-CN.md",
    "CONTRIBUTING.md",
    "data/README.md",
    *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))),
]
LONGEST = 130
"""Lines of the README."""
SMALL = "--steps 3 --hidden 24 --embedding 16 --vocab-size 400"


@pytest.fixture
def place(tmp_path: Path, corpus: Path) -> Path:
    text = corpus.read_text()
    (tmp_path / "corpus.txt").write_text(text)
    (tmp_path / "sentences.txt").write_text("\n".join(text.split("\n")[:20]) + "\n")
    (tmp_path / "series.csv").write_text(
        "\n\n".join("\n".join(str(step % (3 + row)) for step in range(9)) for row in range(20)) + "\n"
    )
    for name, part in (("past", slice(20, 30)), ("present", slice(30, 40))):
        (tmp_path / f"{name}.txt").write_text("\n".join(text.split("\n")[part]) + "\n")
    for name in ("train.en", "train.de", "test.en", "test.de"):
        (tmp_path / name).write_text(text.upper() if name.endswith("de") else text)
    return tmp_path


def commands(readme: str) -> tuple[list[str], list[str]]:
    """Return the commands of the block under Use, and those of the table below it."""
    (block,) = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    rows = "\n".join(line for line in readme.splitlines() if line.startswith("| ["))
    return [line.removeprefix("$ ") for line in block.splitlines()], re.findall(
        r"`((?:textrae|torchrun) .*?)`", rows
    )


def test_commands(place: Path, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    used, more = commands(README)
    assert len(used) == 6
    assert len(more) >= 14
    for line in [*used, *more]:
        if re.match("torchrun|textrae serve|.* --engine ray", line):
            continue  # tests/cli/test_train_processes.py, test_serve.py and tests/integrations/ray_data run these
        if "export" in line and not importlib.util.find_spec("onnx"):
            continue
        words = shlex.split(re.sub(r"--(minutes|epochs) \d+", SMALL, line))
        words = (
            words if "--series" not in words else [word for word in words if word not in SMALL.split()[4:]]
        )
        assert words[0] == "textrae"
        done = textrae_here(*words[1:])
        assert done.returncode == 0, (line, done.stderr)
        if words[1] not in ("train", "encode", "report", "export", "push"):
            assert done.stdout, line


def test_the_chinese_readme_says_the_same() -> None:
    """Commands but for their sentences and their corpus, blocks of shell, links and figures are those of the English one."""

    def quoted(lines: list[str]) -> list[str]:
        return [re.sub(r'"(?!textrae)[^"]*"', '""', line) for line in lines]

    def shell(readme: str) -> list[str]:
        blocks = "".join(re.findall(r"```(?:sh|python)\n(.*?)```", readme, re.DOTALL))
        blocks = blocks.replace(" CORPUS=data/sentences.zh.txt", "").replace(".zh.txt", ".en.txt")
        return quoted([re.sub(r"\s+#.*", "", line) for line in blocks.splitlines()])

    def links(readme: str) -> list[str]:
        found = re.findall(r"\]\(([^)]+)\)", readme.replace("start.zh-CN.md", "start.md"))
        return sorted(link for link in found if not link.startswith("README"))

    def figures(readme: str) -> list[list[str]]:
        rows = [line.split("|")[2:] for line in readme.splitlines() if line.startswith("|")]
        return [re.findall(r"\d+(?:[.,]\d+)*", "|".join(row)) for row in rows if "`" not in "".join(row)]

    for used, in_chinese in zip(commands(README), commands(CHINESE), strict=True):
        assert quoted(used) == quoted(in_chinese)
    assert shell(README) == shell(CHINESE)
    assert links(README) == links(CHINESE)
    assert figures(README) == figures(CHINESE)
    assert sum(map(len, figures(README))) > 20
    assert sorted(re.findall(r"\d{3,}", README.replace(",", ""))) == sorted(
        re.findall(r"\d{3,}", CHINESE.replace(",", ""))
    )
    assert README.count("\n## ") == CHINESE.count("\n## ")


def test_the_chinese_start_has_the_same_commands() -> None:
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("start.md", "start.zh-CN.md")]
    lines = [re.findall(r"^\$ (.*)$", page, re.MULTILINE) for page in pages]
    english, chinese = [
        [re.sub('"[^"]*"', '""', line) for line in one if "echo" not in line] for one in lines
    ]
    assert english == [line.replace(".zh.txt", ".en.txt") for line in chinese]
    assert len(english) > 10


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
    variables = {"$(BIN)": ".venv/bin", "$(DEMO)": "demo-run", "$(CORPUS)": "data/sentences.en.txt"}
    for name, value in variables.items():
        makefile = makefile.replace(name, value)
    for line in block.splitlines()[2:]:
        assert line in makefile, line


@pytest.mark.parametrize("readme", [README, CHINESE])
def test_readme_is_short(readme: str) -> None:
    assert len(readme.splitlines()) <= LONGEST


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_is_in_the_index(page: str) -> None:
    index = ROOT / "docs" / "README.md"
    linked = re.findall(r"\]\(([^)#\s]+)", index.read_text(encoding="utf-8"))
    assert ROOT / page == index or ROOT / page in {(index.parent / target).resolve() for target in linked}


@pytest.mark.parametrize("page", PAGES)
def test_every_script_that_is_named_exists(page: str) -> None:
    for script in re.findall(r"\bscripts/[\w/]+\.(?:py|sh)\b", (ROOT / page).read_text(encoding="utf-8")):
        assert (ROOT / script).is_file(), script
