"""A part is read, encoded or translated, and written as one process would do it with the whole input."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import LINES, sentences

from textrae import SentenceAutoencoder
from textrae.inference.cuts import Cuts
from textrae.inference.vectors import fingerprint_of, read_vectors, stored
from textrae.integrations.ray_data.folder import Folder, name_of
from textrae.integrations.ray_data.jobs import Job, encoding
from textrae.integrations.ray_data.worker import Worker, make_part
from textrae.runs.hub import DOWNLOADED
from textrae.settings.corpus import CorpusConfig

ROWS = 8_192 + 200


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Two windows, of which the last is short, so that it must know of the first."""
    return [*LINES, *(f"{text} {number}" for number, text in enumerate(sentences() * 7))][:ROWS]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Path:
    path = tmp_path_factory.mktemp("in") / "in.parquet"
    texts = [text or None for text in lines]
    pq.write_table(
        pa.table({"text": texts, "id": [f"no {row}" for row in range(ROWS)]}), path, row_group_size=3_000
    )
    return path


def fetch(run: Path) -> Callable[[], dict[str, bytes]]:
    return lambda: {name: (run / name).read_bytes() for name in DOWNLOADED if (run / name).is_file()}


def made(model: SentenceAutoencoder, job: Job, out: Path) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Make all parts, the last first, and return them in their order and what they tell."""
    folder = Folder(str(out))
    folder.claim(job)
    told = [make_part(model, job, folder, part) for part in reversed(range(job.parts))]
    return pa.concat_tables([pq.read_table(out / name_of(part)) for part in range(job.parts)]), told


def test_vectors_are_those_of_one_process_to_the_last_bit(
    model: SentenceAutoencoder, table: Path, lines: list[str], tmp_path: Path
) -> None:
    cuts = Cuts()
    whole = np.concatenate(list(model.encode_stream(lines, cuts=cuts)))
    job = encoding(model, str(table), CorpusConfig(), size=8_192, keep=("id",))
    found, told = made(model, job, tmp_path / "parts")
    assert found.column_names == ["row", "text", "id", "vector"]
    assert found["row"].to_pylist() == list(range(1, ROWS + 1))
    assert found["text"].to_pylist() == lines
    assert found["id"].to_pylist() == [f"no {row}" for row in range(ROWS)]
    vectors = np.array(found["vector"].to_pylist(), np.float32)
    assert vectors.tobytes() == whole.tobytes()
    assert sum(one["cuts"]["cut"] for one in told) == cuts.cut > 0
    assert [one["read"]["blank"] for one in told] == [0, 2]
    assert [one["read"]["missing"] for one in told] == [0, 1]
    assert [one["rows"] for one in told] == [200, 8_192]
    part = tmp_path / "parts" / name_of(1)
    assert fingerprint_of(part) == model.run.fingerprint
    read = np.concatenate(list(read_vectors(part, 24, model.run.fingerprint)))
    assert read.tobytes() == whole[8_192:].tobytes()


def test_fewer_dimensions_in_smaller_types(
    model: SentenceAutoencoder, table: Path, lines: list[str], tmp_path: Path
) -> None:
    job = encoding(model, str(table), CorpusConfig(), dimensions=9, storage="int8")
    found, _ = made(model, job, tmp_path / "parts")
    whole = np.concatenate(list(model.encode_stream(lines)))
    np.testing.assert_array_equal(np.array(found["vector"].to_pylist()), stored(whole[:, :9], "int8"))


def test_translations_and_several_of_each(model: SentenceAutoencoder, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    job = encoding(model, str(tmp_path / "in.txt"), CorpusConfig())
    settings = {"beam": 3, "length_penalty": 1.0, "to": None, "n_best": 1, "precision": "fp32"}
    one = replace(job, command="translate", settings=settings)
    found, _ = made(model, one, tmp_path / "one")
    assert found.column_names == ["row", "text", "translation"]
    assert found["translation"].to_pylist() == model.translate(LINES, beam=3)
    several = replace(one, settings={**settings, "n_best": 2})
    found, _ = made(model, several, tmp_path / "several")
    expected = [each[:2] for block in model.translations(LINES, beam=3) for each in block]
    assert [[(h["text"], h["score"]) for h in row] for row in found["translations"].to_pylist()] == expected


def test_an_input_without_rows_is_a_part_without_rows(model: SentenceAutoencoder, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"")
    found, told = made(model, encoding(model, str(tmp_path / "in.txt"), CorpusConfig()), tmp_path / "parts")
    assert (found.num_rows, [one["rows"] for one in told]) == (0, [0])


def test_a_worker_makes_a_part_once_and_says_what_is_wrong(
    model: SentenceAutoencoder, run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "in.txt"
    file.write_bytes(b"A dog sees.\nA c\xfft.\n")
    config = CorpusConfig(errors="replace")
    job = encoding(model, str(file), config)
    out = str(tmp_path / "parts")
    Folder(out).claim(job)
    worker = Worker(job, out, fetch(run), "cpu")
    answer = worker({"part": 0})
    told = json.loads(answer["told"])
    assert (answer["error"], told["rows"], told["read"]["undecodable"]) == ("", 2, 1)
    place = tmp_path / "parts" / name_of(0)
    before = place.stat().st_mtime_ns
    assert worker({"part": 0}) == answer
    assert place.stat().st_mtime_ns == before
    strict = encoding(model, str(file), CorpusConfig())
    Folder(str(tmp_path / "strict")).claim(strict)
    answer = Worker(strict, str(tmp_path / "strict"), fetch(run), "cpu")({"part": 0})
    assert (answer["kind"], answer["told"]) == ("CorpusError", "")
    assert "in.txt: line 2, byte 4: 0xff is not UTF-8" in answer["error"]
    assert not (tmp_path / "strict" / name_of(0)).exists()


def test_a_worker_that_cannot_begin_says_so_for_each_part(
    model: SentenceAutoencoder, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_text("A dog.\n", encoding="utf-8")
    job, out = encoding(model, str(tmp_path / "in.txt"), CorpusConfig()), str(tmp_path / "parts")
    Folder(out).claim(job)
    answer = Worker(replace(job, made_by="0.0"), out, fetch(run), "cpu")({"part": 0})
    assert answer["error"].startswith("a machine of the cluster has textrae ")
    assert Worker(job, out, dict, "cpu")({"part": 0})["kind"] == "RunError"
    (tmp_path / "in.txt").write_text("", encoding="utf-8")
    answer = Worker(job, out, fetch(run), "cpu")({"part": 0})
    assert "0 rows were read where 1 were counted; a file of the input has changed" in answer["error"]
