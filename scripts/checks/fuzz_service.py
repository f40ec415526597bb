"""Ask the service what it does not expect, and count what it must not answer: 5xx, nothing, or its own end.

    python scripts/checks/fuzz_service.py RUN [--index FOLDER] [--requests 10000] [--seed 0]

Half of the requests are made from the OpenAPI page by schemathesis, if its command `schemathesis` is installed (pip install
schemathesis, in an environment of its own: it brings much). The others are random: bytes instead of requests, bodies that are no
JSON, right bodies with single bytes changed, and fields with odd values. Traffic goes to 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "speed"))
from serve import resident, started

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**70), 0.5, 1e300, -1e-300, "", " ", "a", "\x00", "\u2028",
    "🐕" * 50, "x" * 30_000, [], {}, [[]], [None], [""], ["a"] * 3_000, [["a"]], {"a": {}}, [1, 2, 3], [[1.0, 2.0]],
]  # fmt: skip
"""Values of fields."""
RAW = [b"NaN", b"Infinity", b'"\\ud800"', b"1e999", b"-", b"[" * 5_000, b"9" * 5_000, b'"\xff"', b"{" * 100]
"""Texts in the place of a value."""


def body(draw: random.Random, schemas: dict[str, Any], name: str) -> bytes:
    """Return a body that is nearly right for a schema."""
    schema = schemas[name]
    fields = dict(schema["examples"][0])
    fields.pop("model", None)
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.randrange(200))
    names = [*schema["properties"], "unknown"]
    for _ in range(draw.randrange(3)):
        fields[draw.choice(names)] = draw.choice(ODD)
    written = json.dumps(fields).encode()
    if kind == 1 and written:
        place = draw.randrange(len(written))
        return written[:place] + draw.randbytes(1) + written[place + draw.randrange(2) :]
    if kind == 2:
        return re.sub(rb": [^,}]*", lambda found: b": " + draw.choice(RAW), written, count=1)
    return written


def asked(host: str, port: int, sent: bytes, whole: bool) -> int | None:
    """Send bytes; return the answer's status, 0 if the connection was closed without one, None if nothing came in time.

    Args:
        host, port: of the service.
        sent: what is sent.
        whole: whether it is a whole request; after another one nothing more is said to come.
    """
    with socket.create_connection((host, port), timeout=90) as connection:
        try:
            connection.sendall(sent)
            if not whole:
                connection.shutdown(socket.SHUT_WR)
            found = connection.recv(65_536)
        except TimeoutError:
            return None
        except OSError:
            return 0
    status = re.match(rb"HTTP/1.[01] (\d{3})", found)
    return int(status[1]) if status else 0


def random_requests(host: str, port: int, pid: int, count: int, seed: int) -> Counter[Any]:
    """Send random requests; return how often each status came."""
    with urllib.request.urlopen(f"http://{host}:{port}/openapi.json") as page:
        description = json.load(page)
    schemas = description["components"]["schemas"]
    paths = {
        path: one["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for path, one in description["paths"].items()
        if "post" in one
    }
    draw, found = random.Random(seed), Counter[Any]()
    for number in range(count):
        path = draw.choice(list(paths))
        sent = body(draw, schemas, paths[path])
        is_whole = False
        if draw.random() < 0.1:  # no HTTP, or hardly
            whole = draw.randbytes(draw.randrange(1, 500))
            if draw.random() < 0.5:
                whole = f"POST {path} HTTP/1.1\r\n".encode() + whole
        else:
            method = draw.choices(["POST", "GET", "PUT", "HEAD"], [20, 1, 1, 1])[0]
            length = draw.choices([str(len(sent)), "-1", "x", "99999999999999999999"], [40, 1, 1, 1])[0]
            head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
            whole = f"{head}content-length: {length}\r\n\r\n".encode() + sent
            is_whole = length == str(len(sent))
        status = asked(host, port, whole, is_whole)
        found[status] += 1
        if status is None or status >= 500:
            print(f"{status}: {whole[:300]!r}")
        if (number + 1) % max(1, count // 10) == 0:
            print(f"{number + 1:,} random requests: {resident(pid):.0f} MiB", flush=True)
    return found


def by_schemathesis(host: str, port: int, count: int, seed: int) -> int | None:
    """Have schemathesis make requests from the OpenAPI page; return its exit code, None if it is not installed."""
    program = shutil.which(
        "schemathesis", path=f"{Path(sys.executable).parent}:{sys.path[0]}"
    ) or shutil.which("schemathesis")
    if program is None:
        print("schemathesis is not installed: its half is left out")
        return None
    each = max(1, count // 24)  # for each endpoint, right and wrong ones
    words = [program, "run", f"http://{host}:{port}/openapi.json", "--checks", "not_a_server_error"]
    words += ["--max-examples", str(each), "--seed", str(seed), "--request-timeout", "90"]
    return subprocess.run([*words, "--suppress-health-check", "all"]).returncode


def metric(host: str, port: int) -> tuple[float, float]:
    """Return the requests that the service has answered, and those of them with 5xx."""
    with urllib.request.urlopen(f"http://{host}:{port}/metrics") as page:
        lines = page.read().decode().splitlines()
    found = [line.rsplit(" ", 1) for line in lines if line.startswith("textrae_requests_total{")]
    every = sum(float(value) for _, value in found)
    return every, sum(float(value) for name, value in found if 'status="5' in name)


def main() -> None:
    """Send the requests; exit with 1 if the service failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--index", help="folder of an index to search")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    words = (args.run, *(("--index", args.index) if args.index else ()))
    began = time.monotonic()
    with started(*words) as (host, port, pid):
        print(f"start: {resident(pid):.0f} MiB")
        by_schemathesis(host, port, args.requests // 2, args.seed)
        print(f"after schemathesis: {resident(pid):.0f} MiB")
        found = random_requests(host, port, pid, args.requests // 2, args.seed)
        answered, failed = metric(host, port)
        print(f"{answered:,.0f} requests answered, {failed:,.0f} with 5xx; {time.monotonic() - began:.0f} s")
        print(
            "random ones by status: "
            + ", ".join(f"{status}: {n:,}" for status, n in sorted(found.items(), key=str))
        )
        if failed or found[None]:
            sys.exit("the service failed")
        print(f"alive, {resident(pid):.0f} MiB")


if __name__ == "__main__":
    main()
