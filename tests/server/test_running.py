from __future__ import annotations

import socket
from pathlib import Path

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import SearchError, ServiceError
from textrae.search import Index
from textrae.server.running import host, listen, named
from textrae.server.service import Service


def test_folders_are_called_by_their_own_name_or_a_given_one(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    words = [str(tmp_path / "run"), f"en={tmp_path / 'run'}", str(tmp_path / "a=b")]
    assert named(words, "a run") == {
        "run": tmp_path / "run",
        "en": tmp_path / "run",
        "a=b": tmp_path / "a=b",
    }
    assert list(named(["."], "a run")) == [Path.cwd().name]
    with pytest.raises(ServiceError, match="the name run is taken; give another one as NAME="):
        named(["x/run", "y/run"], "a run")
    for wrong in ("=x", "x=", "", "a\nb=x"):
        with pytest.raises(ServiceError, match="give a run as FOLDER or NAME=FOLDER"):
            named([wrong], "a run")


def test_an_index_goes_with_the_run_that_made_it(
    run: Path, vae_run: Path, model: SentenceAutoencoder, tmp_path: Path
) -> None:
    Index.build(model, sentences()[:5]).save(tmp_path / "index")
    service = Service()
    runs, indexes = {"vae": vae_run, "plain": run}, {"five": tmp_path / "index"}
    host(service, runs, indexes, lambda folder: SentenceAutoencoder.load(folder))
    assert [list(one.indexes) for one in service.runs.values()] == [[], ["five"]]
    assert service.runs["plain"].created > 1e9
    with pytest.raises(SearchError, match="another run"):
        host(Service(), {"vae": vae_run}, indexes, lambda folder: SentenceAutoencoder.load(folder))
    service.close()


def test_an_address_that_cannot_be_had_is_told() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        first.listen()
        with pytest.raises(ServiceError, match=rf"127.0.0.1:{port}: .*; give another `host` or `port`"):
            listen("127.0.0.1", port)
    with pytest.raises(ServiceError, match="give another `host`"):
        listen("no.such.host.invalid", 1)
    assert isinstance(first, socket.socket)
