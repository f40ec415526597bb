"""Commands of textrae, run for what they measure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class Failed(Exception):
    """What a command said when it failed, in one line."""


def answer(*words: object) -> dict[str, Any]:
    """Run a command of textrae, and return the object that it prints.

    Raises:
        Failed: it failed, with what it said.
    """
    return _printed([sys.executable, "-m", "textrae", *map(str, words), "--json"], str(words[0]))


def machine() -> dict[str, Any]:
    """Measure this machine; return its name, its peak, the version of torch and the commit.

    Raises:
        Failed: the script that measures failed, with what it said.
    """
    script = Path(__file__).parents[1] / "speed" / "machine.py"
    return _printed([sys.executable, script], script.name)


def _printed(line: list[str | Path], name: str) -> dict[str, Any]:
    """Run a command line, and return the object that it prints."""
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    said = (done.stderr.strip().splitlines() or [f"{name} ended with exit code {done.returncode}"])[-1]
    try:
        raise Failed(json.loads(said)["error"])
    except (ValueError, TypeError, KeyError):
        raise Failed(said) from None
