"""A run as a transformer of scikit-learn, and the guide to it."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, RunError

pytest.importorskip("sklearn")
import joblib
import pandas as pd
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from textrae.integrations.scikit_learn import TextraeVectorizer

ROOT = Path(__file__).parents[2]
LINES = sentences()[:60]
ANIMALS = ["dog" in line for line in sentences()[:480]]


def test_it_encodes_and_decodes(run: Path, model: SentenceAutoencoder) -> None:
    vectorizer = TextraeVectorizer(run)
    found = vectorizer.fit_transform(LINES)
    np.testing.assert_array_equal(found, model.encode(LINES))
    assert found.dtype == np.float32
    assert vectorizer.inverse_transform(found).tolist() == model.decode(found)
    assert vectorizer.transform([]).shape == (0, 24)


def test_what_is_given_may_be_a_column(run: Path) -> None:
    vectorizer, table = TextraeVectorizer(run), pd.DataFrame({"text": LINES, "n": 1})
    expected = vectorizer.transform(LINES)
    for given in (np.array(LINES), table["text"], table[["text"]], np.array(LINES)[:, None], iter(LINES)):
        np.testing.assert_array_equal(vectorizer.transform(given), expected)
    columns = make_column_transformer((vectorizer, "text"), ("passthrough", ["n"]))
    assert columns.fit_transform(table).shape == (60, 25)
    for wrong in (table, "a text", ["a", None], [1.5]):
        with pytest.raises(TypeError, match=r"`X`|sentences"):
            vectorizer.transform(wrong)
    with pytest.raises(TypeError, match="not one string"):
        vectorizer.fit("a text")


def test_a_frame_has_names_and_the_index(run: Path) -> None:
    vectorizer = TextraeVectorizer(run).set_output(transform="pandas")
    frame = vectorizer.fit_transform(pd.Series(LINES, index=range(100, 160)))
    assert list(frame.columns) == list(vectorizer.get_feature_names_out())
    assert (frame.columns[0], frame.index[0], frame.shape) == ("textraevectorizer0", 100, (60, 24))
    assert (
        vectorizer.inverse_transform(frame).tolist()
        == vectorizer.inverse_transform(frame.to_numpy()).tolist()
    )


def test_a_pipeline_goes_there_and_back(run: Path) -> None:
    there = make_pipeline(TextraeVectorizer(run), StandardScaler(), PCA(24, random_state=0))
    back = there.inverse_transform(there.fit_transform(sentences()[:200]))
    assert (
        back.tolist()
        == TextraeVectorizer(run)
        .inverse_transform(TextraeVectorizer(run).transform(sentences()[:200]))
        .tolist()
    )


def test_a_search_over_a_pipeline_learns(run: Path) -> None:
    pipeline = make_pipeline(TextraeVectorizer(run), LogisticRegression(max_iter=300))
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 10.0]}, cv=2)
    search.fit(sentences()[:480], ANIMALS)
    assert search.best_score_ > 0.9
    assert pipeline[0]._model() is search.best_estimator_[0]._model()  # clones share what is loaded


def test_a_pickle_has_the_path_and_not_the_weights(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    vectorizer = TextraeVectorizer(str(copy)).fit(LINES)
    joblib.dump(vectorizer, tmp_path / "vectorizer.joblib")
    assert (tmp_path / "vectorizer.joblib").stat().st_size < 1_000
    again = joblib.load(tmp_path / "vectorizer.joblib")
    np.testing.assert_array_equal(again.transform(LINES), vectorizer.transform(LINES))


def test_another_run_at_that_path_is_refused(run: Path, vae_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    kept = pickle.dumps(TextraeVectorizer(copy).fit(LINES))
    shutil.rmtree(copy)
    shutil.copytree(vae_run, copy)
    again = pickle.loads(kept)
    with pytest.raises(RunError, match="other encodings than the run"):
        again.transform(LINES)
    with pytest.raises(RunError, match="other encodings than the run"):
        clone(again).transform(LINES)
    assert again.set_params(run=vae_run).transform(LINES).shape == (60, 24)
    shutil.rmtree(copy)
    with pytest.raises(RunError, match="no such run folder"):
        pickle.loads(kept).transform(LINES)


def test_a_model_is_pickled_as_its_files(model: SentenceAutoencoder) -> None:
    kept = pickle.dumps(TextraeVectorizer(model))
    assert b"_rebuild_tensor" not in kept
    np.testing.assert_array_equal(pickle.loads(kept).transform(LINES), model.encode(LINES))
    np.testing.assert_array_equal(clone(TextraeVectorizer(model)).transform(LINES), model.encode(LINES))


def test_what_is_cut_is_counted(run: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 2 texts are longer than the 20 tokens"):
        TextraeVectorizer(run).transform(["A dog sees.", "dog " * 100])


def test_wrong_settings_are_refused(run: Path) -> None:
    with pytest.raises(ConfigError, match="part=meaning"):
        TextraeVectorizer(run, part="meaning").fit(LINES)
    with pytest.raises(ConfigError, match="`part`"):
        TextraeVectorizer(run, part="half").fit(LINES)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="only whole encodings"):
        TextraeVectorizer(run, part="spelling").inverse_transform(np.zeros((1, 24)))


class _Written(TextraeVectorizer):
    """Reads tables of numbers, which scikit-learn's checks give, by writing each row as a sentence."""

    def transform(self, X: Any) -> Any:
        rows = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        return super().transform([" ".join(f"{value:.1f}" for value in row) for row in rows])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.sparse, tags.no_validation = True, True, True
        return tags


ROUNDED = dict.fromkeys(
    ("check_methods_subset_invariance", "check_methods_sample_order_invariance"),
    "an encoding may change by float rounding with the batch that it is in, where 1e-7 is asked for",
)
"""Checks of scikit-learn that a machine may fail, with the reason."""


def test_it_passes_the_checks_of_scikit_learn(run: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the texts are cut
        done = check_estimator(_Written(run), expected_failed_checks=ROUNDED, on_fail=None)
    assert {one["check_name"] for one in done if one["status"] == "failed"} == set()
    assert len([one for one in done if one["status"] == "passed"]) > 30


def test_the_guide(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    page = (ROOT / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL)):
            exec(compile(code, f"scikit-learn.md, block {number}", "exec"), names)
    finally:
        os.chdir(before)
    assert names["frame"].shape == (4, 24)
    assert names["guessed"] == ["today", "again"]
    assert names["found"] == [40]
