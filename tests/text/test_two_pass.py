"""The writer of token caches: what it reads twice, what it holds out, and what it refuses."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from text.reading import config, texts

from textrae.errors import CorpusError
from textrae.text.lines import ReadCounts, locate
from textrae.text.prepared import PreparedCorpus, build_cache
from textrae.text.tokenizer import Tokenizer
from textrae.text.two_pass import Block, Note, Rows, Side, load_or_train, rereadable, text_side, write_cache

LINES = [f"line {i % 30} of the text" for i in range(100)]
TOKENIZER = Tokenizer.train([*LINES, *map(str.upper, LINES)], 400)


def rows(*readings: list[tuple[str, ...]], size: int = 7) -> Rows:
    """Rows in memory of one side or two; the last of the `readings` is repeated."""
    waiting = list(readings)

    def read(counts: ReadCounts) -> Iterator[Block]:
        every = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        for start in range(0, len(every), size):
            some = every[start : start + size]
            counts.lines += len(some)
            kept = [row for row in some if all(row)]
            counts.blank += len(some) - len(kept)
            if kept:
                sides = tuple(list(side) for side in zip(*kept, strict=True))
                yield Block(sides[0], sides)

    return Rows(read, ["folder/a.txt"], ["a.txt"])


def written(
    folder: Path, some: Rows, valid: Rows | None = None, sides: int = 1, notes: tuple[str, ...] = ()
) -> tuple[PreparedCorpus, list[str]]:
    """Write a cache; return it, and what was noted."""
    said: list[str] = []

    def learn(blocks: Iterator[Block], note: Note) -> tuple[Side, ...]:
        for line in notes:
            note(line)
        assert sum(len(block.lines) for block in blocks)
        return (text_side(TOKENIZER, config(max_length=20)),) * sides

    return build_cache(
        folder, lambda place: write_cache(some, valid, learn, config(max_length=20), place, said.append)
    ), said


def test_one_side_is_two_sides_without_a_target(tmp_path: Path) -> None:
    lines = [*LINES, "", "x " * 100]
    one, _ = written(tmp_path / "one", rows([(line,) for line in lines]))
    two, _ = written(tmp_path / "two", rows([(line, line.upper()) for line in lines]), sides=2)
    assert one.targets is None
    assert two.targets is not None
    for mine, theirs, target in (
        (one.train, two.train, two.targets.train),
        (one.valid, two.valid, two.targets.valid),
    ):
        assert texts(mine, TOKENIZER) == texts(theirs, TOKENIZER)
        whole = [line for line in texts(mine, TOKENIZER) if "x" not in line.split()]
        assert texts(target, TOKENIZER)[: len(whole)] == [line.upper() for line in whole]
    for name in (
        "lines",
        "blank",
        "distinct",
        "cut",
        "words",
        "bytes",
        "repeats",
        "train_tokens",
        "valid_tokens",
    ):
        assert getattr(one.stats, name) == getattr(two.stats, name), name
    assert (one.stats.lines, one.stats.blank, one.stats.distinct, one.stats.cut) == (102, 1, 31, 1)
    assert one.stats.target_tokens is None
    assert two.stats.target_tokens == int(two.targets.train.lengths.sum())


def test_a_line_that_is_held_out_keeps_its_first_target(tmp_path: Path) -> None:
    pairs = [(line, f"{number}") for number, line in enumerate(LINES)]
    corpus, _ = written(tmp_path, rows(pairs), sides=2)
    assert corpus.targets is not None
    held = dict(zip(texts(corpus.valid, TOKENIZER), texts(corpus.targets.valid, TOKENIZER), strict=True))
    assert len(held) == len(corpus.valid) == 3
    assert held == {line: f"{LINES.index(line)}" for line in held}
    assert not held.keys() & set(texts(corpus.train, TOKENIZER))
    assert corpus.stats.repeats == sum(LINES.count(line) - 1 for line in held)


def test_a_validation_file_is_kept_whole(tmp_path: Path) -> None:
    valid = [("new",), (LINES[3],), ("",), ("new",), (LINES[3],), (LINES[5],)]
    corpus, _ = written(tmp_path, rows([(line,) for line in LINES]), rows(valid, size=2))
    assert texts(corpus.valid, TOKENIZER) == [line for (line,) in valid if line]
    assert texts(corpus.train, TOKENIZER) == LINES
    assert (corpus.stats.overlap, corpus.stats.valid_blank, corpus.stats.repeats) == (2, 1, 0)
    assert corpus.stats.valid_source == "a.txt"
    with pytest.raises(
        CorpusError, match=r"folder/a\.txt: no sentence .1 blank line.; give a file with text"
    ):
        written(tmp_path, rows([(line,) for line in LINES]), rows([("",)]))


def test_a_change_between_the_readings_is_refused(tmp_path: Path) -> None:
    for changed in (LINES[:-1], [*LINES, "more"], [*LINES[:-1], ""], []):
        with pytest.raises(CorpusError, match=r"folder/a\.txt: changed while it was read; run again"):
            written(tmp_path, rows([(line,) for line in LINES], [(line,) for line in changed]))
        assert list(tmp_path.iterdir()) == []


def test_notes_are_passed_on_once_the_corpus_is_accepted(tmp_path: Path) -> None:
    assert written(tmp_path, rows([("a",), ("b",)]), notes=("one", "two"))[1] == ["one", "two"]
    said: list[str] = []

    def learn(blocks: Iterator[Block], note: Note) -> tuple[Side, ...]:
        note("never said")
        lines = (line for block in blocks for line in block.lines)
        return (text_side(load_or_train(None, lines, config(), note), config()),)

    with pytest.raises(
        CorpusError, match="nothing to hold out; give more text, or a validation file as `valid`"
    ):
        write_cache(rows([("a",), ("a",)]), None, learn, config(), tmp_path, said.append)
    assert said == []


def test_rows_begin_with_the_tag_of_their_language() -> None:
    side, first = text_side(TOKENIZER, config(max_length=2), tagged=True), TOKENIZER.vocab_size
    (plain,), _ = TOKENIZER.encode_cut(["the text"], 2)
    for number in (0, 1):
        ids, needed = side.ids(Block(["s"], (["s"], ["the text"]), number), 1)
        assert (ids, needed.tolist()) == ([[first + number, *plain]], [2])
    assert side.ids(Block([LINES[0]], ([LINES[0]],)), 0)[1].tolist() == [3], "one more than is kept"


def test_pipes_are_copied_and_the_copies_go(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("z\n")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("a\nb\n",))
    writer.start()
    stream = io.BytesIO(b"x\ny\n")
    sources = [
        locate(path, config(), stream) for path in (str(tmp_path / "pipe"), "-", str(tmp_path / "file"))
    ]
    assert [source.rereadable for source in sources] == [False, False, True]
    with ExitStack() as stack:
        copies = rereadable(sources, tmp_path, "s", stack)
        writer.join()
        assert all(copy.rereadable for copy in copies)
        assert [Path(copy.path).read_text() for copy in copies] == ["a\nb\n", "x\ny\n", "z\n"]
        assert [copy.name for copy in copies] == [source.name for source in sources]
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "file"}
