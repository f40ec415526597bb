"""The table of cells: complete, the only place that knows a cell's name or where its fused module runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from nn.layers import LOOPS, Conditioned, agree, inputs, make

import textrae
from textrae.nn.cells import CELLS, cell_of
from textrae.nn.cells.cell import runs_fused
from textrae.nn.recurrence import Recurrence
from textrae.settings.fields import Cell

PACKAGE = Path(textrae.__file__).parent
ELSEWHERE = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not {"nn/cells", "settings"} & {str(parent) for parent in path.relative_to(PACKAGE).parents}
]
"""Files outside the wing of the cells and that of the settings."""


def test_the_table_is_that_of_the_settings() -> None:
    assert sorted(CELLS) == sorted(get_args(Cell))
    assert all(kind.name == name for name, kind in CELLS.items())


def test_an_unknown_cell_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=f"no cell 'x'; known are {', '.join(CELLS)}"):
        cell_of("x")
    with pytest.raises(ValueError, match="`activation`: gru has tanh, not relu"):
        Recurrence("gru", 2, 3, activation="relu")


def defaults(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the default values of parameters, which are settings of a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            yield from (value for value in (*node.defaults, *node.kw_defaults) if value is not None)


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_file_asks_which_cell_or_whether_on_a_gpu(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    chosen = {id(value) for value in defaults(tree)}
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Attribute) and node.attr == "is_cuda"), node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value != "is_cuda", node.lineno
            named = node.value in CELLS and id(node) not in chosen
            assert not named or path == PACKAGE / "series" / "settings.py", node.lineno


@pytest.mark.parametrize(("cell", "activation"), [pair for pair in LOOPS if CELLS[pair[0]].fused is not None])
def test_the_fused_module_equals_the_loop(cell: str, activation: str) -> None:
    agree(make(cell, activation=activation))


@pytest.mark.parametrize("cell", CELLS)
def test_the_fused_module_runs_on_a_gpu_only(cell: str) -> None:
    kind = CELLS[cell]
    there: Any = SimpleNamespace(is_cuda=True)
    assert runs_fused(kind, there) is (kind.fused is not None)
    assert not runs_fused(kind, torch.zeros(1))
    assert not runs_fused(replace(kind, fused=None), there)


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_fused_module_names_and_results_are_the_same(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = make(cell)
    monkeypatch.setitem(CELLS, cell, replace(CELLS[cell], fused=None))
    plain = make(cell)
    assert [(name, value.shape) for name, value in plain.state_dict().items()] == [
        (name, value.shape) for name, value in fused.state_dict().items()
    ]
    plain.load_state_dict(fused.state_dict())
    given = inputs(plain)
    torch.testing.assert_close(Conditioned(plain)(*given), Conditioned(fused)(*given))
    plain.initialise()
    assert all(value.isfinite().all() for value in plain.parameters())
