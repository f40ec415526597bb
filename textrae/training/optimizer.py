"""The optimizer of every training, and its state as tensors."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from textrae.nn.meaning import Meaning

MEANT = 5.0
"""Multiple of the learning rate for the token vectors of meaning: a row learns only where its token occurs."""


class ClippedAdamW(torch.optim.AdamW):
    """AdamW whose fused step scales gradients and skips non-finite ones, so that nothing waits for the device."""

    grad_scale: Tensor
    found_inf: Tensor

    # without what torch wraps them in, which imports its compiler when first called: as long as all other imports together
    add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)
    state_dict = inspect.unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.AdamW.load_state_dict)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))

    def clip(self, limit: float) -> Tensor:
        """Have the next step scale the gradients to a joint norm of at most `limit`; return whether it is finite."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        finite = norm.isfinite()
        self.grad_scale, self.found_inf = (norm / limit).clamp_min(1.0), (~finite).float()
        return finite


def make_optimizer(
    network: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    beta2: float = 0.98,
    embedding_rate: float = 1.0,
) -> ClippedAdamW:
    """Make AdamW (Loshchilov & Hutter 2019) with decay on matrices only; :func:`set_rate` sets its rate.

    Args:
        network: module whose parameters are trained, except frozen ones.
        lr: learning rate.
        weight_decay: decoupled decay.
        beta2: decay of the second moment of the gradients.
        embedding_rate: multiple of the rate at which embeddings learn and decay.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    meant = {m.weight for one in network.modules() if isinstance(one, Meaning) for m in one.tables()}
    # where they learn at the same rate they are one group, as in the checkpoints of older trainings
    tables = {
        m.weight for m in network.modules() if isinstance(m, nn.Embedding) and embedding_rate != 1
    } - meant
    matrices = [p for p in trained if p.ndim > 1 and p not in tables | meant]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": weight_decay, "times": 1.0},
        {"params": others, "weight_decay": 0.0, "times": 1.0},
    ]
    if found := [p for p in trained if p in tables]:
        groups.append({"params": found, "weight_decay": weight_decay, "times": embedding_rate})
    if found := [p for p in trained if p in meant]:
        groups.append({"params": found, "weight_decay": weight_decay / MEANT, "times": MEANT})
    return ClippedAdamW(groups, lr=lr, betas=(0.9, beta2), fused=True)


def set_rate(optimizer: ClippedAdamW, rate: float) -> None:
    """Set the learning rate of the next step, of which embeddings may have a multiple."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["times"]


def optimizer_tensors(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's state as tensors for a checkpoint, by ``prefix + parameter number.name``."""
    states = optimizer.state_dict()["state"].items()
    return {f"{prefix}{number}.{name}": value for number, state in states for name, value in state.items()}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore what :func:`optimizer_tensors` returned, without its prefix.

    Raises:
        ValueError: a name is no parameter's number and a state's name, or a state does not fit its parameter.
    """
    params = [one for group in optimizer.param_groups for one in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        number, _, slot = name.partition(".")
        state.setdefault(int(number), {})[slot] = value
        shape = (
            () if slot == "step" else params[int(number)].shape if 0 <= int(number) < len(params) else None
        )
        if value.shape != shape or not value.is_floating_point():
            raise ValueError(f"the optimizer's {name[:40]} does not fit")
    if any(found.keys() != {"step", "exp_avg", "exp_avg_sq"} for found in state.values()):
        raise ValueError("the optimizer's state is not that of AdamW")
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, by their names without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
