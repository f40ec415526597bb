"""A service with two small runs and an index, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import sentences
from fastapi.testclient import TestClient

from textrae import SentenceAutoencoder
from textrae.search import Index
from textrae.server.app import make_app
from textrae.server.hosted import Hosted
from textrae.server.service import Limits, Service


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def index(model: SentenceAutoencoder) -> Index:
    return Index.build(model, [*sentences()[:50], sentences()[3]])


@pytest.fixture(scope="session")
def service(model: SentenceAutoencoder, vae: SentenceAutoencoder, index: Index) -> Service:
    service = Service(Limits(seconds=30.0))
    service.host(
        [
            Hosted("plain", model, service.batcher, 7, {"some": index}),
            Hosted("vae", vae, service.batcher),
        ]
    )
    return service


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(make_app(service), raise_server_exceptions=False) as client:
        yield client
