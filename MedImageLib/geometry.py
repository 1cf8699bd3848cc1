"""Where the voxels of a regular grid lie in the patient: LPS millimeters.

An index is written (i, j, k), i along columns of a row, as in SimpleITK; an array is (k, j, i).
Index (0, 0, 0) is the center of the first voxel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import GeometryError

IDENTITY_DIRECTION = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Geometry:
    """A regular grid in LPS millimeters.

    shape: number of voxels in array order (k, j, i).
    spacing_mm: distance of neighbors along (i, j, k).
    origin_mm: LPS position of the center of voxel (0, 0, 0).
    direction: 3 × 3 rows; column n is the LPS unit vector of axis n of (i, j, k).
    spacing_known: False where no millimeters were recorded; spacing_mm then holds relative
        values (1 where nothing is known) and no result may be given in millimeters.

    Raises GeometryError for spacings that are not positive and finite and for directions that
    are not orthonormal to 1e-3. Left-handed directions are allowed.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[tuple[float, float, float], ...] = IDENTITY_DIRECTION
    spacing_known: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "spacing_mm", tuple(float(s) for s in self.spacing_mm))
        object.__setattr__(self, "origin_mm", tuple(float(o) for o in self.origin_mm))
        rows = tuple(tuple(float(v) for v in row) for row in np.asarray(self.direction, float))
        object.__setattr__(self, "direction", rows)
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"A grid needs three positive sizes (k, j, i), got {self.shape}.")
        if not all(np.isfinite(s) and s > 0 for s in self.spacing_mm):
            raise GeometryError(f"Spacing must be positive and finite, got {self.spacing_mm} mm.")
        if not all(np.isfinite(o) for o in self.origin_mm):
            raise GeometryError(f"Origin must be finite, got {self.origin_mm} mm.")
        axes = np.array(rows)
        if axes.shape != (3, 3) or not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3):
            raise GeometryError(f"Axis directions must be orthonormal, got {rows}.")

    @property
    def lps_from_index(self) -> np.ndarray:
        """4 × 4 matrix that takes (i, j, k, 1) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.array(self.direction) * np.array(self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    @property
    def index_from_lps(self) -> np.ndarray:
        """4 × 4 matrix that takes LPS mm to a continuous index (i, j, k)."""
        return np.linalg.inv(self.lps_from_index)

    @property
    def ras_from_index(self) -> np.ndarray:
        """4 × 4 matrix that takes (i, j, k, 1) to RAS mm, as MRML and NIfTI want it."""
        return RAS_FROM_LPS @ self.lps_from_index

    @property
    def voxel_volume_mm3(self) -> float:
        return float(np.prod(self.spacing_mm))

    @property
    def center_mm(self) -> np.ndarray:
        """LPS position of the middle of the grid."""
        return self.points_mm((np.array(self.shape[::-1]) - 1) / 2.0)

    def points_mm(self, index_ijk: np.ndarray) -> np.ndarray:
        """LPS mm of indices (..., 3) in order (i, j, k)."""
        matrix = self.lps_from_index
        return np.asarray(index_ijk, float) @ matrix[:3, :3].T + matrix[:3, 3]

    def indices(self, points_mm: np.ndarray) -> np.ndarray:
        """Continuous indices (..., 3) in order (i, j, k) of LPS points."""
        matrix = self.index_from_lps
        return np.asarray(points_mm, float) @ matrix[:3, :3].T + matrix[:3, 3]

    def same_grid(self, other: Geometry, tolerance_mm: float = 1e-3) -> bool:
        """True when both grids have the same voxels at the same places."""
        if self.shape != other.shape:
            return False
        corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float) * (
            np.array(self.shape[::-1]) - 1
        )
        return bool(
            np.abs(self.points_mm(corners) - other.points_mm(corners)).max() <= tolerance_mm
        )

    @classmethod
    def from_lps_matrix(
        cls, lps_from_index: np.ndarray, shape: tuple[int, int, int], spacing_known: bool = True
    ) -> Geometry:
        """Grid of a 4 × 4 matrix without shear; GeometryError when axes are not orthogonal."""
        matrix = np.asarray(lps_from_index, float)
        spacing = np.linalg.norm(matrix[:3, :3], axis=0)
        if not np.all(np.isfinite(matrix)) or np.any(spacing <= 0):
            raise GeometryError("The matrix of the grid is not finite or has an axis of no length.")
        return cls(
            shape=shape,
            spacing_mm=tuple(spacing),
            origin_mm=tuple(matrix[:3, 3]),
            direction=tuple(map(tuple, matrix[:3, :3] / spacing)),
            spacing_known=spacing_known,
        )
