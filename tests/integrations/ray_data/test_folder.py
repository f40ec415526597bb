"""A folder of parts holds whole files of one job, here and on other file systems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textrae import SentenceAutoencoder
from textrae.errors import RunError
from textrae.integrations.ray_data.folder import FACTS, MARK, Folder, name_of
from textrae.integrations.ray_data.jobs import Job, encoding
from textrae.settings.corpus import CorpusConfig


@pytest.fixture(params=["here", "file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder of this machine, its address, and an address of fsspec's memory."""
    if request.param != "memory":
        yield f"{'file://' * (request.param == 'file')}{tmp_path / 'parts'}"
        return
    from fsspec.implementations.memory import MemoryFileSystem

    yield "memory://vectors/parts"
    MemoryFileSystem().rm("/vectors", recursive=True)


@pytest.fixture
def job(model: SentenceAutoencoder, tmp_path: Path) -> Job:
    (tmp_path / "in.txt").write_text("a\n" * 20_000, encoding="utf-8")
    return encoding(model, str(tmp_path / "in.txt"), CorpusConfig(), size=8_192)


def put(folder: Folder, job: Job, part: int, rows: int | None = None, digest: str | None = None) -> None:
    count = len(job.rows_of(part)) if rows is None else rows
    table = pa.table({"row": range(count)})
    told = {"job": digest or job.digest, "part": part, "rows": count}
    with folder.writing(name_of(part)) as stream:
        pq.write_table(table.replace_schema_metadata({MARK: json.dumps(told)}), stream)


def test_what_is_there_is_found_again(place: str, job: Job) -> None:
    folder = Folder(place)
    assert folder.claim(job) == set()
    assert folder.part(job, 0) is None
    put(folder, job, 0)
    put(folder, job, 2)
    assert Folder(place).claim(job) == {0, 2}
    told = folder.part(job, 2)
    assert told is not None
    assert told["rows"] == 20_000 - 2 * 8_192


def test_a_file_that_is_given_up_leaves_nothing(place: str, job: Job) -> None:
    folder = Folder(place)
    folder.claim(job)
    put(folder, job, 0)

    def fail() -> None:
        with folder.writing(name_of(0)) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert folder.part(job, 0) is not None
    assert folder._names() == {FACTS, name_of(0)}


def test_what_is_of_another_job_is_refused(place: str, job: Job, model: SentenceAutoencoder) -> None:
    folder, file = Folder(place), job.files[0].source.path
    folder.claim(job)
    other = encoding(model, file, CorpusConfig(), size=8_192, storage="float16", dimensions=9)
    with pytest.raises(
        RunError, match=r"other settings \(`dimensions=24`, `storage=float32`\); give another folder"
    ):
        folder.claim(other)
    with pytest.raises(RunError, match=r"another size.s .*part_rows=8192`, not 16384"):
        folder.claim(encoding(model, file, CorpusConfig(), size=16_384))
    put(folder, job, 1, digest="another")
    with pytest.raises(RunError, match=r"part-000001\.parquet: is no part of this run, input and settings"):
        folder.part(job, 1)
    Path(file).write_text("b\n" * 20_000, encoding="utf-8")
    with pytest.raises(RunError, match="another input's, or this one has changed"):
        folder.claim(encoding(model, file, CorpusConfig(), size=8_192))


def test_a_damaged_part_is_none_and_leftovers_go(tmp_path: Path, job: Job) -> None:
    folder = Folder(str(tmp_path / "parts"))
    folder.claim(job)
    put(folder, job, 0)
    place = tmp_path / "parts" / name_of(0)
    place.write_bytes(place.read_bytes()[:-9])
    assert folder.part(job, 0) is None
    put(folder, job, 1, rows=3)
    assert folder.part(job, 1) is None
    left = tmp_path / "parts" / f".{name_of(2)}.{'0a' * 16}.partial"
    left.write_bytes(b"half")
    assert folder.claim(job) == {0, 1}
    folder.clean()
    assert not left.exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path, job: Job) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "part-000000.parquet").write_bytes(b"")
    with pytest.raises(RunError, match=r"holds part-000000\.parquet and no _textrae\.json"):
        Folder(str(tmp_path / "other")).claim(job)
    with pytest.raises(RunError, match="is a file; give a folder"):
        Folder(str(tmp_path / "in.txt"))
    with pytest.raises(RunError, match="fsspec knows no protocol nowhere://"):
        Folder("nowhere://a")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / FACTS).write_text("[]", encoding="utf-8")
    with pytest.raises(RunError, match="its parts are of another version"):
        Folder(str(tmp_path / "parts")).claim(job)
