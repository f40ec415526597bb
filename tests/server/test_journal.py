from __future__ import annotations

import json
import logging

import pytest

from textrae.server.journal import LOGGER, JsonLines, tell


def test_an_event_is_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER.name):
        tell("request", path="/a\nb", status=200)
        try:
            raise ValueError("x")
        except ValueError:
            tell("failed", logging.ERROR, exc_info=True)
    request, failed = [JsonLines().format(record) for record in caplog.records]
    assert "\n" not in request + failed
    told = json.loads(request)
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "info", "event": "request", "path": "/a\nb", "status": 200}
    assert "ValueError: x" in json.loads(failed)["traceback"]
