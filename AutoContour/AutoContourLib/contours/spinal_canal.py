"""The spinal canal on CT by classical means: the way through the spine that is ringed by bone.

On each slice a place counts as the canal's when rays in the plane meet bone all around and near,
the vertebral body lies in front of it, and it holds soft tissue. One smooth way from the lowest to
the highest slice collects the most of that; where it collects too little, there is no canal.
Arrays are (k, j, i) on cubic voxels along the patient's axes: k to the head, j to the back, i to
the patient's left; values are Hounsfield units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

BONE_HU = 150.0
# Half of what is looked at beside the body's middle, and how far a ray goes.
_BESIDE_MM, _RAY_MM = 44.0, 20.0
_DIRECTIONS = 16
# Least mean of enclosure and a fifth of the sign of bone in front; of 30 scans 0.85 ends
# 5 mm above the highest contour of a cord by a physician, 0.72 28 mm.
_LEAST_SCORE = 0.85
_CONTENT_HU = (-20.0, 130.0)
_LEAST_LENGTH_MM, _LONGEST_GAP_MM = 40.0, 30.0
# Half axes of the canal: front to back, side to side; the inner part is never bone.
_HALF_AXES_MM, _INNER_MM = (9.5, 13.0), (5.0, 6.0)
# In the ring all places are alike; bone pushes the way to the middle.
_PULL = 0.8
_PULL_MM = 4
_STEP = 2  # voxels that the way moves from slice to slice


@dataclass(frozen=True, eq=False)
class _Signs:
    """Each (k, j, columns beside the middle): how far ringed by bone (0 … 1), bone in front
    against behind (−1 … 1), mean HU near, bone near (0 … 1)."""

    enclosed: np.ndarray
    front: np.ndarray
    content_hu: np.ndarray
    bone_near: np.ndarray


def spinal_canal_mask(
    hu: np.ndarray, body: np.ndarray, middle: np.ndarray, pixel_mm: float
) -> np.ndarray:
    """Bool mask of the canal; empty where none is found.

    body: bool. middle: column of the body's middle on each slice.
    """
    found = np.zeros(body.shape, bool)
    if not body.any() or min(body.shape) < 3:
        return found
    beside = round(_BESIDE_MM / pixel_mm)
    columns = np.rint(middle).astype(int)[:, None] + np.arange(-beside, beside + 1)
    columns = np.clip(columns, 0, hu.shape[2] - 1)
    k, j = np.ogrid[: hu.shape[0], : hu.shape[1]]
    at = (k[..., None], j[..., None], columns[:, None, :])
    smooth = np.clip(ndimage.uniform_filter1d(hu.astype(np.float32), 3, axis=0), -200, 600)
    signs = _signs(smooth[at], body[at], pixel_mm)
    way = _best_way(_score(signs, body[at]))
    slices = _slices_of_canal(signs, way, pixel_mm)
    centers = ndimage.gaussian_filter1d(way.astype(float), 4 / pixel_mm, axis=0)
    rows, across = np.ogrid[: hu.shape[1], : hu.shape[2]]
    for n in slices:
        row, column = centers[n, 0], centers[n, 1] + np.rint(middle[n]) - beside
        down, side = (rows - row) * pixel_mm, (across - column) * pixel_mm
        outer, inner = (
            (down / a) ** 2 + (side / b) ** 2 < 1 for a, b in (_HALF_AXES_MM, _INNER_MM)
        )
        found[n] = (outer & (smooth[n] < BONE_HU) | inner) & body[n]
    return found


def _signs(hu: np.ndarray, body: np.ndarray, pixel_mm: float) -> _Signs:
    bone = (hu > BONE_HU) & body
    hits = np.zeros(hu.shape, np.uint8)
    for angle in np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS:
        met = np.zeros_like(bone)
        for step in range(2, round(_RAY_MM / pixel_mm) + 1):
            met |= _moved(bone, round(np.sin(angle) * step), round(np.cos(angle) * step))
        hits += met
    share = hits.astype(np.float32) / _DIRECTIONS
    # Between vertebrae the ring is open; what lies above and below counts as well.
    enclosed = ndimage.gaussian_filter1d(share, 6 / pixel_mm, axis=0)
    size = [max(1, round(mm / pixel_mm)) for mm in (12, 21, 16)]
    mean = ndimage.uniform_filter(np.clip(hu, -100, 400), size)
    away = round(19.5 / pixel_mm)
    front = np.clip((_moved(mean, -away, 0) - _moved(mean, away, 0)) / 150, -1, 1)
    content = ndimage.uniform_filter(hu, (max(1, round(6 / pixel_mm)), 3, 3))
    near = ndimage.gaussian_filter(bone.astype(np.float32), _PULL_MM / pixel_mm)
    return _Signs(enclosed, front, content, near)


def _moved(planes: np.ndarray, down: int, side: int) -> np.ndarray:
    """What lies so many rows and columns away of each voxel; nothing beyond the border."""
    result = np.zeros_like(planes)
    rows, columns = planes.shape[1:]
    result[:, max(0, -down) : rows - max(0, down), max(0, -side) : columns - max(0, side)] = planes[
        :, max(0, down) : rows - max(0, -down), max(0, side) : columns - max(0, -side)
    ]
    return result


def _score(signs: _Signs, body: np.ndarray) -> np.ndarray:
    too_dense = np.clip((signs.content_hu - 60) / 80, 0, 2)
    too_thin = np.clip(-signs.content_hu / 60, 0, 2)
    score = signs.enclosed + 0.35 * signs.front - 0.3 * (too_dense + too_thin)
    score -= _PULL * signs.bone_near
    score[~body] = -3
    return score


def _best_way(score: np.ndarray) -> np.ndarray:
    """Row and column (k, 2) of the way with the highest sum, by dynamic programming."""
    steps = [(a, b) for a in range(-_STEP, _STEP + 1) for b in range(-_STEP, _STEP + 1)]
    total, rows, columns = score[0], *score.shape[1:]
    came = np.zeros(score.shape, np.uint8)
    for k in range(1, len(score)):
        padded = np.pad(total, _STEP, constant_values=-np.inf)
        reached = np.stack(
            [
                padded[_STEP + a : _STEP + a + rows, _STEP + b : _STEP + b + columns]
                - 0.03 * (a * a + b * b)
                for a, b in steps
            ]
        )
        came[k] = reached.argmax(0)
        total = reached.max(0) + score[k]
    row, column = np.unravel_index(total.argmax(), total.shape)
    way = [(int(row), int(column))]
    for k in range(len(score) - 1, 0, -1):
        a, b = steps[came[k][way[-1]]]
        way.append((way[-1][0] + a, way[-1][1] + b))
    return np.array(way[::-1])


def _slices_of_canal(signs: _Signs, way: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Numbers of the slices with a canal: the longest run without a long gap."""
    at = (np.arange(len(way)), way[:, 0], way[:, 1])
    spread = 10 / pixel_mm
    score = ndimage.gaussian_filter1d((signs.enclosed + 0.2 * signs.front)[at], spread)
    content = ndimage.gaussian_filter1d(signs.content_hu[at], spread)
    good = (score > _LEAST_SCORE) & (content > _CONTENT_HU[0]) & (content < _CONTENT_HU[1])
    reach = round(_LONGEST_GAP_MM / 2 / pixel_mm)
    closed = ndimage.binary_closing(np.pad(good, reach), iterations=reach)[reach:-reach]
    runs, count = ndimage.label(closed)
    if not count:
        return np.array([], int)
    longest = 1 + int(np.bincount(runs)[1:].argmax())
    slices = np.flatnonzero(runs == longest)
    return slices if len(slices) * pixel_mm >= _LEAST_LENGTH_MM else slices[:0]
