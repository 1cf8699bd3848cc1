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
FADED = 0.7  # of a training: after it, cross-entropy is the plain mean of the voxels
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
    logits: Tensor,
    labels: Tensor,
    drawn: Tensor,
    empty_voxels: float = EMPTY_VOXELS,
    balance: float = 0.0,
) -> Tensor:
    """Cross-entropy plus one minus soft Dice, over drawn classes only.

    labels: (batch, *grid) int64 that hold drawn classes only, or UNKNOWN; where their grid is finer
    than that of the logits, each voxel's truth is the share of every class in it. Half of the Dice
    is pooled over the images of the batch on which the class was drawn, half is the mean of the
    images, in which a small apex counts as much as a large ventricle and an empty plane costs what
    is falsely marked on it: half of its Dice at `empty_voxels`. A class that no image of the batch
    shows is left out of the pooled half: there a single false voxel would cost half of it, and
    rare classes were given up.

    balance: share of the cross-entropy in which every class that the batch shows counts alike,
    however few its voxels. Where a class is hardly ever predicted Dice has no slope, and the plain
    mean is made of the large classes; but an answer learned so alone is too large at its border.
    """
    truth, known = _shares(labels, logits.shape[1:])
    # In logarithms, so that a class that was given up still learns from its pixels.
    logarithms = merged_log_probabilities(logits, drawn)
    probabilities = logarithms.exp() * known
    picked = truth * logarithms.clamp_min(LEAST_LOGARITHM)
    cross_entropy = -picked.sum() / known.sum().clamp_min(1)
    axes = tuple(range(2, logits.ndim))
    if balance:
        voxels = truth.sum((0, *axes))
        alike = (-picked.sum((0, *axes)) / voxels.clamp_min(1))[voxels > 0].mean()
        cross_entropy = (1 - balance) * cross_entropy + balance * alike
    overlap = ((probabilities * truth).sum(axes) * drawn)[:, 1:]
    total = (((probabilities + truth).sum(axes)) * drawn)[:, 1:]
    shown = ((truth.sum(axes) * drawn)[:, 1:] > 0).any(0)
    pooled = (2 * overlap.sum(0) + 1.0) / (total.sum(0) + 1.0)
    dice = ((2 * overlap + empty_voxels) / (total + empty_voxels))[drawn[:, 1:]].mean()
    if bool(shown.any()):
        dice = 0.5 * pooled[shown].mean() + 0.5 * dice
    return cross_entropy + 1 - dice


def balance_of_step(balance: float, step: int, steps: int) -> float:
    """What is left of the `balance` of the first step: it fades out, so that borders are learned
    as they are."""
    return balance * max(0.0, 1 - step / (FADED * steps))


def _shares(labels: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
    """Share of each class (batch, class, *grid) in the voxels of a grid, and what is known of them.

    labels: (batch, *finer grid); size: (class, *grid). Means, not samples: of a block of two
    voxels no label lies in the middle, and a level that learned from one of them answers half
    a voxel off.
    """
    known = (labels != UNKNOWN).unsqueeze(1)
    held = known.to(torch.float32)
    truth = torch.zeros(labels.shape[0], size[0], *labels.shape[1:], device=labels.device)
    truth.scatter_(1, labels.unsqueeze(1) * known, held)
    if labels.shape[1:] == size[1:]:
        return truth, held
    return _means(truth, size[1:]), _means(held, size[1:])


def _means(maps: Tensor, size: torch.Size) -> Tensor:
    """Maps (batch, channel, *grid) on a coarser grid, as means of its blocks."""
    if maps.ndim == 4:
        return functional.adaptive_avg_pool2d(maps, (size[0], size[1]))
    return functional.adaptive_avg_pool3d(maps, (size[0], size[1], size[2]))


def multi_level_loss(
    levels: Sequence[Tensor],
    labels: Tensor,
    drawn: Tensor,
    weights: Sequence[float],
    empty_voxels: float = EMPTY_VOXELS,
    balance: float = 0.0,
) -> Tensor:
    """Weighted mean of the loss of every level."""
    total = torch.zeros((), device=labels.device)
    for logits, weight in zip(levels, weights, strict=True):
        total = total + weight * segmentation_loss(logits, labels, drawn, empty_voxels, balance)
    return total / sum(weights)
