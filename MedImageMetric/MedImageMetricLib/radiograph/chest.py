"""The chest on the picture: body silhouette in the exposed field, from apices to costophrenic
corners (source: chapter 1, conditions), and how much of it is clipped.

Pictures are (j, i), bright where dense (MONOCHROME2), upright; masks lie on the same grid.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedImageMetricLib.radiograph.detections import Box, NotAssessable, Region, box_of

CHEST_DEFINITION = (
    "Chest: body silhouette inside of the exposed field, between the apex of the higher lung and "
    "the lower of the costophrenic corners."
)
AIR_SHARE = 0.06  # of the gray range: direct exposure beside the body is darker than that
SMOOTHING_SHARE = 0.004  # of the width: noise is smoothed before the air beside the body is sought


def chest_region(
    plane: np.ndarray, lungs: Region | NotAssessable, field: Box | None = None
) -> Region | NotAssessable:
    """The chest of a frontal radiograph; `NotAssessable` without lungs.

    plane: gray values (j, i). field: exposed part, default the whole picture. Air beside the
    body is what is nearly as dark as the darkest and reaches the side of the field; what lies
    between the outer borders of the lungs always belongs to the chest.
    """
    if isinstance(lungs, NotAssessable):
        return NotAssessable(f"the chest is told by the lungs ({lungs.reason})")
    box = lungs.box
    assert box is not None
    inside = np.zeros(plane.shape, bool)
    left, right = (field.left, field.right) if field else (-0.5, plane.shape[1] - 0.5)
    rows = slice(round(box.upper + 0.5), round(box.lower + 0.5))
    columns = slice(round(left + 0.5), round(right + 0.5))
    inside[rows, columns] = True
    return Region(inside & ~_air_beside_body(plane, inside) | _between_outer_borders(lungs.mask))


def clipped_share(plane: np.ndarray, chest: Region) -> float:
    """Share of the chest's pixels that hold the darkest or brightest gray value of the picture.

    One pixel in a thousand is allowed at each end, since every scaling makes some.
    """
    values = plane[chest.mask]
    if not values.size:
        return 0.0
    low, high = float(plane.min()), float(plane.max())
    shares = [float(np.mean(values <= low)), float(np.mean(values >= high))]
    return sum(max(0.0, share - 0.001) for share in shares)


def field_of(content: tuple[slice, slice]) -> Box:
    """The exposed field from the rows and columns that hold it."""
    rows, columns = content
    return Box(columns.start - 0.5, rows.start - 0.5, columns.stop - 0.5, rows.stop - 0.5)


def _air_beside_body(plane: np.ndarray, inside: np.ndarray) -> np.ndarray:
    smooth = ndimage.gaussian_filter(
        plane.astype(np.float32), max(0.5, SMOOTHING_SHARE * plane.shape[1])
    )
    low, high = np.percentile(smooth[inside], (0.5, 99.5))
    dark = inside & (smooth <= low + AIR_SHARE * (high - low))
    parts, _ = ndimage.label(dark)
    box = box_of(inside)
    assert box is not None
    sides = parts[:, [round(box.left + 0.5), round(box.right - 0.5)]]
    return np.isin(parts, np.setdiff1d(np.unique(sides), [0]))


def _between_outer_borders(lungs: np.ndarray) -> np.ndarray:
    """All pixels of a row from the first to the last one of the lungs."""
    from_left = np.maximum.accumulate(lungs, axis=1)
    from_right = np.maximum.accumulate(lungs[:, ::-1], axis=1)[:, ::-1]
    return from_left & from_right
