"""Check how much a variant's vector says, and how far apart its embeddings are.

    python scripts/experiments/variant_checks.py RUN FILE

Decodes the sentences of FILE from their own vectors and from each other's, and prints how often the output stays and how
often it becomes the other sentence's. With all states as memory it should stay; with anything else it should change. Then
prints the spread of the embeddings, beside that of untrained ones: the mean |cosine| of two tokens (0 at best, 1 if all are
one point).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from textrae import SentenceAutoencoder
from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.text.batch import SPECIALS


def cosine(table: Tensor) -> float:
    """Return the mean |cosine| of two different rows."""
    directions = F.normalize(table.detach().float(), dim=-1)
    near = (directions @ directions.T).abs()
    count = len(near)
    return float((near.sum() - near.diagonal().sum()) / (count * (count - 1)))


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--sentences", type=int, default=2_000)
    args = parser.parse_args()
    model = SentenceAutoencoder.load(args.run)
    network, config = model.run.network, model.run.settings.model
    lines = list(dict.fromkeys(args.file.read_text(encoding="utf-8").removesuffix("\n").split("\n")))[
        : args.sentences
    ]
    own = model.reconstruct(lines)
    exact = sum(a == b for a, b in zip(lines, own, strict=True)) / len(lines)
    swapped = []
    for _, ids in model.engine.tokenised(lines):
        out = [""] * len(ids)
        for rows, batch in model.engine.batches(ids):
            with torch.no_grad():
                latent = network.encode(batch.source, batch.lengths, None, batch.tree)
            mixed = latent.take(slice(len(rows)))
            mixed = mixed._replace(vector=mixed.vector.roll(-1, 0))
            written = model.run.tokenizer.decode(write(network, mixed, SPECIALS, model.max_length))
            partner = rows.tolist()[1:] + rows.tolist()[:1]
            for row, other, text in zip(rows.tolist(), partner, written, strict=True):
                out[row] = "stays" if text == own[row] else "goes" if text == own[other] else "neither"
        swapped += out
    print(f"{len(lines):,} sentences, {exact:.2%} exact; with the vector of another sentence the output")
    for what in ("stays", "goes", "neither"):
        print(f"  {what}: {swapped.count(what) / len(lines):.2%}")
    torch.manual_seed(model.run.settings.training.seed)
    fresh = Autoencoder(config, model.run.tokenizer.vocab_size)
    print(
        f"mean |cosine| of two embeddings: {cosine(fresh.embedding.weight):.4f} before, "
        f"{cosine(network.embedding.weight):.4f} after training"
    )


if __name__ == "__main__":
    main()
