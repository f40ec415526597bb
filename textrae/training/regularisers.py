"""What pulls encodings towards a standard Gaussian: the KL divergence with free bits, and regularisers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textrae.errors import ConfigError
from textrae.nn.bottleneck import Latent
from textrae.training.optimizer import load_optimizer, optimizer_tensors, part
from textrae.training.processes import ALONE, Processes

_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kl_terms(latent: Latent) -> Tensor:
    """Return ½ (μ² + σ² - 1 - log σ²) in nats for each dimension of each sentence: (batch, dimensions).

    Kingma & Welling 2014.

    Raises:
        ValueError: the model is not variational.
    """
    if latent.mean is None or latent.log_variance is None:
        raise ValueError("a latent without a posterior has no KL divergence")
    return 0.5 * (latent.mean.square() + latent.log_variance.exp() - 1 - latent.log_variance)


def kl_divergence(latent: Latent) -> Tensor:
    """Return KL(N(μ, σ²) ‖ N(0, 1)) of each sentence in nats: (batch,).

    Raises:
        ValueError: the model is not variational.
    """
    return kl_terms(latent).sum(-1)


def with_free_bits(
    terms: Tensor, least: float, per: Literal["dimension", "sentence"], processes: Processes = ALONE
) -> Tensor:
    """Return the mean divergence of a sentence, of which the first `least` nats cost nothing.

    Args:
        terms: divergence of each dimension (batch, dimensions), from :func:`kl_terms`.
        least: λ in nats.
        per: ``dimension``: Σ_j max(λ, mean of KL_j over the batch) (Kingma et al. 2016); ``sentence``: the mean of
            max(λ, Σ_j KL_j) (as Li et al. 2019 compare).
        processes: processes that have a share of the batch each. Their results, weighted by the sentences that each of
            them has, have that mean.
    """
    if per == "sentence":
        return terms.sum(-1).clamp_min(least).mean() if len(terms) else terms.sum()
    if processes.size == 1:
        return terms.mean(0).clamp_min(least).sum()
    sums = torch.cat([terms.detach().sum(0), terms.new_full((1,), len(terms))])
    sums = processes.summed(sums)
    costs = sums[:-1] / sums[-1] >= least
    mean = terms.mean(0) if len(terms) else terms.sum(0)
    return torch.where(costs, mean, least).sum()


def mmd(encodings: Tensor, prior: Tensor) -> Tensor:
    """Return the squared maximum mean discrepancy between encodings and draws from the prior.

    It is the unbiased estimate of WAE (Tolstikhin et al. 2018). The kernel is inverse multiquadratic:
    Σ_s C_s / (C_s + ‖x - y‖²), C_s = 2 · dimensions · s.

    Args:
        encodings: encodings (batch, dimensions).
        prior: draws from the prior (batch, dimensions).
    """
    count, dimensions = encodings.shape
    if count < 2:
        return encodings.new_zeros(())

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        apart = (x.square().sum(1).unsqueeze(1) + y.square().sum(1) - 2 * x @ y.t()).clamp_min(0.0)
        scales = [2.0 * dimensions * scale for scale in _SCALES]
        return torch.stack([scale / (scale + apart) for scale in scales]).sum(0)

    same = [kernel(x, x) for x in (encodings, prior)]
    within = sum((k.sum() - k.diagonal().sum()) / (count * (count - 1)) for k in same)
    return within - 2 * kernel(encodings, prior).mean()


class Critic(nn.Module):
    """A network that tells encodings from draws of the prior (AAE; Makhzani et al. 2015).

    The encoder learns from it to make encodings that are taken for draws of the prior.

    Args:
        dimensions: dimensions of an encoding.
        hidden: units of its only hidden layer.
    """

    def __init__(self, dimensions: int, hidden: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dimensions, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the log odds that each vector is a draw from the prior: (batch, dimensions) → (batch,)."""
        scores: Tensor = self.layers(vectors)
        return scores.squeeze(-1)

    def own_loss(self, encodings: Tensor, prior: Tensor) -> Tensor:
        """Return what the critic minimises: its cross-entropy in nats, half for encodings and half for draws."""
        real, made = self.forward(prior), self.forward(encodings.detach())
        return 0.5 * (F.softplus(-real).mean() + F.softplus(made).mean())

    def loss(self, encodings: Tensor) -> Tensor:
        """Return what the encoder minimises: -log of the probability that its encodings are the prior's."""
        return F.softplus(-self.forward(encodings)).mean()


