"""Body, lungs and bone on CT by classical means, until labeled data exists.

Everything runs on cubic voxels along the patient's axes: k to the head, j to the back, i to the
patient's left. Masks are bool (k, j, i); thresholds are Hounsfield units.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

BODY_ABOVE_HU = -300.0
LUNG_BELOW_HU = -400.0
# Of lung tissue the darkest quarter ends above, the middle below; gas in bowel is nearer to −1000.
LUNG_QUARTER_ABOVE_HU = -962.0
LUNG_MIDDLE_BELOW_HU = -600.0
LUNG_LEAST_ML = 150.0
BONE_ABOVE_HU = 180.0
BONE_LEAST_ML = 3.0


def body_mask(hu: np.ndarray, pixel_mm: float) -> np.ndarray:
    """The patient without couch, mask and air around, airways filled; empty if there is none."""
    step = max(1, round(4.0 / pixel_mm))
    coarse = hu[::step, ::step, ::step] > BODY_ABOVE_HU
    # Opening cuts off couch and mask, which touch the body in thin parts only. Beyond the scan the
    # body goes on: shoulders on the last slices are no tips to be cut off.
    worn = ndimage.binary_erosion(coarse, iterations=2, border_value=1)
    opened = ndimage.binary_dilation(worn, iterations=2)
    parts, count = ndimage.label(opened)
    if not count:
        return np.zeros(hu.shape, bool)
    sizes = np.bincount(parts.ravel())[1:]
    # Arms and head rests of flesh are parts of their own.
    large = _numbered(parts, count, 1 + np.flatnonzero(sizes >= 0.1 * sizes.max()))
    near = ndimage.binary_dilation(large, iterations=2)
    near = near.repeat(step, 0).repeat(step, 1).repeat(step, 2)
    near = near[: hu.shape[0], : hu.shape[1], : hu.shape[2]]
    dense = (hu > BODY_ABOVE_HU) & near
    body = np.zeros(hu.shape, bool)
    for k, plane in enumerate(_bridged(dense)):
        if plane.any():
            body[k] = _closed(plane)
    return body


def _closed(plane: np.ndarray) -> np.ndarray:
    """Filled but for the air that reaches the front or the back of the scan.

    Sides do not count: a chest that the field of view cuts is open there.
    """
    parts, count = ndimage.label(~plane)
    outside = np.zeros(count + 1, bool)
    outside[np.unique(parts[[0, -1]])] = True
    outside[0] = False
    return ~outside[parts]


def _bridged(planes: np.ndarray) -> np.ndarray:
    """Nostrils and ears closed on each plane, so that what lies behind them is inside."""
    margin = 3
    padded = np.pad(planes, ((0, 0), (margin, margin), (margin, margin)))
    closed = _worn(_grown(padded, 2, axes=(1, 2)), 2, axes=(1, 2))
    bridged: np.ndarray = closed[:, margin:-margin, margin:-margin] | planes
    return bridged


def _grown(mask: np.ndarray, steps: int, axes: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Dilated by the cross of the nearest neighbors; ten times as fast as for any structure."""
    for _ in range(steps):
        result = mask.copy()
        for axis in axes:
            low, high = _shifted(axis)
            result[high] |= mask[low]
            result[low] |= mask[high]
        mask = result
    return mask


def _worn(mask: np.ndarray, steps: int, axes: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Eroded by the cross of the nearest neighbors; nothing is set beyond the border."""
    for _ in range(steps):
        result = mask.copy()
        for axis in axes:
            low, high = _shifted(axis)
            result[high] &= mask[low]
            result[low] &= mask[high]
            ends = np.moveaxis(result, axis, 0)
            ends[0] = ends[-1] = False
        mask = result
    return mask


def _shifted(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    before = (slice(None),) * axis
    return (*before, slice(None, -1)), (*before, slice(1, None))


def lung_masks(hu: np.ndarray, body: np.ndarray, pixel_mm: float) -> dict[str, np.ndarray]:
    """`right_lung` and `left_lung`; empty where there is no lung in the scan."""
    whole = (hu < LUNG_BELOW_HU) & body
    boxes = ndimage.find_objects(whole.view(np.uint8))
    if not boxes:
        return {}
    # Air fills a small part of the scan, and what follows takes time by the voxel.
    box = boxes[0]
    found = _lungs_in(hu[box], whole[box], body, box, pixel_mm)
    masks = {}
    for name, part in found.items():
        masks[name] = np.zeros(hu.shape, bool)
        masks[name][box] = part
    return masks


def _lungs_in(
    hu: np.ndarray, air: np.ndarray, body: np.ndarray, box: tuple[slice, ...], pixel_mm: float
) -> dict[str, np.ndarray]:
    """Lungs among the air of a box; body: of the whole scan."""
    steps = max(1, round(4.0 / pixel_mm))
    # Opening takes airways off, whose walls are thin.
    open_air = _grown(_worn(air, steps), steps)
    parts, count = ndimage.label(open_air)
    if not count:
        return {}
    numbers = np.arange(1, count + 1)
    volumes = np.bincount(parts.ravel())[1:] * pixel_mm**3 / 1000
    numbers = numbers[volumes >= LUNG_LEAST_ML]
    if not len(numbers):
        return {}
    quarters, middles = (
        ndimage.labeled_comprehension(hu, parts, numbers, _percentile(p), float, 0.0)
        for p in (25, 50)
    )
    good = (quarters > LUNG_QUARTER_ABOVE_HU) & (middles < LUNG_MIDDLE_BELOW_HU)
    if not good.any():
        return {}
    lung = _numbered(parts, count, numbers[good])
    for _ in range(steps):
        lung = _grown(lung, 1) & air
    lung = _vessels_filled(lung)
    middle = middle_columns(body)[box[0]]
    columns = np.arange(body.shape[2])[box[2]]
    right_half = columns[None, None, :] < middle[:, None, None]
    masks = {"right_lung": lung & right_half, "left_lung": lung & ~right_half}
    least = LUNG_LEAST_ML / 3 / (pixel_mm**3 / 1000)
    return {name: mask for name, mask in masks.items() if mask.sum() >= least}


def _percentile(percent: float) -> Callable[[np.ndarray], float]:
    return lambda values: float(np.percentile(values, percent))


def _vessels_filled(lung: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.binary_fill_holes(plane) if plane.any() else plane for plane in lung])


def middle_columns(body: np.ndarray) -> np.ndarray:
    """Column of the body's middle on each slice, smooth along the body."""
    profile = body.sum(axis=1)
    columns = np.arange(body.shape[2])
    weight = profile.sum(axis=1)
    overall = (profile.sum(0) * columns).sum() / max(1, profile.sum())
    middle = np.where(weight > 0, (profile * columns).sum(1) / np.maximum(weight, 1), overall)
    return ndimage.gaussian_filter1d(middle, 10.0, mode="nearest")


def bone_mask(hu: np.ndarray, body: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Bone and whatever else is as dense (contrast medium, implants) inside the body."""
    dense = (hu > BONE_ABOVE_HU) & body
    parts, count = ndimage.label(dense)
    if not count:
        return dense
    sizes = np.bincount(parts.ravel())[1:] * pixel_mm**3 / 1000
    return _numbered(parts, count, 1 + np.flatnonzero(sizes >= BONE_LEAST_ML))


def _numbered(parts: np.ndarray, count: int, numbers: np.ndarray) -> np.ndarray:
    """Where the parts have one of these numbers."""
    wanted = np.zeros(count + 1, bool)
    wanted[numbers] = True
    return wanted[parts]
