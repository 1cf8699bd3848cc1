"""Resumable fitting of any network: one-cycle steps, moving average of weights, checkpoints.

The loss of a step must depend on the network and the number of the step alone; then a run that
was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from MedImageLib.background.progress import tell
from MedImageLib.settings import check_settings, setting
from MedImageLib.writing.atomic import finished_file

Network = TypeVar("Network", bound=nn.Module)
CHECKPOINT = "checkpoint.pt"
_TELL_EVERY = 5


@dataclass(frozen=True)
class FitSettings:
    """How long and how fast a network is fitted."""

    steps: int = setting(2000, help="Steps.", minimum=1)
    learning_rate: float = setting(2e-3, help="Peak of the one-cycle schedule.", minimum=1e-6)
    weight_decay: float = setting(1e-2, help="Of AdamW.", minimum=0)
    average: float = setting(
        0.997, help="Decay of the moving average of weights.", minimum=0, maximum=1
    )
    checkpoint_every: int = setting(200, help="Steps between checkpoints.", minimum=1)

    def __post_init__(self) -> None:
        check_settings(self)


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear rise over the first twentieth, then half a cosine down to a hundredth."""
    rise = max(1, steps // 20)
    if step < rise:
        return peak * (step + 1) / rise
    share = (step - rise) / max(1, steps - rise)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def fit(
    network: Network,
    loss_of_step: Callable[[Network, int], Tensor],
    folder: Path,
    settings: FitSettings,
    say: Callable[[str], None] = print,
) -> Network:
    """Fit, or go on from the folder's checkpoint; returns the averaged network for inference.

    A loss that is not finite leaves the network as it was.
    """
    averaged = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    checkpoint = folder / CHECKPOINT
    first = 0
    if checkpoint.is_file():
        kept = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(kept["network"])
        averaged.load_state_dict(kept["averaged"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    network.train()
    started, running = time.monotonic(), 0.0
    for step in range(first, settings.steps):
        torch.manual_seed(step)  # dropout alone draws from it
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings.steps, settings.learning_rate)
        loss = loss_of_step(network, step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        if torch.isfinite(loss):
            optimizer.step()
            _average(averaged, network, min(settings.average, (step + 1) / (step + 10)))
        running = loss.item() if step == first else 0.98 * running + 0.02 * loss.item()
        done = step + 1
        if done % _TELL_EVERY == 0 or done == settings.steps:
            tell(done / settings.steps, f"Step {done} of {settings.steps}, loss {running:.3f}")
        if done % settings.checkpoint_every == 0 or done == settings.steps:
            with finished_file(checkpoint) as temporary:
                states = {
                    "network": network.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": done,
                }
                torch.save(states, temporary)
            left = (time.monotonic() - started) / (done - first) * (settings.steps - done)
            say(f"step {done}/{settings.steps}  loss {running:.4f}  {left / 60:.1f} min left")
    return averaged.eval()


def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for kept, new in zip(
            averaged.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if kept.dtype.is_floating_point:
                kept.lerp_(new.contiguous(), 1 - decay)
            else:
                kept.copy_(new)