class Regulariser(Protocol):
    """What makes encodings resemble draws from N(0, 1), beside or instead of a KL divergence."""

    def cost(self, encodings: Tensor, processes: Processes) -> Tensor:
        """Return the cost of a batch of encodings, (batch, dimensions) → (), which the encoder minimises.

        Where processes have a share of the batch each, the costs of all, weighted by the encodings that each of them has,
        have the cost of the batch as their mean.
        """

    def learn(self, encodings: Tensor, rate: float) -> None:
        """Learn from a batch of encodings after the model's update, at a learning rate."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps, by name."""

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Restore what :meth:`state_dict` returned; raise KeyError, ValueError or RuntimeError where it does not fit."""


class MaximumMeanDiscrepancy:
    """The regulariser ``mmd``: :func:`mmd` between encodings and as many draws from N(0, 1)."""

    def cost(self, encodings: Tensor, processes: Processes) -> Tensor:
        """Return the discrepancy."""
        everywhere, prior = processes.rows(encodings), processes.rows(torch.randn_like(encodings))
        found = mmd(everywhere, prior)
        # each process learns from its own encodings alone, and the gradients of all are weighted by how many they have
        return found.detach() + (found - found.detach()) * (len(everywhere) / max(1, len(encodings)))

    def learn(self, encodings: Tensor, rate: float) -> None:
        """Do nothing: it has no parameters."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return nothing to keep."""
        return {}

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Restore nothing."""


class Adversary:
    """The regulariser ``adversarial``: a :class:`Critic` that is trained by Adam beside the model.

    Args:
        dimensions: dimensions of an encoding.
        device: device of the encodings.
    """

    def __init__(self, dimensions: int, device: torch.device) -> None:
        self.critic = Critic(dimensions).to(device)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), betas=(0.5, 0.999))

    def cost(self, encodings: Tensor, processes: Processes) -> Tensor:
        """Return the critic's confidence that the encodings are none of the prior's draws."""
        return self.critic.loss(encodings) if len(encodings) else encodings.sum()

    def learn(self, encodings: Tensor, rate: float) -> None:
        """Update the critic once."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)  # the encoder's loss left some
        torch.autograd.backward(self.critic.own_loss(encodings, torch.randn_like(encodings)))
        self.optimizer.step()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the critic's parameters and its optimizer's state."""
        tensors = {f"critic.{name}": value for name, value in self.critic.state_dict().items()}
        return tensors | optimizer_tensors("critic_optimizer.", self.optimizer)

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Restore the critic and its optimizer."""
        self.critic.load_state_dict(part(tensors, "critic."))
        load_optimizer(self.optimizer, part(tensors, "critic_optimizer."))


REGULARISERS: dict[str, Callable[[int, torch.device], Regulariser | None]] = {
    "none": lambda dimensions, device: None,
    "mmd": lambda dimensions, device: MaximumMeanDiscrepancy(),
    "adversarial": Adversary,
}
"""What makes each regulariser from the dimensions of an encoding and a device, by its name in the settings."""


def make_regulariser(name: str, dimensions: int, device: torch.device) -> Regulariser | None:
    """Make a regulariser by name; None for ``none``.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in REGULARISERS:
        raise ConfigError(f"`regulariser`: {name!r} is none; there are {', '.join(REGULARISERS)}")
    return REGULARISERS[name](dimensions, device)


def regularisation(
    latent: Latent,
    *,
    beta: float = 0.0,
    free_bits: float = 0.0,
    free_bits_per: Literal["dimension", "sentence"] = "dimension",
    regulariser: Regulariser | None = None,
    weight: float = 0.0,
    processes: Processes = ALONE,
) -> Tensor:
    """Return the cost of a batch of encodings beside reconstruction, mean over its sentences: ().

    Args:
        latent: encodings, with their posterior in a variational model.
        beta: weight of the KL divergence, which is in nats.
        free_bits: nats of the KL divergence that cost nothing; see :func:`with_free_bits`.
        free_bits_per: what free bits are counted for, ``dimension`` or ``sentence``.
        regulariser: regulariser, whose cost has a unit of its own; None for none.
        weight: weight of the regulariser's cost.
        processes: processes that have a share of the batch each.
    """
    cost = torch.zeros((), device=latent.vector.device)
    if latent.mean is not None:
        cost = cost + beta * with_free_bits(kl_terms(latent), free_bits, free_bits_per, processes)
    if regulariser is not None:
        cost = cost + weight * regulariser.cost(latent.vector.float(), processes)
    return cost
