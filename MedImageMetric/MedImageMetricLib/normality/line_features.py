"""What is faint at each pixel but the same along a row, a column, a circle or a line of k-space.

Scanners read rows, columns, turning detectors and lines of k-space, so that a fault too weak to be
seen in a pixel repeats along one of these. A course is cut into parts, whose sum is compared with
what they would add up to with random signs: an edge of the anatomy, in one part, does not count.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

FLOOR = 1e-4  # of the gray range; below that there is nothing
COURSES = ("rows", "columns", "circles")
PARTS = 12  # of a row, a column or a circle
CLIPPED = 3.0  # deviations that one pixel counts at most
FEWEST_PX = 60
FEWEST_COURSES = 4
NEIGHBORS = 11  # lines of k-space that one is compared with
LOWEST_LINE = 4


def course_features(
    planes: Tensor, inside: Tensor, steps: tuple[int, ...], shortest: int
) -> Tensor:
    """How strongly pixels differ alike along rows, columns and circles about the middle, (n, d).

    planes (n, side, side) on the view's gray scale; inside: where they count, bool. Each pixel is
    compared with those `steps` pixels away on both sides of its course, so that what bends or
    rises slowly does not count. shortest: pixels of a course. Of each step and course: the
    strongest and the third in deviations of chance, their mean square, the strongest and third
    mean difference, and the usual difference of a pixel.
    """
    rows = []
    for step in steps:
        for course in COURSES:
            before, after, allowed = _beside(planes, inside, course, step)
            rows.append(_strength(planes - (before + after) / 2, allowed, course, shortest))
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


def _beside(
    planes: Tensor, inside: Tensor, course: str, step: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Values `step` pixels to both sides of each pixel's course, and where all three count."""
    if course == "circles":
        near, far, allowed = _circle_grids(planes.shape[-1], step)
        counted = inside[:, None].float()
        values, seen = [], inside & allowed
        for grid in (near, far):
            whole = grid.expand(len(planes), *grid.shape)
            sampled = functional.grid_sample(
                planes[:, None], whole, padding_mode="border", align_corners=True
            )
            values.append(sampled[:, 0])
            seen = seen & (functional.grid_sample(counted, whole, align_corners=True)[:, 0] > 0.999)
        return values[0], values[1], seen
    axis = 1 if course == "rows" else 2
    before, after = planes.roll(step, axis), planes.roll(-step, axis)
    seen = inside & inside.roll(step, axis) & inside.roll(-step, axis)
    seen.narrow(axis, 0, step).fill_(False)
    seen.narrow(axis, seen.shape[axis] - step, step).fill_(False)
    return before, after, seen


def _strength(difference: Tensor, allowed: Tensor, course: str, shortest: int) -> Tensor:
    """Six numbers of each plane, see `course_features`; zeros where hardly any pixel counts."""
    flat, count = difference.flatten(1), allowed.flatten(1)
    usual = flat.abs().masked_fill(~count, torch.nan).nanmedian(1, keepdim=True).values
    usual = 1.48 * usual.nan_to_num(0.0) + FLOOR
    scaled = torch.where(count, (flat / usual).clamp(-CLIPPED, CLIPPED), 0.0)
    place, courses = _parts_of(difference.shape[-1], course)
    size = courses * PARTS
    sums = torch.zeros(len(flat), size).index_add_(1, place, scaled).reshape(-1, courses, PARTS)
    pixels = torch.zeros(len(flat), size).index_add_(1, place, count.float())
    total = pixels.reshape(-1, courses, PARTS).sum(2)
    used = total >= shortest
    whole = sums.sum(2)
    # Half the spread that the parts themselves have, half that of pixels without any relation.
    chance = torch.sqrt(0.5 * (sums**2).sum(2) + 0.5 * total.clamp_min(1))
    strength = torch.where(used, (whole / chance).abs(), 0.0)
    mean = torch.where(used, (whole / (total + 8)).abs(), 0.0)
    ordered, means = (one.sort(1, descending=True).values for one in (strength, mean))
    number = used.sum(1).clamp_min(1)
    found = torch.stack(
        [
            ordered[:, 0],
            ordered[:, 2],
            torch.log((strength**2).sum(1) / number + 0.1),
            torch.log(means[:, 0] + 0.02),
            torch.log(means[:, 2] + 0.02),
            torch.log(usual[:, 0] + 2e-3),
        ],
        1,
    )
    enough = (count.sum(1) >= FEWEST_PX) & (used.sum(1) >= FEWEST_COURSES)
    return torch.where(enough[:, None], found, 0.0)


@lru_cache(maxsize=16)
def _circle_grids(side: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Grids `step` pixels nearer to the middle and farther, and pixels of whole circles."""
    middle = (side - 1) / 2
    y, x = np.mgrid[:side, :side] - middle
    radius = np.hypot(y, x)
    grids = []
    for change in (-step, step):
        factor = (radius + change) / np.maximum(radius, 1e-6) / middle
        grids.append(torch.from_numpy(np.stack([x * factor, y * factor], -1).astype(np.float32)))
    allowed = torch.from_numpy((radius >= step + 1) & (radius < side / 2))
    return grids[0], grids[1], allowed


@lru_cache(maxsize=16)
def _parts_of(side: int, course: str) -> tuple[Tensor, int]:
    """Number of course and part of every pixel, and how many courses there are."""
    j, i = np.mgrid[:side, :side]
    if course == "rows":
        number, part = j, i * PARTS // side
    elif course == "columns":
        number, part = i, j * PARTS // side
    else:
        y, x = j - (side - 1) / 2, i - (side - 1) / 2
        number = np.round(np.hypot(y, x)).astype(int)
        part = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * PARTS).astype(int) % PARTS
    return torch.from_numpy((number * PARTS + part).ravel()), int(number.max()) + 1
