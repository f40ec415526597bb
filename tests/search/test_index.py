"""An index from Python: built, saved, opened, searched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import LINES, sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, CorpusError, SearchError
from textrae.inference.cuts import Cuts
from textrae.search import Hit, Index


@pytest.fixture(scope="module")
def index(model: SentenceAutoencoder) -> Index:
    return Index.build(model, [*sentences()[:400], "", *sentences()[:5]])


def test_a_search_is_that_of_all_cosines(index: Index, model: SentenceAutoencoder) -> None:
    queries = [sentences()[500], "A dog!", sentences()[9]]
    unit = model.encode([*sentences()[:400], *queries]).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit[400:] @ unit[:400].T
    for hits, near in zip(index.search(queries, 7), cosines, strict=True):
        assert [hit.score for hit in hits] == pytest.approx(sorted(near)[:-8:-1], abs=5e-4)
        assert [near[hit.row] for hit in hits] == pytest.approx([hit.score for hit in hits], abs=5e-4)


def test_a_sentence_finds_itself_with_all_its_rows(index: Index) -> None:
    first = index.search(sentences()[2], 1)
    assert first == [Hit(sentences()[2], pytest.approx(1.0), [2, 403])]  # type: ignore[arg-type]
    assert first[0].row == 2
    assert index.search([], 3) == []
    assert len(index.search(sentences()[0], 1_000)) == 400


def test_it_tells_what_it_holds(index: Index) -> None:
    assert (len(index), index.lines, index.blank, index.width) == (400, 406, 1, 24)
    assert list(index.texts()) == sentences()[:400]
    assert (index.text(7), index.rows(4)) == (sentences()[7], [4, 405])
    assert repr(index) == "<Index: 400 different sentences of 406 rows, 24 dimensions>"


def test_it_is_saved_and_opened(
    index: Index, model: SentenceAutoencoder, vae: SentenceAutoencoder, tmp_path: Path
) -> None:
    index.save(tmp_path / "index")
    again = Index.open(tmp_path / "index", model)
    assert again.search(sentences()[77], 5) == index.search(sentences()[77], 5)
    with pytest.raises(SearchError, match="another run"):
        Index.open(tmp_path / "index", vae)
    with pytest.raises(SearchError, match="`overwrite=True`"):
        index.save(tmp_path / "index")
    again.save(tmp_path / "index", overwrite=True)  # over what it is mapped from
    assert again.text(399) == Index.open(tmp_path / "index", model).text(399) == sentences()[399]


def test_few_dimensions_and_float32(model: SentenceAutoencoder, tmp_path: Path) -> None:
    made = Index.build(model, sentences()[:50], dimensions=6, storage="float32")
    made.save(tmp_path / "index")
    opened = Index.open(tmp_path / "index", model)
    assert (opened.width, opened.store.vectors.dtype) == (6, np.float32)
    unit = model.encode(sentences()[:50])[:, :6]
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    near = opened.search(sentences()[3], 4)
    assert [hit.score for hit in near] == pytest.approx(sorted(unit @ unit[3])[:-5:-1], abs=1e-5)


def test_odd_lines_are_read_and_counted(model: SentenceAutoencoder) -> None:
    cuts = Cuts()
    index = Index.build(model, iter(LINES), cuts=cuts)
    assert (index.lines, index.blank, cuts.cut) == (len(LINES), 2, 1)
    assert index.search("A dog\u2028sees", 1)[0].row == LINES.index("A dog\u2028sees")


def test_what_cannot_be_is_refused(index: Index, model: SentenceAutoencoder) -> None:
    with pytest.raises(CorpusError, match="no sentence to search: its 2 lines are blank"):
        Index.build(model, ["", " "])
    with pytest.raises(TypeError, match=r"`sentences`: item 1 .* is 3"):
        Index.build(model, ["a", 3])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="`storage`"):
        Index.build(model, ["a"], storage="int8")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`k`"):
        index.search("a", 0)
    with pytest.raises(CorpusError, match="sentence 2: is blank"):
        index.search(["a", " "])
    with pytest.raises(SearchError, match="not opened"):
        index.search("a", approximate=True)


def test_a_vector_that_is_not_finite_is_told(model: SentenceAutoencoder) -> None:
    index = Index.build(model, sentences()[:9])
    broken = np.array(index.store.vectors)
    broken[:] = np.nan
    other = Index(model, type(index.store)(**{**vars(index.store), "vectors": broken}))
    with pytest.raises(SearchError, match="damaged"):
        other.search(sentences()[0], 2)


def test_reading_is_bounded(model: SentenceAutoencoder) -> None:
    ahead, most = 0, 0

    def lines() -> object:
        nonlocal ahead, most
        for number in range(60_000):
            ahead += 1
            most = max(most, ahead - done)
            yield f"A dog {number}."

    done = 0

    class Encoder:
        def encode_stream(self, some: object, *, cuts: object = None, part: str = "all") -> object:
            nonlocal done
            from textrae.inference.engine import windows

            for window in windows(some, 1_000):  # type: ignore[arg-type]
                done += len(window)
                yield np.ones((len(window), 24), np.float32)

    index = Index.build(model, lines(), encoder=Encoder())  # type: ignore[arg-type]
    assert len(index) == 60_000
    assert most < 20_000
