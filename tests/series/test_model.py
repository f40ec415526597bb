"""The facade on sequences: files read or refused, training, scores, and a run saved and loaded."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray

from textrae import (
    SentenceAutoencoder,
    SeriesAutoencoder,
    SeriesConfig,
    SeriesFormat,
    SeriesTraining,
    TextraeError,
)
from textrae.errors import ConfigError, RunError, SeriesError
from textrae.series.data import Scaling, hold_out
from textrae.series.reading import read_series
from textrae.series.training import SeriesReport, SeriesWatch
from textrae.series.writing import write_series
from textrae.settings.fields import Cell
from textrae.settings.files import build

Array = NDArray[np.float64]
ROWS = SeriesFormat(layout="rows")
LABELLED = SeriesFormat(layout="rows", labels=True)


def waves(count: int, dim: int = 2, seed: int = 0) -> list[Array]:
    """Sines of random phases, 8 to 14 steps long."""
    generator = np.random.default_rng(seed)
    starts, lengths = generator.uniform(0, 2 * np.pi, (count, dim)), generator.integers(8, 15, count)
    scale = np.array([3.0, 0.2, 1.0])[:dim]
    return [
        5 + scale * np.sin(start + 0.7 * np.arange(length)[:, None])
        for start, length in zip(starts, lengths, strict=True)
    ]


@pytest.fixture(scope="module")
def trained() -> SeriesAutoencoder:
    return SeriesAutoencoder.train(
        waves(60), SeriesConfig(hidden=8), SeriesTraining(steps=150, batch_size=8, lr=3e-2)
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", " , ", "   "])
def test_text_has_a_step_a_row_and_blank_lines_between(tmp_path: Path, separator: str) -> None:
    rows = [["1", "-2.5"], ["3e-1", "+4"], [], ["5.", ".5"], [], [], ["6", "7"], ["8", "9"]]
    path = tmp_path / "series.csv"
    path.write_bytes(b"\n" + "\r\n".join(separator.join(row) for row in rows).encode())
    series = read_series(path)
    expected = [[[1, -2.5], [0.3, 4]], [[5, 0.5]], [[6, 7], [8, 9]]]
    assert [values.tolist() for values in series.values] == expected
    assert series.labels == []


def test_rows_are_whole_sequences_with_labels_and_frames(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("\ufeffnormal,1,2,3,4\n\nodd,5,6\n", encoding="utf-8")
    series = read_series(path, LABELLED)
    assert series.labels == ["normal", "odd"]
    assert [values.tolist() for values in series.values] == [[[1], [2], [3], [4]], [[5], [6]]]
    framed = read_series(path, SeriesFormat(layout="rows", labels=True, frame=2))
    assert [values.tolist() for values in framed.values] == [[[1, 2], [3, 4]], [[5, 6]]]
    with pytest.raises(SeriesError, match=r"line 1: 4 numbers do not divide into frames of 3"):
        read_series(path, SeriesFormat(layout="rows", labels=True, frame=3))


@pytest.mark.parametrize(
    ("shape", "format", "expected"),
    [
        ((4, 3, 2), None, (4, (3, 2))),
        ((5, 2), None, (1, (5, 2))),
        ((5,), None, (1, (5, 1))),
        ((4, 6), ROWS, (4, (6, 1))),
        ((4, 6), SeriesFormat(layout="rows", frame=3), (4, (2, 3))),
        ((4, 7), LABELLED, (4, (6, 1))),
    ],
)
def test_arrays(tmp_path: Path, shape: tuple[int, ...], format: SeriesFormat, expected: object) -> None:
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.save(tmp_path / "a.npy", array)
    series = read_series(tmp_path / "a.npy", format)
    assert (len(series), series.values[0].shape) == expected
    whole = np.concatenate([values.ravel() for values in series.values])
    np.testing.assert_array_equal(whole, (array[:, 1:] if series.labels else array).ravel())
    assert series.labels == ([f"{row[0]:g}" for row in array] if format == LABELLED else [])


def test_parquet_holds_lists_of_numbers_or_of_steps(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for rows, shapes in (
        ([[1.0, 2.0], [3.0]], [(2, 1), (1, 1)]),
        ([[[1, 2]], [[3, 4], [5, 6]]], [(1, 2), (2, 2)]),
    ):
        pq.write_table(pa.table({"id": [1, 2], "values": rows}), path)
        series = read_series(path)
        assert [values.shape for values in series.values] == shapes
        assert [values.tolist() for values in series.values] == [
            row if len(shape_of[1:]) and shape_of[1] == 2 else [[value] for value in row]
            for row, shape_of in zip(rows, shapes, strict=True)
        ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1,2\n3,nan\n", "line 2, column 2: 'nan' is not a finite number"),
        (b"1,2\n\n-Infinity,4\n", "line 3, column 1: '-Infinity' is not a finite number"),
        (b"1,2\n3,1e999\n", "line 2, column 2: '1e999' is beyond float32"),
        (b"1,2\n3\n", "line 2: 1 numbers where the lines before have 2"),
        (b"1,2\n\n3,4,5\n", "line 3: 3 numbers where the lines before have 2"),
        (b"x,y\n1,2\n", "line 1, column 1: 'x' is not a number"),
        (b"1;2\n3;4,5\n", "line 2, column 2: '4,5' is not a number"),
        (b"1,2\n3,\n", "line 2, column 2: '' is not a number"),
        (b"1 2\n3 1_0\n", "line 2, column 2: '1_0' is not a number"),
        ("1 2\n3 １\n".encode(), "line 2, column 2: '１' is not a number"),
        (b"1 2\n\xff\xfe 1\n", "line 2: not text"),
        (b"", "no sequence in it"),
        (b"\n \n", "no sequence in it"),
    ],
)
def test_what_is_wrong_with_a_text_is_named_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(SeriesError) as caught:
        read_series(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_what_is_wrong_with_labelled_rows_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,1,2\nb,3,inf\n")
    with pytest.raises(SeriesError, match=r"bad.csv, line 2, column 3: 'inf' is not a finite number"):
        read_series(path, LABELLED)
    path.write_text("a,1,2\nb\n")
    with pytest.raises(SeriesError, match=r"bad.csv, line 2: a label and no number"):
        read_series(path, LABELLED)


def test_arrays_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.npy"
    array = np.ones((3, 4, 2))
    array[2, 1, 0] = np.nan
    for bad, said in (
        (array, "sequence 2 (counted from 0), step 1: NaN"),
        (np.ones((2, 2, 2, 2)), "shape (2, 2, 2, 2)"),
        (np.array(["a"]), "<U1 of shape"),
        (np.ones((0, 3, 2)), "no sequence"),
        (np.full((3, 2), 1e300), "step 0: NaN, infinity or beyond float32"),
    ):
        np.save(path, bad)
        with pytest.raises(SeriesError) as caught:
            read_series(path)
        assert said in str(caught.value)
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(path)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(path)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing of it")
    with pytest.raises(SeriesError, match="not a readable file of series"):
        read_series(tmp_path / "bad.parquet")
    np.save(path, np.ones((3, 4, 2)))
    with pytest.raises(SeriesError, match="the layout rows reads"):
        read_series(path, ROWS)
    with pytest.raises(SeriesError, match="2 numbers a time step instead of 3"):
        read_series(path, dim=3)
    with pytest.raises(SeriesError, match="no such file"):
        read_series(tmp_path / "none.npy")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [[1.0, None]]}, "row 0 (counted from 0): empty, or with a gap"),
        ({"a": [[1.0], None]}, "row 1 (counted from 0): empty, or with a gap"),
        ({"a": [[1.0], [float("inf")]]}, "row 1 (counted from 0), step 0: NaN"),
        ({"a": [[[1.0, 2.0], [3.0]]]}, "row 0 (counted from 0): steps of 1 to 2 numbers"),
        ({"a": [[[1.0, 2.0]], [[3.0]]]}, "row 1 (counted from 0): 1 numbers a step"),
        ({"a": [["x"]]}, "row 0 (counted from 0): string"),
        ({"a": [1.0]}, "0 columns of lists (a)"),
        ({"a": [[1.0]], "b": [[1.0]]}, "2 columns of lists (a, b)"),
    ],
)
def test_parquet_that_is_refused(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(SeriesError) as caught:
        read_series(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("ending", [".csv", ".npy", ".parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    text = tmp_path / "a.txt"
    text.write_text("x 1.5 -2 3 4\ny 5 6.25 7 8\n")
    format = SeriesFormat(layout="rows", labels=True, frame=2)
    series = read_series(text, format)
    plain = SeriesFormat(layout="rows", frame=2)
    for given, how in ((series, plain), (series, SeriesFormat())):
        given.labels = []
        write_series(tmp_path / f"b{ending}", given, how)
        again = read_series(tmp_path / f"b{ending}", how)
        np.testing.assert_array_equal(again.values, series.values)
    with pytest.raises(SeriesError, match=r"\.csv, \.npy, \.parquet"):
        write_series(tmp_path / "b.xls", series, format)


def test_lengths_that_differ_make_no_array(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("1 2\n3 4\n\n5 6\n")
    series = read_series(text)
    with pytest.raises(
        SeriesError, match=r"sequences of 1 to 2 steps make no array; give \.csv or \.parquet"
    ):
        write_series(tmp_path / "b.npy", series, SeriesFormat())
    write_series(tmp_path / "b.csv", series, SeriesFormat())
    assert (tmp_path / "b.csv").read_text() == "1,2\n3,4\n\n5,6\n"


@pytest.mark.parametrize(("activation", "low", "high"), [("tanh", -0.8, 0.8), ("relu", 0.1, 0.9)])
def test_scaling_fills_the_range_of_phi(activation: str, low: float, high: float) -> None:
    values = [np.array([[1.0, 10.0, 4.0], [3.0, 50.0, 4.0]]), np.array([[2.0, -30.0, 4.0]])]
    scaling = Scaling.fit(values, "column", activation)
    scaled = np.concatenate([scaling.apply(sequence) for sequence in values])
    np.testing.assert_allclose(scaled.min(0)[:2], low)
    np.testing.assert_allclose(scaled.max(0)[:2], high)
    np.testing.assert_allclose(scaled[:, 2], (low + high) / 2)  # a constant column
    np.testing.assert_allclose(scaling.undo(scaling.apply(values[0])), values[0])
    joint = Scaling.fit(values, "joint", activation)
    assert len(set(joint.size.tolist())) == 1
    np.testing.assert_array_equal(Scaling.fit(values, "none", activation).apply(values[0]), values[0])


def test_a_tenth_is_held_out() -> None:
    train, valid = hold_out(50, 200, 0)
    assert (len(train), len(valid)) == (45, 5)
    assert sorted([*train, *valid]) == list(range(50))
    assert [len(part) for part in hold_out(50, 2, 0)] == [48, 2]
    assert [len(part) for part in hold_out(9, 200, 0)] == [9, 0]


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (SeriesConfig(hidden=8), 0.05),
        (SeriesConfig(hidden=8, activation="relu"), 0.1),
        (SeriesConfig(cell="gru", hidden=8), 0.1),
        (SeriesConfig(cell="lstm", hidden=8), 0.1),
    ],
)
def test_training_lowers_the_error(model: SeriesConfig, most: float) -> None:
    assert share_left(model, waves(60), waves(20, seed=1)) < most


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_training_through_a_bottleneck_lowers_the_error(cell: Cell) -> None:
    model = SeriesConfig(cell=cell, hidden=8, bottleneck="last", scaling="joint")
    assert share_left(model, approaches(60), approaches(20, seed=1)) < 0.2


def share_left(model: SeriesConfig, train: list[Array], unseen: list[Array]) -> float:
    """The error on unseen sequences after a short training, as a share of what a prediction of the mean leaves."""
    trained = SeriesAutoencoder.train(train, model, SeriesTraining(steps=150, batch_size=8, lr=3e-2))
    mean = np.concatenate(train).mean(0)
    left = [np.square((values - mean) / trained.run.scaling.size).sum(1).mean() for values in unseen]
    return float(trained.score(unseen).mean() / np.mean(left))


def approaches(count: int, seed: int = 0) -> list[Array]:
    """Curves from 0 to random points, 5 to 9 steps long: what a recurrence of two numbers can draw from one state."""
    generator = np.random.default_rng(seed)
    ends, lengths = generator.uniform(-1, 1, (count, 2)), generator.integers(5, 10, count)
    return [end * (1 - 0.6 ** np.arange(length)[:, None]) for end, length in zip(ends, lengths, strict=True)]


def test_what_is_rebuilt_is_what_is_scored(trained: SeriesAutoencoder) -> None:
    unseen = waves(5, seed=2)
    rebuilt = trained.reconstruct(unseen)
    assert [values.shape for values in rebuilt] == [values.shape for values in unseen]
    data = [np.square(a - b).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen, units="data"), data, rtol=1e-6)
    scale = trained.run.scaling.size
    scaled = [np.square((a - b) / scale).sum(1).mean() for a, b in zip(rebuilt, unseen, strict=True)]
    np.testing.assert_allclose(trained.score(unseen), scaled, rtol=1e-6)


def test_a_score_depends_on_its_sequence_alone(trained: SeriesAutoencoder) -> None:
    unseen = waves(80, seed=3)
    together, alone = trained.score(unseen), [float(trained.score([values])[0]) for values in unseen[:5]]
    np.testing.assert_allclose(together[:5], alone, rtol=1e-5)
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


def test_a_run_is_the_same_when_loaded(trained: SeriesAutoencoder, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    again = SeriesAutoencoder.load(tmp_path / "run")
    unseen = waves(5, seed=6)
    np.testing.assert_array_equal(again.score(unseen), trained.score(unseen))
    np.testing.assert_array_equal(again.encode(unseen), trained.encode(unseen))
    assert again.run.settings == trained.run.settings
    assert again.info()["result"] == trained.run.training
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(15, 151, 15))
    with pytest.raises(RunError, match="exists already"):
        trained.save(tmp_path / "run")


def test_a_run_of_the_other_kind_is_refused(trained: SeriesAutoencoder, run: Path, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    with pytest.raises(RunError, match="a run of real-valued series"):
        SentenceAutoencoder.load(tmp_path / "run")
    with pytest.raises(RunError, match="a run of sentences"):
        SeriesAutoencoder.load(run)


@pytest.mark.parametrize("what", ["config", "weights", "dim", "missing", "newer"])
def test_a_damaged_run_is_refused(trained: SeriesAutoencoder, tmp_path: Path, what: str) -> None:
    path = tmp_path / "run"
    trained.save(path)
    config = json.loads((path / "config.json").read_text())
    weights = bytearray((path / "model.safetensors").read_bytes())
    if what == "weights":
        weights[-1] ^= 1
        (path / "model.safetensors").write_bytes(weights)
    elif what == "missing":
        (path / "model.safetensors").unlink()
    else:
        changes = {"config": {"model": 3}, "dim": {"dim": 3}, "newer": {"format": 99}}
        (path / "config.json").write_text(json.dumps({**config, **changes[what]}))
    with pytest.raises(RunError) as caught:
        SeriesAutoencoder.load(path)
    assert "\n" not in str(caught.value)


def test_the_same_seed_gives_the_same_model() -> None:
    first, second, other = (
        SeriesAutoencoder.train(waves(20), SeriesConfig(hidden=4), SeriesTraining(steps=10, seed=seed))
        for seed in (1, 1, 2)
    )
    unseen = waves(5, seed=7)
    np.testing.assert_array_equal(first.score(unseen), second.score(unseen))
    assert not np.allclose(first.score(unseen), other.score(unseen))


def test_budgets_and_stopping() -> None:
    config, training = SeriesConfig(hidden=4), SeriesTraining(epochs=2, batch_size=4, validations=3)
    told: list[SeriesReport] = []
    model = SeriesAutoencoder.train(waves(20), config, training, watch=SeriesWatch(report=told.append))
    assert model.run.training["step"] == told[-1].step == 2 * 5  # 18 sequences to train on
    assert model.run.training["valid_loss"] == min(report.valid_loss for report in told)
    stopped = SeriesAutoencoder.train(
        waves(20), config, SeriesTraining(minutes=5), watch=SeriesWatch(should_stop=lambda: True)
    )
    assert stopped.run.training["finished"] is False
    assert SeriesAutoencoder.train(waves(20), config, SeriesTraining(minutes=0.005)).run.training["finished"]


def test_few_sequences_are_said_to_be_validated_on(tmp_path: Path) -> None:
    notes: list[str] = []
    watch = SeriesWatch(note=notes.append)
    SeriesAutoencoder.train(waves(4), SeriesConfig(hidden=4), SeriesTraining(steps=2), watch=watch)
    assert any("fewer than ten sequences" in note for note in notes)


def test_files_of_one_width_are_trained_on_together(tmp_path: Path) -> None:
    for name, dim in (("a", 2), ("b", 2), ("c", 3)):
        rows = ["\n".join(",".join(map(str, step)) for step in values) for values in waves(6, dim)]
        (tmp_path / f"{name}.csv").write_text("\n\n".join(rows) + "\n")
    files = [tmp_path / "a.csv", str(tmp_path / "b.csv")]
    quick = SeriesTraining(steps=2)
    model = SeriesAutoencoder.train(files, SeriesConfig(hidden=4), quick)
    assert (model.dim, model.run.training["sequences"]) == (2, 11)
    with pytest.raises(SeriesError, match=r"c\.csv: 3 numbers a time step instead of 2"):
        SeriesAutoencoder.train([*files, tmp_path / "c.csv"], SeriesConfig(hidden=4), quick)
    assert SeriesAutoencoder.train(tmp_path / "c.csv", SeriesConfig(hidden=4), quick).dim == 3
    with pytest.raises(SeriesError, match="files and arrays mixed"):
        SeriesAutoencoder.train([files[0], np.ones((3, 2))], None, quick)  # type: ignore[list-item]
    with pytest.raises(SeriesError, match=r"c\.csv: 3 numbers a time step instead of 2"):
        model.read(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ([], "no sequence"),
        ([np.ones((2, 3))], "sequence 0 (counted from 0): 3 numbers a step instead of 2"),
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


def test_settings_that_conflict_are_refused(trained: SeriesAutoencoder) -> None:
    for cls, values, said in (
        (SeriesConfig, {"cell": "gru", "activation": "relu"}, "relu goes with cell rnn"),
        (SeriesFormat, {"labels": True}, "for the layout rows"),
        (SeriesFormat, {"frame": 2}, "for the layout rows"),
        (SeriesTraining, {"steps": 1, "epochs": 1}, "steps are each a budget|epochs and steps"),
    ):
        with pytest.raises(ConfigError, match=said):
            build(cls, values)  # type: ignore[type-var]
    with pytest.raises(TextraeError, match="there are scaled and data"):
        trained.score(waves(1), units="feet")  # type: ignore[arg-type]
    with pytest.raises(TextraeError, match="there are last and mean"):
        trained.encode(waves(1), pooling="max")  # type: ignore[arg-type]
