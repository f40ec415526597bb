"""The basic recurrent autoencoder of real-valued sequences.

    h_t = φ(W_enc x_t + U_enc h_{t-1} + b_enc)        h_0 = 0
    x̂_t = φ(W_dec h_t + U_dec x̂_{t-1} + b_dec)       x̂_0 = 0

The decoder is a recurrence whose state is the output itself. In training as in use, it sees the aligned encoder state
and its own previous output. With a bottleneck it sees the sequence's last state h_T at every step instead.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrae.nn.recurrence import Recurrence


class SeriesNetwork(nn.Module):
    """Encoder and decoder of a basic recurrent autoencoder, with rnn, lstm or gru for the recurrence.

    The equations are those of :mod:`textrae.series.network`; a bias b is the sum of a layer's two.

    Args:
        cell: ``rnn``, ``lstm`` or ``gru``.
        dim: dimensions of a time step.
        hidden: dimensions of an encoder state.
        activation: φ, ``tanh`` or (for rnn) ``relu``.
        bottleneck: whether the decoder sees h_T instead of h_t.
    """

    def __init__(
        self, cell: str, dim: int, hidden: int, activation: str = "tanh", bottleneck: bool = False
    ) -> None:
        super().__init__()
        self.dim, self.hidden, self.bottleneck = dim, hidden, bottleneck
        self.encoder = Recurrence(cell, dim, hidden, activation=activation)
        seen, constant = (0, hidden) if bottleneck else (hidden, 0)
        self.decoder = Recurrence(cell, seen, dim, constant, activation)
        if activation == "relu":
            # an output that is 0 at every step would have no gradient and stay so
            nn.init.constant_(self.decoder.bias, 0.5)

    def encode(self, x: Tensor) -> Tensor:
        """Encode sequences padded at their ends, (time, batch, dim), to the states h_t (time, batch, hidden)."""
        return self.encoder.forward(x, x.new_zeros(x.shape[1], self.encoder.state_size))[0]

    def decode(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Decode states (time, batch, hidden) of sequences of `lengths` (batch,) to x̂ (time, batch, dim)."""
        start = states.new_zeros(states.shape[1], self.decoder.state_size)
        if not self.bottleneck:
            return self.decoder.forward(states, start)[0]
        condition = self.decoder.condition(last_states(states, lengths))
        return self.decoder.forward(states[..., :0], start, condition)[0]

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Reconstruct sequences.

        Args:
            x: sequences padded at their ends, (time, batch, dim).
            lengths: time steps of each, (batch,).

        Returns:
            x̂ (time, batch, dim), arbitrary beyond the sequences' ends.
        """
        return self.decode(self.encode(x), lengths)


def last_states(states: Tensor, lengths: Tensor) -> Tensor:
    """Return each sequence's state at its last real step: (time, batch, hidden), (batch,) → (batch, hidden)."""
    return states[lengths - 1, torch.arange(len(lengths), device=states.device)]


def mean_states(states: Tensor, lengths: Tensor) -> Tensor:
    """Return each sequence's mean state over its real steps: (time, batch, hidden), (batch,) → (batch, hidden)."""
    return (states * real_steps(states, lengths).unsqueeze(-1)).sum(0) / lengths.unsqueeze(-1)


def real_steps(x: Tensor, lengths: Tensor) -> Tensor:
    """Return which steps of (time, batch, …) belong to the sequences: bool (time, batch)."""
    return torch.arange(len(x), device=x.device).unsqueeze(1) < lengths


def sequence_errors(rebuilt: Tensor, x: Tensor, lengths: Tensor) -> Tensor:
    """Compute L = (1/T) Σ_t ‖x̂_t - x_t‖² of each sequence: (time, batch, dim) twice, (batch,) → (batch,)."""
    squares = (rebuilt - x).square().sum(-1)
    return squares.masked_fill(~real_steps(x, lengths), 0.0).sum(0) / lengths
