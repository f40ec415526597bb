"""Latents → token ids."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder
from textrae.text.batch import Specials

_ROWS = 32
"""A batch has a multiple of so many rows: kernels are made and kept for each shape, of which there are few then."""


@torch.no_grad()
def greedy(model: Autoencoder, latent: Tensor, specials: Specials, max_length: int) -> list[list[int]]:
    """The most likely token at every step, until the end token or `max_length` tokens.

    Sentences that have ended leave the batch once they are half of it, so a long one does not hold up the rest.

    Args:
        latent: (batch, latent).

    Returns:
        For each latent its token ids, the end token left out.
    """
    state, condition = model.decoder.start(latent), model.decoder.condition(latent)
    weight, bias = model.softmax()
    bias = bias.index_fill(
        0, torch.tensor([specials.pad, specials.bos, specials.blank]).to(bias.device), -1e9
    )
    current = torch.full((len(latent),), specials.bos, device=latent.device)
    rows = torch.arange(len(latent), device=latent.device)
    written = torch.full((max_length, len(latent)), specials.eos, device=latent.device)
    for step in range(max_length):
        features, state = model.decode(current.unsqueeze(0), state, condition)
        ended = current == specials.eos  # and goes on ending until it leaves
        current = F.linear(features.squeeze(0), weight, bias).argmax(-1).masked_fill_(ended, specials.eos)
        written[step, rows] = current
        ended = current == specials.eos
        left = len(ended) - int(ended.sum())
        if left == 0:
            break
        kept = left + -left % _ROWS
        if kept <= len(ended) // 2:
            stay = ended.to(torch.uint8).argsort(stable=True)[:kept]
            rows, state, current = rows[stay], state[stay], current[stay]
            condition = [part[stay] for part in condition]
    columns = written[: step + 1].t().tolist()
    return [ids[: ids.index(specials.eos)] if specials.eos in ids else ids for ids in columns]
