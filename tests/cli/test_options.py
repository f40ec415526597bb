"""Options that several commands share."""

from __future__ import annotations

import pytest
import typer
from textrae_cli.options import check_device


def test_a_device_that_there_is_not_is_wrong_usage() -> None:
    for name in ("auto", "cpu", "cuda", "mps"):
        check_device(name)
    with pytest.raises(typer.BadParameter, match="'gpu' is not auto, cpu, cuda or mps"):
        check_device("gpu")
