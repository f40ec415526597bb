"""`encode` and `translate` with `--engine ray`, as a user runs them; the cluster is one worker in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import LINES
from support import answer_here, textrae_here

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.integrations.ray_data import running
from textrae.integrations.ray_data.jobs import Job
from textrae.integrations.ray_data.worker import Worker
from textrae.runs.hub import DOWNLOADED

PART = "part-000000.parquet"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the parts in this process; Ray need not be installed."""

    def made(job: Job, missing: list[int], run: Path, out: str, *_: object) -> Iterator[Any]:
        content = {name: (run / name).read_bytes() for name in DOWNLOADED if (run / name).is_file()}
        worker = Worker(job, out, lambda: content, "cpu")
        yield from running.told_by(worker({"part": part}) for part in missing)

    monkeypatch.setattr(running, "_made", made)
    monkeypatch.setattr(running, "refuse_without_ray", lambda: None)


@pytest.mark.usefixtures("here")
def test_encode_writes_parts_and_goes_on(
    run: Path, text: Path, tmp_path: Path, model: SentenceAutoencoder
) -> None:
    out = tmp_path / "parts"
    done = textrae_here("encode", run, text, "-o", out, "--engine", "ray", "--dimensions", 9)
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().splitlines() == [
        f"1 of {len(LINES)} sentences were truncated at 20 tokens",
        f"2 of {len(LINES)} lines are blank: their vectors are written too, and mean nothing",
        f"{out}: {len(LINES)} vectors in 1 part",
    ]
    table = pq.read_table(out / PART)
    assert table["row"].to_pylist() == list(range(1, len(LINES) + 1))
    np.testing.assert_array_equal(
        np.array(table["vector"].to_pylist(), np.float32), model.encode(LINES)[:, :9]
    )
    again = answer_here("encode", run, text, "-o", out, "--engine", "ray", "--dimensions", 9)
    assert {name: again[name] for name in ("rows", "parts", "made", "blank", "truncated", "undecodable")} == {
        "rows": len(LINES), "parts": 1, "made": 0, "blank": 2, "truncated": 1, "undecodable": 0,
    }  # fmt: skip
    other = textrae_here("encode", run, text, "-o", out, "--engine", "ray")
    assert other.returncode == 1
    assert other.stderr.decode() == (
        f"error: {out}: its parts are of other settings (--dimensions 9); give another folder, or remove this one\n"
    )


@pytest.mark.usefixtures("here")
def test_tables_and_columns_that_are_kept(run: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    (tmp_path / "in").mkdir()
    for number in range(2):
        table = pa.table({"id": [number], "said": [f"A dog {number}."]})
        pq.write_table(table, tmp_path / "in" / f"{number}.parquet")
    words = ("-o", tmp_path / "parts", "--engine", "ray", "--keep", "id")
    done = textrae_here("encode", run, f"{tmp_path}/in/*.parquet", *words)
    assert done.returncode == 0, done.stderr
    assert 'reads 2 rows of 2 files (column "said")' in done.stderr.decode()
    found = pq.read_table(tmp_path / "parts" / PART)
    assert found.select(["row", "text", "id"]).to_pylist() == [
        {"row": number + 1, "text": f"A dog {number}.", "id": number} for number in range(2)
    ]


@pytest.mark.usefixtures("here")
def test_translate(tmp_path: Path, corpus: Path) -> None:
    target = tmp_path / "target.txt"
    target.write_text(corpus.read_text().upper())
    shape = ModelConfig(hidden=24, embedding=16, slots=0, latent=8)
    trained = SentenceAutoencoder.train(
        corpus,
        shape,
        TrainingConfig(steps=3),
        text=CorpusConfig(vocab_size=400, max_length=20),
        target=target,
    )
    trained.save(tmp_path / "run")
    (tmp_path / "in.txt").write_text("\n".join(LINES[:33]) + "\n", encoding="utf-8")
    words = ("translate", tmp_path / "run", tmp_path / "in.txt")
    done = textrae_here(*words, "-o", tmp_path / "parts", "--engine", "ray", "--beam", 2)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'parts'}: 33 translations in 1 part" in done.stderr.decode()
    found = pq.read_table(tmp_path / "parts" / PART)
    assert found["translation"].to_pylist() == trained.translate(LINES[:33], beam=2)
    for more in (("--window", 3), ("--json",)):
        refused = textrae_here(*words, "-o", tmp_path / "parts", "--engine", "ray", *more)
        assert (refused.returncode, b"leave it out with --engine ray" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("here")
def test_refusals(run: Path, text: Path, tmp_path: Path) -> None:
    ray = ("--engine", "ray")
    out = ("-o", tmp_path / "parts")
    for words, code, said in (
        ((text, *out, "--part-rows", 8_192), 2, "--part-rows: is not for one file: give --engine ray too"),
        ((text, "-o", "-", *ray), 2, "--out: give a folder for the parts"),
        (("-", *out, *ray), 2, "--engine ray: reads files"),
        ((text, *out, *ray, "--part-rows", 5), 2, "--part-rows 5: a multiple of 8,192 is expected"),
        ((text, *out, *ray, "--dimensions", 99), 2, "--dimensions 99: the vectors have 24"),
        ((text, *out, *ray, "--storage", "int4"), 2, "--storage int4: vectors are stored as"),
        ((text, *out, *ray, "--keep", "id"), 2, "--keep: "),
        ((text, *out, *ray, "--workers", 10**6), 2, "--workers: a whole number from 1 to 100,000"),
        ((tmp_path / "nowhere.txt", *out, *ray), 1, "nowhere.txt: no such file"),
        ((text, "-o", text, *ray), 1, "text.txt: is a file; give a folder for the parts"),
        ((text, "-o", run, *ray), 1, "and no _textrae.json"),
    ):
        done = textrae_here("encode", run, *words)
        assert (done.returncode, said in done.stderr.decode()) == (code, True), (words, done.stderr)
        assert done.stderr.count(b"\n") == 1


def test_ray_that_is_missing_is_told_before_anything_is_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = textrae_here("encode", run, tmp_path / "nowhere.txt", "-o", tmp_path / "parts", "--engine", "ray")
    assert (done.returncode, done.stderr.decode()) == (
        2, 'error: --engine ray: Ray is not installed; install it with: pip install "textrae[ray]"\n'
    )  # fmt: skip
