"""Slices and outlines as the page gets them: gray levels in 16 bits, contours in slice pixels.

The page windows and scales them itself, so that nothing has to be sent again while somebody looks.
A slice is shown as in reports: patient right at the left, anterior or head at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from AutoContourLib.contours.contour_reading import whole_mask
from AutoContourLib.contours.planar import outlines
from AutoContourLib.study.overview import BODY_ABOVE_HU
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.report.slices import slice_view
from MedImageLib.volume import Volume

Axis = Literal["i", "j", "k"]
AXES: tuple[Axis, ...] = ("k", "j", "i")
_NAMES = ("Sagittal", "Coronal", "Axial")
_MOST_LEVEL = 65535
WHOLE_BODY = "body"


@dataclass(frozen=True, eq=False)
class GrayLevels:
    """A volume as levels 0 … 65535; value = low + step × level. window: width and center."""

    volume: Volume
    low: float
    step: float
    window: tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """How slices along an axis lie on the screen.

    across, down: axis number of (i, j, k) and whether it is mirrored. spacing_mm: across, down.
    letters: at (left, right, top, bottom).
    """

    axis: Axis
    name: str
    count: int
    columns: int
    rows: int
    spacing_mm: tuple[float, float]
    letters: tuple[str, str, str, str]
    across: tuple[int, bool]
    down: tuple[int, bool]


def gray_levels(volume: Volume) -> GrayLevels:
    """Levels of an image; integers of 16 bits keep every value."""
    array = volume.array
    if not np.isfinite(array).all():
        array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
        volume = volume.with_array(array)
    low, high = float(array.min()), float(array.max())
    step = 1.0 if array.dtype.kind in "iu" and high - low <= _MOST_LEVEL else _step(low, high)
    levels = np.empty(array.shape, np.uint16)
    for k, plane in enumerate(array):
        levels[k] = np.round((plane.astype(np.float32) - low) / step)
    return GrayLevels(volume.with_array(levels, unit=""), low, step, _window(volume))


def _step(low: float, high: float) -> float:
    return (high - low) / _MOST_LEVEL if high > low else 1.0


def _window(volume: Volume) -> tuple[float, float]:
    if volume.modality == "CT":
        return 400.0, 40.0
    some = volume.array[:: max(1, volume.array.shape[0] // 32), ::4, ::4]
    low, high = (float(v) for v in np.percentile(some, (1, 99.5)))
    return max(high - low, 1e-6), (high + low) / 2


def planes(geometry: Geometry) -> tuple[Plane, ...]:
    """Axial, coronal and sagittal slices of a grid, in this order."""
    empty = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), geometry.shape, (0, 0, 0))
    found = []
    for number, axis in enumerate(reversed(AXES)):
        view = slice_view(Volume(empty, geometry, is_labelmap=True), axis=axis, index=0)
        main = int(np.abs(np.array(geometry.direction)[:, number]).argmax())
        found.append(
            Plane(
                axis,
                _NAMES[main],
                geometry.shape[2 - number],
                view.image.shape[1],
                view.image.shape[0],
                view.spacing_mm,
                view.letters,
                view.across,
                view.down,
            )
        )
    return tuple(sorted(found, key=lambda one: -_NAMES.index(one.name)))


def body_box(levels: GrayLevels) -> tuple[list[int], list[int]]:
    """First and last index (i, j, k) of what is brighter than air; of all when nothing is."""
    step = max(1, min(levels.volume.array.shape) // 48)
    some = levels.volume.array[::step, ::step, ::step]
    above = BODY_ABOVE_HU if levels.volume.modality == "CT" else levels.low + 0.1 * np.ptp(some)
    seen = np.argwhere(some > (above - levels.low) / levels.step)[:, ::-1]
    last = np.array(levels.volume.array.shape[::-1]) - 1
    if not len(seen):
        return [0, 0, 0], last.tolist()
    low, high = seen.min(0) * step - step, seen.max(0) * step + step
    return low.clip(0).tolist(), np.minimum(high, last).tolist()


def checked_index(geometry: Geometry, axis: str, index: int) -> int:
    """The index. Raises InputError for an axis or slice that is not there."""
    if axis not in AXES:
        raise InputError(f"There is no axis {axis!r:.20}; expected one of {', '.join(AXES)}.")
    count = geometry.shape[2 - "ijk".index(axis)]
    if not 0 <= index < count:
        raise InputError(f"There is no slice {index} along {axis}; there are {count}.")
    return index


def slice_levels(volume: Volume, axis: str, index: int) -> bytes:
    """The shown slice, row by row, unsigned 16 bits, little endian."""
    checked_index(volume.geometry, axis, index)
    return np.ascontiguousarray(slice_view(volume, axis=axis, index=index).image, "<u2").tobytes()


def slice_grid(geometry: Geometry, axis: str, index: int) -> Geometry:
    """The grid of that slice alone, one voxel thick."""
    number = "ijk".index(axis)
    i, j, k = (1 if n == number else geometry.shape[2 - n] for n in range(3))
    start = np.zeros(3)
    start[number] = checked_index(geometry, axis, index)
    return replace(geometry, shape=(k, j, i), origin_mm=tuple(geometry.points_mm(start)))


def slice_outlines(
    labels: Volume, keys: Mapping[int, str], axis: str, index: int, exact: bool = False
) -> dict[str, list[list[float]]]:
    """Closed contours by structure key, each x, y, x, y, … in pixels of the shown slice, whose
    first pixel reaches from 0 to 1. exact: along the borders of voxels, else corners cut."""
    checked_index(labels.geometry, axis, index)
    view = slice_view(labels, axis=axis, index=index).image
    found: dict[str, list[list[float]]] = {}
    on_view = set(np.unique(view).tolist()) - {0}
    for value, key in keys.items():
        # The body is all of it, also where nothing but organs is seen of it.
        if value in on_view or (on_view and key == WHOLE_BODY):
            rings = outlines(whole_mask(view, key, dict(keys)), "pixel" if exact else "smooth")
            loops = [loop for ring in rings for loop in (ring.outer, *ring.holes) if len(loop) > 2]
            found[key] = [np.round(loop + 0.5, 2).ravel().tolist() for loop in loops]
    return found
