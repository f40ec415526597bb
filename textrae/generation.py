"""Latents → token ids."""

from __future__ import annotations

import torch
from torch import Tensor

from textrae.nn.autoencoder import Autoencoder
from textrae.text.batch import Specials


@torch.no_grad()
def greedy(model: Autoencoder, latent: Tensor, specials: Specials, max_length: int) -> list[list[int]]:
    """The most likely token at every step, until the end token or `max_length` tokens.

    Sentences that have ended leave the batch once they are half of it, so a long one does not hold up the rest.

    Args:
        latent: (batch, latent).

    Returns:
        For each latent its token ids, the end token left out.
    """
    state = model.decoder.start(latent)
    current = torch.full((len(latent),), specials.bos, device=latent.device)
    rows = torch.arange(len(latent), device=latent.device)
    written = torch.full((max_length, len(latent)), specials.eos, device=latent.device)
    for step in range(max_length):
        features, state = model.decode(current.unsqueeze(0), state, latent)
        scores = model.logits(features.squeeze(0))
        scores[:, [specials.pad, specials.bos, specials.blank]] = float("-inf")  # never text
        current = scores.argmax(-1)
        written[step, rows] = current
        alive = current != specials.eos
        left = int(alive.sum())
        if left == 0:
            break
        if left <= len(alive) // 2:
            rows, state, latent, current = rows[alive], state[alive], latent[alive], current[alive]
        else:
            # an ended sentence goes on ending until it leaves
            current = torch.where(alive, current, specials.eos)
    columns = written.t().tolist()
    return [ids[: ids.index(specials.eos)] if specials.eos in ids else ids for ids in columns]
