"""The command itself: help, version, and what it imports."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import command, environment, textrae


@pytest.mark.parametrize("name", ["train", "encode", "decode", "reconstruct", "evaluate", "info"])
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = textrae(name, "--help").stdout.decode()
    assert f"Example: textrae {name}" in shown


def test_help_needs_no_torch() -> None:
    code = (
        "import sys, importlib.metadata as m; app = m.entry_points(group='console_scripts')['textrae'].load();"
        "sys.argv = ['textrae', 'train', '--help']\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print('loaded' if {'torch', 'datasets', 'pyarrow'} & set(sys.modules) else 'lean')"
    )
    python = str(Path(command()).with_name("python"))
    shown = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert shown.stdout.splitlines()[-1] == "lean"


def test_version() -> None:
    assert textrae("--version").stdout.startswith(b"textrae 0.")


def test_listing_the_commands_imports_no_settings() -> None:
    code = (
        "import sys; from textrae_cli import app; sys.argv = ['textrae', '--help']\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print('settings' if {'pydantic', 'textrae.settings'} & set(sys.modules) else 'lean')"
    )
    python = str(Path(command()).with_name("python"))
    shown = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert shown.stdout.splitlines()[-1] == "lean"
