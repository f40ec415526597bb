from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from textrae.server.protocol import BoundedProtocol


class Patient(BoundedProtocol):
    seconds = 0.3


async def count(scope: Scope, receive: Receive, send: Send) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(count, http=Patient, ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join()


def answer(address: tuple[str, int], sent: list[bytes]) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        try:
            for part in sent:
                connection.sendall(part)
        except OSError:
            pass
        found = b""
        try:
            while part := connection.recv(65_536):
                found += part
                if found.endswith(b"0000"):
                    break
        except ConnectionResetError:
            return found or b"reset"
        return found


def test_bodies_whole_and_in_chunks_are_read(address: tuple[str, int]) -> None:
    whole = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n" + b"a" * 200_000
    assert answer(address, [whole]).endswith(b"\r\n\r\n200000")
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert answer(address, [head + b"1\r\na\r\n" * 40_000 + b"0\r\n\r\n"]).endswith(b"\r\n\r\n40000")


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"POST / HTTP/1.1\r\nx: ", b"a"),
        (b"POST / HTTP/1.1\r\n", b"x: aaaa\r\n"),
        (b"GET /", b"a"),
        (b"", b"\r\n"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ", b"a"),
    ],
)
def test_what_does_not_end_is_closed(address: tuple[str, int], begin: bytes, more: bytes) -> None:
    many = more * (2**20 // len(more))
    found = answer(address, [begin, *[many] * 20])
    assert found == b"reset" or found.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


def test_what_does_not_come_is_closed(address: tuple[str, int]) -> None:
    assert answer(address, []) == b""
    assert answer(address, [b"POST / HTTP/1.1\r\nx: "]) == b""
