"""Count how the house stands: flat modules, layers, circles, longest file and function, places where rules stand.

    python scripts/checks/house.py
    python scripts/checks/house.py --json

It reads the code of `textrae/` and `cli/` and runs none of it.
"""

from __future__ import annotations

import argparse
import ast
import json
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("textrae.settings.rules", "textrae.settings.fits")
"""Modules that hold nothing but rules of what goes with what."""
TOPS = {"textrae": "textrae", "cli": "textrae_cli"}
"""Folders, and the packages that they are installed as."""


def modules() -> dict[str, Path]:
    """Return every module of the library and of the command, by its name."""
    found = {}
    for top, package in TOPS.items():
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = [package, *path.relative_to(ROOT / top).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the known modules that one imports, those that only its annotations need left out.

    Imports inside functions count: one that hides a circle is still a circle.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in _run(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            inside = {f"{base}.{alias.name}" for alias in node.names} & known.keys()
            found |= inside or {base}
    return (found & known.keys()) - {name}


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs: an `if TYPE_CHECKING` does not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run(child)


def circles() -> list[str]:
    """Return one circle among the modules, and one among the wings, where there is any."""
    known = modules()
    graph = {name: imports(name, path, known) for name, path in known.items()}
    wings: dict[str, set[str]] = {}
    for name, needed in graph.items():
        here = _wing(name)
        wings.setdefault(here, set()).update({_wing(other) for other in needed} - {here})
    found = []
    for each in (graph, wings):
        try:
            TopologicalSorter(each).prepare()
        except CycleError as error:
            found.append(" → ".join(reversed(error.args[1])))
    return found


def _wing(name: str) -> str:
    """Return the wing of a module of the library (a top-level module is its own); of the command, the module."""
    return name if name.startswith("textrae_cli") else ".".join(name.split(".")[:2])


def functions() -> list[tuple[int, str]]:
    """Return every function's lines and name, the longest first."""
    found = []
    for name, path in modules().items():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(((node.end_lineno or 0) - node.lineno + 1, f"{name}.{node.name}"))
    return sorted(found, reverse=True)


def files() -> list[tuple[int, str]]:
    """Return every file's lines and name, the longest first."""
    sizes = [
        (len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in modules().values()
    ]
    return sorted(sizes, reverse=True)


def rule_places() -> list[str]:
    """Return where settings are refused for what other settings are: a class's validator, a function, or a page of rules."""
    found = set()
    for name, path in modules().items():
        for owner, node in _owned(parsed(path)):
            calls = {
                call.func.id
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            }
            if calls & {"refuse", "refuse_two_budgets"}:
                found.add(name if name in PAGES else f"{name}.{owner}")
    return sorted(found - {"textrae.settings.fields.refuse_two_budgets"})


def _owned(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield each function of a module with its name, and each class with its own."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node


def layers() -> list[str]:
    """Return the lines of the layers contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    found: list[str] = contract["layers"]
    return found


def figures() -> dict[str, object]:
    """Return every figure by what it counts."""
    flat = [path.stem for path in (ROOT / "textrae").glob("*.py") if not path.stem.startswith("__")]
    return {
        "modules flat in textrae/": sorted(flat),
        "lines of the layers contract": layers(),
        "circles": circles(),
        "longest file": files()[0],
        "longest function": functions()[0],
        "places where rules across settings stand": rule_places(),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = figures()
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for name, value in found.items():
        if isinstance(value, list):
            print(f"{name}: {len(value)}")
            for one in value:
                print(f"    {one}")
        elif isinstance(value, tuple):
            print(f"{name}: {value[0]} lines, {value[1]}")


if __name__ == "__main__":
    main()
