"""HTTP as uvicorn reads it, with bounds on what comes before and beside a body."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = 65_536
"""Bytes of a request's line and headers, or of a body's trailers; a read or two more may be held."""
_OVERHEAD = 8
"""Bytes beside the body for each byte of it, as in chunks of a byte."""
SECONDS = 60.0
"""Seconds in which a request's line and headers must come."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection, which is closed where its headers do not end."""

    seconds = SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._other, self._body = 0, 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._have()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read, and close the connection if too much has come that is no body."""
        self._other += len(data)
        super().data_received(data)
        if self._other > HEAD + _OVERHEAD * self._body and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to count, and to wait for the end of the headers."""
        self._other, self._body = 0, 0
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._have()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._other -= len(body)
        self._body += len(body)
        super().on_body(body)

    def _wait(self) -> None:
        self._have()
        self._timer = self.loop.call_later(self.seconds, self.transport.close)

    def _have(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
