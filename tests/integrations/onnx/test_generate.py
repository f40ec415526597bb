"""The plain loop that stands in an exported folder, beside the model itself."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import LINES, SMALL, TEXT, sentences
from support import textrae_here

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.integrations.onnx import generate, web
from textrae.integrations.onnx.exporting import export
from textrae.integrations.onnx.generate import Exported
from textrae.integrations.onnx.runtime import FILES, runtime_files

ODD = ["\u2581\ufdd0 a\ufdd01", "A dog \U0001f415 sees", "猫 cat", "a\tb\x00c", "x " * 50]


def exported(model: SentenceAutoencoder, folder: Path, **options: Any) -> Exported:
    export(model.run, folder / "graphs", **options)
    return Exported(folder / "graphs", threads=1)


def test_it_knows_only_the_runtime() -> None:
    tree = ast.parse(Path(generate.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names - sys.stdlib_module_names == {"numpy", "onnxruntime", "sentencepiece"}


def test_a_thousand_sentences_come_back_as_from_the_model(model: SentenceAutoencoder, tmp_path: Path) -> None:
    loop, lines = exported(model, tmp_path), [*sentences()[:1000], *LINES, *ODD]
    np.testing.assert_allclose(loop.encode(lines)["vector"], model.encode(lines), atol=1e-4)
    rebuilt = model.reconstruct(lines)
    assert sum(a == b for a, b in zip(lines, rebuilt, strict=True)) > 800
    assert loop.rebuild(lines) == rebuilt
    assert loop.decode(model.encode(lines[:50])) == model.decode(model.encode(lines[:50]))
    assert loop.rebuild([]) == []
    assert loop.rebuild(["", " "]) == ["", ""]


def test_int8_rebuilds_nearly_all(model: SentenceAutoencoder, tmp_path: Path) -> None:
    loop, lines = exported(model, tmp_path, int8=True), sentences()
    away = loop.encode(lines)["vector"] - model.encode(lines)
    assert 1e-5 < np.abs(away).max() < 0.1
    same = [a == b for a, b in zip(loop.rebuild(lines), model.reconstruct(lines), strict=True)]
    assert sum(same) > 0.97 * len(lines)


def test_a_variational_model_is_decoded_from_its_mean(vae: SentenceAutoencoder, tmp_path: Path) -> None:
    lines = sentences()[::20]
    assert exported(vae, tmp_path).rebuild(lines) == vae.reconstruct(lines)


@pytest.mark.parametrize(
    "switches",
    [
        {"slots": 3, "latent": 8},
        {"slots": 3, "latent": 8, "variational": True, "blur": 0.5},
        {"memory": "states"},
        {"reconstruction": "mse"},
    ],
    ids=["clock", "blur", "states", "mse"],
)
def test_other_models_write_the_same(switches: dict[str, Any], corpus: Path, tmp_path: Path) -> None:
    training = TrainingConfig(steps=40, lr=1e-2, seed=0, precision="fp32")
    made = SentenceAutoencoder.train(corpus, replace(SMALL, **switches), training, text=TEXT)
    lines = sentences()[::30]
    rebuilt = made.reconstruct(lines)
    assert len(set(rebuilt)) > 5
    assert exported(made, tmp_path).rebuild(lines) == rebuilt


def test_a_translator_writes_several_languages(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("\n".join(line.upper() for line in sentences()) + "\n", encoding="utf-8")
    shape = ModelConfig(hidden=48, embedding=32, slots=3, latent=8)
    training = TrainingConfig(steps=60, lr=1e-2, seed=0, precision="fp32")
    target = {"same": corpus, "loud": other}
    made = SentenceAutoencoder.train([corpus, corpus], shape, training, text=TEXT, target=target)
    loop, lines = exported(made, tmp_path), sentences()[::30]
    written = {to: made.translate(lines, beam=1, to=to) for to in target}
    assert written["same"] != written["loud"]
    assert {to: loop.rebuild(lines, to) for to in target} == written


def test_vectors_of_another_encoder_are_decoded(corpus: Path, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(sentences()), 12)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    shape = ModelConfig(hidden=32, embedding=16, slots=0, latent=16, vectors=12)
    training = TrainingConfig(steps=40, lr=1e-2, seed=0, precision="fp32")
    made = SentenceAutoencoder.train(corpus, shape, training, text=TEXT, vectors=tmp_path / "vectors.npy")
    assert exported(made, tmp_path).decode(vectors[:20]) == made.decode(vectors[:20])


def test_it_runs_where_textrae_is_not(model: SentenceAutoencoder, tmp_path: Path) -> None:
    export(model.run, tmp_path / "graphs")
    program = [sys.executable, "-S", "-c", _WITHOUT, str(tmp_path / "graphs" / "generate.py")]
    given = "\n".join([*LINES, ""]).encode()
    done = subprocess.run(program, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\n")[:-1] == model.reconstruct(LINES)
    assert done.stderr.decode() == "1 lines are longer than the run reads, and were cut\n"


def test_the_guide_works_as_it_is_written(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "onnx.md").read_text(encoding="utf-8")
    (tmp_path / "run").symlink_to(run)
    (tmp_path / "sentences.txt").write_text("".join(f"{line}\n" for line in sentences()[:9]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "graphs"))
    shell = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    python = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert (len(shell), len(python)) == (2, 2)
    words = [line.removeprefix("$ ") for line in shell[0].splitlines()]
    for line in words[:2]:
        assert textrae_here(*shlex.split(line)[1:]).returncode == 0
    ran = [sys.executable, *words[2].split()[1:2]]
    done = subprocess.run(ran, input=Path("sentences.txt").read_bytes(), capture_output=True, check=True)
    assert done.stdout.decode().split("\n")[:-1] == SentenceAutoencoder.load(run).reconstruct(sentences()[:9])
    runtime = Path("node_modules/onnxruntime-web")
    runtime.mkdir(parents=True)
    for name in FILES:  # whatever they hold
        (runtime / name).write_bytes(b"")
    monkeypatch.setattr(web, "runtime_files", lambda folder: runtime_files(folder or runtime))
    for line in shell[1].splitlines()[:2]:
        assert textrae_here(*shlex.split(line.removeprefix("$ "))[1:]).returncode == 0
        assert Path(shlex.split(line)[-1], "index.html").is_file()
    names: dict[str, Any] = {}
    for block in python:
        exec(compile(block, "docs/onnx.md", "exec"), names)
    assert names["vectors"].shape == (2, 24)
    assert len(names["sentences"]) == 2
    assert names["sizes"]["step.onnx"] > 1_000


_WITHOUT = f"""
import runpy, sys
sys.path.append({str(Path(np.__file__).parents[1])!r})
sys.modules["textrae"] = sys.modules["torch"] = sys.modules["onnx"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""A program that runs a file where neither textrae nor torch can be imported."""
