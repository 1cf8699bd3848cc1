"""The moving image read once, by cubic splines, through the whole mapping.

Channels that were read onto a grid before and are read again between its voxels are blurred twice,
which costs a quarter of a voxel of accuracy; at the last scale the image itself is asked instead
and the channels are made of what was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from AutoContourLib.registration.feature_images import (
    Level,
    channels_of,
    index_matrix,
    values_for_spacing,
)
from MedImageLib.volume import Volume

Tensor = torch.Tensor
# So many slices are read at a time, which bounds the memory for their coordinates.
_SLICES = 16


@dataclass(frozen=True, eq=False)
class SplineImage:
    """coefficients: (k, j, i) of the cubic splines of an image. index: 4 × 4 from voxels (k, j, i)
    of a level's fixed grid to those of the image, through the rigid offset."""

    coefficients: np.ndarray
    index: np.ndarray


def spline_image(moving: Volume, level: Level, moving_from_fixed: np.ndarray) -> SplineImage:
    """The moving image smoothed to a level's spacing, ready to be read; 4 × 4, LPS mm."""
    values = values_for_spacing(moving, np.array(level.geometry.spacing_mm), level.blur)
    coefficients = ndimage.spline_filter(values, order=3, output=np.float32, mode="mirror")
    return SplineImage(coefficients, index_matrix(moving, level.geometry, moving_from_fixed))


def sampled_by_splines(image: SplineImage, level: Level, field: Tensor) -> tuple[Tensor, Tensor]:
    """Moving channels (c, k, j, i) at the fixed points moved by a field (3, k, j, i) in mm along
    (i, j, k), and where the image shows them (1, …); as `field_optimization.sampled` gives."""
    values = np.empty(level.geometry.shape, np.float32)
    seen = np.empty(level.geometry.shape, bool)
    shape = level.geometry.shape
    last = np.array(image.coefficients.shape)[:, None, None, None] - 1
    spacing = np.array(level.geometry.spacing_mm, np.float32)[:, None, None, None]
    vectors = field.numpy()
    for first in range(0, shape[0], _SLICES):
        slab = slice(first, min(first + _SLICES, shape[0]))
        places = np.indices((slab.stop - first, *shape[1:]), dtype=np.float32)
        places[0] += first
        places += (vectors[:, slab] / spacing)[::-1]
        at = np.tensordot(image.index[:3, :3], places, 1) + image.index[:3, 3, None, None, None]
        ndimage.map_coordinates(
            image.coefficients, at, values[slab], order=3, prefilter=False, mode="mirror"
        )
        seen[slab] = np.all((at >= -1e-3) & (at <= last + 1e-3), axis=0)
    return channels_of(values, level.one_scale), torch.from_numpy(seen.astype(np.float32))[None]
