"""Every sentence of a tiny vocabulary with its likelihood, and plain searches among them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials

SPECIALS = Specials(0, 1, 2, 3)
TEXT = (4, 5, 6)
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """What may follow every beginning of a sentence of at most `longest` tokens, in nats."""

    following: dict[Ids, dict[int, float]]
    longest: int

    @cached_property
    def likelihoods(self) -> dict[Ids, float]:
        """The log-likelihood of every sentence, its end counted, whatever its length."""
        return {ids: self.score(ids) + self.following[ids][SPECIALS.eos] for ids in self.following}

    def score(self, ids: Ids) -> float:
        return sum(self.following[ids[:place]][token] for place, token in enumerate(ids))

    def ranked(self, penalty: float) -> list[tuple[Ids, float]]:
        """All sentences, the best first: nats / tokens to the power of `penalty`, the end a token."""
        ranks = {ids: nats / (len(ids) + 1) ** penalty for ids, nats in self.likelihoods.items()}
        return sorted(ranks.items(), key=lambda pair: -pair[1])

    def choices(self, ids: Ids) -> dict[int, float]:
        """What a search may write next: any token, and after the longest sentence the end only."""
        following = self.following[ids]
        return following if len(ids) < self.longest else {SPECIALS.eos: following[SPECIALS.eos]}

    def greedy(self) -> Ids:
        ids: Ids = ()
        while (token := max(self.choices(ids).items(), key=lambda pair: pair[1])[0]) != SPECIALS.eos:
            ids += (token,)
        return ids

    def beam(self, width: int, penalty: float) -> tuple[list[tuple[Ids, float]], list[Ids]]:
        """The best `width` that a beam ends, and those that it holds last.

        It never stops early; ended hypotheses keep their places in it.
        """
        alive: list[tuple[float, Ids, bool]] = [(0.0, (), False)]
        ended: list[tuple[Ids, float]] = []
        for _ in range(self.longest + 1):
            coming = [one for one in alive if one[2]]
            for nats, ids, done in alive:
                for token, more in {} if done else self.choices(ids).items():
                    end = token == SPECIALS.eos
                    coming.append((nats + more, ids if end else (*ids, token), end))
            kept = sorted(coming, key=lambda one: -one[0])[:width]
            fresh = [(nats, ids) for nats, ids, end in kept if end and (nats, ids, end) not in alive]
            ended += [(ids, nats / (len(ids) + 1) ** penalty) for nats, ids in fresh]
            alive = kept
        return sorted(ended, key=lambda pair: -pair[1])[:width], [ids for _, ids, _ in alive]


def network(seed: int, **settings: Any) -> Autoencoder:
    """A small network in double precision whose weights are random and whose scores differ."""
    torch.manual_seed(seed)
    small = {"hidden": 16, "embedding": 12, "slots": 0, "latent": 8, **settings}
    model = Autoencoder(ModelConfig(**small), TEXT[-1] + 1).double().eval()
    shuffle(model)
    return model


@torch.no_grad()
def shuffle(model: Autoencoder) -> None:
    """Give a network other embeddings and biases."""
    model.embedding.weight.normal_(std=4 * model.embedding.embedding_dim**-0.5)
    if model.bias is not None:
        model.bias.normal_(std=0.5)
        model.bias[SPECIALS.eos] -= 2 * torch.rand(())  # some write long sentences


@torch.no_grad()
def latents(model: Autoencoder, count: int) -> Latent:
    """Encodings of random sentences, five times as long as they are."""
    source = torch.randint(TEXT[0], TEXT[-1] + 1, (5, count))
    found = model.encode(source, torch.full((count,), 5))
    return found.take(slice(None))._replace(vector=5 * found.vector.double())


@torch.no_grad()
def spaces(model: Autoencoder, latent: Latent, longest: int, specials: Specials = SPECIALS) -> list[Space]:
    """Score all sentences for each latent by teacher forcing."""
    sentences = list(itertools.product(TEXT, repeat=longest))
    count = len(latent.vector)
    previous = torch.tensor([(specials.first, *ids) for ids in sentences]).t()  # (steps, sentences)
    each = latent.take(torch.arange(count).repeat_interleave(len(sentences)))
    scores = model.logits(model.teach(previous.repeat(1, count), each))
    scores[..., [specials.pad, specials.bos, specials.blank, *range(TEXT[-1] + 1, scores.shape[-1])]] = float(
        "-inf"
    )
    nats: Tensor = scores.log_softmax(-1).view(longest + 1, count, len(sentences), -1)
    written = (specials.eos, *TEXT)
    found = []
    for table in nats[..., list(written)].unbind(1):
        rows = table.tolist()
        following: dict[Ids, dict[int, float]] = {}
        for column, ids in enumerate(sentences):
            for place in range(longest + 1):
                following.setdefault(ids[:place], dict(zip(written, rows[place][column], strict=True)))
        found.append(Space(following, longest))
    return found
