"""The tokenizer loses nothing, is the same every time, and refuses models that lose something."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.text.tokenizer import Tokenizer

SENTENCES = [
    f"the {a} {b} near the {c} ." for a in ("big", "old") for b in ("dog", "猫") for c in ("tree", "étang")
]
TOKENIZERS = {
    "spaced": Tokenizer.train(SENTENCES, 400),
    "unspaced": Tokenizer.train(["我学习法语", "我们在看着你", "猫"], 400),
    "bytes": Tokenizer.train([], 300),
    "words": Tokenizer.train([f"{sentence} \t<unk>s" for sentence in SENTENCES], 400, whole_words=True),
}
AWKWARD = [
    "▁",
    "\ufdd0",
    "\ufdd01",
    "▅",
    "</s>",
    "<unk>",
    "<pad>",
    "<0x0A>",
    "\x00",
    "\t",
    "\n",
    "  ",
    "\u2028",
]
AWKWARD += [
    "\x85",
    "\ufeff",
    "\ufffd",
    "\ue000",
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "\u2047",
    "the",
    "猫",
    "0",
    "1",
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from(AWKWARD), max_size=8).map("".join),
)


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(texts=st.lists(TEXTS, max_size=4))
@settings(max_examples=150, deadline=None)
@example(texts=["", " ", "  a  ", "▁a ▁", "\ufdd00▁1", *AWKWARD])
def test_every_text_comes_back(kind: str, texts: list[str]) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.encode(texts)
    assert tokenizer.decode(ids) == texts
    assert all(4 <= i < tokenizer.vocab_size for row in ids for i in row)


def test_specials_are_left_out_of_text() -> None:
    tokenizer = TOKENIZERS["spaced"]
    (ids,) = tokenizer.encode(["the dog"])
    dressed = [tokenizer.bos_id, *ids, tokenizer.blank_id, tokenizer.eos_id, *ids, tokenizer.pad_id]
    assert tokenizer.decode([dressed, []]) == ["the dog", ""]


def test_training_is_deterministic_and_threads_do_not_matter() -> None:
    again = Tokenizer.train(iter(SENTENCES), 400)
    assert again.digest == TOKENIZERS["spaced"].digest
    assert again.encode(SENTENCES, threads=2) == TOKENIZERS["spaced"].encode(SENTENCES)


def test_the_sample_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from textrae.text import tokenizer

    monkeypatch.setattr(tokenizer, "_SAMPLE_SENTENCES", 100)
    first = tokenizer._sample((str(i) for i in range(10_000)), seed=1)
    assert 20 <= len(first) <= 100
    assert max(map(int, first)) > 5_000, "the end of the stream is in the sample too"
    assert first == tokenizer._sample((str(i) for i in range(10_000)), seed=1)
    assert first != tokenizer._sample((str(i) for i in range(10_000)), seed=2)


@pytest.mark.parametrize("corpus", [["word"], ["猫"], ["\x00"], ["▅"], ["\n"], ["▁"], [" "], ["x" * 30_000]])
def test_a_tiny_corpus_shrinks_the_vocabulary_and_says_so(corpus: list[str]) -> None:
    notes: list[str] = []
    tokenizer = Tokenizer.train(corpus, 5_000, note=notes.append)
    assert 260 < tokenizer.vocab_size < 300
    assert len(notes) == 1
    assert f"{tokenizer.vocab_size}" in notes[0]
    assert "5,000" in notes[0]
    assert tokenizer.decode(tokenizer.encode(corpus)) == corpus


def test_placeholders_are_one_piece() -> None:
    lines = [f"the <unk> of _num_ <rare{n}> dogs" for n in range(200)]
    tokenizer = Tokenizer.train(lines, 400)
    assert {"▁<unk>", "▁_num_"} <= set(tokenizer.pieces())
    assert len(tokenizer.encode(["<unk> dogs"])[0]) == 2
    for text in ["<unk>", "a<unk> b", "<unk>s", " <unk>  <unk> "]:
        assert tokenizer.decode(tokenizer.encode([text])) == [text]


def test_many_placeholders_leave_room_for_the_text() -> None:
    lines = [f"the <mark{n % 60}> of dogs and cats" for n in range(60 * 120)]
    tokenizer = Tokenizer.train(lines, 300)
    assert tokenizer.vocab_size == 300
    assert sum(piece.startswith("▁<mark") for piece in tokenizer.pieces()) == 10
    assert not any(tokenizer._pieces.is_byte(i) for i in tokenizer.encode(["the dogs and cats"])[0])


def test_whole_words_are_a_piece_each() -> None:
    notes: list[str] = []
    lines = ["the staff isn't unkind , <unk> N"] * 9 + ["once upon a time"]
    tokenizer = Tokenizer.train(lines, 1_000, note=notes.append, whole_words=True)
    pieces = tokenizer.pieces()
    said = [
        [pieces[i] for i in row]
        for row in tokenizer.encode(["the staff isn't", "unkind , <unk> once", "theft"])
    ]
    assert said[:2] == [["▁the", "▁staff", "▁isn't"], ["▁unkind", "▁,", "▁<unk>", "▁once"]]
    assert said[2][0] == "▁the"  # the longest word that a word begins with, the rest in bytes
    assert len(said[2]) == 3
    assert "whole words: 11 of 11 are a piece each, 100.0% of those in the text" in notes
    parts = Tokenizer.train(lines, 1_000)
    assert max(map(len, parts.encode(lines))) > max(map(len, tokenizer.encode(lines)))


def test_the_commonest_words_are_whole_and_others_are_spelled_in_parts() -> None:
    lines = [f"common word{n % 7} rare{n:03}ness" for n in range(400)]
    notes: list[str] = []
    tokenizer = Tokenizer.train(lines, 340, note=notes.append, whole_words=True)
    words = {f"▁word{n}" for n in range(7)} | {"▁common"}
    assert words <= set(tokenizer.pieces())
    assert tokenizer.vocab_size == 340
    room = 340 - 260 - len(set("".join(lines)))
    assert f"whole words: {room * 3 // 4} of 408 are a piece each" in notes[0]
    (ids,) = tokenizer.encode(["common rare999ness"])
    assert not any(tokenizer._pieces.is_byte(i) for i in ids), "characters and parts of the text are pieces"
    assert tokenizer.decode([ids]) == ["common rare999ness"]
    assert len(ids) < len(" rare999ness")


def test_there_are_no_whole_words_without_spaces() -> None:
    with pytest.raises(CorpusError, match=r"no space.*leave `whole_words=True` out"):
        Tokenizer.train(["我学习法语", "我们在看着你", "猫 猫"], 400, whole_words=True)


def test_names_of_specials_in_a_text_are_learnt() -> None:
    tokenizer = Tokenizer.train(["a</s>b <s> <pad>"] * 20, 300)
    ids = tokenizer.encode(["a</s>b <pad>"])[0]
    assert not any(piece.startswith("<0x") for piece in (tokenizer.pieces()[i] for i in ids))


def test_more_characters_than_pieces() -> None:
    corpus = ["".join(chr(0x4E00 + 10 * i + j) for j in range(10)) for i in range(300)]
    tokenizer = Tokenizer.train(corpus, 300)
    assert tokenizer.vocab_size == 300
    assert tokenizer.decode(tokenizer.encode(corpus)) == corpus


@pytest.mark.parametrize("word", ["x" * 100_000, "the dog " * 250_000, "猫" * 700_000, "▁" * 100_000])
def test_a_huge_line_costs_no_more_than_the_limit(word: str) -> None:
    start = time.process_time()
    (row,), (cut,) = TOKENIZERS["spaced"].encode_cut([word], 128)
    assert time.process_time() - start < 0.5
    assert len(row) == 128
    assert cut


def test_cutting_is_at_the_limit_and_not_before() -> None:
    tokenizer = TOKENIZERS["spaced"]
    (ids,) = tokenizer.encode([SENTENCES[0]])
    assert tokenizer.encode_cut([SENTENCES[0], ""], len(ids)) == ([ids, []], [False, False])
    assert tokenizer.encode_cut([SENTENCES[0]], len(ids) - 1) == ([ids[:-1]], [True])


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(CorpusError, match=r"sentence 2, character 3: U\+D800"):
        TOKENIZERS["spaced"].encode(["a", "ab\ud800"])
    with pytest.raises(CorpusError, match=r"U\+DFFF"):
        Tokenizer.train(["a\udfff"], 300)


def test_save_and_load(tmp_path: Path) -> None:
    tokenizer = TOKENIZERS["unspaced"]
    tokenizer.save(tmp_path / "t.model")
    loaded = Tokenizer.load(tmp_path / "t.model")
    assert loaded.digest == tokenizer.digest == Tokenizer.from_bytes(tokenizer.to_bytes()).digest
    assert len(loaded.digest) == 64


@pytest.mark.parametrize("content", [b"", b"text", b"\x00" * 1000, b"\x80\x04\x95"])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.model"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"t\.model: not a SentencePiece model"):
        Tokenizer.load(path)
    with pytest.raises(CorpusError, match="No such file"):
        Tokenizer.load(tmp_path / "none.model")


FOREIGN = [
    ({"byte_fallback": False}, "byte pieces"),
    ({"pad_id": -1}, "pad -1"),
    ({"normalization_rule_name": "nfkc"}, "give the text"),
    ({"remove_extra_whitespaces": True}, "give the text"),
]


@pytest.mark.parametrize(("changed", "reason"), FOREIGN)
def test_a_model_that_loses_text_is_refused(changed: dict[str, Any], reason: str) -> None:
    options: dict[str, Any] = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3, "byte_fallback": True}
    options |= {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "minloglevel": 2}
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=model,
        vocab_size=300,
        hard_vocab_limit=False,
        **options | changed,
    )
    with pytest.raises(CorpusError, match=reason):
        Tokenizer.from_bytes(model.getvalue())


def test_training_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    Tokenizer.train(["a b", "\x00", "x" * 10_000], 5_000)
    assert capfd.readouterr() == ("", "")


def test_a_piece_that_is_not_utf8_is_refused() -> None:
    model = TOKENIZERS["spaced"].to_bytes()
    damaged = model.replace("▁t".encode(), b"\xe2\x96\xfft", 1)
    assert len(damaged) == len(model)
    with pytest.raises(CorpusError, match="a piece that is not UTF-8"):
        Tokenizer.from_bytes(damaged)


def test_a_pipe_in_the_place_of_a_model_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tokenizer.model")
    with pytest.raises(CorpusError, match="is no regular file"):
        Tokenizer.load(tmp_path / "tokenizer.model")
