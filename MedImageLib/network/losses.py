"""Loss of partly labeled images: classes that were not drawn count as part of the background,
pixels of which nothing is known do not count, of a bag of pixels the surest must be found.

Cross-entropy and soft Dice on probabilities in which undrawn classes are merged into class 0,
summed over the levels of the network (source: chapter 5, loss at every level).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from MedImageLib.network.samples import FIRST_BAG, UNKNOWN

LEAST_LOGARITHM = -80.0  # keeps the loss finite; far below what a network comes to
FADED = 0.7  # of a training: after it, cross-entropy is the plain mean of the voxels
LEAST_BAG_PIXELS = 8  # on the grid of the logits; of less a cut through an object is left
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
    clean: float = 0.0,
) -> Tensor:
    """Cross-entropy plus one minus soft Dice, over drawn classes only, plus the loss of the bags.

    labels: (batch, *grid) int64 that hold drawn classes only, UNKNOWN, or numbers of bags (see
    `bag_loss`); where their grid is finer than that of the logits, each voxel's truth is the share
    of every class in it. Half of the Dice is pooled over the images of the batch on which the class
    was drawn, half is the mean of the images, in which a small apex counts as much as a large
    ventricle and an empty plane costs what is falsely marked on it: half of its Dice at
    `empty_voxels`. A class that no image of the batch shows is left out of the pooled half: there a
    single false voxel would cost half of it, and rare classes were given up.

    balance: share of the cross-entropy in which every class that the batch shows counts alike,
    however few its voxels. Where a class is hardly ever predicted Dice has no slope, and the plain
    mean is made of the large classes; but an answer learned so alone is too large at its border.
    clean: weight of `clean_loss`.
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
    loss = cross_entropy + 1 - dice + bag_loss(logarithms, labels)
    return loss + clean * clean_loss(logarithms, truth) if clean else loss


def bag_loss(logarithms: Tensor, labels: Tensor) -> Tensor:
    """Mean over the bags of minus the logarithm of how sure their surest pixels are.

    logarithms: (batch, class, *grid), see `merged_log_probabilities`. labels: (batch, *grid or
    finer); pixels of an image that hold the same number from FIRST_BAG to below UNKNOWN are a bag:
    some of them are of a drawn class, nobody has said which. As many are asked for as a thin line
    across a square of that size has: the square root of the bag's pixels (multiple-instance
    learning with boxes that are tight). 0 without bags.
    """
    grid = logarithms.shape[2:]
    if labels.shape[1:] != grid:
        labels = functional.interpolate(labels[:, None].float(), grid, mode="nearest")[:, 0].long()
    places = (labels >= FIRST_BAG) & (labels < UNKNOWN)
    images = torch.arange(len(labels), device=labels.device)
    numbers = labels + (UNKNOWN + 1) * images.reshape(-1, *[1] * (labels.ndim - 1))
    found = torch.logsumexp(logarithms[:, 1:], dim=1)[places]
    order = torch.argsort(numbers[places])
    _, sizes = torch.unique(numbers[places], return_counts=True)
    losses = []
    for bag in found[order].split(sizes.tolist()):
        if len(bag) >= LEAST_BAG_PIXELS:
            asked = math.ceil(math.sqrt(len(bag)))
            losses.append(math.log(asked) - torch.logsumexp(bag.topk(asked).values, dim=0))
    if not losses:
        return torch.zeros((), device=labels.device)
    return torch.stack(losses).mean()


def clean_loss(logarithms: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of the pixels that are falsely the surest, of images that show no drawn class.

    One false pixel is a false alarm, but hardly counts in a mean over the image. As many pixels are
    taken as a line across the image has. truth: (batch, class, *grid), see `_shares`; images with
    pixels of which nothing is known are left out. 0 without such images.
    """
    background = truth[:, 0].flatten(1)
    empty = (background == 1).all(1)
    if not bool(empty.any()):
        return torch.zeros((), device=truth.device)
    right = logarithms[:, 0].flatten(1)[empty].clamp_min(LEAST_LOGARITHM)
    count = math.ceil(math.sqrt(right.shape[1]))
    return -right.topk(count, dim=1, largest=False).values.mean()


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
    known = (labels < FIRST_BAG).unsqueeze(1)
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
    clean: float = 0.0,
) -> Tensor:
    """Weighted mean of the loss of every level."""
    total = torch.zeros((), device=labels.device)
    for logits, weight in zip(levels, weights, strict=True):
        loss = segmentation_loss(logits, labels, drawn, empty_voxels, balance, clean)
        total = total + weight * loss
    return total / sum(weights)
