"""Markov chains that draw z from the posterior p(z|x): Hamiltonian steps with accept or reject.

Many chains run side by side as rows of one tensor. The momentum's scale is the spread of q(z|x),
so that one step size fits all attributes (Neal, Handbook of MCMC, 2011, chapter 5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from MedImageLib.settings import check_settings, setting

WANTED_ACCEPTANCE = 0.8


@dataclass(frozen=True)
class ChainSettings:
    """Length of the chains."""

    warm_up: int = setting(20, help="Steps that adapt the step size and are left out.", minimum=1)
    steps: int = setting(40, help="Steps that are kept.", minimum=1)
    leaps: int = setting(6, help="Gradients of one step.", minimum=1)

    def __post_init__(self) -> None:
        check_settings(self)


def posterior_chains(
    log_joint: Callable[[Tensor], Tensor],
    start: Tensor,
    spread: Tensor,
    group: int,
    settings: ChainSettings,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Draws (steps, rows, d) and their log joint densities (steps, rows).

    log_joint: log p(x, z) of each row. start, spread: (rows, d). group: so many neighboring rows
    share a step size, which is adapted during warm-up alone, so that what is kept is a chain of
    the posterior.
    """
    z = start.detach()
    value, slope = _value_and_slope(log_joint, z)
    groups = len(z) // group
    log_step = torch.full((groups,), -1.6)
    draws, values = [], []
    for turn in range(settings.warm_up + settings.steps):
        step = log_step.exp().repeat_interleave(group)[:, None]
        # Lengths vary, so that no chain comes back to where it began again and again.
        step = step * (0.8 + 0.4 * torch.rand((), generator=generator))
        momentum = torch.randn(z.shape, generator=generator)
        energy = -value + 0.5 * (momentum**2).sum(1)
        new, new_value, new_slope, moved = z, value, slope, momentum
        for _ in range(settings.leaps):
            moved = moved + 0.5 * step * spread * new_slope
            new = new + step * spread * moved
            new_value, new_slope = _value_and_slope(log_joint, new)
            moved = moved + 0.5 * step * spread * new_slope
        new_energy = -new_value + 0.5 * (moved**2).sum(1)
        chance = (energy - new_energy).clamp(max=0).exp().nan_to_num(0.0)
        taken = torch.rand(len(z), generator=generator) < chance
        z = torch.where(taken[:, None], new, z)
        value = torch.where(taken, new_value, value)
        slope = torch.where(taken[:, None], new_slope, slope)
        if turn < settings.warm_up:
            share = chance.reshape(groups, group).mean(1)
            log_step = log_step + (share - WANTED_ACCEPTANCE) * 3.0 / (turn + 3) ** 0.6
        else:
            draws.append(z)
            values.append(value)
    return torch.stack(draws), torch.stack(values)


def _value_and_slope(log_joint: Callable[[Tensor], Tensor], z: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        z = z.detach().requires_grad_(True)
        value = log_joint(z)
        (slope,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), slope.detach()
