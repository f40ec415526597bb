"""`textrae serve` as a process, for the tests that need one."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import command, environment


class Process:
    """A service that runs."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self.log, self.url = process, log, ""

    def ask(self, path: str, key: str | None = None, **fields: Any) -> Any:
        headers = {"content-type": "application/json"}
        headers |= {} if key is None else {"authorization": f"Bearer {key}"}
        request = urllib.request.Request(
            self.url + path, json.dumps(fields).encode() if fields else None, headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def serving(log: Path, *words: object, **environ: str) -> Iterator[Process]:
    with log.open("w") as notes:
        process = subprocess.Popen(
            [command(), "serve", *map(str, words), "--port", "0"],
            stderr=notes,
            text=True,
            env={**environment(), **environ},
        )
        found = Process(process, log)
        try:
            address = None
            for _ in range(1_200):
                if address := re.search(r": (http://127.0.0.1:\d+)$", log.read_text(), re.MULTILINE):
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            assert address
            found.url = address[1]
            yield found
        finally:
            process.kill()
            process.wait()
