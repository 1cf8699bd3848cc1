"""The compact multi-level segmentation network, in 2-D and 3-D (source: chapter 5).

Block n turns feature map n - 1 into feature map n. Level n concatenates maps n and n + 1 and
segments from them with a serial convolution block of its own, so levels can be added or cut
without touching the others, and later blocks need not run when an earlier level is good enough.
Inside a block, convolution branches run in parallel, each on a max-pooled or dilated view of
the map. Tensors are (batch, channel, [k,] j, i).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedImageLib.errors import SettingsError


@dataclass(frozen=True)
class Branch:
    """Serial convolutions that see the map through a window of their own.

    pool: side of the max pooling before the convolutions; 1 = none.
    channels: width of the branch.
    convolutions: number of 3-wide convolutions in series.
    dilation: spacing of the taps of each convolution.
    """

    pool: int = 1
    channels: int = 16
    convolutions: int = 1
    dilation: int = 1


@dataclass(frozen=True)
class Block:
    """Parallel branches; `pool` > 1 makes the whole map coarser by max pooling first."""

    channels: int
    branches: tuple[Branch, ...]
    pool: int = 1


PYRAMID = (Branch(1, 16, 1), Branch(2, 32, 2), Branch(4, 48, 2), Branch(8, 64, 2))


@dataclass(frozen=True)
class NetworkSettings:
    """Architecture. The number of levels is the number of blocks.

    dimensions: 2 or 3.
    in_channels, classes: of the image and of the label map, background included.
    stem_channels, stem_stride: first block; stride 2 halves the resolution of all maps, and the
        logits are up-sampled back.
    blocks: second block and on, one per level.
    head_channels: width of each level's serial convolution block.
    """

    dimensions: int = 2
    in_channels: int = 1
    classes: int = 2
    stem_channels: int = 24
    stem_stride: int = 2
    blocks: tuple[Block, ...] = field(default=(Block(24, PYRAMID),) * 4)
    head_channels: int = 12

    def __post_init__(self) -> None:
        if self.dimensions not in (2, 3):
            raise SettingsError(f"dimensions must be 2 or 3, got {self.dimensions}.")
        if self.classes < 2 or not self.blocks:
            raise SettingsError("A network needs at least two classes and one block.")

    @property
    def levels(self) -> int:
        return len(self.blocks)

    @property
    def divisor(self) -> int:
        """Image sides must be multiples of this, so that every pooling divides evenly."""
        scale = self.stem_stride
        need = scale
        for block in self.blocks:
            scale *= block.pool
            need = max(need, *(scale * branch.pool for branch in block.branches))
        return need

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkSettings:
        blocks = tuple(
            Block(
                channels=block["channels"],
                pool=block.get("pool", 1),
                branches=tuple(Branch(**branch) for branch in block["branches"]),
            )
            for block in values["blocks"]
        )
        return cls(**{**values, "blocks": blocks})


def _convolution(dimensions: int, *args: Any, **kwargs: Any) -> nn.Module:
    return (nn.Conv2d if dimensions == 2 else nn.Conv3d)(*args, **kwargs)


def _normalization(dimensions: int, channels: int) -> nn.Module:
    # Batch statistics are frozen in use: tiles of one volume agree, and layers can be folded.
    return (nn.BatchNorm2d if dimensions == 2 else nn.BatchNorm3d)(channels)


def _conv_norm_relu(
    dimensions: int, source: int, target: int, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        _convolution(
            dimensions, source, target, 3, stride, padding=dilation, dilation=dilation, bias=False
        ),
        _normalization(dimensions, target),
        nn.ReLU(inplace=True),
    )


def resized(maps: Tensor, size: torch.Size | tuple[int, ...]) -> Tensor:
    """Maps brought to another grid over the same extent, linearly."""
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    mode = "bilinear" if maps.ndim == 4 else "trilinear"
    return functional.interpolate(maps, size=tuple(size), mode=mode, align_corners=False)


def _pooled(maps: Tensor, factor: int) -> Tensor:
    if factor == 1:
        return maps
    pool = functional.max_pool2d if maps.ndim == 4 else functional.max_pool3d
    return pool(maps, factor)


def _views(maps: Tensor, factors: Sequence[int]) -> list[Tensor]:
    """The map pooled by each factor; a maximum of maxima is taken where one divides the next."""
    views: list[Tensor] = []
    for factor in factors:
        base = max((f for f in factors[: len(views)] if factor % f == 0), default=1)
        source = views[factors.index(base)] if base > 1 else maps
        views.append(_pooled(source, factor // base))
    return views


class ParallelBlock(nn.Module):
    """Parallel branches, concatenated and mixed by a 1-wide convolution, plus the map itself.

    Mixing is linear, so each branch is mixed on its own coarse grid and the results are added
    after up-sampling: the same sum as concatenating first, for a fraction of the work.
    """

    def __init__(self, dimensions: int, source: int, block: Block) -> None:
        super().__init__()
        self.pool = block.pool
        self.branch_pools = [branch.pool for branch in block.branches]
        self.branches = nn.ModuleList()
        self.mixers = nn.ModuleList()
        for branch in block.branches:
            widths = [source] + [branch.channels] * branch.convolutions
            self.branches.append(
                nn.Sequential(
                    *(
                        _conv_norm_relu(dimensions, a, b, dilation=branch.dilation)
                        for a, b in pairwise(widths)
                    )
                )
            )
            self.mixers.append(
                _convolution(dimensions, branch.channels, block.channels, 1, bias=False)
            )
        self.normalization = _normalization(dimensions, block.channels)
        self.shortcut = (
            nn.Identity()
            if source == block.channels
            else _convolution(dimensions, source, block.channels, 1, bias=False)
        )

    def forward(self, maps: Tensor) -> Tensor:
        maps = _pooled(maps, self.pool)
        views = _views(maps, self.branch_pools)
        mixed = None
        for view, branch, mixer in zip(views, self.branches, self.mixers, strict=True):
            part = resized(mixer(branch(view)), maps.shape[2:])
            mixed = part if mixed is None else mixed + part
        return functional.relu(self.normalization(mixed) + self.shortcut(maps))


class MultiLevelNetwork(nn.Module):
    """Segmentation at several levels of depth from one chain of blocks.

    `forward` returns the logits of every level, shape (batch, class, *image grid); `levels`
    yields them one by one and computes nothing beyond what is asked for.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        dimensions = settings.dimensions
        self.stem = _conv_norm_relu(
            dimensions, settings.in_channels, settings.stem_channels, settings.stem_stride
        )
        self.blocks = nn.ModuleList()
        self.heads = nn.ModuleList()
        source = settings.stem_channels
        for block in settings.blocks:
            self.blocks.append(ParallelBlock(dimensions, source, block))
            self.heads.append(
                nn.Sequential(
                    _conv_norm_relu(dimensions, source + block.channels, settings.head_channels),
                    _convolution(dimensions, settings.head_channels, settings.classes, 1),
                )
            )
            source = block.channels

    def levels(self, image: Tensor, coarse: bool = False) -> Iterator[Tensor]:
        """Logits of level 1, 2, …; with `coarse` on the network's own grid, not the image's.

        Raises ValueError when a side of the image is no multiple of `settings.divisor`.
        """
        self._check(image)
        previous = self.stem(image)
        for block, head in zip(self.blocks, self.heads, strict=True):
            current = block(previous)
            level_map = torch.cat([previous, resized(current, previous.shape[2:])], dim=1)
            logits = head(level_map)
            yield logits if coarse else resized(logits, image.shape[2:])
            previous = current

    def forward(self, image: Tensor) -> list[Tensor]:
        return list(self.levels(image))

    def at_level(self, image: Tensor, level: int, coarse: bool = False) -> Tensor:
        """Logits of one level (1-based) without the heads before it and the blocks after it."""
        if not 1 <= level <= self.settings.levels:
            raise ValueError(f"This network has levels 1 to {self.settings.levels}, not {level}.")
        self._check(image)
        previous = self.stem(image)
        for block in self.blocks[: level - 1]:
            previous = block(previous)
        current = self.blocks[level - 1](previous)
        level_map = torch.cat([previous, resized(current, previous.shape[2:])], dim=1)
        logits = self.heads[level - 1](level_map)
        return logits if coarse else resized(logits, image.shape[2:])

    def _check(self, image: Tensor) -> None:
        divisor = self.settings.divisor
        if any(side % divisor for side in image.shape[2:]):
            raise ValueError(
                f"Sides of the image must be multiples of {divisor}, got {tuple(image.shape[2:])}."
            )
