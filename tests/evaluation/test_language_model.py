"""The language model's perplexity where its value is known."""

from __future__ import annotations

import pytest
import torch
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.evaluation.language_model import LanguageModel, perplexity, train_language_model


def test_a_language_model_comes_near_the_entropy_of_its_text(model: SentenceAutoencoder) -> None:
    """1,200 sentences of equal chance: ln 1,200 nats a sentence is the least there is."""
    tokenizer = model.run.tokenizer
    judge = train_language_model(
        sentences(), tokenizer, steps=250, hidden=48, embedding=32, dropout=0.0, lr=1e-2
    )
    words = sum(len(one.split()) + 1 for one in sentences()) / 1_200
    least = 1_200 ** (1 / words)
    assert least <= perplexity(judge, sentences(), tokenizer) < 1.1 * least
    odd = [" ".join(reversed(one.split())) for one in sentences()[::10]]
    assert perplexity(judge, odd, tokenizer) > 10 * least
    with pytest.raises(ValueError, match="no sentence"):
        perplexity(judge, [], tokenizer)


def test_perplexity_of_an_even_model_is_its_vocabularys(model: SentenceAutoencoder) -> None:
    tokenizer = model.run.tokenizer
    judge = LanguageModel(tokenizer.vocab_size, "gru", 8, 4, 0.0).eval()
    with torch.no_grad():
        judge.output.weight.zero_()
    tokens = sum(len(row) + 1 for row in tokenizer.encode(sentences()))
    words = sum(len(one.split()) + 1 for one in sentences())
    expected = tokenizer.vocab_size ** (tokens / words)
    assert perplexity(judge, sentences(), tokenizer) == pytest.approx(expected, rel=1e-4)
    long = "x " * 900
    (ids,), _ = tokenizer.encode_cut([long], 400)
    (read,) = tokenizer.decode([ids])
    expected = tokenizer.vocab_size ** (401 / (len(read.split()) + 1))
    assert perplexity(judge, [long], tokenizer) == pytest.approx(expected, rel=1e-4)
