"""Runs in the real sentence-transformers: the same vectors, saving and loading there, and runs that are refused."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import LINES, SMALL, TEXT, sentences

from textrae import (
    ModelConfig,
    SentenceAutoencoder,
    SeriesAutoencoder,
    SeriesConfig,
    SeriesTraining,
    TrainingConfig,
)
from textrae.errors import ConfigError, RunError
from textrae.runs.folder import CHECKPOINT, CHOICES, OPENED_BY
from textrae.runs.run import load_run

pytest.importorskip("sentence_transformers")
from sentence_transformers import SentenceTransformer, util
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

from textrae.integrations.sentence_transformers import RunEncoder

pytestmark = pytest.mark.filterwarnings("ignore:sentences longer than")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sentence-transformers.md").read_text(encoding="utf-8")
SHAPES = {
    "slots": replace(SMALL, slots=4, latent=8),
    "hierarchical": replace(SMALL, hierarchical=True, segments="3,6"),
    "variational": replace(SMALL, variational=True, cell="lstm", bidirectional=False, reverse=True),
    "meaning": replace(SMALL, slots=4, latent=8, meaning=16),
    "sif": replace(SMALL, slots=4, latent=8, meaning=16, sif=True),
}


def opened(path: Path, **options: Any) -> SentenceTransformer:
    return SentenceTransformer(str(path), trust_remote_code=True, device="cpu", **options)


def trained(corpus: Path, shape: ModelConfig, out: Path, **files: Path) -> SentenceAutoencoder:
    """A model that has hardly learnt."""
    training = TrainingConfig(steps=3, seed=0, precision="fp32")
    return SentenceAutoencoder.train(corpus, shape, training, text=TEXT, out=out, **files)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "vectors.npy"
    np.save(path, np.random.default_rng(0).normal(size=(1_200, 24)).astype(np.float32))
    return path


@pytest.fixture(scope="module")
def meaning(corpus: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("meaning") / "run"
    trained(corpus, SHAPES["meaning"], out, teacher=teacher)
    return out


@pytest.mark.parametrize("name", SHAPES)
def test_vectors_are_ours_whole_or_in_half_precision(
    name: str, corpus: Path, teacher: Path, tmp_path: Path
) -> None:
    files = {"teacher": teacher} if name == "meaning" else {}
    ours = trained(corpus, SHAPES[name], tmp_path / "run", **files)
    model = opened(tmp_path / "run")
    wanted = ours.encode(LINES, part=SHAPES[name].compared)
    found = model.encode(LINES, batch_size=5)
    assert found.dtype == np.float32
    assert found.shape == wanted.shape == (len(LINES), model.get_embedding_dimension())
    assert np.abs(found - wanted).max() < 1e-5
    assert model.encode(LINES[0]) == pytest.approx(wanted[0], abs=1e-5)
    for kind, tolerance in ((model.half, 5e-3), (model.bfloat16, 3e-2)):
        kind()
        near = model.encode(LINES)
        assert np.linalg.norm(near.astype(np.float32) - wanted) < tolerance * np.linalg.norm(wanted)
    assert model.encode(LINES[:2], convert_to_tensor=True).dtype == model.dtype


def test_every_run_names_the_class_that_opens_it(run: Path, tmp_path: Path) -> None:
    assert (run / "modules.json").read_bytes() == OPENED_BY
    (named,) = json.loads(OPENED_BY)
    assert named["type"] == f"{RunEncoder.__module__}.{RunEncoder.__qualname__}"
    assert not [path for path in run.rglob("*") if path.suffix in (".py", ".pkl", ".bin", ".pt")]
    with pytest.raises(ValueError, match="trust_remote_code=True"):
        SentenceTransformer(str(run), device="cpu")
    # the name has so many parts that no file of the folder is taken for it
    shutil.copytree(run, tmp_path / "run")
    for place in ("RunEncoder.py", "textrae.py", "sentence_transformers.py"):
        (tmp_path / "run" / place).write_text("raise SystemExit('executed')\n")
    assert type(opened(tmp_path / "run")[0]) is RunEncoder
    # and without trust the folder names nothing at all
    (tmp_path / "run" / "modules.json").write_text('[{"path": "", "type": "RunEncoder.Evil"}]')
    model = SentenceTransformer(modules=[RunEncoder.load(str(tmp_path / "run"))], device="cpu")
    assert model.encode(["A dog."]).shape == (1, 24)


def test_similarity_and_evaluators(run: Path, model: SentenceAutoencoder) -> None:
    st, some = opened(run), sentences()[:40]
    vectors = st.encode(some)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert st.similarity(vectors, vectors).numpy() == pytest.approx(unit @ unit.T, abs=1e-5)
    assert st.encode(some, normalize_embeddings=True) == pytest.approx(unit, abs=1e-5)
    wanted = np.sum(unit[:20] * unit[20:], axis=1)
    figures = st.evaluate(EmbeddingSimilarityEvaluator(some[:20], some[20:], wanted.tolist()))
    assert isinstance(figures, dict)
    assert figures["spearman_cosine"] == pytest.approx(1.0)
    (best,), *_ = util.semantic_search(st.encode(some[3]), vectors, top_k=1)
    assert best["corpus_id"] == 3


def test_prompts_are_left_out_and_cut_sentences_counted(run: Path, model: SentenceAutoencoder) -> None:
    st, some = opened(run, prompts={"query": "query: "}), ["A dog sees a red ball today."]
    with pytest.warns(UserWarning, match="the prompt 'query: ' is ignored"):
        asked = st.encode_query(some)
    assert np.array_equal(asked, st.encode(some))
    with pytest.warns(UserWarning, match="prompt 'Represent: ' is ignored"):
        assert np.array_equal(st.encode(some, prompt="Represent: "), asked)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        st.encode(some, prompt="")
        assert st[0].cuts.cut == 0
    with pytest.warns(UserWarning, match="sentences longer than 20 tokens are truncated"):
        st.encode(["a " * 60, "A dog.", "b " * 60])
    assert (st[0].cuts.cut, st[0].cuts.sentences) == (2, 7)
    assert st.max_seq_length == model.max_length == 20
    st.max_seq_length = 3
    assert not np.allclose(st.encode(some), asked, atol=1e-3)
    for wrong in (0, 21):
        with pytest.raises(ConfigError, match="`max_seq_length`: a whole number from 1 to 20"):
            st.max_seq_length = wrong


def test_parts_and_truncated_vectors(meaning: Path) -> None:
    ours, st = SentenceAutoencoder.load(meaning), opened(meaning)
    some = sentences()[:5]
    for part in ("all", "meaning", "spelling"):
        assert st.encode(some, part=part) == pytest.approx(ours.encode(some, part=part), abs=1e-5)
    assert st.encode(some, truncate_dim=6) == pytest.approx(
        ours.encode(some, part="meaning")[:, :6], abs=1e-5
    )
    spelling = opened(meaning, model_kwargs={"part": "spelling"}, truncate_dim=9)
    assert (spelling.get_embedding_dimension(), spelling[0].get_embedding_dimension()) == (9, 32)
    assert spelling.encode(some) == pytest.approx(ours.encode(some, part="spelling")[:, :9], abs=1e-5)
    with pytest.raises(ConfigError, match=r"`part`: .*all.* is expected, not 'soul'"):
        st.encode(some, part="soul")


def test_saved_there_it_is_a_run_of_ours(meaning: Path, tmp_path: Path) -> None:
    ours, some = SentenceAutoencoder.load(meaning), sentences()[:9]
    out = tmp_path / "new" / "run"
    opened(meaning, truncate_dim=5, similarity_fn_name="dot").save(str(out), create_model_card=False)
    assert {path.name for path in out.iterdir()} == {path.name for path in meaning.iterdir()} - {
        "metrics.jsonl"
    } | {CHOICES}
    assert (out / "README.md").read_bytes() == (meaning / "README.md").read_bytes()
    assert (out / "modules.json").read_bytes() == OPENED_BY
    again, loaded = opened(out), SentenceAutoencoder.load(out)
    assert (again.truncate_dim, again.similarity_fn_name) == (5, "dot")
    assert again.encode(some) == pytest.approx(ours.encode(some, part="meaning")[:, :5], abs=1e-5)
    assert loaded.run.fingerprint == ours.run.fingerprint
    assert loaded.reconstruct(some) == ours.reconstruct(some)
    again.save_pretrained(str(out))  # over itself
    assert opened(out).truncate_dim == 5
    loaded.save(out, overwrite=True)
    assert not (out / CHOICES).exists()


def test_half_of_it_takes_half_the_space(run: Path, tmp_path: Path, model: SentenceAutoencoder) -> None:
    opened(run).half().save(str(tmp_path / "half"))
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (run, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    again = SentenceAutoencoder.load(tmp_path / "half")
    wanted = model.encode(sentences())
    assert np.abs(again.encode(sentences()) - wanted).max() < 0.05
    assert again.reconstruct(sentences()[:20]) == model.reconstruct(sentences()[:20])


def test_saving_is_refused_where_something_would_be_lost(meaning: Path, tmp_path: Path) -> None:
    st = opened(meaning)
    with pytest.raises(ConfigError, match="weights are safetensors"):
        st.save(str(tmp_path / "pickled"), safe_serialization=False)
    with pytest.raises(ConfigError, match="`part=all`: a run folder does not keep this choice"):
        opened(meaning, model_kwargs={"part": "all"}).save(str(tmp_path / "part"))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not a textrae run"):
        st.save(str(tmp_path / "thesis"))
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]
    (tmp_path / "stopped" / CHECKPOINT).mkdir(parents=True)
    with pytest.raises(RunError, match="holds a training that was stopped"):
        st.save(str(tmp_path / "stopped"))


def test_options_that_do_not_apply_are_refused(run: Path) -> None:
    for options, said in (
        (
            {"model_kwargs": {"torch_dtype": "float16"}},
            "`model_kwargs`: a run takes `part` only, not torch_dtype",
        ),
        ({"processor_kwargs": {"use_fast": True}}, "`processor_kwargs`: a run takes none"),
        ({"backend": "onnx"}, "`backend=onnx`: a run computes with torch here"),
        ({"model_kwargs": {"part": "meaning"}}, "`part=meaning`: this run's encodings only spell"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            opened(run, **options)
    with pytest.raises(RunError, match="neither a folder nor a run on the hub"):
        RunEncoder.load("no/thing", local_files_only=True)


def test_runs_without_a_vector_of_a_sentence_say_so(corpus: Path, teacher: Path, tmp_path: Path) -> None:
    trained(corpus, replace(SMALL, memory="states"), tmp_path / "states")
    trained(corpus, SMALL, tmp_path / "vectors", vectors=teacher)
    translator = trained(corpus, SMALL, tmp_path / "translator", target=corpus)
    series = np.random.default_rng(0).normal(size=(12, 5, 2))
    SeriesAutoencoder.train(series, SeriesConfig(hidden=4), SeriesTraining(steps=2)).save(tmp_path / "series")
    for name, error, said in (
        ("states", ConfigError, "`memory=states`): no vector holds what it says"),
        ("vectors", ConfigError, "reads vectors of another encoder, not sentences"),
        (
            "translator",
            ConfigError,
            "no part of its encodings is for comparing sentences; train with `meaning`",
        ),
        ("series", RunError, "a run of real-valued series"),
    ):
        with pytest.raises(error, match=re.escape(said)):
            opened(tmp_path / name)
    means = replace(SMALL, meaning=16)
    ours = trained(corpus, means, tmp_path / "means", target=corpus)
    found = opened(tmp_path / "means").encode(LINES)
    assert np.abs(found - ours.encode(LINES, part="meaning")).max() < 1e-5
    assert translator.encode("A dog.").shape == (24,)


def test_it_neither_learns_nor_drops(run: Path) -> None:
    st = opened(run)
    st.train()
    assert not st[0].training
    assert not st[0].network.training
    vectors = st(st.preprocess(["A dog sees a red ball today."]))["sentence_embedding"]
    assert not vectors.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        vectors.sum().backward()


def test_a_run_of_the_hubs_cache(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision, repository = "0" * 40, tmp_path / "models--user--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    shutil.copytree(run, repository / "snapshots" / revision)
    where = {"cache_folder": str(tmp_path), "local_files_only": True}
    model = SentenceTransformer("user/name", trust_remote_code=True, device="cpu", **where)
    wanted = SentenceAutoencoder.load(run).encode(LINES)
    assert np.abs(model.encode(LINES) - wanted).max() < 1e-5
    assert RunEncoder.load("user/name", **where).run.fingerprint == load_run(run).fingerprint


def test_the_page(meaning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(meaning, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(compile(block, "sentence-transformers.md", "exec"), names)
    assert names["similarities"].shape == (2, 2)
    assert names["few"].shape == (1, 8)
    assert len(names["sentences"]) == 1
    assert np.array_equal(names["again"].encode(["A cat."]), names["model"].encode(["A cat."]))
    assert set(names["figures"]) >= {"pearson_cosine", "spearman_cosine"}
    assert Path("copy/README.md").read_bytes() == Path("run/README.md").read_bytes()
