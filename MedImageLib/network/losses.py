"""Loss of partly labeled images: classes that were not drawn count as part of the background,
pixels of which nothing is known do not count.

Cross-entropy and soft Dice on probabilities in which undrawn classes are merged into class 0,
summed over the levels of the network (source: chapter 5, loss at every level).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from MedImageLib.network.samples import UNKNOWN

LEAST_LOGARITHM = -80.0  # keeps the loss finite; far below what a network comes to
EMPTY_VOXELS = 20.0  # that much falsely marked on an empty image costs half of its Dice


def merged_log_probabilities(logits: Tensor, drawn: Tensor) -> Tensor:
    """Logarithm of the class probabilities with undrawn classes added to class 0.

    logits: (batch, class, *grid); drawn: (batch, class) bool, class 0 True.
    Returns the same shape; undrawn classes hold −inf.
    """
    found = torch.log_softmax(logits.float(), dim=1)
    if bool(drawn.all()):
        return found
    hidden = ~drawn.reshape(*drawn.shape, *[1] * (logits.ndim - 2))
    shown = ~hidden.clone()
    shown[:, 0] = False
    background = torch.logsumexp(found.masked_fill(shown, -torch.inf), dim=1, keepdim=True)
    return torch.cat([background, found.masked_fill(hidden, -torch.inf)[:, 1:]], dim=1)


def segmentation_loss(
    logits: Tensor, labels: Tensor, drawn: Tensor, empty_voxels: float = EMPTY_VOXELS
) -> Tensor:
    """Cross-entropy plus one minus soft Dice, over drawn classes only.

    labels: (batch, *grid) int64 that hold drawn classes only, or UNKNOWN; brought to the grid of
    the logits when theirs is finer. Half of the Dice is pooled over the images of the batch on
    which the class was drawn, half is the mean of the images, in which a small apex counts as
    much as a large ventricle and an empty plane costs what is falsely marked on it: half of its
    Dice at `empty_voxels`. A class that no image of the batch shows is left out of the pooled
    half: there a single false voxel would cost half of it, and rare classes were given up.
    """
    labels = _on_grid(labels, logits.shape[2:])
    known = (labels != UNKNOWN).unsqueeze(1)
    labels = labels.unsqueeze(1) * known
    # In logarithms, so that a class that was given up still learns from its pixels.
    logarithms = merged_log_probabilities(logits, drawn)
    probabilities = logarithms.exp()
    picked = logarithms.gather(1, labels).clamp_min(LEAST_LOGARITHM)
    cross_entropy = -(picked * known).sum() / known.sum().clamp_min(1)
    truth = torch.zeros_like(probabilities).scatter_(1, labels, 1.0) * known
    probabilities = probabilities * known
    axes = tuple(range(2, logits.ndim))
    overlap = ((probabilities * truth).sum(axes) * drawn)[:, 1:]
    total = (((probabilities + truth).sum(axes)) * drawn)[:, 1:]
    shown = ((truth.sum(axes) * drawn)[:, 1:] > 0).any(0)
    pooled = (2 * overlap.sum(0) + 1.0) / (total.sum(0) + 1.0)
    dice = ((2 * overlap + empty_voxels) / (total + empty_voxels))[drawn[:, 1:]].mean()
    if bool(shown.any()):
        dice = 0.5 * pooled[shown].mean() + 0.5 * dice
    return cross_entropy + 1 - dice


def _on_grid(labels: Tensor, size: torch.Size) -> Tensor:
    if labels.shape[1:] == size:
        return labels
    resized = functional.interpolate(labels.unsqueeze(1).float(), size=tuple(size), mode="nearest")
    return resized.squeeze(1).long()


def multi_level_loss(
    levels: Sequence[Tensor],
    labels: Tensor,
    drawn: Tensor,
    weights: Sequence[float],
    empty_voxels: float = EMPTY_VOXELS,
) -> Tensor:
    """Weighted mean of the loss of every level."""
    total = torch.zeros((), device=labels.device)
    for logits, weight in zip(levels, weights, strict=True):
        total = total + weight * segmentation_loss(logits, labels, drawn, empty_voxels)
    return total / sum(weights)
