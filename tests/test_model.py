"""The facade on a small trained model."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences
from support import environment

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, CorpusError, RunError, TextraeError, VectorError
from textrae.inference.cuts import Cuts
from textrae.settings.run import Settings
from textrae.training.job import Watch
from textrae.training.pipeline import train_run
from textrae.training.state import TrainingReport


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


def test_nothing_is_invented_for_a_blank_sentence(
    model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    blanks = ["", " ", "\u2028", "\u3000 \t"]
    (known,) = model.reconstruct(["A dog sees a red ball today."])
    lines = [*blanks[:2], "A dog sees a red ball today.", *blanks[2:]]
    for beam in (1, 3):
        for written in (model.reconstruct(lines, beam=beam), model.translate(lines, beam=beam)):
            assert [bool(one) for one in written] == [False, False, True, False, False]
    assert model.reconstruct(lines)[2] == known
    (found,) = model.translations(lines, beam=3)
    assert [len(one) for one in found] == [1, 1, 3, 1, 1]
    assert found[0] == [("", 0.0)]
    step = model.direction(["", *sentences()[:6:2]], [*sentences()[1:6:2], " "])
    np.testing.assert_allclose(step, model.direction(sentences()[:6:2], sentences()[1:6:2]), atol=1e-6)
    assert [bool(one) for one in model.move(lines, step)] == [False, False, True, False, False]
    for refused in (
        lambda: model.interpolate("A dog", " "),
        lambda: model.paraphrase(""),
    ):
        with pytest.raises(CorpusError, match="is blank"):
            refused()
    monkeypatch.setattr(model.engine, "encode", None)  # the model is not asked
    assert model.reconstruct(blanks) == [""] * 4
    assert list(model.translate_stream(iter(blanks), window=3)) == [[""] * 3, [""]]


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.zeros((2, 3)), "shape"),
        (np.zeros(23), "shape"),
        (np.full((2, 24), np.nan), "vector 0"),
        (np.array([[0.0] * 24, [np.inf] + [0.0] * 23]), "vector 1"),
        (np.zeros((2, 24), dtype="U1"), "floating-point"),
        (np.full((1, 24), 1e300), "vector 0"),
    ],
)
def test_vectors_that_cannot_be_decoded(model: SentenceAutoencoder, vectors: np.ndarray, said: str) -> None:
    with pytest.raises(VectorError, match=said):
        model.decode(vectors)


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

    def fail(report: TrainingReport) -> None:
        raise RuntimeError("as a crash would")

    with pytest.raises(RuntimeError, match="as a crash would"):
        train_run(settings, copy, overwrite=True, watch=Watch(report=fail))
    assert np.array_equal(old, SentenceAutoencoder.load(copy).encode(["A dog"]))
    assert (copy / "metrics.jsonl").read_text() == '{"step": 1, "of": "the old run"}\n'
    train_run(settings, copy, overwrite=True)
    assert '"step": 3' in (copy / "metrics.jsonl").read_text()
    assert not (copy / "checkpoint").exists()
    assert not np.array_equal(old, SentenceAutoencoder.load(copy).encode(["A dog"]))


@pytest.mark.parametrize("switches", [{"slots": 0}, {"hierarchical": True}, {"slots": 1}], ids=str)
def test_two_normalised_numbers_are_not_trained(corpus: Path, switches: dict[str, Any]) -> None:
    shape = ModelConfig(hidden=8, embedding=8, latent=2, **switches)
    with pytest.raises(ConfigError, match="only a sign is free"):
        SentenceAutoencoder.train(corpus, shape, TrainingConfig(steps=1), text=TEXT)


@pytest.mark.parametrize("free", [{"variational": True}, {"regulariser": "mmd"}, {"slots": 2}], ids=str)
def test_two_numbers_are_enough_where_both_are_free(corpus: Path, free: dict[str, Any]) -> None:
    shape = ModelConfig(hidden=8, embedding=8, latent=2, **free)
    model = SentenceAutoencoder.train(corpus, shape, TrainingConfig(steps=1), text=TEXT)
    assert model.encoding_size == 2 * max(1, shape.slots)


@pytest.mark.parametrize("source", ["prior", "posterior", "mixture", None])
def test_every_source_gives_sentences_again_with_the_same_seed(
    vae: SentenceAutoencoder, source: str | None
) -> None:
    made = vae.sample(40, source=source, seed=3)  # type: ignore[arg-type]
    assert made == vae.sample(40, source=source, seed=3)  # type: ignore[arg-type]
    assert made != vae.sample(40, source=source, seed=4)  # type: ignore[arg-type]
    assert len(made) == 40
    assert sum(bool(one) for one in made) >= 39


def test_what_is_sampled_is_like_the_corpus(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    known = {word for one in sentences() for word in one.split()}
    for trained in (vae, model):  # a deterministic model samples too
        made = trained.sample(100, temperature=0.0)
        words = [word for one in made for word in one.split()]
        assert sum(word in known for word in words) > 0.9 * len(words)
        assert len(set(made)) > 60


def test_ends_of_an_interpolation_are_reconstructions(model: SentenceAutoencoder) -> None:
    a, b, c = sentences()[3], sentences()[700], sentences()[1100]
    way = model.interpolate(a, b, steps=6)
    assert [way[0], way[-1]] == model.reconstruct([a, b])
    assert len(way) == 6
    assert len(set(way)) > 2
    longer = model.interpolate(a, b, c, steps=4)
    assert [longer[0], longer[3], longer[6]] == model.reconstruct([a, b, c])


def test_neighbours_differ_and_come_nearer_with_the_distance(model: SentenceAutoencoder) -> None:
    one = sentences()[500]
    found = model.paraphrase(one, 5, distance=0.6)
    assert len(set(found)) == len(found) == 5
    assert one not in found
    assert found == model.paraphrase(one, 5, distance=0.6)
    assert model.paraphrase(one, 5, distance=0.0) == []


def test_moving_along_a_difference_changes_what_differs(model: SentenceAutoencoder) -> None:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    step = model.direction(today, again)
    np.testing.assert_allclose(step, model.encode(again).mean(0) - model.encode(today).mean(0), atol=1e-5)
    moved = model.move(today[::10], step, strength=1.5)
    assert sum(one.endswith("again!") for one in moved) > 0.8 * len(moved)
    assert model.move(today[:5], step, strength=0.0) == model.reconstruct(today[:5])
    across = model.boundary(today, [one for one in sentences() if one.endswith("again!")])
    np.testing.assert_allclose(across.step, step, atol=1e-4)
    assert model.move(today[::10], across, strength=1.5) == moved
    least = model.move(today[::10], across, strength="least")
    kept = [one.removesuffix("today.") + "again!" for one in today[::10]]
    assert sum(one == wanted for one, wanted in zip(least, kept, strict=True)) > 0.6 * len(least)
    assert model.move(today[0], across, strength="least") == least[0]
    assert model.move(model.encode(today[:20:10]), across, strength="least") == least[:2]
    ways = list(model.least_moves(today[::10], across))
    assert ways[-1] == least
    assert ways[0] == model.move(today[::10], across, strength=0.75)
    with pytest.raises(ConfigError, match="needs what `boundary"):
        model.least_moves(today[0], step)
    with pytest.raises(ConfigError, match="needs what `boundary"):
        model.move(today[0], step, strength="least")
    with pytest.raises(ValueError, match="no example"):
        model.direction([], again)


def test_a_run_keeps_its_encodings(vae_run: Path, vae: SentenceAutoencoder, tmp_path: Path) -> None:
    vae.save(tmp_path / "copy")
    assert SentenceAutoencoder.load(tmp_path / "copy").sample(5, source="mixture") == vae.sample(
        5, source="mixture"
    )
    assert vae.run.latents is not None
    assert len(vae.run.latents.vectors) == 1_080
    np.testing.assert_allclose(vae.run.latents.vectors.mean(), 0.0, atol=0.5)
    spoilt = tmp_path / "spoilt"
    shutil.copytree(vae_run, spoilt)
    content = bytearray((spoilt / "latents.safetensors").read_bytes())
    content[-5] ^= 1
    (spoilt / "latents.safetensors").write_bytes(content)
    with pytest.raises(RunError, match="not what was saved"):
        SentenceAutoencoder.load(spoilt)
    (spoilt / "latents.safetensors").unlink()
    with pytest.raises(RunError, match="missing"):
        SentenceAutoencoder.load(spoilt)


def test_without_encodings_the_prior_is_left(vae: SentenceAutoencoder) -> None:
    bare = SentenceAutoencoder(replace(vae.run, latents=None))
    assert bare.sample(3) == vae.sample(3)
    with pytest.raises(ConfigError, match="`source=prior`"):
        bare.sample(3, source="mixture")


def test_trains_on_sentences_in_memory(tmp_path: Path) -> None:
    some = [*sentences(), "", "a\nb"]
    model = SentenceAutoencoder.train(
        sentences=(one for one in some),
        model=SMALL,
        training=TrainingConfig(steps=3),
        text=TEXT,
        out=tmp_path / "run",
    )
    assert model.info()["sources"] == []
    assert model.info()["result"]["corpus"]["lines"] == 1_202
    assert "text given in memory" in (tmp_path / "run" / "README.md").read_text()
    assert "text given in memory" in repr(model)
    assert SentenceAutoencoder.load(tmp_path / "run").encode("A dog").shape == (24,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"corpus": ["Sentence one.", "Sentence two."]}, "'Sentence one.' is no file; give sentences as `sentences`"),
        ({}, "nothing to train on"),
        ({"corpus": "a.txt", "sentences": ["A dog."]}, "give one of them"),
        ({"sentences": ["A dog."], "target": "a.txt"}, "parallel text is read from files"),
        ({"sentences": ["A dog."], "text": CorpusConfig(format="csv")}, "are for files"),
        ({"sentences": "A dog."}, "not one string"),
        ({"sentences": ["A dog.", None]}, "item 1 "),
        ({"corpus": {"a": "b"}}, "a path or several are expected, not a dict"),
        ({"corpus": [3]}, "`corpus`: a path is expected, not 3"),
        ({"corpus": "a.txt", "model": {"hidden": 3}}, "`model`: a ModelConfig is expected, not a dict"),
        ({"corpus": "a.txt", "progress": 1}, "`progress`: True or False is expected"),
        ({"corpus": "a.txt", "out": ""}, "`out`: '' is no path"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TextraeError, TypeError)) as refused:
        SentenceAutoencoder.train(**given)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("interrupts")
def test_control_c_returns_the_model_so_far(corpus: Path) -> None:
    def press(report: TrainingReport) -> None:
        if report.step == 50:
            os.kill(os.getpid(), signal.SIGINT)

    training = TrainingConfig(steps=10_000, batch_tokens=64)
    with pytest.warns(UserWarning, match="interrupted after step 50"):
        model = SentenceAutoencoder.train(corpus, SMALL, training, text=TEXT, watch=Watch(report=press))
    assert model.run.training["step"] < 100
    assert model.encode("A dog sees his ball.").shape == (24,)


def test_progress_is_shown_if_it_is_asked_for(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SentenceAutoencoder.train(corpus, SMALL, TrainingConfig(steps=3), text=TEXT)
    assert capsys.readouterr() == ("", "")
    SentenceAutoencoder.train(corpus, SMALL, TrainingConfig(steps=3), text=TEXT, progress=True)
    assert "validation loss" in capsys.readouterr().err


def test_sentences_in_memory_are_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    SentenceAutoencoder.train(
        sentences=sentences(), model=SMALL, training=TrainingConfig(steps=3), text=TEXT, progress=True
    )
    told = capsys.readouterr().err
    assert f"read {len(sentences()):,} lines from memory" in told
    assert "jsonl" not in told


def test_a_model_tells_what_it_is(model: SentenceAutoencoder) -> None:
    size = sum(p.numel() for p in model.run.network.parameters())
    assert repr(model) == (
        "<SentenceAutoencoder: Bidirectional GRU encoder (1 × 48), 24 dimensions a sentence, 400 pieces, "
        f"{size:,} parameters; trained on corpus.txt, 350 steps>"
    )


def test_public_names_are_found_before_they_are_loaded() -> None:
    code = "import textrae, pydoc, sys; assert 'torch' not in sys.modules; print(dir(textrae)); print(pydoc.plain(pydoc.render_doc(textrae)))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    ).stdout
    listed, page = said.split("\n", 1)
    assert "'SentenceAutoencoder'" in listed
    assert "'Watch'" in listed
    assert "class SentenceAutoencoder(" in page
    assert "def interpolate(" in page or "interpolate(self" in page


def test_path_and_latent_settings_are_refused_in_one_line(model: SentenceAutoencoder) -> None:
    a, b = sentences()[:2]
    asked: list[tuple[str, Any]] = [
        ("`sentences`: a path needs two or more, not 1", lambda: model.interpolate([a])),
        ("`sentences`: a path needs two or more, not 0", lambda: model.interpolate()),
        ("`sentences`: a path needs two or more, not 1", lambda: model.interpolate(a)),
        ("`steps`: a whole number from 2", lambda: model.interpolate(a, b, steps=0)),
        ("`steps`: a whole number from 2", lambda: model.interpolate(a, b, steps=4.0)),  # type: ignore[arg-type]
        ("`method`: linear, spherical or flow is expected, not 'cubic'", lambda: model.interpolate(a, b, method="cubic")),  # type: ignore[arg-type]
        ("`count`: a whole number from 0", lambda: model.sample(-1)),
        ("`source`: prior, posterior, mixture or flow is expected, not 'Prior'", lambda: model.sample(1, source="Prior")),  # type: ignore[arg-type]
        ("`count`: a whole number from 1", lambda: model.paraphrase(a, 0)),
        ("`distance`: a finite number", lambda: model.paraphrase(a, distance=float("nan"))),
        ("`sentence` is a list; a string is expected", lambda: model.paraphrase([a])),  # type: ignore[arg-type]
        ("`step`: one vector of 24 dimensions", lambda: model.move([a], np.zeros((2, 24)))),
        ("`strength`: a finite number", lambda: model.move([a], np.zeros(24), strength=float("inf"))),
        ("`samples`: a whole number from 1", lambda: model.likelihood([a], samples=0)),
        ("`precision`: auto, fp32 or bf16 is expected, not 'fp16'", lambda: SentenceAutoencoder.load("x", precision="fp16")),  # type: ignore[arg-type]
        ("`device=xpu`: torch finds no such device here", lambda: SentenceAutoencoder.load("x", device="xpu")),
        ("`device=cuda:x`: torch finds no such device here", lambda: SentenceAutoencoder.load("x", device="cuda:x")),
    ]  # fmt: skip
    for said, ask in asked:
        with pytest.raises((TextraeError, TypeError)) as refused:
            ask()
        assert str(refused.value).startswith(said), refused.value
    assert model.sample(0) == []
    ends = model.reconstruct([a, b])
    for way in (model.interpolate([a, b], steps=3), model.interpolate(*model.encode([a, b]), steps=3)):
        assert [way[0], way[-1]] == ends
        assert len(way) == 3
