"""Where a structure lies, found by a far-view model, for near-view models of fixed scale.

Every plane answers on its own, or that nothing is there; planes of one patient are then held
against one another, since an organ does not jump from plane to plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.network.framing import Frame, Framing, whole_frame
from MedImageLib.network.inference import InferenceSettings, segment_planes
from MedImageLib.network.multi_level import MultiLevelNetwork


@dataclass(frozen=True)
class Center:
    """Centroid as an index (row, column) and the area that supports it; None = nothing found."""

    index: tuple[float, float] | None
    area_px: int


def plane_centers(
    network: MultiLevelNetwork,
    framing: Framing,
    images: Sequence[np.ndarray],
    settings: InferenceSettings | None = None,
    percent: tuple[float, float] = (1.0, 99.0),
    frames: Sequence[Frame] | None = None,
) -> list[Center]:
    """Centroid of the largest part of class 1 on each plane (j, i).

    frames: how each image is seen; whole when None.
    """
    views = frames or [whole_frame(image.shape, framing) for image in images]
    found = segment_planes(network, images, views, settings, percent)
    return [_largest_center(one.labels == 1) for one in found]


def _largest_center(mask: np.ndarray) -> Center:
    parts, count = ndimage.label(mask)
    if not count:
        return Center(None, 0)
    sizes = np.bincount(parts.ravel())[1:]
    largest = int(sizes.argmax()) + 1
    row, column = ndimage.center_of_mass(parts == largest)
    return Center((float(row), float(column)), int(sizes[largest - 1]))


def agreed_centers(
    centers: Sequence[Center], farthest_px: float
) -> tuple[tuple[float, float] | None, ...]:
    """One center per plane: its own where it lies near the patient's middle, else the middle.

    The middle is the area-weighted median of all planes. None for all when no plane found any.
    """
    found = [center for center in centers if center.index is not None]
    if not found:
        return (None,) * len(centers)
    points = np.array([center.index for center in found], float)
    areas = np.array([center.area_px for center in found], float)
    middle = np.array([_weighted_median(points[:, axis], areas) for axis in (0, 1)])
    result = []
    for center in centers:
        near = center.index is not None and (
            np.hypot(*(np.array(center.index) - middle)) <= farthest_px
        )
        chosen = np.array(center.index) if near else middle
        result.append((float(chosen[0]), float(chosen[1])))
    return tuple(result)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(share, 0.5)])
