"""The service as a process: its runs loaded, its port, its end."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uvicorn

from textrae.errors import SearchError, ServiceError
from textrae.model import SentenceAutoencoder
from textrae.search.index import Index
from textrae.server.app import make_app
from textrae.server.hosted import Hosted
from textrae.server.journal import tell
from textrae.server.protocol import BoundedProtocol
from textrae.server.service import Service

_NAME_LENGTH = 200
_DRAINING = 60
"""Seconds that requests have to end when the service stops."""
_TURN = 0.0005
"""Seconds after which the thread that answers lets the one that computes go on, of Python's 0.005."""
Load = Callable[[Path], SentenceAutoencoder]


def named(words: Sequence[str], what: str) -> dict[str, Path]:
    """Return folders by the names that are given before ``=``, or by their own.

    Raises:
        ServiceError: a name is empty or comes twice.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals or Path(word).exists():
            name, folder = Path(word).resolve().name, word
        if not name or not folder or len(name) > _NAME_LENGTH or not name.isprintable():
            raise ServiceError(f"{word}: give {what} as FOLDER or NAME=FOLDER")
        if name in found:
            raise ServiceError(f"{word}: the name {name} is taken; give another one as NAME={folder}")
        found[name] = Path(folder)
    return found


def host(service: Service, runs: Mapping[str, Path], indexes: Mapping[str, Path], load: Load) -> None:
    """Load runs and what may be searched, and offer them.

    Args:
        service: what offers them.
        runs: folders by names.
        indexes: folders by names; each goes with the first run that made it.
        load: loads a run.

    Raises:
        RunError, SearchError: a folder is missing, foreign, damaged, or an index of another run.
    """
    models = {name: load(folder) for name, folder in runs.items()}
    found: dict[str, dict[str, Index]] = {name: {} for name in models}
    for name, folder in indexes.items():
        owner, index = _opened(folder, models)
        found[owner][name] = index
    service.host(
        [
            Hosted(name, model, service.batcher, int(runs[name].stat().st_mtime), found[name])
            for name, model in models.items()
        ]
    )


def _opened(folder: Path, models: Mapping[str, SentenceAutoencoder]) -> tuple[str, Index]:
    """Open an index with the first of the runs that made it; return that run's name too."""
    failure: SearchError | None = None
    for name, model in models.items():
        try:
            return name, Index.open(folder, model)
        except SearchError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def listen(host_name: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any that is free.

    Raises:
        ServiceError: the address cannot be had.
    """
    try:
        info = socket.getaddrinfo(host_name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        found = socket.socket(info[0], socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(info[4])
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServiceError(f"{host_name}:{port}: {why}; give another `host` or `port`") from None
    return found


def serve(service: Service, address: socket.socket, ready: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; what is being answered then is answered, and nothing new is accepted.

    Args:
        service: with its runs.
        address: socket that is bound.
        ready: called with the address once it answers.
    """
    config = uvicorn.Config(
        make_app(service),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_DRAINING,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
    )
    server = uvicorn.Server(config)
    name, port = address.getsockname()[:2]
    url = f"http://{f'[{name}]' if ':' in name else name}:{port}"

    async def told() -> None:
        while not server.started and not server.should_exit:
            await asyncio.sleep(0.01)
        if server.started:
            tell("started", address=url, models=list(service.runs))
            ready(url)

    async def both() -> None:
        telling = asyncio.create_task(told())
        try:
            await server.serve(sockets=[address])
        finally:
            telling.cancel()
            tell("stopped", waiting=len(service.batcher))

    sys.setswitchinterval(_TURN)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # not whatever is no HTTP
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(both())
