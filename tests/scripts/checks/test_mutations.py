"""Forged files are what they claim to be: SentencePiece models, safetensors and JSON that differ in one thing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load
from support import script

from textrae.text.tokenizer import Tokenizer


@pytest.fixture
def mutations(monkeypatch: pytest.MonkeyPatch) -> Any:
    return script("checks/mutations", monkeypatch)


def test_a_model_of_the_same_fields_is_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages, content = script("checks/messages", monkeypatch), (run / "tokenizer.model").read_bytes()
    assert messages.message_of(messages.fields(content)) == content
    assert Tokenizer.from_bytes(content).vocab_size == len(
        [one for one in messages.fields(content) if one[0] == 1]
    )


def test_a_safetensors_file_of_the_same_parts_is_the_same(run: Path, mutations: Any) -> None:
    content = (run / "model.safetensors").read_bytes()
    header, numbers = mutations.parts(content)
    assert load(mutations.joined(header, numbers)).keys() == load(content).keys()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model", "metrics.jsonl"])
def test_each_change_is_drawn_again_from_its_seed(run: Path, mutations: Any, name: str) -> None:
    content, ending = (run / name).read_bytes(), Path(name).suffix
    for seed in range(20):
        first, second = (mutations.BY_ENDING[ending](random.Random(seed), content) for _ in range(2))
        assert first == second
    assert json.dumps(first[0])
