"""The house stays as CONTRIBUTING describes it: its size, its tests beside its modules, and docstrings that stand alone."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SPANNING = {
    "test_every_setting",
    "test_first_minutes",
    "test_given_vectors",
    "test_meaning",
    "test_house",
    "test_older_runs",
    "test_notebooks",
    "test_packaging",
    "test_readme",
    "test_site",
    "test_translation",
    "test_variants",
    "cli/test_commands",
    "cli/test_train_processes",
    "integrations/test_data_frames",
}
"""Tests of what spans several modules."""
CODE = [path for top in ("textrae", "cli", "scripts") for path in sorted((ROOT / top).rglob("*.py"))]
ELLIPTICAL = re.compile(
    r"(Of (the|that|this|a|an|its|their|which|what|whom|them|those|it|one|both|such)\b|And\b|Or\b|But\b|The same\b|Likewise\b"
    r"|Those\b|That of\b|As (above|below|before|of|in|for|the|it|that|there)\b|As :\w+:|See (above|below|the class|there)\b"
    r"|The (other|others|next|next ones|first of)\b(?! \w+ \w+)|Beside\b|So (are|is|many|much)\b|Also\b|Both\b|Its\b|Their\b)"
)
"""How a docstring begins that means nothing without the line above it."""
OLD_WORDS = re.compile(r"\b(anew|so many|so much|alone)\b")
"""Words for which plain ones are used: again, N, only."""


def house() -> Any:
    """Load the script that counts."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "scripts" / "checks" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_house_keeps_its_size() -> None:
    found = house()
    figures = found.figures()
    assert len(figures["modules flat in textrae/"]) <= 5
    assert len(figures["lines of the layers contract"]) <= 11
    assert figures["circles"] == []
    assert figures["longest file"][0] <= 450
    assert figures["longest function"][0] <= 70
    assert len(figures["places where rules across settings stand"]) <= 7


def with_behaviour() -> list[Path]:
    """Return the modules that define a function or a method."""
    found = []
    for path in CODE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.parts[len(ROOT.parts)] != "scripts" and any(
            isinstance(node, ast.FunctionDef) for node in ast.walk(tree)
        ):
            found.append(path)
    return found


def beside(path: Path) -> Path:
    """Return the place of a module's tests."""
    top, *parts = path.relative_to(ROOT).with_suffix("").parts
    folder = ROOT / "tests" / ("cli" if top == "cli" else "")
    return folder.joinpath(*parts[:-1], f"test_{parts[-1]}.py")


def test_every_module_with_behaviour_has_a_file_of_tests() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in with_behaviour()
        if path.name != "__init__.py" and not beside(path).is_file()
    ]
    assert missing == []


def test_every_file_of_tests_has_a_module() -> None:
    known = {beside(path) for path in CODE} | {ROOT / "tests" / f"{name}.py" for name in SPANNING}
    tests = {path for path in (ROOT / "tests").rglob("test_*.py") if "scripts" not in path.parts}
    assert sorted(str(path.relative_to(ROOT)) for path in tests - known) == []


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every docstring of a file with its line: of modules, classes, functions and attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for body in (getattr(node, name, None) for name in ("body", "orelse")):
            for one in body if isinstance(body, list) else ():
                if (
                    isinstance(one, ast.Expr)
                    and isinstance(one.value, ast.Constant)
                    and isinstance(one.value.value, str)
                ):
                    yield one.lineno, one.value.value


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_stand_alone(path: Path) -> None:
    elliptical = [(line, text[:60]) for line, text in docstrings(path) if ELLIPTICAL.match(text)]
    assert elliptical == []
    old = [(line, found[0]) for line, text in docstrings(path) if (found := OLD_WORDS.search(text))]
    assert old == []
