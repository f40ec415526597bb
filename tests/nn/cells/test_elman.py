"""The Elman recurrence against its equation (Elman 1990)."""

from __future__ import annotations

import numpy as np
import torch
from nn.layers import Array, agree, follows, make

from textrae.nn.recurrence import Recurrence


def step(from_x: Array, from_h: Array, state: Array) -> tuple[Array, Array]:
    h = np.tanh(from_x + from_h)
    return h, h


def rectified_step(from_x: Array, from_h: Array, state: Array) -> tuple[Array, Array]:
    h = np.maximum(from_x + from_h, 0)
    return h, h


def test_forward_follows_the_equation() -> None:
    follows(make("rnn"), step)


def test_rectified_units_follow_the_equation() -> None:
    follows(make("rnn", activation="relu"), rectified_step)


def test_rectified_units_agree_with_torch_kernels() -> None:
    torch.manual_seed(1)
    out = agree(Recurrence("rnn", 5, 7, constant=3, activation="relu").double())
    assert 0.2 < (out == 0).double().mean() < 0.8


def test_no_bias_begins_at_one() -> None:
    assert not Recurrence("rnn", 3, 4).bias.any()
