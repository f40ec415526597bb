from __future__ import annotations

import io
import json
import logging
import os
import threading
import time

import pytest

from textrae.server.journal import LOGGER, JsonLines, Unhindered, tell


def test_a_pipe_that_nobody_reads_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrae.server.journal.HELD", 50)
    reading, writing = os.pipe()
    logger = logging.Logger("test")
    with os.fdopen(writing, "w") as stream:
        handler = Unhindered(stream)
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
        began = time.monotonic()
        for number in range(3_000):
            logger.warning("x" * 1_000, extra={"fields": {"number": number}})
        assert time.monotonic() - began < 5
        with os.fdopen(reading, "rb") as pipe:
            read = threading.Thread(target=lambda: lines.extend(pipe.read().splitlines()))
            lines: list[bytes] = []
            read.start()
            handler.close()
            os.dup2(os.open(os.devnull, os.O_WRONLY), writing)
            read.join(10)
    told = [json.loads(line) for line in lines]
    written = [one for one in told if one["event"] != "dropped"]
    dropped = sum(one["lines"] for one in told if one["event"] == "dropped")
    assert dropped > 1_000
    assert len(written) + dropped == 3_000
    assert written[0]["number"] == 0


def test_lines_are_written_where_there_is_no_file() -> None:
    stream = io.StringIO()
    handler = Unhindered(stream)
    handler.setFormatter(JsonLines())
    handler.handle(logging.LogRecord("", logging.INFO, "", 0, "one", None, None))
    handler.close()
    assert json.loads(stream.getvalue())["event"] == "one"


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
