"""The command itself: help, version, and what it imports."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import command, environment, textrae, textrae_here
from textrae_cli import app
from typer.main import get_command


def commands() -> dict[str, Any]:
    """Return every command by its name."""
    group: Any = get_command(app)
    context = group.make_context("textrae", [], resilient_parsing=True)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


@pytest.mark.parametrize("name", commands())
def test_every_command_has_an_example_json_and_a_file_for_what_it_writes(name: str) -> None:
    shown = textrae_here(name, "--help").stdout.decode()
    assert f"Example: textrae {name} " in shown
    options = {switch for option in commands()[name].params for switch in option.opts}
    # a service answers in JSON anyway
    assert "--json" in options or name == "serve"
    # it writes no file, and what is pushed goes into a repository
    assert {"--out", "-o"} <= options or name in ("serve", "push")


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


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("reconstruct", "RUN"), 0),
        (("encode", "RUN", "-", "-o", "-", "--precision", "fp32"), 0),
        (("evaluate", "RUN", "none.txt", "--json"), 1),
        (("sample", "RUN", "--from", "x"), 2),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_the_installed_command_does_what_tests_run_in_their_own_process(
    words: tuple[str, ...], code: int, run: Path, text: Path
) -> None:
    line = [str(run) if word == "RUN" else word for word in words]
    installed, here = (each(*line, stdin=text.read_bytes()) for each in (textrae, textrae_here))
    assert installed.returncode == here.returncode == code
    assert installed.stdout == here.stdout
    assert installed.stderr == here.stderr
    assert installed.stderr


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
