"""A recurrent language model: judges how likely sentences are, whoever wrote them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textrae.devices import autocast
from textrae.inference.sampling import Choose
from textrae.nn.dropout import LockedDropout
from textrae.nn.recurrence import Recurrence
from textrae.settings.training import TrainingConfig
from textrae.text.batch import SPECIALS, LengthBuckets, ListedRows, collate
from textrae.text.scripts import units
from textrae.text.tokenizer import Tokenizer
from textrae.training.losses import reconstruction_loss, token_losses
from textrae.training.optimizer import make_optimizer, set_rate
from textrae.training.schedules import schedule

_MAX_LENGTH = 400
"""Tokens of a sentence that are read."""
_AT_ONCE = 500
"""Sentences that are read or written at once."""
_CPU = torch.device("cpu")


class LanguageModel(nn.Module):
    """A model that predicts each token from those before it; the softmax shares the embedding table.

    Args:
        vocabulary: number of token ids.
        cell: ``rnn``, ``lstm`` or ``gru``.
        hidden: hidden units of its layer.
        embedding: dimensions of a token's embedding.
        dropout: share of features zeroed in training, on embeddings and before the softmax.
        weight_dropout: share of the recurrent matrix's entries zeroed in training.
    """

    mse = False
    """False, as the losses expect of a network with a softmax over the vocabulary."""

    def __init__(
        self,
        vocabulary: int,
        cell: str,
        hidden: int,
        embedding: int,
        dropout: float,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.output = nn.Embedding(vocabulary, embedding)
        nn.init.normal_(self.output.weight, std=embedding**-0.5)
        self.recurrence = Recurrence(cell, embedding, hidden)
        self.recurrence.weight_dropout = weight_dropout
        self.project = nn.Linear(hidden, embedding)
        self.dropout = LockedDropout(dropout)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, previous: Tensor) -> Tensor:
        """Return features (steps, batch, embedding) from the ids before each token, (steps, batch)."""
        x = self.dropout(self.output(previous) * self.output.embedding_dim**0.5)
        state = x.new_zeros(x.shape[1], self.recurrence.state_size)
        features: Tensor = self.project(self.dropout(self.recurrence.forward(x, state)[0]))
        return features

    def softmax(self) -> tuple[Tensor, Tensor]:
        """Return the matrix (vocabulary, embedding) and the bias (vocabulary,) of the scores."""
        return self.output.weight, self.bias


def train_language_model(
    sentences: Sequence[str],
    tokenizer: Tokenizer,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    cell: str = "lstm",
    hidden: int = 512,
    embedding: int = 256,
    dropout: float = 0.5,
    weight_dropout: float = 0.0,
    lr: float = 2e-3,
    weight_decay: float = 0.1,
    batch_tokens: int = 1_024,
    seed: int = 0,
    bf16: bool = False,
    device: torch.device = _CPU,
) -> LanguageModel:
    """Train for a number of minutes, or of optimizer steps if `steps` is given.

    Args:
        sentences: training text, truncated at 400 tokens.
        tokenizer: any, as perplexities are measured per word.
        minutes: budget; 1 if neither it nor `steps` is given.
        steps: budget.
        cell: ``rnn``, ``lstm`` or ``gru``.
        hidden: hidden units.
        embedding: dimensions of a token's embedding.
        dropout: share of features zeroed in training.
        weight_dropout: share of the recurrent matrix's entries zeroed in training.
        lr: learning rate.
        weight_decay: of the optimizer.
        batch_tokens: tokens of a batch.
        seed: of the weights and the order of batches.
        bf16: whether products are in bfloat16.
        device: where to compute; the model stays there.

    Returns:
        The model, in evaluation mode.
    """
    config = TrainingConfig(lr=lr, weight_decay=weight_decay, batch_tokens=batch_tokens, seed=seed)
    rows = ListedRows(tokenizer.encode_cut(list(sentences), _MAX_LENGTH)[0])
    torch.manual_seed(seed)
    model = LanguageModel(tokenizer.vocab_size, cell, hidden, embedding, dropout, weight_dropout).to(device)
    optimizer = make_optimizer(model, lr=config.lr, weight_decay=config.weight_decay)
    buckets = LengthBuckets(rows, batch_tokens, SPECIALS, seed)
    begin, step, epoch = time.perf_counter(), 0, 0
    while True:
        for batch in buckets.epoch(epoch):
            spent = step / steps if steps else (time.perf_counter() - begin) / (60 * (minutes or 1.0))
            if spent >= 1:
                return model.eval()
            set_rate(optimizer, lr * schedule(spent, config.warmup))
            batch = batch.to(device)
            with autocast(device, bf16):
                loss = reconstruction_loss(model, model.forward(batch.previous), batch.target, SPECIALS.pad)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.clip(1.0)
            optimizer.step()
            step += 1
        epoch += 1


@torch.no_grad()
def perplexity(
    model: LanguageModel, sentences: Sequence[str], tokenizer: Tokenizer, words: bool = True
) -> float:
    """Return exp(nats / white-space words), or characters unless `words` is set; a sentence's end counts as one.

    What is beyond 400 tokens of a sentence counts in neither.

    Raises:
        ValueError: there is no sentence.
    """
    if not sentences:
        raise ValueError("no sentence to measure")
    ids, cut = tokenizer.encode_cut(list(sentences), _MAX_LENGTH)
    rows, nats = ListedRows(ids), 0.0
    for batch in LengthBuckets(rows, 8_192, SPECIALS, 0).in_order(len(rows)):
        batch = batch.to(model.bias.device)
        losses, _ = token_losses(model, model.forward(batch.previous), batch.target, SPECIALS.pad)
        nats += float(losses.cpu().double().sum())
    read = [
        tokenizer.decode([row])[0] if over else sentence
        for sentence, row, over in zip(sentences, ids, cut, strict=True)
    ]
    size = sum(units(text, words) + 1 for text in read)
    return math.exp(min(700.0, nats / size))


@torch.no_grad()
def text_features(
    model: LanguageModel, sentences: Sequence[str], tokenizer: Tokenizer
) -> NDArray[np.float32]:
    """Return the mean feature of each sentence's steps, (sentences, embedding): what MAUVE compares two texts by.

    Pillutla et al. (2021) take the last state of GPT-2. The last state of so small a model knows the end best.
    """
    rows = ListedRows(tokenizer.encode_cut(list(sentences), _MAX_LENGTH)[0])
    out = np.empty((len(rows), model.output.embedding_dim), dtype=np.float32)
    order, done = rows.lengths.argsort(kind="stable"), 0
    while done < len(order):
        some = order[done : done + _AT_ONCE]
        ids, offsets = rows.gather(some)
        batch = collate(ids, np.diff(offsets), SPECIALS).to(model.bias.device)
        real = (batch.target != SPECIALS.pad).unsqueeze(-1)
        means = (model.forward(batch.previous).float() * real).sum(0) / real.sum(0)
        out[some] = means.cpu().numpy()
        done += len(some)
    return out


@torch.no_grad()
def write_sentences(
    model: LanguageModel, tokenizer: Tokenizer, count: int, *, choose: Choose, longest: int = _MAX_LENGTH
) -> list[str]:
    """Write sentences, each token drawn from those before it.

    Args:
        model: in evaluation mode.
        tokenizer: that it was trained with.
        count: number of sentences.
        choose: returns the next ids (batch,) of scores (batch, vocabulary), such as
            :class:`textrae.inference.sampling.Sampling`.
        longest: tokens of a sentence at most.
    """
    matrix, bias = model.softmax()
    written: list[str] = []
    while len(written) < count:
        some = min(_AT_ONCE, count - len(written))
        ids = torch.full((some,), SPECIALS.bos, device=bias.device)
        state, steps = bias.new_zeros(some, model.recurrence.state_size), list[Tensor]()
        ended = torch.zeros(some, dtype=torch.bool, device=bias.device)
        while len(steps) < longest and not bool(ended.all()):
            x = model.output(ids.unsqueeze(0)) * model.output.embedding_dim**0.5
            features, state = model.recurrence.forward(x, state)
            scores = model.project(features[0]) @ matrix.t() + bias
            scores[:, [SPECIALS.pad, SPECIALS.bos, SPECIALS.blank]] = float("-inf")
            ids = choose(scores).to(bias.device)
            ended |= ids == SPECIALS.eos
            steps.append(ids.masked_fill(ended, SPECIALS.eos))
        rows = torch.stack(steps, 1).tolist()
        written += tokenizer.decode([row[: _end(row)] for row in rows])
    return written


def _end(row: list[int]) -> int:
    """Return the number of ids before the end."""
    return row.index(SPECIALS.eos) if SPECIALS.eos in row else len(row)
