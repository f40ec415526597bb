"""Windows, batches and refusals of a loaded run at work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TEXT, sentences

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine, windows
from textrae.inference.sampling import Sampling
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.run import Run
from textrae.settings.run import Settings
from textrae.text.batch import SPECIALS

SEARCH = {"beam": 5, "length_penalty": 0.0}


def untrained(model: SentenceAutoencoder, config: ModelConfig) -> Engine:
    """An engine of another shape with the trained model's tokenizer."""
    torch.manual_seed(0)
    tokenizer = model.run.tokenizer
    network = Autoencoder(config, tokenizer.vocab_size).eval()
    return Engine(Run(network, tokenizer, Settings(config, TEXT, TrainingConfig())), "fp32")


def test_windows_are_full_but_for_the_last() -> None:
    assert list(windows("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(windows([], 2)) == []


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


def test_beams_rebuild_sentences_of_exactly_the_longest_length(
    model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No less exactly than the greedy search, through every door, with the end among the scores of the n best."""
    tokens = model.run.tokenizer.encode(sentences())
    length = max(map(len, tokens))
    some = [line for line, ids in zip(sentences(), tokens, strict=True) if len(ids) == length][:60]
    roomy = [found[0] for block in model.engine.translations(some, **SEARCH) for found in block]
    monkeypatch.setattr(model.engine, "max_length", length)
    vectors = model.encode(some)
    greedy = sum(map(str.__eq__, model.reconstruct(some), some))
    assert greedy > 30
    for beam in (2, 5, 10):
        rebuilt = model.reconstruct(some, beam=beam)
        assert sum(map(str.__eq__, rebuilt, some)) >= greedy
        assert model.decode(vectors, beam=beam) == rebuilt
    tight = [found[0] for block in model.engine.translations(some, **SEARCH) for found in block]
    assert [text for text, _ in tight] == [text for text, _ in roomy]
    np.testing.assert_allclose([score for _, score in tight], [score for _, score in roomy], atol=1e-4)


def test_bf16_differs_by_its_rounding(run: Path, model: SentenceAutoencoder) -> None:
    low = SentenceAutoencoder.load(run, device="cpu", precision="bf16")
    some = sentences()[:100]
    exact, rounded = model.encode(some), low.encode(some)
    error = np.linalg.norm(exact - rounded, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < error.max() < 3e-2
    mates = low.encode(some, batch_tokens=8)
    assert (np.linalg.norm(mates - rounded, axis=1) / np.linalg.norm(rounded, axis=1)).max() < 1e-2


def test_batches_hold_every_row_once_and_are_filled_to_a_multiple(model: SentenceAutoencoder) -> None:
    ids = model.run.tokenizer.encode(sentences()[:100])
    seen: list[int] = []
    for rows, batch in model.engine.batches(ids, 200):
        assert len(batch.lengths) % 32 == 0 or len(rows) == len(batch.lengths) < 32
        for column, row in enumerate(rows.tolist()):
            assert batch.source[: len(ids[row]), column].tolist() == ids[row]
        seen += rows.tolist()
    assert sorted(seen) == list(range(100))


def test_kept_tables_change_nothing(model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sentences()[:12]
    plain, kept = Engine(model.run, "fp32"), Engine(model.run, "fp32")
    kept.keep_tables()
    tables = kept.tables(1)
    assert tables is not None
    assert kept.tables(10**9) is tables
    assert plain.tables(1) is None
    assert kept.writing_table(1) is not None
    (expected,), (found,) = list(plain.encode_stream(texts)), list(kept.encode_stream(texts))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert list(kept.translate_stream(texts, **SEARCH)) == list(plain.translate_stream(texts, **SEARCH))
    monkeypatch.setattr("textrae.inference.engine._KEPT", 1000)
    large = Engine(model.run, "fp32")
    large.keep_tables()
    assert large.tables(1) is None


def test_a_given_window_is_not_read_ahead_of(model: SentenceAutoencoder) -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for sentence in sentences()[:9]:
            taken += 1
            yield sentence

    stream = model.engine.translate_stream(lines(), beam=1, length_penalty=0.0, window=2)
    assert [len(next(stream)), taken] == [2, 2]
    assert [len(next(stream)), taken] == [2, 4]


def test_what_is_kept_of_a_line_is_what_its_ids_hold(model: SentenceAutoencoder) -> None:
    lines = ["A dog sees a red ball.", "x " * 50]
    ids, cut = model.run.tokenizer.encode_cut(lines, model.max_length)
    whole, part = model.engine.kept(lines, ids)
    assert cut == [False, True]
    assert whole == lines[0]
    assert part == lines[1][: len(part)] != lines[1]


def test_a_language_begins_what_is_written(model: SentenceAutoencoder) -> None:
    several = untrained(model, ModelConfig(hidden=16, embedding=8, latent=8, languages=("x", "y")))
    size = model.run.tokenizer.vocab_size
    assert [several.specials(to).first for to in ("x", "y")] == [size, size + 1]
    single = untrained(model, ModelConfig(hidden=16, embedding=8, latent=8, languages=("x",)))
    assert single.specials(None).first == single.specials("x").first == size
    assert model.engine.specials(None) == SPECIALS
    for engine, to, said in (
        (several, None, "writes x, y: no language is named"),
        (several, "z", "writes x, y: not z"),
        (model.engine, "x", "writes only one language: not x"),
    ):
        with pytest.raises(ConfigError, match=f"{said}; give one of its languages as `to`"):
            engine.specials(to)


def test_what_a_model_cannot_do_is_refused_in_its_settings_names(model: SentenceAutoencoder) -> None:
    shape = ModelConfig(hidden=16, embedding=8, slots=0, latent=8)
    mse = untrained(model, replace(shape, reconstruction="mse"))
    hierarchical = untrained(model, replace(shape, hierarchical=True))
    latent = mse.read(np.zeros((1, 8), dtype=np.float32))
    with pytest.raises(ConfigError, match="no likelihoods to draw tokens from; give `temperature=0`"):
        mse.generate(latent, sampling=Sampling())
    for engine, said in ((mse, "no likelihoods for a beam"), (hierarchical, "decoded without a beam")):
        with pytest.raises(ConfigError, match=f"{said}; give `beam=1`"):
            engine.generate(latent, beam=2)
        with pytest.raises(ConfigError, match="`beam=1`"):
            list(engine.translations(["A dog."], beam=2, length_penalty=1.0))
    reader = untrained(model, replace(shape, vectors=5))
    for refused in (
        lambda: reader.encode_stream(["A dog."]),
        lambda: reader.translate_stream(["A dog."], beam=1, length_penalty=0.0),
        lambda: reader.translations(["A dog."], beam=2, length_penalty=0.0),
    ):
        with pytest.raises(ConfigError, match="reads vectors of another encoder"):
            next(refused())
