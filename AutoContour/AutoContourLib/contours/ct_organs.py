"""Organs at risk by the multi-level network, on the grid of the scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from AutoContourLib.contours.ct_grid import (
    box_on,
    coarse_geometry,
    interpolated,
    part_of,
)
from AutoContourLib.contours.ct_views import gray_of_hu
from MedImageLib.geometry import Geometry
from MedImageLib.network.inference import InferenceSettings, tiled_probabilities
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.volume import Volume

_LEAST_SHARE = 0.05
_EMPTY_GRAY = -1.3
_OVERLAP = 24  # voxels, about 5 cm
_MARGIN = 8


@dataclass(frozen=True, eq=False)
class OrganLabels:
    """labels: uint8 on the scan's grid. level: of the network that answered."""

    labels: np.ndarray
    level: int


def organ_labels(
    network: MultiLevelNetwork,
    even: Volume,
    target: Geometry,
    settings: InferenceSettings | None = None,
    body: np.ndarray | None = None,
    gray: Callable[[np.ndarray], np.ndarray] = gray_of_hu,
) -> OrganLabels:
    """Label map of the network's classes on the target grid.

    even: scan on the network's cubic voxels along LPS. body: bool mask on it; only its box is
    looked at. gray: what the network wants of the values in that box. Probabilities are
    interpolated to the target before a class is chosen, so that the border is finer than the
    network's grid.
    """
    place = _box_of(body) if body is not None and body.any() else (slice(None),) * 3
    seen = even.array[place]
    start = [part.start or 0 for part in place]
    slices, rows, columns = seen.shape
    fine = Geometry(
        (slices, rows, columns),
        even.geometry.spacing_mm,
        tuple(even.geometry.points_mm(np.array(start[::-1], float)).tolist()),
        even.geometry.direction,
    )
    probabilities, level = tiled_probabilities(
        network, gray(seen), settings, overlap=_OVERLAP, empty_below=_EMPTY_GRAY
    )
    coarse = coarse_geometry(fine, network.settings.stem_stride)
    labels = np.zeros(target.shape, np.uint8)
    box = box_on(target, coarse, probabilities[0] < 1 - _LEAST_SHARE)
    if box is None:
        return OrganLabels(labels, level)
    grid = part_of(target, box)
    best = interpolated(probabilities[0], coarse, grid)
    # Where the network did not look there is nothing, not the first class.
    found = np.zeros(grid.shape, np.uint8)
    for number in range(1, len(probabilities)):
        share = interpolated(probabilities[number], coarse, grid)
        better = (share > best) & (share > _LEAST_SHARE)
        found[better] = number
        np.maximum(best, share, out=best)
    labels[box] = found
    return OrganLabels(labels, level)


def _box_of(mask: np.ndarray) -> tuple[slice, ...]:
    """The box of a mask with a margin of air."""
    ends = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        ends.append(slice(max(0, int(hit[0]) - _MARGIN), int(hit[-1]) + 1 + _MARGIN))
    return tuple(ends)
