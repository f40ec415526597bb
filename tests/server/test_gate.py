from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from textrae.server.gate import Gate
from textrae.server.service import Limits, Service

JSON = (b"content-type", b"application/json")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    if message["body"] == b"fail":
        raise ZeroDivisionError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def ask(
    gate: Gate,
    body: list[bytes],
    path: str = "/decode",
    method: str = "POST",
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,),
) -> tuple[int, Any, dict[bytes, bytes]]:
    sent: list[Message] = []

    async def parts() -> AsyncIterator[Message]:
        for place, part in enumerate(body):
            yield {"type": "http.request", "body": part, "more_body": place + 1 < len(body)}
        await asyncio.sleep(60)

    async def main() -> None:
        coming = parts()

        async def receive() -> Message:
            return await anext(coming)

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
        await gate(scope, receive, send)

    asyncio.run(main())
    return sent[0]["status"], sent[1]["body"], dict(sent[0]["headers"])


@pytest.fixture
def service() -> Any:
    made = Service(Limits(body=20, bodies=30, seconds=0.2), "secret")
    yield made
    made.close()


@pytest.fixture
def gate(service: Service) -> Gate:
    service.api_key = None
    return Gate(echo, service, {"/decode"})


def message(answer: tuple[int, Any, Any]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["error"]["message"]


def test_a_body_is_read_whole_and_given_on(gate: Gate, service: Service) -> None:
    status, body, headers = ask(gate, [b"a", b"bc", b""])
    assert (status, body) == (200, b"abc")
    assert headers[b"x-content-type-options"] == b"nosniff"
    page = service.metrics.page().decode()
    assert 'textrae_requests_total{route="/decode",status="200"} 1.0' in page
    ask(gate, [b""], path="/" + "x" * 1_000, method="GET")
    assert 'route="other"' in service.metrics.page().decode()


def test_a_large_body_is_refused_whether_announced_or_not(gate: Gate) -> None:
    for body, headers in (([b""], (JSON, (b"content-length", b"21"))), ([b"x" * 15, b"y" * 6], (JSON,))):
        status, said = message(ask(gate, body, headers=headers))
        assert status == 413
        assert said == "the body is larger than 20 bytes; send less at a time"
    assert ask(gate, [b"x" * 20])[0] == 200
    assert gate._held == 0


def test_a_body_that_does_not_come_is_given_up(gate: Gate) -> None:
    async def main() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            await asyncio.sleep(60)
            return {}

        async def send(message: Message) -> None:
            sent.append(message)

        await gate({"type": "http", "method": "POST", "path": "/decode", "headers": [JSON]}, receive, send)
        return sent

    assert asyncio.run(main())[0]["status"] == 408


def test_an_answer_that_is_not_taken_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrae.server.gate._SLOWEST", 2**30)
    service.api_key = None
    sent: list[Message] = []

    async def large(body: bytes, receive: Receive) -> bytes:
        return b"x" * 600_000

    async def send(message: Message) -> None:
        sent.append(message)
        if message.get("body"):
            await asyncio.sleep(60 if taken == len(sent) else 0)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"a", "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/decode", "headers": [JSON]}
    gate = Gate(echo, service, {"/decode"}, answers={"/decode": large})
    for taken in (3, -1):
        sent.clear()
        asyncio.run(gate(scope, receive, send))
        assert gate._held == gate._active == 0
        assert [len(one.get("body", b"")) for one in sent[1:]] == [2**18, 2**18, 75_712][
            : 2 if taken > 0 else 3
        ]
    assert 'status="499"' in service.metrics.page().decode()


def test_other_types_are_refused(gate: Gate) -> None:
    assert message(ask(gate, [b"a"], headers=((b"content-type", b"text/plain"),)))[0] == 415
    assert message(ask(gate, [b"a"], headers=()))[0] == 415
    assert ask(gate, [b"a"], headers=((b"content-type", b"Application/JSON; charset=utf-8"),))[0] == 200


def test_a_key_is_asked_for(service: Service) -> None:
    gate = Gate(echo, service, {"/decode"}, {"/health"})
    for headers in (
        (JSON,),
        (JSON, (b"authorization", b"Bearer secre")),
        (JSON, (b"authorization", b"\xff")),
    ):
        status, said = message(ask(gate, [b"a"], headers=headers))
        assert (status, said) == (401, "a key is needed: Authorization: Bearer KEY")
    assert ask(gate, [b"a"], headers=(JSON, (b"authorization", b"Bearer secret")))[0] == 200
    assert ask(gate, [b""], path="/health", method="GET", headers=())[0] == 200


def test_too_many_at_once_are_refused(service: Service) -> None:
    service.api_key = None
    service.limits = Limits(requests=0)
    status, body, headers = ask(Gate(echo, service, ()), [b"a"])
    assert (status, headers[b"retry-after"]) == (429, b"1")
    assert b"try again later" in body


def test_what_nobody_has_foreseen_is_one_line(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    assert message(ask(gate, [b"fail"])) == (500, "the service failed; its log tells why")
    assert "ZeroDivisionError" in caplog.text
    assert gate._active == gate._held == 0
