"""The package list, the layers and the pins agree with the tree."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from textrae.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_of_the_tree_is_listed() -> None:
    folders = {
        path.parent.relative_to(ROOT) for top in ("textrae", "cli") for path in (ROOT / top).rglob("*.py")
    }
    found = {".".join(folder.parts).replace("cli", "textrae_cli") for folder in folders}
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])
    assert all((ROOT / folder / "__init__.py").exists() for folder in folders)


def test_the_command_is_installed() -> None:
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="textrae")
    assert entry.value == "textrae_cli:app"
    assert callable(entry.load())


def test_the_package_runs_as_the_command_and_tells_its_help_without_torch() -> None:
    code = (
        "import runpy, sys; sys.argv = ['textrae', '--help']\n"
        "try: runpy.run_module('textrae', run_name='__main__')\n"
        "except SystemExit as left: print(left.code, 'torch' in sys.modules, 'pydantic' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "reconstruct  Rebuild sentences" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "0 False False"
    wrong = subprocess.run([sys.executable, "-m", "textrae", "info"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert (
        wrong.stderr
        == "error: Missing argument 'run'; `python -m textrae info --help` tells what may be given\n"
    )


def test_constraints_pin_every_dependency_within_its_range() -> None:
    from packaging.requirements import Requirement

    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[name.lower().replace("_", "-")] = version
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["dev"], *extras["tools"]]:
        requirement = Requirement(text)
        version = pins[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(version), text
    assert pins["torch"] == "2.13.0"


def test_the_library_never_prints_and_text_keeps_torch_to_batches() -> None:
    for path in (ROOT / "textrae").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in calls, path
        modules = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any(module.split(".")[0] in ("pickle", "typer") for module in modules), path
        if path.parent.name == "text" and path.name != "batch.py":
            assert not any(module.split(".")[0] == "torch" for module in modules), path


def test_the_version_is_said_once_and_meant_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    version, day = re.findall(r"^## ([\d.]+) \((.*)\)$", changes, re.MULTILINE)[0]
    assert version == __version__
    assert f"\ndate-released: {day}\n" in citation
    kinds = re.findall(r"^### (.*)$", changes, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Fixed", "Removed", "Security"}
