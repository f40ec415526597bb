"""`textrae serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .failures import note
from .options import Device, Precision
from .places import run_place
from .session import load_model

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder

_LOCAL = ("127.0.0.1", "localhost", "::1")

Runs = Annotated[
    list[str],
    typer.Argument(
        help="Run folders, or user/name of the Hugging Face hub, each called by its own name or by the one given before =.",
        show_default=False,
        metavar="[NAME=]RUN…",
    ),
]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all of this machine.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes one that is free and tells it.")]
Indexes = Annotated[
    list[str],
    typer.Option(
        "--index",
        help="Folder of `textrae index` to be searched, called by its own name or by the one given before =; repeat it.",
        show_default=False,
        metavar="[NAME=]FOLDER",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="TEXTRAE_API_KEY",
        help="Key that clients must show; better given in the environment, as others see a command line.",
        show_default=False,
    ),
]
Body = Annotated[int, typer.Option(min=1, max=1_024, help="Most MiB of a request.")]
Requests = Annotated[int, typer.Option(min=1, max=100_000, help="Most requests answered at once.")]
Seconds = Annotated[float, typer.Option(min=0.1, max=86_400.0, help="Most seconds that a request may take.")]
Threads = Annotated[
    int, typer.Option(min=0, max=1_024, help="Threads that compute; 0 for one for each core.")
]
Log = Annotated[
    bool, typer.Option("--log/--no-log", help="Whether each request is a line of JSON on standard error.")
]


@app.command(epilog="Example: textrae serve run --port 8000")
def serve(
    runs: Runs,
    host: Host = "127.0.0.1",
    port: Port = 8_000,
    index: Indexes = [],  # noqa: B006
    api_key: Key = None,
    max_body: Body = 8,
    max_requests: Requests = 256,
    max_seconds: Seconds = 60.0,
    threads: Threads = 0,
    log: Log = True,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Answer over HTTP: OpenAI's embeddings, decoding, samples and more, and a page to play with.

    Ctrl-C or SIGTERM ends it once what is being answered is answered. The log has no sentences in it.
    """
    import os
    import sys

    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # threads that spin would take the cores from answering
    _needed()
    import logging

    from textrae.errors import ConfigError
    from textrae.server.journal import LOGGER, JsonLines, Unhindered
    from textrae.server.running import host as load
    from textrae.server.running import listen, named
    from textrae.server.running import serve as answer
    from textrae.server.service import Limits, Service

    if api_key is not None and not (
        api_key.isascii() and api_key.isprintable() and api_key.strip() == api_key != ""
    ):
        raise ConfigError("`api_key`: printable ASCII characters are expected, without blanks around them")
    indexes = named(index, "an index")
    folders = {name: run_place(str(folder)) for name, folder in named(runs, "a run").items()}
    address = listen(host, port)  # before the runs are loaded, which takes longer
    if threads:
        import torch

        torch.set_num_threads(threads)
    handler = Unhindered(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger in (LOGGER, logging.getLogger("uvicorn.error")):
        logger.addHandler(handler)
        logger.propagate = False
    LOGGER.setLevel(logging.INFO if log else logging.WARNING)

    def loaded(folder: Path) -> SentenceAutoencoder:
        return load_model(folder, device, precision)

    service = Service(Limits(body=max_body * 2**20, requests=max_requests, seconds=max_seconds), api_key)
    try:
        load(service, folders, indexes, loaded)
        if host not in _LOCAL and api_key is None:
            note(f"anybody who reaches {host} may ask: give a key in TEXTRAE_API_KEY to prevent that")
        answer(service, address, lambda url: note(f"{', '.join(folders)}: {url}"))
    except KeyboardInterrupt:  # the usual end, after everything has been answered
        pass
    finally:
        service.close()
        for logger in (LOGGER, logging.getLogger("uvicorn.error")):
            logger.removeHandler(handler)
        handler.close()


def _needed() -> None:
    """Raise ConfigError if what the service needs is not installed."""
    from importlib.util import find_spec

    from textrae.errors import ConfigError

    for name in ("fastapi", "uvicorn", "prometheus_client"):
        if find_spec(name) is None:
            raise ConfigError(f'the service needs {name}: pip install "textrae[serve]"')
