"""The files of onnxruntime-web: from a folder, from the cache, from npm's registry, and never any others."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from textrae.errors import ConfigError, RunError
from textrae.integrations.onnx import runtime
from textrae.integrations.onnx.runtime import FILES, cache, runtime_files, unpacked

CONTENT = {name: name.encode() * 10 for name in FILES}


def package() -> tuple[bytes, str]:
    """A package like npm's, and its digest."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, content in {**CONTENT, "other.js": b"x"}.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    data = made.getvalue()
    return data, base64.b64encode(hashlib.sha512(data).digest()).decode()


def test_what_is_needed_is_taken_out_of_the_right_package_only() -> None:
    data, digest = package()
    assert unpacked(data, digest) == CONTENT
    with pytest.raises(RunError, match="SHA-512 differs"):
        unpacked(data + b"x", digest)


def test_a_folder_is_the_package_or_its_dist(tmp_path: Path) -> None:
    dist = tmp_path / "package" / "dist"
    dist.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"does not hold ort\.wasm\.bundle\.min\.mjs and"):
        runtime_files(dist)
    for name, content in CONTENT.items():
        (dist / name).write_bytes(content)
    assert runtime_files(dist) == runtime_files(tmp_path / "package") == CONTENT


def test_it_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, digest = package()
    asked: list[str] = []

    def opening(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(data)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(runtime, "INTEGRITY", digest)
    original: Any = runtime._downloaded
    monkeypatch.setattr(runtime, "_downloaded", lambda: original(opening=opening))
    assert runtime_files() == runtime_files() == CONTENT
    assert asked == ["https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz"]
    assert {path.name for path in cache().iterdir()} == set(FILES)


def test_a_registry_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(url: str, timeout: float) -> io.BytesIO:
        raise OSError("no network")

    with pytest.raises(
        RunError, match=r"cannot be downloaded \(no network\); give the folder of the npm package"
    ):
        runtime._downloaded(opening=opening)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    data, digest = package()
    monkeypatch.setattr(runtime, "INTEGRITY", digest)
    monkeypatch.setattr(runtime, "_downloaded", lambda: data)
    with pytest.raises(RunError, match="cannot write"):
        runtime_files()
