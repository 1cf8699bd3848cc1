"""Masks of one plane as closed contours, and back.

Coordinates are continuous pixel indices (i, j), centers of pixels at integers. A contour runs
along the border of the pixels, half a pixel from their centers, so that its area is that of the
mask; filled by the even-odd rule at pixel centers, it gives the mask again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

# A hair less than half a pixel: readers that round points to whole pixels then find the pixel
# inside, and pixels that touch at a corner stay apart.
REACH_PX = 0.49


@dataclass(frozen=True, eq=False)
class Ring:
    """A connected part of a mask: its outer contour (n, 2) and those of its holes."""

    outer: np.ndarray
    holes: tuple[np.ndarray, ...] = ()


def outlines(mask: np.ndarray, shape: Literal["pixel", "smooth"] = "pixel") -> list[Ring]:
    """Closed contours of a bool mask (j, i), one ring per 4-connected part.

    shape: `pixel` follows the borders of the pixels; `smooth` cuts their corners (marching
    squares), which looks better and takes half a pixel of area from each part.
    """
    import contourpy

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return []
    start = np.array([columns[0], rows[0]])
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    generator = contourpy.contour_generator(
        z=np.pad(part.astype(float), 1), fill_type=contourpy.FillType.OuterOffset
    )
    rings = []
    for points, offsets in zip(*generator.filled(1 - REACH_PX, 2.0), strict=True):
        loops = [
            _tidied(points[a:b][:-1] + start - 1, shape == "pixel") for a, b in pairwise(offsets)
        ]
        rings.append(Ring(loops[0], tuple(loops[1:])))
    return rings


def _tidied(points: np.ndarray, square: bool) -> np.ndarray:
    """Corners of pixels put back where wanted, points on straight lines left out."""
    if square:
        following = np.roll(points, -1, axis=0)
        broken = np.abs(points - np.rint(points)) > 1e-6
        diagonal = np.all(np.abs(points - following) > 1e-6, axis=1)
        corner = np.where(broken, points, following)
        doubled = np.repeat(points, 1 + diagonal, axis=0)
        places = np.cumsum(1 + diagonal) - 1
        doubled[places[diagonal]] = corner[diagonal]
        points = doubled
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return points[np.abs(turn) > 1e-9]


def keyhole(ring: Ring) -> np.ndarray:
    """The ring as one contour (n, 2): each hole is joined by a channel of no width.

    The channels run between the centers of pixels, so no reader finds one on them.
    """
    joined = ring.outer
    for hole in sorted(ring.holes, key=lambda points: points[:, 0].min()):
        leftmost = hole[hole[:, 0].argmin()]
        rows = hole[np.abs(hole[:, 0] - leftmost[0]) < 1e-6, 1]
        level = np.ceil(rows.min() - 1e-6) + 0.25
        edge, at = _crossing(hole, level, np.inf, nearest=False)
        wall, gate = _crossing(joined, level, at[0], nearest=True)
        inner = np.concatenate([[at], np.roll(hole, -(edge + 1), axis=0), [at]])
        joined = np.concatenate([joined[: wall + 1], [gate], inner, [gate], joined[wall + 1 :]])
    return joined


def _crossing(
    points: np.ndarray, level: float, before: float, nearest: bool
) -> tuple[int, np.ndarray]:
    """Edge and point where a contour crosses a row: the first, or the last one before `before`."""
    following = np.roll(points, -1, axis=0)
    low, high = np.minimum(points[:, 1], following[:, 1]), np.maximum(points[:, 1], following[:, 1])
    edges = np.flatnonzero((low <= level) & (level < high))
    share = (level - points[edges, 1]) / (following[edges, 1] - points[edges, 1])
    x = points[edges, 0] + share * (following[edges, 0] - points[edges, 0])
    edges, x = edges[x < before - 1e-9], x[x < before - 1e-9]
    chosen = int(x.argmax() if nearest else x.argmin())
    return int(edges[chosen]), np.array([x[chosen], level])


def filled(contours: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Bool mask (j, i) of the pixels whose center lies inside an odd number of contours.

    contours: (n, 2) each, closed by itself. What lies beyond the grid is cut off.
    """
    mask = np.zeros(shape, bool)
    for points in contours:
        place, part = patch(points, shape)
        mask[place] ^= part
    return mask


def patch(points: np.ndarray, shape: tuple[int, int]) -> tuple[tuple[slice, slice], np.ndarray]:
    """Place (slices of rows and columns) and bool mask of the pixels inside of one contour."""
    place, turns = winding(points, shape)
    return place, (turns & 1).astype(bool)


def winding(points: np.ndarray, shape: tuple[int, int]) -> tuple[tuple[slice, slice], np.ndarray]:
    """How often a contour runs around each pixel's center, as far as it reaches."""
    low = np.clip(np.ceil(points.min(0)), 0, shape[::-1]).astype(int)
    high = np.clip(np.floor(points.max(0)) + 1, low, shape[::-1]).astype(int)
    columns, rows = (high - low).tolist()
    points = points - low
    following = np.roll(points, -1, axis=0)
    y = np.sort(np.stack([points[:, 1], following[:, 1]]), axis=0)
    first, last = np.clip(np.ceil(y), 0, rows).astype(int)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(points)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    start, end = points[edge], following[edge]
    x = start[:, 0] + (row - start[:, 1]) / (end[:, 1] - start[:, 1]) * (end[:, 0] - start[:, 0])
    turns = np.zeros((rows, columns + 1), np.int32)
    sense = np.where(end[:, 1] > start[:, 1], 1, -1)
    np.add.at(turns, (row, np.clip(np.ceil(x), 0, columns).astype(int)), sense)
    place = slice(low[1], high[1]), slice(low[0], high[0])
    return place, np.cumsum(turns, axis=1)[:, :columns]


def area(points: np.ndarray) -> float:
    """Signed area of a closed contour in the square of its unit."""
    x, y = points.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))


def crosses_itself(points: np.ndarray, shape: tuple[int, int]) -> bool:
    """True when a contour runs twice, or both ways, around pixels of the grid."""
    turns = winding(points, shape)[1]
    return bool(turns.size) and bool(turns.max() - turns.min() > 1 or np.abs(turns).max() > 1)
