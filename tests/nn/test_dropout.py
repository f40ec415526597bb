"""Dropout whose zeros stay where they are."""

from __future__ import annotations

import torch

from textrae.nn.dropout import LockedDropout


def test_the_same_features_of_a_sentence_at_every_step() -> None:
    torch.manual_seed(0)
    layer, x = LockedDropout(0.4), torch.randn(7, 50, 30)
    out = layer(x)
    kept = out != 0
    assert torch.equal(kept, kept[:1].expand_as(kept))
    assert not torch.equal(kept[0, 0], kept[0, 1])
    assert abs(kept.double().mean().item() - 0.6) < 0.05
    torch.testing.assert_close(out[kept], x[kept] / 0.6)
    assert layer.eval()(x) is x
    assert LockedDropout(0.0)(x) is x
