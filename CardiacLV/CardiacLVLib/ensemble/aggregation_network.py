"""A small regression network that aggregates its layers deeply, after Yu et al. (CVPR 2018).

Hierarchical aggregation: each stage is a binary tree of residual blocks whose nodes merge all that
lies below them. Iterative aggregation: the stages are merged one after the other from the deepest
to the finest. From the finest map come a coarse occupancy by cavity and myocardium, which steers
the training, and the eleven indices.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedImageLib.settings import check_settings, setting

STRUCTURES = 2  # of the occupancy: cavity, myocardium


@dataclass(frozen=True)
class AggregationSettings:
    """Widths and depths; the first stage works at half the resolution of the image."""

    channels: tuple[int, ...] = setting(
        (16, 32, 48, 48), help="Feature channels of each stage.", minimum=4, maximum=256
    )
    depths: tuple[int, ...] = setting(
        (1, 1, 2, 1), help="Depth of the tree of each stage: 2 ** depth blocks.", minimum=1
    )
    merged_channels: int = setting(
        16, help="Channels of the merged map at the finest stage.", minimum=4, maximum=128
    )
    cells: int = setting(8, help="Cells a side that the regression sees.", minimum=1, maximum=40)
    hidden: int = setting(64, help="Units between map and indices.", minimum=8, maximum=512)
    outputs: int = setting(11, help="Indices.", minimum=1, maximum=64)

    def __post_init__(self) -> None:
        check_settings(self)


class AggregationNetwork(nn.Module):
    """Indices of target images (batch, 1, side, side) in mm² and mm.

    index_mean, index_scale: of the training targets; they turn network units into mm² and mm.
    """

    def __init__(self, settings: AggregationSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or AggregationSettings()
        widths = (settings.channels[0], *settings.channels)
        self.stem = _convolution(1, widths[0], 3, stride=2)
        self.stages = nn.ModuleList(
            Tree(before, after, depth, stride=1 if number == 0 else 2)
            for number, (before, after, depth) in enumerate(
                zip(widths[:-1], widths[1:], settings.depths, strict=True)
            )
        )
        self.mergers = nn.ModuleList(
            Merger(coarse, fine, fine if number else settings.merged_channels)
            for number, (fine, coarse) in enumerate(
                zip(settings.channels[:-1], settings.channels[1:], strict=True)
            )
        )
        self.occupancy = nn.Conv2d(settings.merged_channels, STRUCTURES, 1)
        flat = (settings.merged_channels + STRUCTURES) * settings.cells**2
        self.direct = nn.Linear(flat, settings.outputs)
        self.hidden = nn.Linear(flat, settings.hidden)
        self.dropout = nn.Dropout(0.1)
        self.answer = nn.Linear(settings.hidden, settings.outputs)
        self.register_buffer("index_mean", torch.zeros(settings.outputs))
        self.register_buffer("index_scale", torch.ones(settings.outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Indices (batch, outputs) in mm² and mm of images (batch, 1, side, side)."""
        standard, _ = self.standardized(images)
        return self.in_units(standard)

    def standardized(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Indices in units of the training targets' spread, and occupancy logits.

        Occupancy: (batch, 2, side / 2, side / 2), share of each cell that is cavity, myocardium.
        """
        features = self.stem(images)
        maps = []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        merged = maps[-1]
        for fine, merger in zip(reversed(maps[:-1]), reversed(self.mergers), strict=True):
            merged = merger(merged, fine)
        occupancy = self.occupancy(merged)
        seen = torch.cat([merged, torch.sigmoid(occupancy)], dim=1)
        flat = functional.adaptive_avg_pool2d(seen, self.settings.cells).flatten(1)
        turned = functional.relu(self.hidden(flat))
        return self.direct(flat) + self.answer(self.dropout(turned)), occupancy

    def in_units(self, standard: Tensor) -> Tensor:
        return standard.float() * self.get_buffer("index_scale") + self.get_buffer("index_mean")


class Tree(nn.Module):
    """Hierarchical aggregation: 2 ** depth blocks, merged by nodes at the root of each subtree.

    The outer root also sees what enters the tree, so that short paths remain.
    """

    def __init__(
        self, before: int, after: int, depth: int, stride: int = 1, passed: int = 0
    ) -> None:
        super().__init__()
        self.shrink = nn.MaxPool2d(stride) if stride > 1 else nn.Identity()
        self.entry = stride > 1 or before != after
        handed = passed + (before if self.entry else 0)
        self.depth = depth
        if depth == 1:
            self.first: nn.Module = Block(before, after, stride)
            self.second: nn.Module = Block(after, after)
            self.root = _convolution(2 * after + handed, after, 1)
        else:
            self.first = Tree(before, after, depth - 1, stride)
            self.second = Tree(after, after, depth - 1, passed=handed + after)

    def forward(self, features: Tensor, passed: tuple[Tensor, ...] = ()) -> Tensor:
        if self.entry:
            passed = (*passed, self.shrink(features))
        first = self.first(features)
        if self.depth > 1:
            # The root of the right subtree merges the left one too.
            return self.second(first, (*passed, first))
        second = self.second(first)
        return self.root(torch.cat([second, first, *passed], dim=1))


class Block(nn.Module):
    """Two convolutions and a residual connection."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.one = _convolution(before, after, 3, stride)
        self.two = _convolution(after, after, 3, active=False)
        same = before == after and stride == 1
        self.past = nn.Identity() if same else _past(before, after, stride)

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.two(self.one(features)) + self.past(features))


class Merger(nn.Module):
    """Iterative aggregation: a coarse map, enlarged, merged with the next finer one."""

    def __init__(self, coarse: int, fine: int, after: int) -> None:
        super().__init__()
        self.project = _convolution(coarse, after, 1)
        self.bridge = _convolution(fine, after, 1)
        self.node = _convolution(after, after, 3)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        enlarged = functional.interpolate(
            self.project(coarse), size=fine.shape[2:], mode="bilinear", align_corners=False
        )
        return self.node(enlarged + self.bridge(fine))


def _convolution(
    before: int, after: int, side: int, stride: int = 1, active: bool = True
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, side, stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU() if active else nn.Identity(),
    )


def _past(before: int, after: int, stride: int) -> nn.Sequential:
    projection = _convolution(before, after, 1, active=False)
    return nn.Sequential(nn.MaxPool2d(stride), projection) if stride > 1 else projection
