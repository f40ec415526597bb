"""A recurrent language model: the judge of how likely sentences are, whoever wrote them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from textrae.devices import autocast
from textrae.nn.dropout import LockedDropout
from textrae.nn.recurrence import Recurrence
from textrae.settings.training import TrainingConfig
from textrae.text.batch import LengthBuckets, ListedRows, Specials
from textrae.text.tokenizer import BLANK_ID, BOS_ID, EOS_ID, PAD_ID, Tokenizer
from textrae.training.losses import reconstruction_loss, token_losses
from textrae.training.optimizer import make_optimizer, set_rate
from textrae.training.schedules import schedule

_SPECIALS = Specials(PAD_ID, BOS_ID, EOS_ID, BLANK_ID)
_MAX_LENGTH = 400
_CPU = torch.device("cpu")


class LanguageModel(nn.Module):
    """Predicts each token from those before it in its sentence; the softmax shares the embedding table.

    Args:
        vocabulary: ids.
        cell: ``rnn``, ``lstm`` or ``gru``.
        hidden: units of its layer.
        embedding: numbers of a token.
        dropout: share of features zeroed in training, on embeddings and before the softmax.
        weight_dropout: share of the recurrent matrix's entries zeroed in training.
    """

    mse = False

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
        """(steps, batch) ids before each token → features (steps, batch, embedding)."""
        x = self.dropout(self.output(previous) * self.output.embedding_dim**0.5)
        state = x.new_zeros(x.shape[1], self.recurrence.state_size)
        features: Tensor = self.project(self.dropout(self.recurrence.forward(x, state)[0]))
        return features

    def softmax(self) -> tuple[Tensor, Tensor]:
        """The matrix and bias of the scores."""
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
    """Train for so many minutes or steps.

    Args:
        sentences: to learn from, cut at 400 tokens.
        tokenizer: any; perplexities are measured by the word.
        device: where to compute; the model stays there.
    """
    config = TrainingConfig(lr=lr, weight_decay=weight_decay, batch_tokens=batch_tokens, seed=seed)
    rows = ListedRows(tokenizer.encode_cut(list(sentences), _MAX_LENGTH)[0])
    torch.manual_seed(seed)
    model = LanguageModel(tokenizer.vocab_size, cell, hidden, embedding, dropout, weight_dropout).to(device)
    optimizer = make_optimizer(model, config)
    buckets = LengthBuckets(rows, batch_tokens, _SPECIALS, seed)
    begin, step, epoch = time.perf_counter(), 0, 0
    while True:
        for batch in buckets.epoch(epoch):
            spent = step / steps if steps else (time.perf_counter() - begin) / (60 * (minutes or 1.0))
            if spent >= 1:
                return model.eval()
            set_rate(optimizer, lr * schedule(spent, config.warmup))
            batch = batch.to(device)
            with autocast(device, bf16):
                loss = reconstruction_loss(model, model.forward(batch.previous), batch.target, PAD_ID)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.clip(1.0)
            optimizer.step()
            step += 1
        epoch += 1


@torch.no_grad()
def perplexity(model: LanguageModel, sentences: Sequence[str], tokenizer: Tokenizer) -> float:
    """exp(nats / white-space words), each sentence's end counted as a word; what is beyond 400 tokens is in neither.

    Raises:
        ValueError: there is no sentence.
    """
    if not sentences:
        raise ValueError("no sentence to measure")
    ids, cut = tokenizer.encode_cut(list(sentences), _MAX_LENGTH)
    rows, nats = ListedRows(ids), 0.0
    for batch in LengthBuckets(rows, 8_192, _SPECIALS, 0).in_order(len(rows)):
        batch = batch.to(model.bias.device)
        losses, _ = token_losses(model, model.forward(batch.previous), batch.target, PAD_ID)
        nats += float(losses.cpu().double().sum())
    read = [
        tokenizer.decode([row])[0] if over else sentence
        for sentence, row, over in zip(sentences, ids, cut, strict=True)
    ]
    words = sum(len(text.split()) + 1 for text in read)
    return math.exp(min(700.0, nats / words))
