"""Beam search: latents → the token ids of the most likely sentences found."""

from __future__ import annotations

import torch
from torch import Tensor

from textrae.inference.generation import NEVER, ROW_MULTIPLE, text_projection, token_scores, until_end
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.bottleneck import Latent
from textrae.text.batch import Specials

_GROUP = 64
"""Scores whose largest is compared first by :func:`largest`."""


@torch.no_grad()
def beam_search(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    width: int,
    length_penalty: float = 0.0,
    table: Tensor | None = None,
) -> list[list[int]]:
    """Return the best sentence that a beam of `width` finds for each latent, all of them searched side by side.

    A finished hypothesis stays in its beam at no further cost. A sentence is done when no unfinished hypothesis can
    overtake the best finished one; once half of the batch is done, those sentences leave it.

    Args:
        model: in evaluation mode.
        latent: what to decode.
        specials: ids that are not text, with what a sentence begins with.
        max_length: tokens of a sentence, at most.
        width: hypotheses kept at every step; 1 is the greedy search.
        length_penalty: scores are divided by tokens to this power (Wu et al. 2016 without their constant): 0 compares
            likelihoods, more favours longer sentences, less shorter ones.
        table: from :meth:`textrae.nn.autoencoder.Autoencoder.writing_table`.

    Returns:
        For each latent its token ids, without the end token.
    """
    beams = _Beams(
        model, latent, specials, max_length, width=width, length_penalty=length_penalty, table=table
    )
    while beams.step():
        pass
    return until_end(beams.best, specials.eos)


@torch.no_grad()
def n_best(
    model: Autoencoder,
    latent: Latent,
    specials: Specials,
    max_length: int,
    width: int,
    length_penalty: float = 0.0,
    table: Tensor | None = None,
) -> list[list[tuple[list[int], float]]]:
    """Return all `width` hypotheses that a beam ends with, the best first, each with its score.

    The search goes on until every hypothesis has finished. The first is therefore never worse than that of
    :func:`beam_search`, which stops when no other can overtake it, and sometimes better.

    Args:
        model: in evaluation mode.
        latent: what to decode.
        specials: ids that are not text, with what a sentence begins with.
        max_length: tokens of a sentence, at most.
        width: hypotheses kept at every step.
        length_penalty: as for :func:`beam_search`.
        table: from :meth:`textrae.nn.autoencoder.Autoencoder.writing_table`.

    Returns:
        For each latent, pairs of token ids and score (log-likelihood in nats / tokens to the power of `length_penalty`).
    """
    beams = _Beams(
        model,
        latent,
        specials,
        max_length,
        width=width,
        length_penalty=length_penalty,
        table=table,
        whole=True,
    )
    while beams.step():
        pass
    ranks, order = beams.ranks.sort(descending=True)
    found = []
    for hypotheses, places, scores in zip(beams.hypotheses, order, ranks.tolist(), strict=True):
        rows = until_end(hypotheses[places], specials.eos)
        found.append([(row, score) for row, score in zip(rows, scores, strict=True) if score > 0.1 * NEVER])
    return found


