"""`textrae serve` as a process."""

from __future__ import annotations

import json
import re
import shlex
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import sentences
from serving import Process, serving
from support import textrae_here

from textrae import SentenceAutoencoder

A, B = sentences()[0], sentences()[700]


def test_a_service_answers_and_ends_when_all_is_answered(run: Path, vae_run: Path, tmp_path: Path) -> None:
    from openai import AuthenticationError, OpenAI

    with serving(tmp_path / "log", run, f"other={vae_run}", TEXTRAE_API_KEY="secret") as service:
        model = SentenceAutoencoder.load(run)
        openai = OpenAI(base_url=f"{service.url}/v1", api_key="secret")
        found = openai.embeddings.create(model="run", input=[A, B])
        np.testing.assert_allclose([one.embedding for one in found.data], model.encode([A, B]), atol=1e-5)
        assert found.usage.total_tokens > 5
        floats = openai.embeddings.create(model="run", input=A, encoding_format="float")
        np.testing.assert_allclose(floats.data[0].embedding, model.encode(A), atol=1e-5)
        assert [one.id for one in openai.models.list()] == ["run", "other"]
        with pytest.raises(AuthenticationError, match="a key is needed"):
            OpenAI(base_url=f"{service.url}/v1", api_key="x").models.list()
        assert service.ask("/reconstruct", "secret", texts=[A])["texts"] == model.reconstruct([A])
        with pytest.raises(urllib.error.HTTPError, match="401"):
            service.ask("/reconstruct", texts=[A])
        answers: list[Any] = []

        def long() -> None:
            answers.append(
                service.ask("/reconstruct", "secret", texts=sentences() + sentences()[:800], beam=5)
            )

        asking = threading.Thread(target=long)
        asking.start()
        for _ in range(200):
            if service.ask("/health")["waiting"] or b"active_requests 1" in _measures(service):
                break
            time.sleep(0.005)
        service.process.send_signal(signal.SIGTERM)
        asking.join(60)
        assert service.process.wait(60) == 0
        (answer,) = answers
        assert len(answer["texts"]) == 2_000
        with pytest.raises(urllib.error.URLError):
            service.ask("/health")
    log = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    assert [one["event"] for one in log if one["event"] != "request"] == ["started", "stopped"]
    assert {"/reconstruct", "/v1/embeddings"} <= {one.get("path") for one in log}
    assert "secret" not in service.log.read_text()
    assert A not in service.log.read_text()


def _measures(service: Process) -> bytes:
    headers = {"authorization": "Bearer secret"}
    with urllib.request.urlopen(urllib.request.Request(f"{service.url}/metrics", headers=headers)) as page:
        found: bytes = page.read()
    return found


GUIDE = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")


def test_the_guides_lines_work(run: Path, vae_run: Path, tmp_path: Path) -> None:
    (tmp_path / "sentences.txt").write_text("\n".join(sentences()[:50]) + "\n")
    lines = re.findall(r"^\$ (.*)$", GUIDE, re.MULTILINE)
    starts = [line for line in lines if line.startswith("textrae")]
    assert starts == [
        "textrae serve run --port 8000",
        "textrae index run sentences.txt -o index",
        "textrae serve run second=other-run --index index",
    ]
    made = textrae_here("index", run, tmp_path / "sentences.txt", "-o", tmp_path / "index")
    assert made.returncode == 0, made.stderr
    words = (run, f"second={vae_run}", "--index", tmp_path / "index", "--no-log")
    with serving(tmp_path / "log", *words) as service:
        asked = set()
        for line in lines:
            if not line.startswith("curl"):
                continue
            _, url, *rest = shlex.split(line)
            path = url.removeprefix("http://127.0.0.1:8000")
            if path == "/metrics":
                assert b"textrae_requests_total" in _measures(service)
            else:
                fields = json.loads(rest[1]) if rest else {}
                assert service.ask(path, **fields), line
            asked.add(path)
        block = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
        assert block
        names: dict[str, Any] = {}
        exec(block[1].replace("http://127.0.0.1:8000", service.url), names)
        assert len(names["vector"]) == 24
    assert len(asked) == 12
    assert not [line for line in service.log.read_text().splitlines() if '"request"' in line]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 1, "nowhere: "),
        (["RUN", "RUN"], 1, "the name run is taken"),
        (["RUN", "--index", "nowhere"], 1, "nowhere: "),
        (["RUN", "--api-key", "a b "], 2, "--api-key: printable ASCII characters"),
        (["RUN", "--host", "no.such.host.invalid"], 1, "give another --host or --port"),
        (["RUN", "--precision", "x"], 2, "--precision: "),
    ],
)
def test_what_cannot_be_started_is_told_in_one_line(
    words: list[str], code: int, said: str, run: Path
) -> None:
    given = [str(run) if word == "RUN" else word for word in words]
    done = textrae_here("serve", *given, "--port", 0)
    assert done.returncode == code, done.stderr
    assert done.stderr.decode().count("\n") == 1
    assert said in done.stderr.decode()
