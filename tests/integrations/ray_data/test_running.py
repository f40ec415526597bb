"""A cluster of two nodes, here: what dies is made up for, nothing is lost or there twice, and a job goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import LINES, sentences
from support import textrae_here

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, DeviceError, RunError
from textrae.integrations.ray_data import encoding, running
from textrae.integrations.ray_data.folder import name_of
from textrae.integrations.ray_data.running import _actors, run_job
from textrae.settings.corpus import CorpusConfig

ray = pytest.importorskip("ray")
PARTS, SIZE = 5, 8_192
ROWS = (PARTS - 1) * SIZE + 100


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without a core for actors, so that it may not be the one that is killed."""
    from ray.cluster_utils import Cluster

    memory = {"object_store_memory": 80 * 2**20}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **memory})
    try:
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    few = [" ".join(text.split()[:2]) for text in sentences()]
    return [*LINES, *(f"{few[row % len(few)]} {row}" for row in range(ROWS))][:ROWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Path:
    """The lines in three files, whose ends are not those of parts."""
    path = tmp_path_factory.mktemp("in") / "files"
    path.mkdir()
    for number, (first, last) in enumerate([(0, 20_001), (20_001, 20_002), (20_002, ROWS)]):
        text = "\n".join(lines[first:last]) + "\n"
        (path / f"{number}.txt").write_text(text, encoding="utf-8")
    return path


def actors_under(raylet: int) -> list[int]:
    """Return the processes of actors that a node has started."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
                name = (place / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == raylet and b"MapWorker" in name:
                found.append(int(place.name))
    return found


def raylet_of(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def test_an_actor_and_a_node_die_and_every_row_is_there_once(
    cluster: Any, model: SentenceAutoencoder, run: Path, folder: Path, lines: list[str], tmp_path: Path
) -> None:
    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    killed: list[str] = []

    def kill(rows: int) -> None:
        """Kill an actor when the first part is there, and the other node when the second one is."""
        if not killed:
            for process in actors_under(raylet_of(cluster.head_node)):
                os.kill(process, signal.SIGKILL)
                killed.append("actor")
        elif len(killed) == 1:
            cluster.remove_node(node, allow_graceful=False)
            killed.append("node")

    job = encoding(model, str(folder), CorpusConfig(), size=SIZE)
    out = tmp_path / "parts"
    told = run_job(job, run, str(out), workers=2, device="cpu", progress=kill)
    assert killed == ["actor", "node"]
    assert (told.rows, told.made, told.kept) == (ROWS, PARTS, 0)
    assert told.counts.lines == told.cuts.sentences == ROWS
    assert (told.counts.blank, told.cuts.cut) == (2, 1)
    assert sorted(path.name for path in out.iterdir()) == ["_textrae.json", *map(name_of, range(PARTS))]
    found = pa.concat_tables([pq.read_table(out / name_of(part)) for part in range(PARTS)])
    assert found["row"].to_pylist() == list(range(1, ROWS + 1))
    assert found["text"].to_pylist() == lines
    vectors = found["vector"].combine_chunks().flatten().to_numpy().reshape(ROWS, -1)
    assert vectors.tobytes() == np.concatenate(list(model.encode_stream(lines))).tobytes()

    # the same again makes what is not there, and nothing else
    for part in (1, 4):
        (out / name_of(part)).unlink()
    (out / name_of(3)).write_bytes(b"damaged")
    (out / f".{name_of(2)}.{'0a' * 16}.partial").write_bytes(b"left")
    before = (out / name_of(0)).stat().st_mtime_ns
    told = run_job(job, run, str(out), device="cpu")
    assert (told.rows, told.made, told.kept) == (ROWS, 3, PARTS - 3)
    assert (out / name_of(0)).stat().st_mtime_ns == before
    again = pa.concat_tables([pq.read_table(out / name_of(part)) for part in range(PARTS)])
    assert again.equals(found)
    assert len(list(out.iterdir())) == PARTS + 1


def test_the_command_and_what_a_worker_refuses(cluster: Any, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"A dog.\nA c\xfft.\n")
    words = ("encode", run, tmp_path / "in.txt", "-o", tmp_path / "parts", "--engine", "ray")
    done = textrae_here(*words, "--device", "cpu")
    assert done.returncode == 1
    assert "in.txt: line 2, byte 4: 0xff is not UTF-8" in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1, done.stderr
    done = textrae_here(*words, "--device", "cuda")
    assert (done.returncode, b"--device cuda: the cluster has no GPU" in done.stderr) == (1, True)


def test_nothing_is_started_where_all_parts_are_there(
    model: SentenceAutoencoder, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.txt"
    file.write_text("A dog.\n", encoding="utf-8")
    job = encoding(model, str(file), CorpusConfig())

    def in_this_process(job: Any, missing: Any, run: Path, out: str, *_: object) -> Iterator[Any]:
        from textrae.integrations.ray_data.folder import Folder
        from textrae.integrations.ray_data.worker import make_part

        for part in missing:
            yield make_part(model, job, Folder(out), part)

    monkeypatch.setattr(running, "_made", in_this_process)
    assert run_job(job, run, str(tmp_path / "parts")).made == 1
    monkeypatch.setattr(running, "_made", None)
    assert run_job(job, run, str(tmp_path / "parts")).kept == 1
    file.write_text("A cat.\n", encoding="utf-8")
    with pytest.raises(RunError, match="has changed under way"):
        run_job(job, run, str(tmp_path / "parts"))


def test_actors_go_by_what_the_cluster_has() -> None:
    assert _actors({"CPU": 8.0}, "auto", None) == ("cpu", 8)
    assert _actors({"CPU": 8.0, "GPU": 2.0}, "auto", None) == ("cuda", 2)
    assert _actors({"CPU": 8.0, "GPU": 2.0}, "cpu", 3) == ("cpu", 3)
    assert _actors({}, "auto", None) == ("cpu", 1)
    with pytest.raises(DeviceError, match=r"`device=cuda`: the cluster has no GPU"):
        _actors({"CPU": 8.0}, "cuda", None)


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with (
        pytest.raises(DeviceError, match=r"^RAY_ADDRESS=127\.0\.0\.1:1: no cluster answers there"),
        running._cluster(),
    ):
        pass


def test_ray_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r'Ray is not installed; install it with: pip install "textrae\[ray\]"'
    ):
        running.refuse_without_ray()
