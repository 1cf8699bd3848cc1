"""The even grid on which CT is contoured, along the patient's axes, and the way back.

Whatever way the slices run, contouring sees cubic voxels from right to left, front to back, feet
to head; results are brought to the grid of the input where they can be.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume

AIR_HU = -1000.0
_PLANES_AT_ONCE = 32


def even_view(scan: Volume, pixel_mm: float, fill: float = AIR_HU) -> Volume:
    """The scan on cubic voxels along LPS, over its extent, `fill` (air) around it."""
    shape = np.array(scan.geometry.shape[::-1])
    ends = np.array(list(product((-0.5, 0.5), repeat=3))) * shape + (shape - 1) / 2
    corners = scan.geometry.points_mm(ends)
    low, high = corners.min(0), corners.max(0)
    size = np.maximum(1, np.ceil((high - low) / pixel_mm - 1e-6)).astype(int)
    origin = (low + high) / 2 - (size - 1) / 2 * pixel_mm
    columns, rows, slices = size.tolist()
    grid = Geometry((slices, rows, columns), (pixel_mm,) * 3, tuple(origin.tolist()))
    at = _axis_indices(scan.geometry, grid)
    if at is None:
        return resampled(scan, grid, fill=fill)
    array = _along_axes(scan.array, at, fill, reach=0.5)
    if scan.array.dtype.kind in "iu":
        np.rint(array, out=array)
    return replace(scan, array=array.astype(scan.array.dtype, copy=False), geometry=grid)


def coarse_geometry(fine: Geometry, stride: int) -> Geometry:
    """Grid of blocks of `stride` voxels along each axis, over the same corner."""
    spacing = np.array(fine.spacing_mm)
    slices, rows, columns = (-(-n // stride) for n in fine.shape)
    return Geometry(
        (slices, rows, columns),
        tuple((spacing * stride).tolist()),
        tuple((np.array(fine.origin_mm) + spacing * (stride - 1) / 2).tolist()),
        fine.direction,
    )


def box_on(target: Geometry, source: Geometry, inside: np.ndarray) -> tuple[slice, ...] | None:
    """Slices (k, j, i) of the target grid that cover the voxels of a bool array of the source."""
    hits = [np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis}))) for axis in (2, 1, 0)]
    if not len(hits[0]):
        return None
    low = np.array([hit[0] - 1.0 for hit in hits])
    high = np.array([hit[-1] + 1.0 for hit in hits])
    corners = np.array(list(product(*zip(low, high, strict=True))))
    index = target.indices(source.points_mm(corners))
    first = np.clip(np.floor(index.min(0)), 0, target.shape[::-1]).astype(int)
    last = np.clip(np.ceil(index.max(0)) + 1, first, target.shape[::-1]).astype(int)
    if (last <= first).any():
        return None
    ends = zip(first[::-1].tolist(), last[::-1].tolist(), strict=True)
    return tuple(slice(a, b) for a, b in ends)


def part_of(geometry: Geometry, box: tuple[slice, ...]) -> Geometry:
    """The grid of a box (k, j, i) of a grid."""
    start = [part.start for part in box[::-1]]
    return Geometry(
        tuple(part.stop - part.start for part in box),
        geometry.spacing_mm,
        tuple(geometry.points_mm(np.array(start, float)).tolist()),
        geometry.direction,
        geometry.spacing_known,
    )


def interpolated(values: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """Shares 0 … 1 of one grid on another one, float32; 0 beyond."""
    at = _axis_indices(source, target)
    if at is not None:
        # As far as the padded grid below reaches.
        return _along_axes(values, at, 0.0, reach=1.5)
    # Padded by its border, so that nothing fades within half a voxel of the end.
    padded = np.pad(values.astype(np.float32), 1, mode="edge")
    grid = Geometry(
        padded.shape,
        source.spacing_mm,
        tuple(source.points_mm(np.array([-1.0, -1.0, -1.0])).tolist()),
        source.direction,
    )
    return resampled(Volume(padded, grid), target, fill=0.0).array


def mask_on(mask: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """A bool mask of one grid on another one, its border interpolated."""
    result = np.zeros(target.shape, bool)
    box = box_on(target, source, mask)
    if box is None:
        return result
    # Shares take four times the memory of a mask; some planes at a time are enough.
    count = result[box].shape[0]
    step = _PLANES_AT_ONCE if _axis_indices(source, target) is not None else count
    for first in range(box[0].start, box[0].stop, step):
        part = (slice(first, min(first + step, box[0].stop)), *box[1:])
        result[part] = interpolated(mask, source, part_of(target, part)) > 0.5
    return result


def _axis_indices(source: Geometry, target: Geometry) -> list[np.ndarray] | None:
    """Continuous source indices along (k, j, i) of the target's planes, where the axes of both
    grids run alike or against one another; else None."""
    turn = np.array(source.direction).T @ np.array(target.direction)
    if not np.allclose(np.abs(turn), np.eye(3), atol=1e-6):
        return None
    start = source.indices(np.array(target.origin_mm))
    steps = np.diag(turn) * target.spacing_mm / np.array(source.spacing_mm)
    counts = target.shape[::-1]
    axes = [start[n] + steps[n] * np.arange(counts[n]) for n in range(3)]
    return axes[::-1]


def _along_axes(array: np.ndarray, at: list[np.ndarray], fill: float, reach: float) -> np.ndarray:
    """Linear interpolation one axis after the other, float32; `fill` more than `reach` voxels
    beyond the last center, the border's value before.

    A third of the time that interpolation between eight neighbors takes, since most of it runs
    over grids that are still small.
    """
    growth = [len(index) / n for index, n in zip(at, array.shape, strict=True)]
    values = array
    for axis in sorted(range(3), key=lambda n: growth[n]):
        values = _along(values, axis, at[axis])
    result = values.astype(np.float32, copy=False)
    for axis, index in enumerate(at):
        beyond = (index < -reach) | (index > array.shape[axis] - 1 + reach)
        if beyond.any():
            result[(slice(None),) * axis + (beyond,)] = fill
    return result


def _along(values: np.ndarray, axis: int, index: np.ndarray) -> np.ndarray:
    """Linear interpolation along one axis, float32."""
    last = values.shape[axis] - 1
    index = np.clip(index, 0, last)
    low = np.minimum(index.astype(int), max(0, last - 1))
    high = np.minimum(low + 1, last)
    shape = [1, 1, 1]
    shape[axis] = len(index)
    weight = (index - low).astype(np.float32).reshape(shape)
    # Cast late: gathering the narrow type moves a quarter of the bytes.
    result = values.take(low, axis).astype(np.float32)
    step = values.take(high, axis).astype(np.float32)
    step -= result
    step *= weight
    result += step
    return result
