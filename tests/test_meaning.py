"""Models whose encodings begin with a part for meaning: trained, used, stored and refused, from Python and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, TEXT, sentences
from support import textrae_here

from textrae import SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, CorpusError
from textrae.search import Index
from textrae.settings.model import Part
from textrae.settings.run import Settings
from textrae.training.job import Watch
from textrae.training.pipeline import train_run

SHAPE = replace(SMALL, slots=4, latent=8, meaning=16)
TRAINING = TrainingConfig(steps=300, lr=1e-2, seed=0, precision="fp32")


@pytest.fixture(scope="module")
def teacher(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of the corpus: each sentence's words, projected at random."""
    words = sorted({word for sentence in sentences() for word in sentence.split()})
    place = {word: number for number, word in enumerate(words)}
    projection = np.random.default_rng(0).normal(size=(len(words), 24)).astype(np.float32)
    vectors = np.stack(
        [projection[[place[word] for word in sentence.split()]].mean(0) for sentence in sentences()]
    )
    path = tmp_path_factory.mktemp("teacher") / "vectors.npy"
    np.save(path, vectors)
    return path


@pytest.fixture(scope="module")
def taught(corpus: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> SentenceAutoencoder:
    out = tmp_path_factory.mktemp("taught") / "run"
    SentenceAutoencoder.train(corpus, SHAPE, TRAINING, text=TEXT, teacher=teacher, out=out)
    return SentenceAutoencoder.load(out)


def cosines(vectors: np.ndarray) -> np.ndarray:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (unit @ unit.T)[np.triu_indices(len(unit), 1)]


def test_a_taught_model_means_what_its_teacher_means_and_still_rebuilds(
    taught: SentenceAutoencoder, teacher: Path
) -> None:
    some = sentences()[:200]
    meaning, given = taught.encode(some, part="meaning"), np.load(teacher)[:200]
    assert np.corrcoef(cosines(meaning), cosines(given))[0, 1] > 0.85
    spelling = taught.encode(some, part="spelling")
    assert np.corrcoef(cosines(spelling), cosines(given))[0, 1] < 0.8
    rebuilt = taught.reconstruct(some)
    assert sum(a == b for a, b in zip(rebuilt, some, strict=True)) > 150


def test_the_parts_make_the_whole_which_alone_is_decoded(taught: SentenceAutoencoder) -> None:
    some = sentences()[:50]
    whole = taught.encode(some)
    meaning, spelling = taught.encode(some, part="meaning"), taught.encode(some, part="spelling")
    assert (meaning.shape, spelling.shape) == ((50, 16), (50, 32))
    np.testing.assert_allclose(whole[:, 16:], spelling, atol=1e-5)
    part = taught.run.network.meaning
    assert part is not None
    np.testing.assert_allclose(part.shown(torch.from_numpy(whole[:, :16])).numpy(), meaning, atol=1e-4)
    assert taught.encode([], part="meaning").shape == (0, 16)
    assert taught.encode(some[0], part="meaning").shape == (16,)
    assert taught.decode(whole) == taught.reconstruct(some)
    assert len(taught.interpolate(some[0], some[1], steps=3)) == 3
    assert len(taught.sample(3)) == 3
    with pytest.raises(ConfigError, match="part"):
        taught.encode(some, part="sound")  # type: ignore[arg-type]


def test_a_suite_measures_the_part_that_means(taught: SentenceAutoencoder, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    lines = [f"{sentence.split()[1]}\t{sentence}" for sentence in sentences()[::4]]
    (tmp_path / "labels" / "who.tsv").write_text("\n".join(lines) + "\n")
    pytest.importorskip("sklearn")
    report = taught.evaluate_suite(tmp_path)
    assert list(report.encodings)[:3] == ["model", "spelling", "tfidf"]
    assert (report.encodings["model"], report.encodings["spelling"]) == (16, 32)
    scores = report.tasks[0].scores
    assert scores["model"]["accuracy"] > 0.95


def test_search_goes_by_the_part_that_means(taught: SentenceAutoencoder) -> None:
    index = Index.build(taught, sentences()[:100])
    assert index.width == 16
    unit = taught.encode(sentences()[:100], part="meaning")
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    (hit,) = index.search(sentences()[150], k=1)
    query = taught.encode(sentences()[150], part="meaning")
    assert hit.row == int((unit @ query).argmax())


def test_a_model_without_such_a_part_says_so(model: SentenceAutoencoder) -> None:
    with pytest.raises(ConfigError, match="encodings only spell; train with `meaning`"):
        model.encode(["A dog."], part="meaning")
    assert np.array_equal(model.encode(["A dog."], part="spelling"), model.encode(["A dog."]))


def test_what_teaches_is_found(corpus: Path, teacher: Path, tmp_path: Path) -> None:
    few = replace(TRAINING, steps=2)
    small = replace(SHAPE, meaning=0)
    for options, training, size in (
        ({}, few, 0),
        ({"teacher": teacher}, few, 24),  # as many as its vectors have
        ({}, replace(few, views=True), 256),
    ):
        made = SentenceAutoencoder.train(corpus, small, training, text=TEXT, **options)
        assert made.run.settings.model.meaning == size
        assert made.encoding_size == size + 32
    said: list[str] = []
    context = SentenceAutoencoder.train(
        corpus, small, replace(few, context=True), text=TEXT, watch=Watch(note=said.append)
    )
    assert context.run.settings.model.meaning == 256
    assert said[0].startswith("read 1,200 lines from")
    aligned = SentenceAutoencoder.train([corpus, corpus], small, replace(few, aligned=True), text=TEXT)
    assert aligned.run.settings.model.meaning == 256
    pairs = SentenceAutoencoder.train(corpus, SHAPE, few, text=TEXT, target=corpus)
    assert not pairs.run.settings.model.sif  # translations teach
    plain = SentenceAutoencoder.train(corpus, SHAPE, few, text=TEXT)
    assert plain.run.settings.model.sif  # nothing else teaches


def test_aligned_files_make_one_space_of_their_languages(corpus: Path, tmp_path: Path) -> None:
    """The other language writes the same words in capitals, which share no token with the small letters."""
    some = sorted(set(sentences()))
    (tmp_path / "other.txt").write_text("\n".join(line.upper() for line in sentences()) + "\n")
    training = replace(TRAINING, steps=200, aligned=True)
    model = SentenceAutoencoder.train(
        [corpus, tmp_path / "other.txt"], replace(SHAPE, meaning=32), training, text=TEXT
    )

    def share(part: Part) -> float:
        sides = [model.encode(lines, part=part) for lines in (some, [line.upper() for line in some])]
        a, b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
        return float(((a @ b.T).argmax(1) == np.arange(len(some))).mean())

    assert share("meaning") > 0.9
    assert share("spelling") < 0.5
    rebuilt = model.reconstruct([*some[:50], *(line.upper() for line in some[:50])])
    assert sum(a == b for a, b in zip(rebuilt[:50], some, strict=False)) > 25
    model.save(tmp_path / "run")
    for name, side in (("one.txt", some), ("two.txt", [line.upper() for line in some])):
        (tmp_path / name).write_text("\n".join(side) + "\n")
    told = textrae_here("xsim", tmp_path / "run", tmp_path / "one.txt", tmp_path / "two.txt", "--json")
    assert json.loads(told.stdout)["there"] < 0.1  # the part for meaning is compared, not the whole


def test_frequencies_make_a_meaning_that_is_kept_with_the_run(corpus: Path, tmp_path: Path) -> None:
    few = replace(TRAINING, steps=60)
    made = SentenceAutoencoder.train(
        corpus, replace(SMALL, slots=4, latent=8, sif=True), few, text=TEXT, out=tmp_path / "run"
    )
    assert made.run.settings.model.meaning == 256
    loaded = SentenceAutoencoder.load(tmp_path / "run")
    some = sentences()[::3]
    shown = loaded.encode(some, part="meaning")
    np.testing.assert_allclose(shown, made.encode(some, part="meaning"), atol=1e-5)
    variances = shown.var(0)
    assert variances[:8].sum() > variances[8:].sum()  # the axis of the largest variance comes first
    whole = loaded.encode(some)
    assert not np.allclose(whole[:, :256], shown, atol=1e-2)  # of which the axes are no part
    assert loaded.decode(whole[:20]) == loaded.reconstruct(some[:20])


def test_a_stopped_training_goes_on_to_the_same_weights(corpus: Path, teacher: Path, tmp_path: Path) -> None:
    few = replace(TRAINING, steps=12, views=True, validations=1)
    settings = Settings(replace(SHAPE, meaning=0), TEXT, few, (str(corpus),), teacher=str(teacher))
    whole, _ = train_run(settings, tmp_path / "whole")
    asked = iter(range(100))
    _, finished = train_run(settings, tmp_path / "run", watch=Watch(should_stop=lambda: next(asked) >= 5))
    assert not finished
    resumed, finished = train_run(settings, tmp_path / "run", resume=True)
    assert finished
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_commands(corpus: Path, teacher: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = (
        "--steps",
        5,
        "--slots",
        4,
        "--latent",
        8,
        "--hidden",
        16,
        "--embedding",
        8,
        "--vocab-size",
        400,
    )
    made = textrae_here("train", corpus, "--teacher", teacher, "--meaning", 12, *options, "-o", run)
    assert made.returncode == 0, made.stderr
    said = textrae_here("encode", run, corpus, "--part", "meaning", "-o", tmp_path / "m.npy")
    assert said.returncode == 0, said.stderr
    assert np.load(tmp_path / "m.npy").shape == (1_200, 12)
    cut = textrae_here(
        "encode", run, corpus, "--part", "meaning", "--dimensions", 13, "-o", tmp_path / "x.npy"
    )
    assert cut.returncode == 2
    assert b"13 of 12 dimensions" in cut.stderr
    for storage in ("int8", "binary"):
        stored = textrae_here("encode", run, corpus, "--storage", storage, "-o", tmp_path / "v.npy")
        assert stored.returncode == 0, stored.stderr
        back = textrae_here("decode", run, tmp_path / "v.npy")
        assert back.returncode == 0, back.stderr
        assert len(back.stdout.decode().split("\n")) == 1_201
    part = textrae_here("decode", run, tmp_path / "m.npy")
    assert part.returncode == 1
    assert b"(n, 44)" in part.stderr or b"44" in part.stderr


def test_what_does_not_go_together_is_refused(corpus: Path, teacher: Path, tmp_path: Path) -> None:
    few = replace(TRAINING, steps=2)
    np.save(tmp_path / "short.npy", np.zeros((7, 24), np.float32))
    with pytest.raises(CorpusError, match=r"1,200 lines, and short\.npy has 7 vectors"):
        SentenceAutoencoder.train(corpus, SHAPE, few, text=TEXT, teacher=tmp_path / "short.npy")
    with pytest.raises(ConfigError, match="24 dimensions; give 24 or fewer"):
        SentenceAutoencoder.train(corpus, replace(SHAPE, meaning=25), few, text=TEXT, teacher=teacher)
    for options, said in (
        ({"vectors": teacher}, "no encoder to teach"),
        ({"target": corpus}, "is for autoencoders"),
    ):
        with pytest.raises(ConfigError, match=said):
            SentenceAutoencoder.train(
                corpus, replace(SHAPE, meaning=0), few, text=TEXT, teacher=teacher, **options
            )
    for name in ("views", "context", "aligned"):
        taught = replace(few, **{name: True})
        with pytest.raises(ConfigError, match="`sif`: is not taught"):
            SentenceAutoencoder.train([corpus, corpus], replace(SHAPE, sif=True), taught, text=TEXT)
    with pytest.raises(ConfigError, match="`aligned`: one text has no translations"):
        SentenceAutoencoder.train(corpus, SHAPE, replace(few, aligned=True), text=TEXT)
    with pytest.raises(ConfigError, match="continues as another is not what"):
        SentenceAutoencoder.train(corpus, SHAPE, replace(few, crossover=0.5), text=TEXT, teacher=teacher)
