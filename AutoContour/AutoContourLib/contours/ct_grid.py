"""The even grid on which CT is contoured, along the patient's axes, and the way back.

Whatever way the slices run, contouring sees cubic voxels from right to left, front to back, feet
to head; results are brought to the grid of the input where they can be.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume

AIR_HU = -1000.0


def even_view(scan: Volume, pixel_mm: float) -> Volume:
    """The CT on cubic voxels along LPS, over the extent of the scan, air around it."""
    shape = np.array(scan.geometry.shape[::-1])
    ends = np.array(list(product((-0.5, 0.5), repeat=3))) * shape + (shape - 1) / 2
    corners = scan.geometry.points_mm(ends)
    low, high = corners.min(0), corners.max(0)
    size = np.maximum(1, np.ceil((high - low) / pixel_mm - 1e-6)).astype(int)
    origin = (low + high) / 2 - (size - 1) / 2 * pixel_mm
    columns, rows, slices = size.tolist()
    grid = Geometry((slices, rows, columns), (pixel_mm,) * 3, tuple(origin.tolist()))
    return resampled(scan, grid, fill=AIR_HU)


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
    if box is not None:
        result[box] = interpolated(mask, source, part_of(target, box)) > 0.5
    return result
