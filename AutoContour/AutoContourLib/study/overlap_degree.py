"""Deformation degree from contours that were drawn on both images, each for itself.

US 12,394,057 B2, paragraphs 151–156: the larger the overlap, the smaller the degree. The second
contours are brought onto the first image by the rigid offset alone; where either image ends,
nothing is compared. What it finds holds the uncertainty of both contours as well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.ct_grid import mask_on, part_of
from AutoContourLib.registration.deformation_degree import (
    WHOLE,
    DeformationDegree,
    degree_of_overlap,
)
from AutoContourLib.registration.offset import RigidOffset
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import resampled, with_spacing
from MedImageLib.volume import Volume

# Finer than the contours are known; a fine scan would take minutes for nothing.
_LEAST_SPACING_MM = 2.0
_NOT_ORGANS = ("bone", "spinal_canal")


def overlap_degree(first: Contours, second: Contours, offset: RigidOffset) -> DeformationDegree:
    """Degree of the body, named whole, and of every organ that both images have contours of."""
    spacing = tuple(max(_LEAST_SPACING_MM, one) for one in first.scan.geometry.spacing_mm)
    grid = with_spacing(first.scan.geometry, spacing)  # type: ignore[arg-type]
    matrix = offset.moving_from_fixed
    everywhere = np.ones(second.scan.array.shape, bool)
    common = _brought(everywhere, second.scan.geometry, grid, matrix)
    found = []
    for key, mask in first.masks.items():
        if key not in second.masks or key in _NOT_ORGANS:
            continue
        here = mask_on(mask, first.scan.geometry, grid) & common
        there = _brought(second.masks[key], second.scan.geometry, grid, matrix) & common
        box = ndimage.find_objects((here | there).view(np.uint8))
        if not box:
            continue
        part = part_of(grid, box[0])
        labels = [
            Volume(one[box[0]].astype(np.uint8), part, is_labelmap=True) for one in (here, there)
        ]
        [one] = degree_of_overlap(labels[0], labels[1], {}).by_overlap
        found.append(replace(one, structure=WHOLE if key == "body" else key))
    return DeformationDegree(by_overlap=tuple(sorted(found, key=lambda o: o.structure != WHOLE)))


def _brought(
    mask: np.ndarray, own: Geometry, grid: Geometry, moving_from_fixed: np.ndarray
) -> np.ndarray:
    labels = Volume(mask.astype(np.uint8), own, is_labelmap=True)
    return resampled(labels, grid, moving_from_fixed).array > 0
