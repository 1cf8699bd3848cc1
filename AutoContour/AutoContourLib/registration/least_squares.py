"""The last step for images of one modality: gray values by robust least squares (Gauss–Newton).

The moving image is read by cubic splines at the fixed image's points; gain and offset of gray
values are fitted along. What moved by itself (couch, bowel) is given little weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from AutoContourLib.registration.gray_values import body_mask
from MedImageLib.volume import Volume

_TUKEY = 4.685  # 95 % efficiency for normal errors
_SCALES_MM = (6.0, 3.0, 1.5)


@dataclass(frozen=True, eq=False)
class _Points:
    """points_mm: (n, 3) of the fixed image. values: (n,)."""

    points_mm: np.ndarray
    values: np.ndarray


def refined_by_least_squares(
    fixed: Volume, moving: Volume, start: np.ndarray, samples: int, seed: int, steps: int = 12
) -> np.ndarray:
    """A 4 × 4 matrix near `start` that makes gray values of images of `comparable` agree."""
    matrix = start
    for scale in _SCALES_MM:
        points = _points(_smooth(fixed, scale), body_mask(fixed), samples, seed)
        smooth = _smooth(moving, scale)
        spline = ndimage.spline_filter(smooth.array, order=3, output=np.float64, mode="mirror")
        for _ in range(steps):
            matrix, largest = _step(points, spline, smooth, matrix)
            if largest < 2e-3:
                break
    return matrix


def _smooth(volume: Volume, scale_mm: float) -> Volume:
    own = np.array(volume.geometry.spacing_mm[::-1])
    # Both images end at one blur, though their voxels differ.
    sigma = np.sqrt(np.maximum(scale_mm**2 - (0.4 * own) ** 2, 0.0)) / own
    return volume.with_array(ndimage.gaussian_filter(volume.array, sigma, mode="nearest"))


def _points(fixed: Volume, body: np.ndarray, samples: int, seed: int) -> _Points:
    """Points where the image has slopes, drawn by their strength, away from the border."""
    slopes = np.sqrt(sum(np.square(s) for s in np.gradient(fixed.array)))
    inner = ndimage.binary_dilation(body, iterations=2)
    inner &= ndimage.binary_erosion(np.ones(body.shape, bool), border_value=0)
    weight = np.where(inner, np.minimum(slopes, np.percentile(slopes, 99)), 0.0).ravel()
    if not weight.any():
        weight = np.ones(weight.shape)
    count = min(samples, int((weight > 0).sum()))
    generator = np.random.default_rng(seed)
    chosen = np.unique(generator.choice(weight.size, count, p=weight / weight.sum()))
    kji = np.stack(np.unravel_index(chosen, body.shape))
    return _Points(fixed.geometry.points_mm(kji[::-1].T), fixed.array[tuple(kji)].astype(float))


def _step(
    points: _Points, spline: np.ndarray, moving: Volume, matrix: np.ndarray
) -> tuple[np.ndarray, float]:
    """One Gauss–Newton step and its largest movement of a point, in mm."""
    geometry = moving.geometry
    moved = points.points_mm @ matrix[:3, :3].T + matrix[:3, 3]
    index = geometry.indices(moved)[:, ::-1]
    inside = np.all((index >= 1) & (index <= np.array(spline.shape) - 2), axis=1)
    if inside.sum() < 100:
        return matrix, 0.0
    at, moved = index[inside].T, moved[inside]
    found = ndimage.map_coordinates(spline, at, order=3, prefilter=False, mode="mirror")
    ahead = np.stack(
        [
            _difference(spline, at, axis) / geometry.spacing_mm[2 - axis]
            for axis in (2, 1, 0)  # along i, j, k
        ]
    )
    slopes = (np.array(geometry.direction) @ ahead).T
    middle = moved.mean(axis=0)
    arm = moved - middle
    # Columns: turn about and shift along x, y, z of the moving image; gain; level.
    columns = np.concatenate(
        [np.cross(arm, slopes), slopes, -points.values[inside, None], -np.ones((len(arm), 1))], 1
    )
    unknown = _robust_solution(columns, found)
    turn, shift = unknown[:3], unknown[3:6]
    update = np.eye(4)
    update[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    update[:3, 3] = middle + shift - update[:3, :3] @ middle
    largest = float(np.linalg.norm(np.cross(turn, arm) + shift, axis=1).max())
    return update @ matrix, largest


def _difference(spline: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    """Slope of the spline along an array axis, per voxel."""
    step = np.zeros((3, 1))
    step[axis] = 0.5
    ends = [
        ndimage.map_coordinates(spline, at + sign * step, order=3, prefilter=False, mode="mirror")
        for sign in (-1, 1)
    ]
    slope: np.ndarray = ends[1] - ends[0]
    return slope


def _robust_solution(columns: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Least squares of found + columns · u = 0 with Tukey's weights.

    Gain g and level b enter as found = g · wanted + b, so that they are unknowns like the others.
    """
    weight = np.ones(len(found))
    solution = np.zeros(columns.shape[1])
    for _ in range(3):
        root = np.sqrt(weight)[:, None]
        solution = np.linalg.lstsq(columns * root, -found * root[:, 0], rcond=1e-9)[0]
        rest = found + columns @ solution
        spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) or 1e-9
        weight = np.square(np.maximum(0.0, 1 - np.square(rest / (_TUKEY * spread))))
    return solution
