"""Strokes on contours of the second image, which are shown on the first one.

A stroke lies on the grid that is shown; the registration tells which voxels of the contours' own
grid lie below it. What is shown is asked from the own grid again, voxel by voxel, so that a person
sees what will be saved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from AutoContourLib.contours.carrying import CarryingField
from MedImageLib.geometry import Geometry

# Samples of a voxel along an axis: two for each own voxel, so that none is stepped over.
_PER_OWN_VOXEL = 2.0
_MOST_SAMPLES = 8


@dataclass(frozen=True, eq=False)
class CarriedGrid:
    """shown: grid of the first image. own: of the contours, on the second image.

    field: from points of the first image to the second one; None: `moving_from_fixed` (4 × 4, LPS
    mm) is all that is known.
    """

    shown: Geometry
    own: Geometry
    moving_from_fixed: np.ndarray
    field: CarryingField | None = None

    def own_index(self, index_ijk: np.ndarray) -> np.ndarray:
        """Own voxels (n, 3), order (i, j, k), nearest to shown indices (n, 3); -1 where none is."""
        points = self.shown.points_mm(index_ijk)
        if self.field is None:
            moved = points @ self.moving_from_fixed[:3, :3].T + self.moving_from_fixed[:3, 3]
        else:
            at = self.field.geometry.indices(points).T[::-1]
            vectors = [
                ndimage.map_coordinates(part, at, order=1, mode="nearest", output=np.float64)
                for part in np.moveaxis(self.field.displacement_mm, -1, 0)
            ]
            moved = points + np.stack(vectors, -1)
        found = np.rint(self.own.indices(moved)).astype(int)
        outside = ((found < 0) | (found >= self.own.shape[::-1])).any(-1)
        found[outside] = -1
        return found

    def own_voxels(self, where: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Array indices (k, j, i) of the own voxels below shown ones (k, j, i)."""
        centers = np.stack(where[::-1], -1).astype(float)
        smallest = min(self.own.spacing_mm)
        steps = []
        for spacing in self.shown.spacing_mm:
            count = int(np.clip(np.ceil(_PER_OWN_VOXEL * spacing / smallest), 1, _MOST_SAMPLES))
            steps.append((np.arange(count) + 0.5) / count - 0.5)
        offsets = np.stack(np.meshgrid(*steps), -1).reshape(-1, 3)
        # The centers as well: what is shown is asked there.
        found = [self.own_index(centers + offset) for offset in (*offsets, np.zeros(3))]
        voxels = np.unique(np.concatenate(found), axis=0)
        i, j, k = voxels[(voxels >= 0).all(1)].T
        return k, j, i

    def show(self, shown: np.ndarray, own: np.ndarray, where: tuple[np.ndarray, ...]) -> None:
        """Ask the labels `own` anew for `shown`, around the shown voxels `where`."""
        ranges: list[np.ndarray] = []
        for axis, size in zip(where, shown.shape, strict=True):
            spacing = self.shown.spacing_mm[2 - len(ranges)]
            reach = int(np.ceil(2 * max(self.own.spacing_mm) / spacing)) + 1
            ranges.append(np.arange(max(0, axis.min() - reach), min(size, axis.max() + reach + 1)))
        box = np.ix_(*ranges)
        index = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)
        found = self.own_index(index[:, ::-1].astype(float))
        i, j, k = found.T
        values = np.where(found[:, 0] >= 0, own[k, j, i], 0)
        shown[box] = values.reshape([len(one) for one in ranges])
