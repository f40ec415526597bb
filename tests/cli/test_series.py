"""train --series, score, reconstruct and info on series: within this process, where a command takes milliseconds."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import command, environment
from support import textrae_here as textrae

from textrae import SeriesAutoencoder

ROOT = Path(__file__).parents[2]
QUICK = ("--steps", "20", "--hidden", "6")


def rows(count: int = 30) -> str:
    """Labelled sequences, one a line."""
    generator = np.random.default_rng(0)
    values = np.sin(generator.uniform(0, 6, (count, 1)) + 0.5 * np.arange(8))
    return "".join(f"{i % 2} " + " ".join(f"{x:.5f}" for x in row) + "\n" for i, row in enumerate(values))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("series") / "table.txt"
    path.write_text(rows())
    return path


@pytest.fixture(scope="module")
def series_run(table: Path) -> Path:
    out = table.with_name("run")
    switches = ("--layout", "rows", "--labels", "--frame", 2, "--bottleneck", "last", "--cell", "gru")
    made = textrae("train", "--series", table, "-o", out, *switches, *QUICK)
    assert made.returncode == 0, made.stderr
    assert made.stdout == b""
    assert "30 sequences, 120 steps of 2 dimensions; 3 sequences held out" in made.stderr.decode()
    assert f"try: textrae score {out} FILE" in made.stderr.decode()
    return out


def test_score_prints_an_error_a_sequence(series_run: Path, table: Path) -> None:
    shown = textrae("score", series_run, table)
    assert shown.returncode == 0, shown.stderr
    lines = [line.split("\t") for line in shown.stdout.decode().splitlines()]
    assert lines[0] == ["sequence", "steps", "error", "label"]
    assert [line[0] for line in lines[1:]] == [str(number) for number in range(30)]
    assert {(line[1], line[3]) for line in lines[1:]} == {("4", "0"), ("4", "1")}
    model = SeriesAutoencoder.load(series_run)
    values = model.read(table).values
    np.testing.assert_allclose([float(line[2]) for line in lines[1:]], model.score(values), rtol=1e-6)
    told = json.loads(
        textrae("score", series_run, "-", "--json", "--units", "data", stdin=table.read_bytes()).stdout
    )
    np.testing.assert_allclose(
        [row["error"] for row in told["sequences"]], model.score(values, units="data"), rtol=1e-6
    )
    assert (told["units"], told["sequences"][3]["label"]) == ("data", "1")


def test_reconstruct_writes_each_format(series_run: Path, table: Path, tmp_path: Path) -> None:
    model = SeriesAutoencoder.load(series_run)
    expected = np.stack([values.ravel() for values in model.reconstruct(model.read(table).values)])
    for ending in (".npy", ".csv", ".parquet"):
        out = tmp_path / f"out{ending}"
        made = textrae("reconstruct", series_run, table, "-o", out)
        assert made.returncode == 0, made.stderr
        assert "30 sequences of 2 dimensions a step" in made.stderr.decode()
    array = np.load(tmp_path / "out.npy")
    np.testing.assert_allclose(array[:, 1:], expected, atol=1e-6)
    assert array[:, 0].tolist() == [0, 1] * 15
    np.testing.assert_allclose(
        pq.read_table(tmp_path / "out.parquet")["series"].to_pylist(), expected, atol=1e-6
    )
    text = (tmp_path / "out.csv").read_text()
    assert [line.split(",")[0] for line in text.splitlines()] == ["0", "1"] * 15
    np.testing.assert_allclose(np.loadtxt(tmp_path / "out.csv", delimiter=",")[:, 1:], expected, atol=1e-6)
    assert textrae("reconstruct", series_run, stdin=table.read_bytes()).stdout.decode() == text


def test_rebuilt_series_as_json_and_what_was_written(series_run: Path, table: Path, tmp_path: Path) -> None:
    model = SeriesAutoencoder.load(series_run)
    expected = model.reconstruct(model.read(table).values)
    told = [
        json.loads(line) for line in textrae("reconstruct", series_run, table, "--json").stdout.splitlines()
    ]
    assert [(row["row"], row["sequence"], row["label"]) for row in told[:2]] == [(1, 0, "0"), (2, 1, "1")]
    np.testing.assert_allclose([row["reconstruction"] for row in told], expected, atol=1e-6)
    done = textrae("encode", series_run, table, "-o", tmp_path / "v.npy", "--json")
    assert json.loads(done.stdout) == {
        "out": str(tmp_path / "v.npy"), "vectors": 30, "dimensions": 6, "pooling": "last"
    }  # fmt: skip
    lines = textrae("reconstruct", series_run, table, "--json")
    assert textrae("reconstruct", series_run, table, "--json", "-o", tmp_path / "r.jsonl").stdout == b""
    assert (tmp_path / "r.jsonl").read_bytes() == lines.stdout
    assert textrae("reconstruct", series_run, table, "-o", tmp_path / "r.csv").returncode == 0
    for name in ("score", "evaluate", "info"):
        words = (name, series_run, *(() if name == "info" else (table,)))
        for more in ((), ("--json",)):
            shown = textrae(*words, *more).stdout
            assert textrae(*words, *more, "-o", tmp_path / "out").stdout == b""
            assert (tmp_path / "out").read_bytes() == shown
    refused = textrae("reconstruct", series_run, tmp_path / "r.csv", "-o", tmp_path / "r.csv")
    assert refused.returncode == 2
    assert b"is read by this command" in refused.stderr


def test_another_layout_than_the_trainings(series_run: Path, tmp_path: Path) -> None:
    steps = tmp_path / "steps.csv"
    steps.write_text("0.1;0.2\n0.3;0.4\n\n0.5;0.6\n")
    shown = textrae("reconstruct", series_run, steps, "--layout", "steps")
    assert shown.returncode == 0, shown.stderr
    assert [len(line.split(",")) for line in shown.stdout.decode().splitlines()] == [2, 2, 1, 2]
    unlabelled = tmp_path / "rows.csv"
    unlabelled.write_text("0.1,0.2,0.3,0.4\n")
    assert textrae("score", series_run, unlabelled, "--no-labels").stdout.split()[:3] == [
        b"sequence",
        b"steps",
        b"error",
    ]
    assert b"3 numbers do not divide into frames of 2" in textrae("score", series_run, unlabelled).stderr


def test_what_was_rebuilt_is_scored_as_its_source_is(series_run: Path, tmp_path: Path) -> None:
    labels = [1234560, 1234561]
    source = np.column_stack([labels, np.linspace(-1, 1, 16).reshape(2, 8)])
    np.save(tmp_path / "source.npy", source)
    for ending in (".npy", ".csv", ".parquet"):
        out = tmp_path / f"out{ending}"
        assert textrae("reconstruct", series_run, tmp_path / "source.npy", "-o", out).returncode == 0
        shown = textrae("score", series_run, out, "--json")
        assert shown.returncode == 0, shown.stderr
        rows = json.loads(shown.stdout)["sequences"]
        assert [(row["label"], row["steps"]) for row in rows] == [("1234560", 4), ("1234561", 4)]
    np.save(tmp_path / "other.npy", source[:, :7])
    told = textrae("score", series_run, tmp_path / "other.npy").stderr.decode()
    assert "sequences of 3 steps, where the model was trained on 4" in told


def test_encode_and_evaluate_are_the_librarys(series_run: Path, table: Path, tmp_path: Path) -> None:
    model = SeriesAutoencoder.load(series_run)
    series = model.read(table)
    for pooling in ("last", "mean"):
        made = textrae("encode", series_run, table, "-o", tmp_path / "v.npy", "--pooling", pooling)
        assert made.returncode == 0, made.stderr
        assert "v.npy: 30 vectors of 6 dimensions" in made.stderr.decode()
        expected = model.encode(series, pooling=pooling)  # type: ignore[arg-type]
        np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), expected)
    summary = textrae("encode", series_run, table, "-o", tmp_path / "v.parquet", "--json")
    assert {"vectors": 30, "dimensions": 6}.items() <= json.loads(summary.stdout).items()
    for out in ("-", table):  # twice JSON on standard output; the input itself
        assert textrae("encode", series_run, table, "-o", out, "--json").returncode == 2
    lines = textrae("encode", series_run, table, "-o", "-").stdout.decode().splitlines()
    assert json.loads(lines[3])["label"] == "1"
    printed = np.array([json.loads(line)["vector"] for line in lines], np.float32)
    np.testing.assert_array_equal(printed, model.encode(series))
    told = json.loads(textrae("evaluate", series_run, table, "--json").stdout)
    found = model.evaluate(series)
    assert (told["sequences"], told["steps"], told["error"]) == (30, 120, found.error)
    np.testing.assert_allclose(found.error, model.score(series).mean())
    shown = textrae("evaluate", series_run, "-", stdin=table.read_bytes())
    assert shown.stdout.decode() == found.table() + "\n"


def test_a_stream_of_a_sensor(tmp_path: Path) -> None:
    times = np.arange(1000)
    lines = ["time;temp, in °C;state;load"] + [
        f"2024-03-01 {t // 60:02d}:{t % 60:02d};{'' if t % 100 == 50 else f'{20 + np.sin(t / 9):.3f}'};ok;{np.cos(t / 9):.4f}"
        for t in times
    ]
    path = tmp_path / "stream.csv"
    path.write_text("\n".join(lines).replace(".", ",") + "\n", encoding="utf-8")
    out = tmp_path / "run"
    train = ("train", "--series", path, "-o", out, *QUICK)
    refused = textrae(*train)
    assert b"column 'time' holds no number ('2024-03-01 00:00'); give --columns \"temp, in" in refused.stderr
    named = ("--columns", '"temp, in °C",load', "--window", 20, "--stride", 5)
    assert (
        b"line 52, column 2 ('temp, in \xc2\xb0C'): a gap (''); fill it, or give --missing"
        in textrae(*train, *named).stderr
    )
    made = textrae(*train, *named, "--missing", "interpolate")
    assert made.returncode == 0, made.stderr
    told = made.stderr.decode()
    assert "parted by semicolons, decimal commas; 2 of 4 columns: temp, in °C, load" in told
    assert "gaps filled by linear interpolation: 10" in told
    assert "1,000 steps cut into 197 windows of 20, one every 5" in told
    assert "197 windows, 3,940 steps of 2 dimensions; 19 windows held out, 3 near them left out" in told
    info = json.loads(textrae("info", out, "--json").stdout)
    assert info["columns"] == ["temp, in °C", "load"]
    assert (info["series"]["window"], info["result"]["sequences"], info["result"]["held_out"]) == (
        20,
        175,
        19,
    )
    assert "columns: temp, in °C, load" in textrae("info", out).stdout.decode()
    # the columns of the run, wherever they stand; without a word about the format
    frame = tmp_path / "other.csv"
    frame.write_text(
        "load,temp\n" + "".join(f"{np.cos(t / 9):.3f},{20 + np.sin(t / 9):.3f}\n" for t in times[:60])
    )
    assert b"no column 'temp, in" in textrae("score", out, frame).stderr
    scored = textrae("score", out, frame, "--columns", "temp,load")
    rows = [line.split("\t") for line in scored.stdout.decode().splitlines()]
    assert rows[0] == ["sequence", "first", "steps", "error"]
    assert [row[:3] for row in rows[1:]] == [["0", str(first), "20"] for first in range(0, 41, 5)]


def test_files_of_series_that_went_wrong(tmp_path: Path) -> None:
    def train(content: str, *switches: object) -> str:
        (tmp_path / "a.csv").write_text(content)
        made = textrae(
            "train", "--series", tmp_path / "a.csv", "-o", tmp_path / "run", "--overwrite", *QUICK, *switches
        )
        return made.stderr.decode()

    header = "a,b\n" + "".join(f"{i % 7 / 7:.3f},{i % 5 / 5:.3f}\n" for i in range(60))
    assert "60 steps of 2 dimensions" in train(header)
    assert json.loads(textrae("info", tmp_path / "run", "--json").stdout)["columns"] == ["a", "b"]
    commas = header.replace(",", ";").replace(".", ",").removeprefix("a;b\n")
    told = train(commas)
    assert "a.csv: parted by semicolons, decimal commas; no header" in told
    assert "60 steps of 2 dimensions" in told
    dates = "day;a\n" + "".join(f"2024-03-{i % 28 + 1:02d};{i % 7 / 7:.3f}\n" for i in range(60))
    assert "column 'day' holds no number ('2024-03-01'); give --columns a" in train(dates)
    assert "60 steps of 1 dimensions" in train(dates, "--columns", "a")


def test_info_tells_how_a_series_run_was_made(series_run: Path) -> None:
    values = json.loads(textrae("info", series_run, "--json").stdout)
    assert (values["kind"], values["dim"], values["model"]["bottleneck"]) == ("series", 2, "last")
    assert values["result"]["step"] == 20
    assert "dim: 2" in textrae("info", series_run).stdout.decode()


def test_settings_come_from_a_file_too(table: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('layout = "rows"\n[model]\nhidden = 3\nactivation = "relu"\n')
    made = textrae("train", "--series", table, "-o", tmp_path / "run", "--config", config, "--steps", 2)
    assert made.returncode == 0, made.stderr
    facts = SeriesAutoencoder.load(tmp_path / "run").info()
    assert (facts["model"]["activation"], facts["encoding_size"], facts["dim"]) == ("relu", 3, 1)
    config.write_text("latent = 3\n")
    refused = textrae("train", "--series", table, "-o", tmp_path / "other", "--config", config)
    assert b"latent: no such setting of a series model" in refused.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("train", "--series", "TABLE", "--latent", 3), "--latent: is for sentences"),
        (("train", "--series", "TABLE", "--model", "rae"), "--model: is for sentences"),
        (("train", "--series", "TABLE", "--valid", "x"), "--valid: is for sentences"),
        (("train", "--series", "TABLE", "--resume"), "--resume: is for sentences"),
        (("train", "corpus.txt", "--series", "TABLE"), "a corpus: is for sentences"),
        (
            ("train", "--series", "TABLE", "--cell", "gru", "--activation", "relu"),
            "--activation relu goes with --cell rnn",
        ),
        (("train", "--series", "TABLE", "--labels"), "for --layout rows"),
        (("train", "--series", "none.csv"), "none.csv: no such file"),
        (
            ("train", "--series", "BAD"),
            "bad.csv, line 2, column 1: a gap ('nan'); fill it, or give --missing drop",
        ),
        (("train", "TABLE", "--frame", 2), "--frame: is for --series FILE"),
        (("train", "TABLE", "--activation", "relu"), "--activation: is for --series FILE"),
        (("train", "--series", "TABLE", "-o", "RUN"), "holds a run already"),
        (("decode", "RUN", "TABLE"), "a run of real-valued series"),
        (("encode", "RUN", "TABLE", "-o", "v.csv"), "v.csv: series are written to .npy, .parquet, .jsonl"),
        (("score", "RUN", "BAD"), "bad.csv, line 2, column 2: a gap ('nan')"),
        (("score", "RUN", "TABLE", "--frame", 4), "4 dimensions a time step instead of 2"),
        (("score", "none", "TABLE"), "none: no such run folder"),
        (("reconstruct", "RUN", "TABLE", "-o", "x.xls"), "x.xls: series are written to .csv"),
    ],
)
def test_errors_are_one_line(
    args: tuple[object, ...],
    said: str,
    series_run: Path,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.csv"
    bad.write_text("1.5,2\nnan,4\n" if args[0] == "train" else "1,2,2\n1,nan,4\n")
    places = {"RUN": series_run, "TABLE": table, "BAD": bad}
    failed = textrae(*(places.get(str(arg), arg) for arg in args))
    usage = said.startswith(("--", "a corpus", "for --layout")) or "series are written to" in said
    assert failed.returncode == (2 if usage else 1)
    (line,) = failed.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_commands_of_the_other_kind_of_run(run: Path, series_run: Path, table: Path) -> None:
    refused = textrae("score", run, table)
    assert refused.returncode == 1
    assert b"a run of sentences" in refused.stderr
    for args in (("reconstruct", series_run, table, "--beam", 2), ("reconstruct", run, table, "--labels")):
        wrong = textrae(*args)
        assert wrong.returncode == 2
        assert b"is not for a run of" in wrong.stderr
    assert textrae("score", series_run, table, "--units", "feet").returncode == 2
    refused = textrae("encode", series_run, table, "-o", "v.npy", "--pooling", "max")
    assert refused.returncode == 2
    for args in (("--workers", 2), ("--storage", "int8")):
        assert textrae("encode", series_run, table, "-o", "v.npy", *args).returncode == 2
    for args in (("encode", run, table, "-o", "v.npy", "--window", 3), ("evaluate", run, table, "--labels")):
        assert b"is not for a run of sentences" in textrae(*args).stderr


def test_ctrl_c_leaves_a_usable_run(table: Path, tmp_path: Path) -> None:
    process = stopped_when(table, tmp_path, lambda out: None)
    assert process.stderr is not None
    assert b"holds the best model so far" in process.stderr.read()
    assert process.wait(20) == 130
    assert SeriesAutoencoder.load(tmp_path / "run").run.training["finished"] is False


def test_a_run_that_was_written_meanwhile_stays(table: Path, series_run: Path, tmp_path: Path) -> None:
    process = stopped_when(table, tmp_path, lambda out: shutil.copytree(series_run, out, dirs_exist_ok=True))
    assert process.stderr is not None
    assert b"another run was written there meanwhile; this one is in " in process.stderr.read()
    assert process.wait(20) == 130
    for name, finished in (("run", True), ("run-2", False)):
        assert SeriesAutoencoder.load(tmp_path / name).run.training["finished"] is finished


def stopped_when(table: Path, folder: Path, then: Callable[[Path], object]) -> subprocess.Popen[bytes]:
    """A training into `folder`/run that was stopped by Ctrl-C after its first validation, and after `then` was done."""
    (folder / "c.toml").write_text('layout = "rows"\nminutes = 2\nvalidations = 1000\n')
    switches = ("-o", folder / "run", "--config", folder / "c.toml")
    process = subprocess.Popen(
        [command(), "train", "--series", str(table), *map(str, switches)],
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stderr is not None
    while b"validation loss" not in (line := process.stderr.readline()):
        assert line
    then(folder / "run")
    process.send_signal(signal.SIGINT)
    return process


def test_what_the_docs_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0).normal(size=(12, 5, 2))
    blocks = ["\n".join(",".join(map(str, step)) for step in values) for values in numbers]
    (tmp_path / "series.csv").write_text("\n\n".join(blocks) + "\n")
    page = (ROOT / "docs" / "series.md").read_text(encoding="utf-8")
    commands = re.search(r"```console\n(.*?)```", page, re.DOTALL)
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert commands
    assert code
    for line in commands[1].replace("100", "1").splitlines():
        done = textrae(*shlex.split(line.removeprefix("$ textrae ")))
        assert done.returncode == 0, (line, done.stderr)
    names: dict[str, object] = {}
    exec(compile(code[1].replace("100", "1"), "series.md", "exec"), names)
    assert names["states"].shape == (12, 32)  # type: ignore[attr-defined]
    assert (tmp_path / "rebuilt.csv").exists()


def test_score_has_help_with_an_example() -> None:
    assert "Example: textrae score" in textrae("score", "--help").stdout.decode()
