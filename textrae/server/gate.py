"""What every request passes first: limits, the key, measures and the log."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textrae.server.failures import Refusal
from textrae.server.journal import tell
from textrae.server.service import Service

AnswerBody = Callable[[bytes, Receive], Awaitable[bytes]]
"""Answers a body, given what else comes from the client."""
OPEN = frozenset({"/health"})
"""Paths for which no key is needed, beside the page's."""
_PIECE = 2**18
"""Bytes of an answer that are sent at once; the next ones wait until the client has taken most of them."""
_SLOWEST = 2**17
"""Bytes a second that a client must take of a large answer."""
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'"),
]


class Gate:
    """The outermost application.

    Args:
        app: what answers.
        service: limits, key and measures.
        routes: paths by which requests are counted; all others count as one.
        public: paths that need no key.
        answers: what answers POST on some paths, without the application.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        routes: Collection[str],
        public: Collection[str] = OPEN,
        answers: Mapping[str, AnswerBody] | None = None,
    ) -> None:
        self._app, self._service, self._answers = app, service, dict(answers or {})
        self._routes, self._public = frozenset(routes), frozenset(public)
        self._active, self._held = 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, sent, size = time.perf_counter(), 500, False, 0

        async def noting(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status, sent = message["status"], True
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        try:
            self._refuse(scope)
            self._active += 1
            self._service.metrics.active.inc()
            try:
                body = await self._body(scope, receive)
                size = len(body)
                try:
                    answer = self._answers.get(scope["path"]) if scope["method"] == "POST" else None
                    if answer is None:
                        await self._app(scope, _given(body, receive), noting)
                    else:
                        await self._give(await answer(body, receive), noting)
                finally:
                    self._held -= size
            finally:
                self._active -= 1
                self._service.metrics.active.dec()
        except Refusal as refusal:
            if not sent:
                await _say(refusal, noting)
        except TimeoutError:  # uvicorn closes what has begun and does not end
            status = 499
        except Exception:
            tell("failed", logging.ERROR, exc_info=True, path=scope["path"][:200])
            if not sent:
                await _say(Refusal(500, "the service failed; its log tells why"), noting)
        finally:
            path = scope["path"] if scope["path"] in self._routes else "other"
            seconds = time.perf_counter() - began
            self._service.metrics.answered(path, status, seconds)
            tell(
                "request",
                method=scope["method"][:20],
                path=scope["path"][:200],
                status=status,
                ms=round(1000 * seconds, 1),
                bytes=size,
            )

    def _refuse(self, scope: Scope) -> None:
        """Refuse what must not be answered, before anything of it is read."""
        service, headers = self._service, dict(scope["headers"])
        if service.api_key is not None and scope["path"] not in self._public:
            shown = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
            if not hmac.compare_digest(shown, service.api_key.encode()):
                raise Refusal(
                    401,
                    "a key is needed: Authorization: Bearer KEY",
                    code="invalid_api_key",
                    headers={"www-authenticate": "Bearer"},
                )
        if scope["method"] != "POST":
            return
        if self._active >= service.limits.requests:
            raise Refusal(
                429,
                f"{self._active:,} requests are answered already; try again later",
                headers={"retry-after": "1"},
            )
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Refusal(415, "a body of JSON is expected, with the header content-type: application/json")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and (len(length) > 15 or int(length) > service.limits.body):
            raise self._too_large()

    async def _give(self, answer: bytes, send: Send) -> None:
        """Send an answer as fast as it is taken, and count it as held; give up a client that does not take it."""
        self._held += len(answer)
        try:
            async with asyncio.timeout(self._service.limits.seconds + len(answer) / _SLOWEST):
                await _send(send, 200, answer)
        finally:
            self._held -= len(answer)

    def _too_large(self) -> Refusal:
        return Refusal(
            413, f"the body is larger than {self._service.limits.body:,} bytes; send less at a time"
        )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body, which is bounded, and count it as held."""
        if scope["method"] != "POST":
            return b""
        limits, parts, size = self._service.limits, [], 0
        try:
            async with asyncio.timeout(limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(499, "the client has left")
                    part = message.get("body", b"")
                    parts.append(part)
                    size += len(part)
                    self._held += len(part)
                    if size > limits.body:
                        raise self._too_large()
                    if self._held > limits.bodies:
                        raise Refusal(
                            429, "too much is sent at once; try again later", headers={"retry-after": "1"}
                        )
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            self._held -= size
            raise Refusal(408, f"the body did not come within {limits.seconds:g} s") from None
        except BaseException:
            self._held -= size
            raise


def _given(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _say(refusal: Refusal, send: Send) -> None:
    """Answer with a refusal."""
    await _send(send, refusal.status, refusal.body(), refusal.headers)


async def _send(send: Send, status: int, body: bytes, more: Mapping[str, str] = {}) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for first in range(0, max(1, len(body)), _PIECE):
        last = first + _PIECE
        await send({"type": "http.response.body", "body": body[first:last], "more_body": last < len(body)})
