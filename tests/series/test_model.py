"""The facade on sequences: encodings, reconstructions and scores."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from series.sequences import Array, waves

from textrae import SeriesAutoencoder, SeriesConfig, SeriesFormat, SeriesTraining
from textrae.errors import ConfigError, SeriesError
from textrae.series.training import SeriesReport, SeriesWatch


def test_what_is_rebuilt_is_what_is_scored(trained: SeriesAutoencoder) -> None:
    unseen = waves(5, seed=2)
    rebuilt = trained.reconstruct(unseen)
    assert [values.shape for values in rebuilt] == [values.shape for values in unseen]
    data = [np.square(a - b).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen, units="data"), data, rtol=1e-6)
    scale = trained.run.scaling.size
    scaled = [np.square((a - b) / scale).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen), scaled, rtol=1e-6)


def test_a_score_depends_only_on_its_sequence(trained: SeriesAutoencoder) -> None:
    unseen = waves(80, seed=3)
    together, single = trained.score(unseen), [float(trained.score([values])[0]) for values in unseen[:5]]
    np.testing.assert_allclose(together[:5], single, rtol=1e-5)
    np.testing.assert_allclose(trained.encode(unseen)[3], trained.encode(unseen[3:4])[0], atol=1e-6)


def test_encodings_are_the_last_or_the_mean_state(trained: SeriesAutoencoder) -> None:
    unseen = waves(3, seed=4)
    for values, last, mean in zip(
        unseen, trained.encode(unseen), trained.encode(unseen, pooling="mean"), strict=True
    ):
        x = torch.from_numpy(trained.run.scaling.apply(values)).float().unsqueeze(1)
        states = trained.run.network.encode(x)[:, 0].detach().numpy()
        np.testing.assert_allclose(last, states[-1], atol=1e-6)
        np.testing.assert_allclose(mean, states.mean(0), atol=1e-6)


def test_an_odd_sequence_scores_higher(trained: SeriesAutoencoder) -> None:
    usual = waves(20, seed=5)
    odd = [values + np.array([0.0, 3.0]) for values in usual]
    assert trained.score(odd).min() > 10 * trained.score(usual).max()


def test_files_of_one_width_are_trained_on_together(tmp_path: Path) -> None:
    for name, dim in (("a", 2), ("b", 2), ("c", 3)):
        rows = ["\n".join(",".join(map(str, step)) for step in values) for values in waves(6, dim)]
        (tmp_path / f"{name}.csv").write_text("\n\n".join(rows) + "\n")
    files = [tmp_path / "a.csv", str(tmp_path / "b.csv")]
    quick = SeriesTraining(steps=2)
    model = SeriesAutoencoder.train(files, SeriesConfig(hidden=4), quick)
    assert (model.dim, model.run.training["sequences"]) == (2, 11)
    with pytest.raises(SeriesError, match=r"c\.csv: 3 dimensions a time step instead of 2"):
        SeriesAutoencoder.train([*files, tmp_path / "c.csv"], SeriesConfig(hidden=4), quick)
    assert SeriesAutoencoder.train(tmp_path / "c.csv", SeriesConfig(hidden=4), quick).dim == 3
    with pytest.raises(SeriesError, match="files and arrays mixed"):
        SeriesAutoencoder.train([files[0], np.ones((3, 2))], None, quick)  # type: ignore[list-item]
    with pytest.raises(SeriesError, match=r"c\.csv: 3 dimensions a time step instead of 2"):
        model.read(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ([], "no sequence"),
        ([np.ones((2, 3))], "sequence 0 (counted from 0): 3 dimensions a step instead of 2"),
        ([np.ones((2, 2)), np.array([[1, np.inf]])], "sequence 1 (counted from 0), step 0: NaN"),
        ([np.ones((0, 2))], "shape (0, 2)"),
        ([np.array([["a", "b"]])], "<U1"),
        ([np.full((1, 2), 1e30)], "sequence 0 (counted from 0): values 1e+18 times beyond"),
    ],
)
def test_arrays_in_memory_are_checked(trained: SeriesAutoencoder, arrays: list[Array], said: str) -> None:
    for use in (trained.score, trained.encode, trained.reconstruct):
        with pytest.raises(SeriesError) as caught:
            use(arrays)
        assert said in str(caught.value)


ARRAYS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(width=32) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner, max_size=1),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["encode", "reconstruct", "score", "evaluate"]),
    series=ARRAYS | st.lists(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1), min_size=1),
    word=st.none() | st.integers() | st.sampled_from(["last", "mean", "scaled", "data", "Last", ""]),
)
def test_any_argument_gives_a_right_result_or_one_line(
    trained: SeriesAutoencoder, name: str, series: Any, word: Any
) -> None:
    choice = {"encode": {"pooling": word}, "score": {"units": word}}.get(name, {})
    result, said = None, ""
    try:
        result = getattr(trained, name)(series, **choice)
    except (TypeError, ConfigError, SeriesError) as error:
        said = str(error)
    if result is None:
        assert said
        assert "\n" not in said
        return
    assert word in ({"encode": ("last", "mean"), "score": ("scaled", "data")}.get(name, (word,)))
    count = result.sequences if name == "evaluate" else len(result)
    assert count == len(series)
    parts = {"reconstruct": result, "evaluate": [result.error] if name == "evaluate" else []}.get(
        name, [result]
    )
    assert all(np.isfinite(part).all() for part in parts)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": {"hidden": 4}}, "model: a dict; give a SeriesConfig"),
        ({"training": SeriesConfig()}, "training: a SeriesConfig; give a SeriesTraining"),
        ({"format": "rows"}, "format: a str; give a SeriesFormat"),
        ({"watch": print}, "watch: a builtin_function_or_method; give a SeriesWatch"),
    ],
)
def test_arguments_of_another_kind_are_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        SeriesAutoencoder.train(waves(3), **arguments)


def test_paths_of_another_kind_are_named(trained: SeriesAutoencoder) -> None:
    for use in (SeriesAutoencoder.load, trained.save, trained.read):
        with pytest.raises(TypeError, match="path: None; give a str or PathLike"):
            use(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="device: a int; give a str"):
        SeriesAutoencoder.load("run", device=0)  # type: ignore[arg-type]


def test_a_single_array_is_refused_as_it_may_be_one_sequence_or_many(trained: SeriesAutoencoder) -> None:
    for use in (
        trained.encode,
        trained.reconstruct,
        trained.score,
        trained.evaluate,
        SeriesAutoencoder.train,
    ):
        with pytest.raises(TypeError, match=r"one ndarray of shape \(4, 2\); give \[it\] for one sequence"):
            use(np.ones((4, 2)))
    assert trained.encode([np.ones((4, 2))]).shape == (1, 8)
    assert trained.encode(np.ones((3, 4, 2))).shape == (3, 8)


def test_settings_of_files_are_refused_for_sequences_in_memory() -> None:
    with pytest.raises(ConfigError, match="`columns`: is for files, not for sequences in memory"):
        SeriesAutoencoder.train(waves(3), format=SeriesFormat(columns="1"))


def test_sequences_in_memory_are_cut_and_filled_too() -> None:
    long = np.sin(np.arange(200) / 5)
    long[7] = np.nan
    notes: list[str] = []
    format = SeriesFormat(window=10, missing="interpolate")
    model = SeriesAutoencoder.train(
        [long],
        SeriesConfig(hidden=4),
        SeriesTraining(steps=2),
        format=format,
        watch=SeriesWatch(notes.append),
    )
    assert notes[:2] == [
        "series: gaps filled by linear interpolation: 1",
        "series: 200 steps cut into 20 windows of 10, one every 10",
    ]
    assert (model.run.training["sequences"], model.run.training["held_out"]) == (18, 2)
    with pytest.raises(SeriesError, match="a gap"):
        SeriesAutoencoder.train([long], None, SeriesTraining(steps=2))


def test_data_frames_give_their_names_and_are_read_by_them(tmp_path: Path) -> None:
    frames = [pd.DataFrame(values, columns=["a", "b"]) for values in waves(20)]
    model = SeriesAutoencoder.train(frames, SeriesConfig(hidden=4), SeriesTraining(steps=5))
    model.save(tmp_path / "run")
    model = SeriesAutoencoder.load(tmp_path / "run")
    assert model.info()["columns"] == ["a", "b"]
    assert [one.name for one in model.evaluate(frames).dimensions] == ["a", "b"]
    expected = model.score([frame.to_numpy() for frame in frames])
    np.testing.assert_array_equal(model.score([frame[["b", "a"]] for frame in frames]), expected)
    frames[0][["b", "a"]].to_csv(tmp_path / "a.csv", index=False)
    np.testing.assert_allclose(model.score(model.read(tmp_path / "a.csv")), expected[:1])


def test_a_model_tells_what_it_is_in_one_line(trained: SeriesAutoencoder) -> None:
    assert repr(trained) == (
        "SeriesAutoencoder(rnn, 2 dimensions a step → 8, decoder sees the aligned states; "
        "trained on 54 sequences in memory, 150 steps)"
    )


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_returns_the_best_model_so_far() -> None:
    def interrupt(report: SeriesReport) -> None:
        signal.raise_signal(signal.SIGINT)

    training = SeriesTraining(minutes=5, validations=10_000)
    with pytest.warns(UserWarning, match=r"stopped by Ctrl-C at step \d+: this is the best model so far"):
        model = SeriesAutoencoder.train(
            waves(20), SeriesConfig(hidden=4), training, watch=SeriesWatch(report=once(interrupt))
        )
    assert model.run.training["finished"] is False
    assert np.isfinite(model.score(waves(3))).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def twice(report: SeriesReport) -> None:
        interrupt(report)
        interrupt(report)

    with pytest.raises(KeyboardInterrupt):
        SeriesAutoencoder.train(waves(20), SeriesConfig(hidden=4), training, watch=SeriesWatch(report=twice))


def once(then: Callable[[SeriesReport], None]) -> Callable[[SeriesReport], None]:
    """Return what does something the first time only."""
    calls = iter([then])
    return lambda report: next(calls, lambda report: None)(report)


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    notes: list[str] = []
    watch = SeriesWatch(notes.append)
    SeriesAutoencoder.train(
        waves(20), SeriesConfig(hidden=4), SeriesTraining(steps=4), watch=watch, progress=True
    )
    shown = capsys.readouterr().err
    assert "20 sequences" in notes[0]
    assert notes[0] in shown
    assert "100%  step 4  loss " in shown
    SeriesAutoencoder.train(waves(20), SeriesConfig(hidden=4), SeriesTraining(steps=4))
    assert capsys.readouterr().err == ""


def test_what_is_asked_for_exists(trained: SeriesAutoencoder) -> None:
    with pytest.raises(ConfigError, match="`units`: scaled or data is expected, not 'feet'"):
        trained.score(waves(1), units="feet")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`pooling`: last or mean is expected, not 'max'"):
        trained.encode(waves(1), pooling="max")  # type: ignore[arg-type]
