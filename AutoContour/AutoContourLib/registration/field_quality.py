"""Where a displacement field may be used: local volume, the way back, local likeness, and a map.

Outside of the common field of view nothing can be known; elsewhere the field is refused where the
images stay unlike, or where registration the other way round ends somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from AutoContourLib.registration.deformation_degree import jacobian_determinant
from AutoContourLib.registration.feature_images import matched
from AutoContourLib.registration.gray_values import body_mask, comparable
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

# Values of the map.
USABLE, OUTSIDE, UNLIKE, DISAGREES = 0, 1, 2, 3
MEANINGS = {
    OUTSIDE: "outside of the common field of view",
    UNLIKE: "the images stay unlike",
    DISAGREES: "registration the other way round ends elsewhere",
}
_WINDOW_MM = 8.0


@dataclass(frozen=True)
class JacobianReport:
    """Local volume of the mapping over all voxels: 1 = unchanged, ≤ 0 = folded."""

    minimum: float
    percentile_1: float
    mean: float
    percentile_99: float
    maximum: float
    folded_share: float


def jacobian_report(displacement_mm: np.ndarray, geometry: Geometry) -> JacobianReport:
    """The report of a field (k, j, i, 3) in LPS mm on its grid."""
    values = jacobian_determinant(displacement_mm, geometry)
    low, high = np.percentile(values, (1, 99))
    return JacobianReport(
        float(values.min()),
        float(low),
        float(values.mean()),
        float(high),
        float(values.max()),
        float((values <= 0).mean()),
    )


def inverse_displacement(
    displacement_mm: np.ndarray,
    geometry: Geometry,
    moving_from_fixed: np.ndarray,
    moving_geometry: Geometry,
    iterations: int = 30,
) -> np.ndarray:
    """The way back (k, j, i, 3) on the moving grid: moving point + vector = fixed point.

    Fixed-point iteration on what the field adds to the rigid offset, to 0.01 mm; beyond the
    fixed grid the border's value is kept.
    """
    points = _grid_points(moving_geometry)
    back = np.linalg.inv(moving_from_fixed)
    straight = points @ back[:3, :3].T + back[:3, 3]
    moved = (_grid_points(geometry) + displacement_mm) @ back[:3, :3].T + back[:3, 3]
    elastic = (moved - _grid_points(geometry)).astype(np.float32)
    found = straight.copy()
    for _ in range(iterations):
        step = straight - sampled_field(elastic, geometry, found) - found
        found += step
        if np.abs(step).max() < 0.01:
            break
    result: np.ndarray = found - points
    return result


def sampled_field(field_mm: np.ndarray, geometry: Geometry, points_mm: np.ndarray) -> np.ndarray:
    """Vectors (…, 3) of a field at LPS points, linear; beyond the grid its border's."""
    index = geometry.indices(points_mm)
    size = np.maximum(np.array(geometry.shape[::-1]) - 1, 1)
    where = torch.from_numpy((index * (2.0 / size) - 1).astype(np.float32))
    values = torch.from_numpy(np.ascontiguousarray(np.moveaxis(field_mm, -1, 0), np.float32))
    flat = where.reshape(1, 1, 1, -1, 3)
    found = functional.grid_sample(
        values[None], flat, align_corners=True, padding_mode="border", mode="bilinear"
    )
    return found.reshape(3, -1).T.reshape(*points_mm.shape).numpy()


def inside(geometry: Geometry, points_mm: np.ndarray) -> np.ndarray:
    """Which LPS points (…, 3) lie between the first and the last voxels of a grid."""
    index = geometry.indices(points_mm)
    limits = np.array(geometry.shape[::-1]) - 1
    result: np.ndarray = np.all((index >= -1e-3) & (index <= limits + 1e-3), axis=-1)
    return result


def local_similarity(fixed: Volume, moved: Volume, seen: np.ndarray) -> np.ndarray:
    """Local correlation (k, j, i) of gray values within about 2 cm, 0 … 1.

    seen: where `moved`, on the grid of `fixed`, shows the moving image. Gray values of two
    modalities are brought to one scale first; without contrast the value is 1, since nothing
    speaks against the field there.
    """
    still, free = (torch.from_numpy(comparable(v).array) for v in (fixed, moved))
    if not fixed.modality == moved.modality == "CT":
        still, free = matched(still, free, torch.from_numpy(seen.astype(np.float32)))
    sigma = _WINDOW_MM / np.array(fixed.geometry.spacing_mm[::-1])

    def mean(values: np.ndarray) -> np.ndarray:
        smooth: np.ndarray = ndimage.gaussian_filter(values * weight, sigma, mode="constant")
        return smooth / total

    weight = seen.astype(np.float32)
    total = np.maximum(ndimage.gaussian_filter(weight, sigma, mode="constant"), 1e-6)
    a, b = still.numpy(), free.numpy()
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    # Contrast far below the usual one is noise.
    floor = 0.02 * float(np.median(var_a[seen & (var_a > 1e-5)])) if seen.any() else 1.0
    bound = np.sqrt(np.maximum(var_a, floor) * np.maximum(var_b, floor))
    correlation = np.clip((mean(a * b) - mean_a * mean_b) / bound, 0.0, 1.0)
    even = (var_a < 5 * floor) & (var_b < 5 * floor)
    return np.where(even, 1.0, correlation).astype(np.float32)


def map_of_use(
    fixed: Volume,
    seen: np.ndarray,
    similarity: np.ndarray,
    disagreement_mm: np.ndarray | None,
    least_similarity: float,
    largest_disagreement_mm: float,
) -> tuple[Volume, float]:
    """Label map of where the field is not to be used (`MEANINGS`), and its share of the body
    that both images show."""
    labels = np.zeros(fixed.array.shape, np.uint8)
    body = body_mask(comparable(fixed))
    if disagreement_mm is not None:
        labels[body & (disagreement_mm > largest_disagreement_mm)] = DISAGREES
    labels[body & (similarity < least_similarity)] = UNLIKE
    labels[~seen] = OUTSIDE
    common = body & seen
    bad = float((labels[common] != USABLE).mean()) if common.any() else 1.0
    return fixed.with_array(labels, is_labelmap=True, unit="", modality="", remarks=()), bad


def _grid_points(geometry: Geometry) -> np.ndarray:
    return geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))
