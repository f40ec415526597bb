"""The service's log: a line of JSON for each event, without what was asked or answered."""

from __future__ import annotations

import logging
import os
import queue
import threading
from datetime import UTC, datetime
from typing import IO, Any

import orjson

HELD = 10_000
"""Lines that are held while nobody reads them."""
_PATIENCE = 2.0
"""Seconds that lines may take to be written at the end."""
LOGGER = logging.getLogger("textrae.server")
"""Logger of the service; handlers are the caller's."""


class JsonLines(logging.Formatter):
    """Writes records as lines of JSON: time, level, event, and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {
            "time": when,
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(fields, default=str).decode()


class Unhindered(logging.Handler):
    """Writes lines from a thread of its own, so that a pipe that nobody reads holds up the log and not the service.

    Lines beyond :data:`HELD` are dropped, and how many is written once there is room again.

    Args:
        stream: to write to; its number is used where it has one, as nobody else may wait for its lock.
    """

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(HELD)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="textrae-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hold a line to be written."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what is held, if that takes no longer than some seconds."""
        try:
            self._lines.put(None, timeout=_PATIENCE)
        except queue.Full:
            return
        self._thread.join(_PATIENCE)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            self._put(line)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                record = logging.LogRecord("", logging.WARNING, "", 0, "dropped", None, None)
                record.fields = {"lines": dropped}
                self._put(self.format(record))

    def _put(self, line: str) -> None:
        content = f"{line}\n".encode(errors="replace")
        try:
            number = self._stream.fileno()
        except (OSError, AttributeError):
            self._stream.write(f"{line}\n")
            return
        try:
            while content:
                content = content[os.write(number, content) :]
        except OSError:  # its reader has left
            return


def tell(event: str, level: int = logging.INFO, *, exc_info: bool = False, **fields: Any) -> None:
    """Log an event with its fields."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, exc_info=exc_info, extra={"fields": fields})
