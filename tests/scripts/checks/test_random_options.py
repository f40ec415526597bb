"""Random values of every option of every command: success, or one line for an error that textrae raised."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae import SentenceAutoencoder

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "random_options.py"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The script, in a folder with the inputs that it prepares."""
    spec = importlib.util.spec_from_file_location("random_options", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["random_options"] = module
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("options"))
        module.prepare()
        yield module


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_outcome_is_right_or_a_refusal(script: Any, seed: int) -> None:
    line = script.command_line(random.Random(seed), script.options())
    kind, said = script.outcome(line)
    assert kind in ("right", "refused"), f"textrae {' '.join(line)}\n{said}"


def test_every_command_is_known_and_its_line_works(script: Any) -> None:
    assert script.options().keys() == script.COMMANDS.keys()
    for name, words in script.COMMANDS.items():
        kind, said = script.outcome([name, *words])
        assert kind == "right", (name, said)


def test_what_others_raise_is_told_from_what_textrae_raises(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: object) -> None:
        raise KeyError("not a message for users")

    monkeypatch.setattr(SentenceAutoencoder, "info", broken)
    assert script.outcome(["info", "run"])[0] == "foreign"
    assert script.outcome(["info", "none"])[0] == "refused"
