"""What is faint at each pixel but the same along a row, a column, a circle or a line of k-space.

Scanners read rows, columns, turning detectors and lines of k-space, so that a fault too weak to be
seen in a pixel repeats along one of these. Parts of each course are joined by their median, so
that an edge of the anatomy, which covers one part, does not count.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

FLOOR = 1e-4  # of the gray range; below that there is nothing
PARTS = 8  # of a row, a column or a circle, of which most must agree
SMOOTH_PX = (1.2, 3.5)  # what remains above these scales is followed
NEIGHBORS = 11  # lines of k-space that one is compared with
LOWEST_LINE = 4


def course_features(planes: Tensor) -> Tensor:
    """Strongest, third and mean strength along rows, columns and circles about the middle.

    planes (n, side, side) on the view's gray scale; the result is (n, d), logarithms, at two
    scales of detail, also relative to the detail that the image has anyway.
    """
    rows = []
    last = planes
    for scale in SMOOTH_PX:
        smooth = _smoothed(planes, scale)
        detail = last - smooth
        last = smooth
        usual = detail.abs().flatten(1)[:, ::7].sort(1).values
        level = usual[:, round(0.8 * (usual.shape[1] - 1))][:, None] + FLOOR
        clipped = detail.clamp(-3 * level[..., None], 3 * level[..., None])
        for course in ("rows", "columns", "circles"):
            profile = _profile(clipped, course).abs().sort(1, descending=True).values
            mean = (profile**2).mean(1, keepdim=True).sqrt()
            middle = profile[:, profile.shape[1] // 2][:, None]
            strong = torch.cat([profile[:, :1], profile[:, 2:3], mean], 1)
            rows += [_log(strong), _log(strong / level), _log(middle / level)]
    return torch.cat(rows, 1)


def k_space_features(planes: np.ndarray) -> np.ndarray:
    """How uneven neighboring lines of k-space are along both axes, (n, d).

    Rows and columns that are empty in a plane are cut off first, since padding mixes the lines.
    """
    return np.stack([_k_space(plane) for plane in planes])


def _k_space(plane: np.ndarray) -> np.ndarray:
    seen = plane > 0
    down, across = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if len(down) >= 32 and len(across) >= 32:
        plane = plane[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    spectrum = np.fft.fft2(plane - plane.mean())
    power = np.log(np.abs(spectrum) ** 2 / plane.size + FLOOR**2)
    values: list[float] = []
    for axis in (0, 1):
        lines = power.mean(1 - axis)[: power.shape[axis] // 2]
        uneven = (lines - ndimage.median_filter(lines, NEIGHBORS, mode="nearest"))[LOWEST_LINE:]
        rhythm = np.abs(np.fft.rfft(uneven - uneven.mean()))[len(uneven) // 8 :]
        spread = float(uneven.std()) + 0.01
        for part in (uneven[: len(uneven) // 3], uneven[len(uneven) // 3 :]):
            values += [float(part.max()), float(part.min()), float(np.log(part.std() + 0.01))]
        values += [
            float(np.log((rhythm.max() + 1e-2) / (np.median(rhythm) + 1e-2))),
            float(np.log(rhythm.max() / np.sqrt(len(uneven)) + 0.01)),
            float((uneven**3).mean() / spread**3),
        ]
    return np.array(values)


def _profile(detail: Tensor, course: str) -> Tensor:
    """Median over the parts of each course of the mean along a part, (n, courses)."""
    side = detail.shape[-1]
    if course == "circles":
        place, counts = _circles(side)
        sums = torch.zeros(len(detail), len(counts)).index_add_(1, place, detail.flatten(1))
        means = (sums / counts).reshape(len(detail), -1, PARTS)
        return means.median(2).values
    lines = detail if course == "rows" else detail.transpose(1, 2)
    kept = side // PARTS * PARTS
    return lines[:, :, :kept].reshape(len(lines), side, PARTS, -1).mean(3).median(2).values


@lru_cache(maxsize=4)
def _circles(side: int) -> tuple[Tensor, Tensor]:
    """Number of radius and part of every pixel, and how many pixels each has."""
    middle = (side - 1) / 2
    y, x = np.mgrid[:side, :side] - middle
    radius = np.hypot(y, x)
    number = np.clip(radius.astype(int), 0, side // 2)
    part = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * PARTS).astype(int) % PARTS
    # The innermost circles are too short to tell anything, the corners are no circles.
    inside = (number >= 4) & (number < side // 2)
    count = side // 2 - 4
    place = np.where(inside, (number - 4) * PARTS + part, count * PARTS)
    counts = np.bincount(place.ravel(), minlength=count * PARTS + PARTS)
    place_ = torch.from_numpy(place.ravel())
    return place_, torch.from_numpy(np.maximum(counts, 1).astype(np.float32))


def _smoothed(planes: Tensor, sigma: float) -> Tensor:
    """Gaussian, edges repeated."""
    reach = int(np.ceil(3 * sigma))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    weights = weights / weights.sum()
    images = functional.pad(planes[:, None], [reach] * 4, mode="replicate")
    images = functional.conv2d(images, weights[None, None, :, None])
    return functional.conv2d(images, weights[None, None, None])[:, 0]


def _log(values: Tensor) -> Tensor:
    return torch.log(values.clamp_min(0) + FLOOR)
