"""Papillary muscles and trabeculae inside the endocardium, for whoever counts them as myocardium.

The contours are drawn around them; inside, what is nearer to the wall than to the blood in gray
value is muscle. Lengths and thicknesses stay those of the contours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from CardiacLVLib.measures.contours import ANGLES, points_about
from CardiacLVLib.measures.indices import VentricleOutline

PAPILLARY_AS_WALL = (
    "Papillary muscles and trabeculae count as myocardium in areas, volumes and mass; contours, "
    "dimensions and thicknesses go around them."
)


def papillary_areas_mm2(
    images: np.ndarray, outlines: Sequence[Sequence[VentricleOutline | None]]
) -> np.ndarray:
    """(frame, slice) area of muscle inside the endocardium, in the unit of the outlines.

    images: (frame, slice, j, i). outlines: per frame and slice. Zero without cavity or wall.
    """
    areas = np.zeros(images.shape[:2])
    for frame, row in enumerate(outlines):
        for number, outline in enumerate(row):
            if outline is not None and outline.epicardium is not None:
                areas[frame, number] = _area(images[frame, number], outline)
    return areas


def _area(image: np.ndarray, outline: VentricleOutline) -> float:
    assert outline.epicardium is not None
    inner, outer = outline.endocardium.radius_mm, outline.epicardium.radius_mm
    center, spacing = outline.endocardium.center_mm, outline.spacing_mm
    middle = 0.5 * (inner + outer)
    at = points_about(center, np.arange(ANGLES), middle)[outline.walled] / spacing
    wall = ndimage.map_coordinates(image, (at[:, 1], at[:, 0]), np.float32, order=1, mode="nearest")
    j, i = np.indices(image.shape)
    x, y = i * spacing[0] - center[0], j * spacing[1] - center[1]
    angle = np.rad2deg(np.arctan2(y, x))
    inside = np.hypot(x, y) < outline.endocardium.radius_at(angle)
    if not inside.any():
        return 0.0
    # Muscle fills less than half of a cavity: its upper half is blood.
    blood, muscle = float(np.percentile(image[inside], 75)), float(np.median(wall))
    if blood <= muscle:
        return 0.0
    return float((image[inside] < 0.5 * (blood + muscle)).sum()) * spacing[0] * spacing[1]
