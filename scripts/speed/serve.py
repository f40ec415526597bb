"""Measure the service: many clients of one sentence each, beside the engine's own speed in the same run.

    python scripts/speed/serve.py RUN FILE [--what reconstruct] [--clients 64] [--seconds 10]
    python scripts/speed/serve.py RUN FILE --what interpolate --clients 1 --sentences 100
    python scripts/speed/serve.py RUN FILE --requests 100000

The second line asks for the walks that the page shows, 33 sentences from each sentence to the next one. The third measures
memory over as many requests. All start `textrae serve RUN` on a free port of 127.0.0.1. Each client sends its next request once
the last is answered. The engine does the same in this process, while the service rests; both are measured in turn. The clients
share the machine with the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

_ROUTES = {"embeddings": "/v1/embeddings", "reconstruct": "/reconstruct", "interpolate": "/interpolate"}
_WALK = 33
"""Sentences of a walk, both ends counted."""


@contextmanager
def started(*words: object, log: bool = False) -> Iterator[tuple[str, int, int]]:
    """Run `textrae serve` with further words on a free port; yield host, port and process, and stop it."""
    command = [str(Path(sys.executable).with_name("textrae")), "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen([*command, *([] if log else ["--no-log"])], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = None
        while found is None:
            line = process.stderr.readline()
            if not line:
                sys.exit("the service did not start")
            found = re.search(r": http://([\d.]+):(\d+)$", line.rstrip())
        yield found[1], int(found[2]), process.pid  # whose log nobody reads, which must not matter
    finally:
        process.terminate()
        process.stderr.close()
        process.wait()


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def request(what: str, sentence: str, following: str, host: str, port: int) -> bytes:
    """Return the bytes of a request about a sentence, or two."""
    fields: dict[str, dict[str, Any]] = {
        "embeddings": {"input": sentence, "encoding_format": "base64"},
        "reconstruct": {"texts": sentence},
        "interpolate": {"texts": [sentence, following], "steps": _WALK},
    }
    body = json.dumps(fields[what]).encode()
    head = f"POST {_ROUTES[what]} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Client(asyncio.Protocol):
    """One connection, which sends its next request once the last is answered.

    Args:
        requests: to send, without end.
        times: list for the seconds of each answer.
        until: clock at which no more are sent.
        most: requests of all clients at most, as a list with one number that is counted down.
    """

    def __init__(self, requests: Iterator[bytes], times: list[float], until: float, most: list[int]) -> None:
        self.requests, self.times, self.until, self.most = requests, times, until, most
        self.done = asyncio.get_running_loop().create_future()
        self.got, self.needed = b"", 0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self._send()

    def _send(self) -> None:
        if time.perf_counter() > self.until or self.most[0] <= 0:
            self.transport.close()
            return
        self.most[0] -= 1
        self.began = time.perf_counter()
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        """Read an answer."""
        self.got += data
        if not self.needed:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.got[:end].lower()
            if not head.startswith(b"http/1.1 200"):
                self.done.set_exception(RuntimeError(self.got.decode(errors="replace")[:500]))
                self.transport.close()
                return
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            self.needed = end + 4 + int(length[1])
        if len(self.got) >= self.needed:
            self.times.append(time.perf_counter() - self.began)
            self.got, self.needed = b"", 0
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        if not self.done.done():
            self.done.set_result(None)


async def load(
    what: str, sentences: list[str], host: str, port: int, clients: int, seconds: float, most: int = 10**9
) -> tuple[float, list[float]]:
    """Ask with several clients at once; return sentences/s, and the seconds of each answer."""
    pairs = zip(sentences, sentences[1:] + sentences[:1], strict=True)
    requests = cycle([request(what, *pair, host, port) for pair in pairs])
    times: list[float] = []
    left, began = [most], time.perf_counter()
    loop = asyncio.get_running_loop()
    all_clients = [
        (await loop.create_connection(lambda: Client(requests, times, began + seconds, left), host, port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for client in all_clients))
    return len(times) / (time.perf_counter() - began), times


def quantile(values: list[float], share: float) -> float:
    """Return the value that a share of all is not above."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("file", help="sentences, one a line")
    parser.add_argument("--what", choices=list(_ROUTES), default="embeddings")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=10_000, help="of the file, at most")
    parser.add_argument("--requests", type=int, help="measure memory over as many requests instead")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--threads", type=int, default=0, help="of the service; 0 for one a core")
    args = parser.parse_args()
    sentences = Path(args.file).read_text(encoding="utf-8").removesuffix("\n").split("\n")[: args.sentences]
    words = (args.run, "--precision", args.precision, "--threads", args.threads)
    with started(*words) as (host, port, pid):
        if args.requests:
            memory(args, sentences, host, port, pid)
        else:
            speed(args, sentences, host, port)


def speed(args: argparse.Namespace, sentences: list[str], host: str, port: int) -> None:
    """Measure the engine and the service in turn."""
    from machine import describe

    from textrae.model import SentenceAutoencoder

    model = SentenceAutoencoder.load(args.run, device="cpu", precision=args.precision)

    def walks(some: list[str]) -> None:
        for pair in pairwise(some):
            model.interpolate(*pair, steps=_WALK)

    work: Any = {"embeddings": model.encode, "reconstruct": model.reconstruct, "interpolate": walks}[
        args.what
    ]
    work(sentences[:200])
    asyncio.run(load(args.what, sentences, host, port, args.clients, 2.0))
    engine, service, times = [], [], []
    for _ in range(args.repeats):
        began = time.perf_counter()
        work(sentences)
        engine.append(len(sentences) / (time.perf_counter() - began))
        rate, some = asyncio.run(load(args.what, sentences, host, port, args.clients, args.seconds))
        service.append(rate)
        times += some
    print(f"machine: {describe()}")
    print(f"{args.what}, {args.precision}, clients: {args.clients}")
    unit = "walks" if args.what == "interpolate" else "sentences"
    print(f"engine:  {statistics.median(engine):,.0f} {unit}/s")
    print(f"service: {statistics.median(service):,.0f} {unit}/s")
    shares = [one / other for one, other in zip(service, engine, strict=True)]
    print(
        f"service : engine = {statistics.median(shares):.2f} (of each turn: {', '.join(f'{one:.2f}' for one in shares)})"
    )
    print(f"answers: median {1000 * quantile(times, 0.5):.0f} ms, 99 % {1000 * quantile(times, 0.99):.0f} ms")


def memory(args: argparse.Namespace, sentences: list[str], host: str, port: int, pid: int) -> None:
    """Print the service's memory after each tenth of the requests."""
    print(f"   start: {resident(pid):7.0f} MiB")
    part = max(1, args.requests // 10)
    for number in range(1, 11):
        asyncio.run(load(args.what, sentences, host, port, args.clients, 10**9, part))
        print(f"{number * part:8,}: {resident(pid):7.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
