"""The facade on a small trained model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, CorpusError, RunError, VectorError
from textrae.inference.engine import Cuts
from textrae.inference.vectors import check_vectors
from textrae.settings.run import Settings
from textrae.training.pipeline import Watch, train_run
from textrae.training.state import Report


def test_rebuilds_most_of_its_corpus(model: SentenceAutoencoder) -> None:
    some = sentences()[::6]
    rebuilt = model.reconstruct(some)
    assert sum(a == b for a, b in zip(some, rebuilt, strict=True)) > 0.8 * len(some)
    assert model.decode(model.encode(some)) == rebuilt


def test_a_row_a_sentence_whatever_it_holds(model: SentenceAutoencoder) -> None:
    odd = ["", " ", "A dog", "\u2028", "x" * 10_000, "\0\x01", "猫 🐱", "</s>", "a\nb"]
    cuts = Cuts()
    vectors = np.concatenate(list(model.encode_stream(odd, cuts=cuts)))
    assert vectors.shape == (len(odd), model.encoding_size)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert (cuts.sentences, cuts.cut) == (len(odd), 1)
    assert len(model.decode(vectors)) == len(odd)
    assert model.encode([]).shape == (0, model.encoding_size)
    assert model.decode(model.encode([])) == []


def test_windows_keep_order_and_counts(model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [*sentences()[:40], "", "x y z " * 10]
    whole, rebuilt = model.encode(some), model.reconstruct(some)
    for size in (1, 7, 41, 42, 43):
        monkeypatch.setattr("textrae.inference.engine.WINDOW", size)
        cuts = Cuts()
        blocks = list(model.encode_stream(iter(some), cuts=cuts))
        assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
        np.testing.assert_allclose(np.concatenate(blocks), whole, atol=1e-5)
        assert (cuts.sentences, cuts.cut) == (42, 1)
        assert model.reconstruct(some) == rebuilt


def test_encodings_do_not_depend_on_batch_mates(model: SentenceAutoencoder) -> None:
    some = ["A dog sees his ball today.", "", "The cat", *sentences()[:50], "x y z " * 10]
    together = model.encode(some)
    for batch_tokens in (1, 37, 400):
        np.testing.assert_allclose(model.encode(some, batch_tokens=batch_tokens), together, atol=1e-5)
    alone = np.concatenate([model.encode([sentence]) for sentence in some])
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_bf16_differs_by_its_rounding(run: Path, model: SentenceAutoencoder) -> None:
    low = SentenceAutoencoder.load(run, device="cpu", precision="bf16")
    some = sentences()[:100]
    exact, rounded = model.encode(some), low.encode(some)
    error = np.linalg.norm(exact - rounded, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < error.max() < 3e-2
    mates = low.encode(some, batch_tokens=8)
    assert (np.linalg.norm(mates - rounded, axis=1) / np.linalg.norm(rounded, axis=1)).max() < 1e-2


def test_evaluation_counts(model: SentenceAutoencoder) -> None:
    some = [*sentences()[:200], "x " * 100]
    report = model.evaluate(some)
    assert report.overall.sentences == 201
    assert sum(part.sentences for part in report.by_length.values()) == 201
    rebuilt = model.reconstruct(some)
    assert report.overall.exact == pytest.approx(sum(map(str.__eq__, some, rebuilt)) / 201)
    assert report.overall.token_accuracy > 0.8
    assert report.overall.perplexity_byte < report.overall.perplexity_token < report.overall.perplexity_word
    assert report.notes == ["1 of 201 sentences truncated at 20 tokens"]
    assert "tok:none" in report.signatures["bleu"]
    with pytest.raises(ValueError, match="no sentence"):
        model.evaluate([])


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.zeros((2, 3)), "shape"),
        (np.zeros(24), "shape"),
        (np.full((2, 24), np.nan), "vector 0"),
        (np.array([[0.0] * 24, [np.inf] + [0.0] * 23]), "vector 1"),
        (np.zeros((2, 24), dtype="U1"), "floating-point"),
        (np.full((1, 24), 1e300), "vector 0"),
    ],
)
def test_vectors_that_cannot_be_decoded(model: SentenceAutoencoder, vectors: np.ndarray, said: str) -> None:
    with np.errstate(over="ignore"), pytest.raises(VectorError, match=said):
        model.decode(vectors)


def test_integers_and_doubles_are_decoded() -> None:
    assert check_vectors(np.ones((2, 3), dtype=np.int64), 3).dtype == np.float32


def test_training_twice_gives_the_same_bits(corpus: Path, tmp_path: Path) -> None:
    from conftest import SMALL, TEXT

    from textrae import TrainingConfig

    runs = [
        SentenceAutoencoder.train(corpus, SMALL, TrainingConfig(steps=12, seed=3), text=TEXT)
        for _ in range(2)
    ]
    first, second = (model.encode(["A dog sees his ball."]) for model in runs)
    assert np.array_equal(first, second)


def test_a_run_in_the_way_is_kept(corpus: Path, run: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(RunError, match="holds a run already"):
        SentenceAutoencoder.train(corpus, out=run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_overwriting_keeps_the_old_run_until_the_new_one_is_there(
    corpus: Path, run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    SentenceAutoencoder.load(run).save(copy)
    settings = Settings(SMALL, TEXT, TrainingConfig(steps=3), (str(tmp_path / "missing.txt"),))
    with pytest.raises(CorpusError):
        train_run(settings, copy, overwrite=True)
    old = SentenceAutoencoder.load(copy).encode(["A dog"])
    assert np.array_equal(old, SentenceAutoencoder.load(run).encode(["A dog"]))
    settings = replace(settings, sources=(str(corpus),))
    (copy / "metrics.jsonl").write_text('{"step": 1, "of": "the old run"}\n')

    def fail(report: Report) -> None:
        raise RuntimeError("as a crash would")

    with pytest.raises(RuntimeError, match="as a crash would"):
        train_run(settings, copy, overwrite=True, watch=Watch(report=fail))
    assert np.array_equal(old, SentenceAutoencoder.load(copy).encode(["A dog"]))
    assert (copy / "metrics.jsonl").read_text() == '{"step": 1, "of": "the old run"}\n'
    train_run(settings, copy, overwrite=True)
    assert '"step": 3' in (copy / "metrics.jsonl").read_text()
    assert not (copy / "checkpoint").exists()
    assert not np.array_equal(old, SentenceAutoencoder.load(copy).encode(["A dog"]))


def test_the_perplexity_of_a_cut_sentence_is_that_of_what_was_read(model: SentenceAutoencoder) -> None:
    text = "x " * 50
    (ids,), _ = model.run.tokenizer.encode_cut([text], model.max_length)
    (read,) = model.run.tokenizer.decode([ids])
    assert model.run.tokenizer.encode([read]) == [ids]
    assert len(read) < len(text)
    whole, part = (model.evaluate([one]).overall for one in (text, read))
    assert whole.perplexity_word == pytest.approx(part.perplexity_word)
    assert whole.perplexity_byte == pytest.approx(part.perplexity_byte)


@pytest.mark.parametrize("switches", [{}, {"hierarchical": True}, {"slots": 1}], ids=str)
def test_two_normalised_numbers_are_not_trained(corpus: Path, switches: dict[str, Any]) -> None:
    shape = ModelConfig(hidden=8, embedding=8, latent=2, **switches)
    with pytest.raises(ConfigError, match="nothing is free but a sign"):
        SentenceAutoencoder.train(corpus, shape, TrainingConfig(steps=1), text=TEXT)


@pytest.mark.parametrize("free", [{"variational": True}, {"regulariser": "mmd"}, {"slots": 2}], ids=str)
def test_two_numbers_are_enough_where_both_are_free(corpus: Path, free: dict[str, Any]) -> None:
    shape = ModelConfig(hidden=8, embedding=8, latent=2, **free)
    model = SentenceAutoencoder.train(corpus, shape, TrainingConfig(steps=1), text=TEXT)
    assert model.encoding_size == 2 * max(1, shape.slots)
