"""Options that several commands share."""

from __future__ import annotations

import pytest
from textrae_cli.options import check_device

from textrae.errors import ConfigError


def test_a_device_that_there_is_not_is_wrong_usage() -> None:
    for name in ("auto", "cpu", "cuda", "mps"):
        check_device(name)
    with pytest.raises(ConfigError, match="`device`: auto, cpu, cuda or mps is expected, not 'gpu'"):
        check_device("gpu")