class _Beams:
    """State of a beam search over the unfinished sentences: (batch, width) hypotheses, ordered by score.

    With `whole` a sentence is unfinished until all its hypotheses have ended.
    """

    def __init__(
        self,
        model: Autoencoder,
        latent: Latent,
        specials: Specials,
        max_length: int,
        *,
        width: int,
        length_penalty: float,
        table: Tensor | None,
        whole: bool = False,
    ) -> None:
        self.whole, self.table = whole, table
        self.model, self.eos, self.width, self.penalty = model, specials.eos, width, length_penalty
        self.projection = text_projection(model, specials)
        state, condition = model.begin(latent)
        shape, device = (len(state), width), state.device
        self.state = state.repeat_interleave(width, 0)
        self.condition = [part.repeat_interleave(width, 0) for part in condition]
        self.scores = torch.full(shape, float("-inf"), device=device)
        self.scores[:, 0] = 0.0  # all begin alike: only the first hypothesis has continuations
        self.lengths = torch.zeros(shape, device=device)
        self.written = torch.full((*shape, max_length), self.eos, device=device)
        self.current = torch.full(shape, specials.first, device=device)
        self.rows = torch.arange(shape[0], device=device)
        self.best = torch.full((shape[0], max_length), self.eos, device=device)
        self.found = torch.full((shape[0],), float("-inf"), device=device)  # rank of the best finished one
        self.hypotheses = self.written.clone() if whole else self.written
        self.ranks = torch.full(shape, float("-inf"), device=device)
        self.steps = 0

    def step(self) -> bool:
        """Add a token to every unfinished hypothesis, and return whether there is another step."""
        parents = self._extend()
        self.steps += 1
        ended = self.current == self.eos
        ranks = (self.scores / self.lengths**self.penalty).masked_fill(~ended, float("-inf"))
        rank, which = ranks.max(1)
        better = rank > self.found
        if self.steps == self.best.shape[1]:
            # nothing has finished: take the most likely one as far as it goes
            better |= self.found.isinf() & rank.isinf()
        self.best[self.rows[better]] = self.written[better, which[better]]
        self.found = torch.maximum(self.found, rank)
        # upper bound of an unfinished hypothesis: no further loss and the longest sentence, or, if short ones are
        # favoured, the end next
        length = self.best.shape[1] if self.penalty >= 0 else self.steps + 1
        hope = self.scores.masked_fill(ended, float("-inf")) / length**self.penalty
        done = self.found >= hope.amax(1)
        if self.whole:
            self.hypotheses[self.rows] = self.written
            self.ranks[self.rows] = self.scores / self.lengths.clamp_min(1) ** self.penalty
            done = ended.all(1)
        left = len(done) - int(done.sum())
        self.state = self.state[parents]
        if left == 0 or self.steps == self.best.shape[1]:
            return False
        kept = left + -left % ROW_MULTIPLE
        if kept <= len(done) // 2:
            self._keep(done.to(torch.uint8).argsort(stable=True)[:kept])
        return True

    def _extend(self) -> Tensor:
        """Choose the next hypotheses, and return the flat index of each one's parent."""
        features, self.state = self.model.decode(
            self.current.view(1, -1), self.state, self.condition, self.table
        )
        scores = token_scores(features, self.projection).float()
        values, tokens = largest(scores, min(self.width, scores.shape[1]))  # (batch · width, continuations)
        values = values - scores.logsumexp(-1, keepdim=True)
        ended = (self.current == self.eos).view(-1, 1)
        only_end = torch.full_like(values[0], float("-inf"))
        only_end[0] = 0.0
        values, tokens = torch.where(ended, only_end, values), tokens.masked_fill(ended, self.eos)
        total = (self.scores.view(-1, 1) + values).view(len(self.rows), -1)
        self.scores, chosen = total.topk(self.width)
        parent = chosen // values.shape[1]  # (batch, width)
        self.current = tokens.view(len(self.rows), -1).gather(1, chosen)
        self.lengths = self.lengths.gather(1, parent) + ~ended.view_as(parent).gather(1, parent)
        self.written = self.written.gather(1, parent.unsqueeze(-1).expand_as(self.written))
        self.written[:, :, self.steps] = self.current
        first = torch.arange(len(parent), device=parent.device).unsqueeze(1) * self.width
        return (first + parent).flatten()

    def _keep(self, stay: Tensor) -> None:
        """Keep only some of the sentences: `stay` holds their rows."""
        self.rows, self.scores, self.lengths = self.rows[stay], self.scores[stay], self.lengths[stay]
        self.written, self.current, self.found = self.written[stay], self.current[stay], self.found[stay]
        hypotheses = (stay.unsqueeze(1) * self.width + torch.arange(self.width, device=stay.device)).flatten()
        self.state = self.state[hypotheses]
        self.condition = [part[hypotheses] for part in self.condition]


def largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest scores of each row and their columns, as ``topk`` does but faster on long rows.

    They are all in the `count` groups with the largest maxima, so only about a tenth of a row is sorted.

    Args:
        scores: (rows, columns).
        count: of a row.

    Returns:
        Values and columns, each (rows, count), the largest first.
    """
    rows, size = scores.shape
    groups = size // _GROUP
    if groups <= 2 * count:
        return scores.topk(count)
    body = scores[:, : groups * _GROUP].view(rows, groups, _GROUP)
    best = body.amax(-1).topk(count).indices  # (rows, count)
    places = (best.unsqueeze(-1) * _GROUP + torch.arange(_GROUP, device=scores.device)).flatten(1)
    tail = torch.arange(groups * _GROUP, size, device=scores.device).expand(rows, -1)
    places = torch.cat([places, tail], dim=1)
    values, chosen = scores.gather(1, places).topk(count)
    return values, places.gather(1, chosen)
