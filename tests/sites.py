"""Folders served as they are, and a browser that opens them."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import CHROMIUM


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yield its address."""
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def tab(url: str) -> Iterator[Any]:
    """Open a page in a browser, which must say nothing on its console and ask no other server."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: the page is not tested in a browser")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    said: list[str] = []
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(url.split("#")[0]) or said.append(asked.url))
        page.goto(url)
        yield page
        assert said == []
        chromium.close()
