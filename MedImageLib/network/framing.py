"""Which part of an image the network sees, at which scale, and the way back.

A frame is an affine map from the network's grid to the image's index space, per axis in array
order (k, j, i) or (j, i). Both whole-image framing (letterboxed) and framing around a center
go through it, in training and in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Framing:
    """Settings of the view.

    size: network grid in array order.
    mode: `whole` fits the longest side of the image into the grid and pads the rest;
        `around` keeps a fixed scale about a center.
    pixel_mm: side of a network pixel in `around` mode.
    center_class: class whose centroid is the center in training in `around` mode.
    """

    size: tuple[int, ...] = (256, 256)
    mode: str = "whole"
    pixel_mm: float = 1.0
    center_class: int = 1


@dataclass(frozen=True, eq=False)
class Frame:
    """Affine map image index = matrix @ network index + offset, both in array axis order."""

    matrix: np.ndarray
    offset: np.ndarray
    size: tuple[int, ...]


def whole_frame(shape: Sequence[int], framing: Framing) -> Frame:
    """The whole image, centered, its aspect kept, as large as fits."""
    scale = max(side / cells for side, cells in zip(shape, framing.size, strict=True))
    middle = [(side - 1) / 2 for side in shape]
    return centered_frame(middle, [scale] * len(framing.size), framing.size)


def centered_frame(center: Sequence[float], scale: Sequence[float], size: Sequence[int]) -> Frame:
    """`scale` image pixels per network pixel along each axis, about an image index."""
    matrix = np.diag(np.asarray(scale, float))
    middle = (np.array(size) - 1) / 2
    return Frame(matrix, np.asarray(center, float) - matrix @ middle, tuple(size))


def seen(image: np.ndarray, frame: Frame, fill: float | None = None) -> np.ndarray:
    """The image on the network's grid: smoothed when made coarser, linear, padded with `fill`.

    fill: value outside of the image; the image's minimum when None.
    """
    scale = np.linalg.norm(frame.matrix, axis=0)
    smooth = [max(0.0, 0.4 * (s - 1)) for s in scale]
    source = ndimage.gaussian_filter(image.astype(np.float32), smooth) if max(smooth) else image
    return ndimage.affine_transform(
        np.asarray(source, np.float32),
        frame.matrix,
        frame.offset,
        output_shape=frame.size,
        order=1,
        mode="constant",
        cval=float(image.min()) if fill is None else fill,
    )


def unframed(scores: Tensor, frame: Frame, shape: Sequence[int]) -> Tensor:
    """Scores (channel, *network grid) brought back to the image grid, linearly.

    Outside of the frame every channel is the value that the border has.
    """
    inverse = np.linalg.inv(frame.matrix)
    shift = -inverse @ frame.offset
    theta = normalized_affine(inverse, shift, shape, frame.size)
    grid = functional.affine_grid(
        torch.from_numpy(theta)[None].float(), [1, 1, *shape], align_corners=True
    )
    return functional.grid_sample(
        scores[None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )[0]


def normalized_affine(
    matrix: np.ndarray, offset: np.ndarray, out_shape: Sequence[int], in_shape: Sequence[int]
) -> np.ndarray:
    """An index map as `torch.nn.functional.affine_grid` wants it, axes reversed, −1 … 1."""
    half_out = np.maximum(np.array(out_shape, float) - 1, 1e-9) / 2
    half_in = np.maximum(np.array(in_shape, float) - 1, 1e-9) / 2
    linear = matrix * half_out[None, :] / half_in[:, None]
    shift = (matrix @ half_out + offset - half_in) / half_in
    return np.concatenate([linear[::-1, ::-1], shift[::-1, None]], axis=1)
