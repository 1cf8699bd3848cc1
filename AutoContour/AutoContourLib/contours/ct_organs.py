"""Organs at risk on CT by the multi-level network, on the grid of the scan."""

from __future__ import annotations

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
) -> OrganLabels:
    """Label map of the network's classes on the target grid.

    even: CT on the network's cubic voxels along LPS. Probabilities are interpolated to the target
    before a class is chosen, so that the border is finer than the network's grid.
    """
    probabilities, level = tiled_probabilities(
        network, gray_of_hu(even.array), settings, overlap=32, empty_below=_EMPTY_GRAY
    )
    coarse = coarse_geometry(even.geometry, network.settings.stem_stride)
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
