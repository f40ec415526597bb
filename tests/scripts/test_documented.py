"""Every command line of a script that a page or the script itself shows is one that the script takes."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "scripts").rglob("*.py")),
]
_LINES = (
    re.compile(r"`python scripts/(\w+/\w+)\.py([^`]*)`"),  # in a sentence, perhaps over two lines
    re.compile(r"^ *python scripts/(\w+/\w+)\.py((?:\\\n|[^\n`])*)$", re.MULTILINE),
)
_BY_HAND = {"experiments/hold_out"}
"""Takes three words as they come."""


def documented() -> list[tuple[str, str]]:
    """Script and arguments, without the brackets and dots of a usage line."""
    lines = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name, rest in [found for line in _LINES for found in line.findall(text)]:
            words = shlex.split(re.sub(r"[\[\]…]|\.\.\.", " ", rest.replace("\\\n", " ")))
            if name not in _BY_HAND and words:
                lines.append((name, shlex.join(words)))
    return sorted(set(lines))


class Parsed(Exception):
    """The arguments were taken."""


def test_there_are_many() -> None:
    assert len({name for name, _ in documented()}) > 15


@pytest.mark.parametrize(("name", "arguments"), documented())
def test_a_documented_line_is_taken(name: str, arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = ROOT / "scripts" / f"{name}.py"
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setattr(sys, "argv", [script.name, *shlex.split(arguments)])
    original = argparse.ArgumentParser.parse_args

    def stop(self: argparse.ArgumentParser, *given: object) -> None:
        original(self, *given)  # type: ignore[call-overload]
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where dataclasses look for their module
    spec.loader.exec_module(module)
    with pytest.raises(Parsed):
        module.main()
