"""The language model's perplexity where its value is known."""

from __future__ import annotations

import pytest
import torch
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.evaluation.language_model import (
    LanguageModel,
    perplexity,
    text_features,
    train_language_model,
    write_sentences,
)
from textrae.inference.sampling import Sampling, likeliest


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


def test_it_writes_sentences_like_its_text(model: SentenceAutoencoder) -> None:
    tokenizer = model.run.tokenizer
    writer = train_language_model(
        sentences(), tokenizer, steps=250, hidden=48, embedding=32, dropout=0.0, lr=1e-2
    )
    draws = [Sampling(generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    made, again, other = (write_sentences(writer, tokenizer, 60, choose=choose) for choose in draws)
    assert made == again != other
    assert sum(one in set(sentences()) for one in made) > 40
    assert len(set(made)) > 30
    assert len(set(write_sentences(writer, tokenizer, 3, choose=likeliest))) == 1
    (short,) = tokenizer.encode(write_sentences(writer, tokenizer, 1, choose=likeliest, longest=2))
    assert len(short) <= 2
    assert write_sentences(writer, tokenizer, 0, choose=likeliest) == []


def test_features_are_means_over_the_steps_of_a_sentence_alone(model: SentenceAutoencoder) -> None:
    tokenizer = model.run.tokenizer
    torch.manual_seed(0)
    judge = LanguageModel(tokenizer.vocab_size, "lstm", 8, 4, 0.0).eval()
    some = sentences()[:700:10]
    found = text_features(judge, some, tokenizer)
    assert found.shape == (70, 4)
    for row in (0, 33, 69):
        (ids,) = tokenizer.encode([some[row]])
        with torch.no_grad():
            steps = judge.forward(torch.tensor([1, *ids]).unsqueeze(1))
        assert found[row] == pytest.approx(steps.mean(0)[0].numpy(), abs=1e-5)
