"""The files of the page, which are read once and served as they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Response

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
"""Media types by the ends of names."""
NAMES = (
    "index.html",
    "reference.html",
    "style.css",
    "app.js",
    "parts.js",
    "service.js",
    "views.js",
    "map.js",
    "reference.js",
)
"""Files that are served; the page weighs what they weigh."""


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the content and the media type of each file, by the path that it is asked for by."""
    folder = files("textrae.server").joinpath("page")
    found = {
        f"/{name}": (folder.joinpath(name).read_bytes(), f"{TYPES[name[name.rindex('.') :]]}; charset=utf-8")
        for name in NAMES
    }
    return {**found, "/": found["/index.html"], "/docs": found["/reference.html"]}


def add_page(app: FastAPI) -> set[str]:
    """Serve the page, and return its paths, for which no key is needed."""
    served = page_files()
    for path, (content, kind) in served.items():
        app.add_api_route(path, _giving(content, kind), methods=["GET"], include_in_schema=False)
    return set(served)


def _giving(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def give() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return give
