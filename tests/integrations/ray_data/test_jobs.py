"""Jobs: parts of all files together, and a digest that changes with whatever decides a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, CorpusError
from textrae.inference.engine import WINDOW
from textrae.integrations.ray_data import jobs
from textrae.integrations.ray_data.jobs import encoding, translating
from textrae.settings.corpus import CorpusConfig


def write(folder: Path, *rows: int) -> Path:
    folder.mkdir(exist_ok=True)
    for number, count in enumerate(rows):
        (folder / f"{number:02}.txt").write_text("a dog\n" * count, encoding="utf-8")
    return folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "WINDOW", 4)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("rows", [(0,), (3,), (4,), (9, 0, 2, 30), (0, 0, 8), (1,) * 11, (8, 8)])
def test_parts_share_out_every_row_of_all_files(
    model: SentenceAutoencoder, tmp_path: Path, rows: tuple[int, ...]
) -> None:
    job = encoding(model, str(write(tmp_path / "in", *rows)), CorpusConfig(), size=8)
    assert job.rows == sum(rows)
    assert job.parts == max(1, -(-sum(rows) // 8))
    found = [
        (file.source.name, row)
        for part in range(job.parts)
        for file, some in job.pieces(part)
        for row in some
    ]
    assert found == [
        (str(tmp_path / "in" / f"{number:02}.txt"), row)
        for number, count in enumerate(rows)
        for row in range(count)
    ]
    for part in range(job.parts):
        assert sum(len(some) for _, some in job.pieces(part)) == len(job.rows_of(part))


def test_the_digest_changes_with_whatever_decides_a_part(model: SentenceAutoencoder, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", 3)
    first = encoding(model, str(folder), CorpusConfig())
    assert first.digest == encoding(model, str(folder), CorpusConfig()).digest
    others = [
        encoding(model, str(folder), CorpusConfig(), dimensions=5),
        encoding(model, str(folder), CorpusConfig(), storage="int8"),
        encoding(model, str(folder), CorpusConfig(), precision="bf16"),
        encoding(model, str(folder), CorpusConfig(), size=WINDOW),
        encoding(model, str(folder), CorpusConfig(errors="replace")),
    ]
    (folder / "00.txt").write_text("another\n" * 3, encoding="utf-8")
    others.append(encoding(model, str(folder), CorpusConfig()))
    assert len({one.digest for one in [first, *others]}) == 7


def test_what_does_not_fit_is_refused(model: SentenceAutoencoder, tmp_path: Path) -> None:
    file = str(write(tmp_path / "in", 3) / "00.txt")
    config = CorpusConfig()
    for size in (1, WINDOW + 1):
        with pytest.raises(ConfigError, match=r"^`part_rows=\d+`: a multiple of 8,192 is expected"):
            encoding(model, file, config, size=size)
    with pytest.raises(ConfigError, match=r"^`dimensions=99`: the vectors have 24"):
        encoding(model, file, config, dimensions=99)
    with pytest.raises(ConfigError, match="no parquet file"):
        encoding(model, file, config, keep=("id",))
    with pytest.raises(ConfigError, match="column 'row' is written already"):
        encoding(model, file, config, keep=("row",))
    with pytest.raises(ConfigError, match="not trained to translate"):
        translating(model, file, config)
    with pytest.raises(CorpusError, match="no such file"):
        encoding(model, str(tmp_path / "nowhere.txt"), config)
    with pytest.raises(CorpusError, match="has no column 'a'"):
        encoding(model, file, CorpusConfig(column="a"))
