"""Overlap and surface distances of label maps, with spacing and with what was drawn.

Surfaces are the faces between voxels inside and outside, each at its center and weighted by its
area, so that anisotropic grids are measured fairly. A structure that was not drawn has no score;
one that is empty in truth and prediction is left out and counted. Protocol: both directions of
a surface distance are pooled before the 95th percentile is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from MedImageLib.errors import GeometryError


@dataclass(frozen=True)
class StructureScore:
    """Agreement of one structure on one image.

    dice: 0 … 1. hd95_mm, mean_distance_mm: symmetric surface distances; None when one side is
    empty. surface_dice: share of the surface within the tolerance. All None when not scored.
    state: `scored`, `not drawn`, `both empty`.
    """

    structure: str
    state: str
    dice: float | None = None
    hd95_mm: float | None = None
    mean_distance_mm: float | None = None
    surface_dice: float | None = None


def dice(truth: np.ndarray, found: np.ndarray) -> float | None:
    """2 |A ∩ B| / (|A| + |B|) of two bool arrays; None when both are empty."""
    _same_shape(truth, found)
    total = int(truth.sum()) + int(found.sum())
    return None if total == 0 else 2.0 * int((truth & found).sum()) / total


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances in mm of each surface element to the other surface, and element sizes.

    Sizes are areas in mm² in 3-D and lengths in mm in 2-D.
    """

    truth_to_found_mm: np.ndarray
    found_to_truth_mm: np.ndarray
    truth_size: np.ndarray
    found_size: np.ndarray

    @property
    def pooled_mm(self) -> np.ndarray:
        return np.concatenate([self.truth_to_found_mm, self.found_to_truth_mm])

    @property
    def pooled_size(self) -> np.ndarray:
        return np.concatenate([self.truth_size, self.found_size])

    def percentile_mm(self, percent: float) -> float:
        """Area-weighted percentile of both directions pooled."""
        order = np.argsort(self.pooled_mm)
        share = np.cumsum(self.pooled_size[order])
        position = np.searchsorted(share, percent / 100 * share[-1] - 1e-9)
        return float(self.pooled_mm[order][min(position, len(order) - 1)])

    def mean_mm(self) -> float:
        return float(np.average(self.pooled_mm, weights=self.pooled_size))

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of both surfaces that lies within the tolerance of the other."""
        near = (self.pooled_mm <= tolerance_mm + 1e-9) * self.pooled_size
        return float(near.sum() / self.pooled_size.sum())


def surface_distances(
    truth: np.ndarray, found: np.ndarray, spacing_mm: Sequence[float]
) -> SurfaceDistances | None:
    """Distances between the surfaces of two bool arrays; None when either is empty.

    spacing_mm: along the array's axes, (k, j, i) or (j, i).
    """
    _same_shape(truth, found)
    if not truth.any() or not found.any():
        return None
    points_truth, size_truth = _faces(truth, spacing_mm)
    points_found, size_found = _faces(found, spacing_mm)
    return SurfaceDistances(
        cKDTree(points_found).query(points_truth)[0],
        cKDTree(points_truth).query(points_found)[0],
        size_truth,
        size_found,
    )


def _faces(mask: np.ndarray, spacing_mm: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Centers (n, axes) in mm and sizes (n) of the faces between inside and outside."""
    spacing = np.asarray(spacing_mm, float)
    padded = np.pad(mask.astype(bool), 1)
    centers, sizes = [], []
    for axis in range(mask.ndim):
        change = np.argwhere(np.diff(padded.astype(np.int8), axis=axis) != 0).astype(float)
        change[:, axis] += 0.5
        centers.append((change - 1) * spacing)
        sizes.append(np.full(len(change), np.prod(np.delete(spacing, axis))))
    return np.concatenate(centers), np.concatenate(sizes)


def scores(
    truth: np.ndarray,
    found: np.ndarray,
    spacing_mm: Sequence[float],
    structures: Mapping[int, str],
    drawn: Sequence[int],
    tolerance_mm: float = 3.0,
    surfaces: bool = True,
) -> tuple[StructureScore, ...]:
    """Score of every structure of two label maps on one grid.

    structures: label value → name. drawn: label values that were drawn in `truth`.
    surfaces: False leaves out the distances, which take most of the time.
    """
    result = []
    for value, name in structures.items():
        if value not in drawn:
            result.append(StructureScore(name, "not drawn"))
            continue
        a, b = truth == value, found == value
        overlap = dice(a, b)
        if overlap is None:
            result.append(StructureScore(name, "both empty"))
            continue
        distances = surface_distances(a, b, spacing_mm) if surfaces else None
        if distances is None:
            result.append(
                StructureScore(name, "scored", overlap, surface_dice=0.0 if surfaces else None)
            )
            continue
        result.append(
            StructureScore(
                name,
                "scored",
                overlap,
                distances.percentile_mm(95),
                distances.mean_mm(),
                distances.surface_dice(tolerance_mm),
            )
        )
    return tuple(result)


@dataclass(frozen=True)
class Agreement:
    """Bland–Altman: bias and 95 % limits of found − true, with the mean absolute error."""

    n: int
    mean_absolute_error: float
    bias: float
    lower_limit: float
    upper_limit: float
    pearson_r: float


def agreement(truth: Sequence[float], found: Sequence[float]) -> Agreement:
    """Agreement of paired numbers, n ≥ 2."""
    a, b = np.asarray(truth, float), np.asarray(found, float)
    _same_shape(a, b)
    difference = b - a
    spread = 1.96 * difference.std(ddof=1)
    r = float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else float("nan")
    bias = float(difference.mean())
    return Agreement(
        len(a), float(np.abs(difference).mean()), bias, bias - spread, bias + spread, r
    )


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise GeometryError(f"Arrays of shapes {a.shape} and {b.shape} cannot be compared.")
