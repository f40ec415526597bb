"""The classifier tells kinds apart, and only by what it can know."""

from __future__ import annotations

import random

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.evaluation.classifier import train_classifier


def test_a_classifier_tells_kinds_apart(model: SentenceAutoencoder) -> None:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    classifier, right = train_classifier(today, again, model.run.tokenizer)
    assert right == 1.0
    assert classifier.share(again[:50]) == 1.0
    assert classifier.share(today[:50]) == 0.0
    mixed = random.Random(0).sample(sentences(), 1_200)
    _, chance = train_classifier(mixed[:600], mixed[600:], model.run.tokenizer)
    assert 0.3 < chance < 0.7  # held out: what it learnt by heart does not count
    with pytest.raises(ValueError, match="ten examples"):
        train_classifier(today[:3], again, model.run.tokenizer)
