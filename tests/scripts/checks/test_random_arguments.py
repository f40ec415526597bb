"""Random arguments of public methods give a right result or a refusal of one line that textrae wrote."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SCRIPT = Path(__file__).parents[3] / "scripts" / "checks" / "random_arguments.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("random_arguments", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["random_arguments"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def models(script: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return script.models(tmp_path_factory.mktemp("models"))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_every_outcome_is_right_or_a_refusal(
    script: Any, models: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.chdir(tmp_path)  # what is saved goes there
    draw = random.Random(seed)
    kind, method = draw.choice(list(models)), draw.choice(list(script.METHODS))
    outcome, values, found = script.call(draw, models[kind], method)
    assert outcome in ("right", "refused"), (
        f"{outcome}: {kind}.{method}({script.short(values)}): {found!r:.300}"
    )


def test_every_public_method_is_called(script: Any, models: Any) -> None:
    model = models["plain"]
    public = {name for name in dir(model) if not name.startswith("_") and callable(getattr(model, name))}
    assert public - {"info"} == set(script.METHODS)


def test_what_others_raise_is_told_from_what_textrae_raises(
    script: Any, models: Any, monkeypatch: Any
) -> None:
    def broken(*args: object, **named: object) -> None:
        int("x")

    monkeypatch.setattr(type(models["plain"]), "encode", broken)
    assert script.call(random.Random(0), models["plain"], "encode")[0] == "foreign"
    monkeypatch.setattr(type(models["plain"]), "encode", lambda *args, **named: None)
    assert script.call(random.Random(0), models["plain"], "encode")[0] == "wrong"
