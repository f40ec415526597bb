"""Every extra of the package is tried by scripts/checks/extras.py."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support import script

DEVELOPERS = {"dev", "docs", "tools"}


def test_every_extra_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    extras = set(project["project"]["optional-dependencies"]) - DEVELOPERS
    assert set(script("checks/extras", monkeypatch).USES) == extras
