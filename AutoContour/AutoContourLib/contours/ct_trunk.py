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
    # Opening cuts off couch and mask, which touch the body in thin parts only.
    opened = ndimage.binary_opening(coarse, iterations=2)
    parts, count = ndimage.label(opened)
    if not count:
        return np.zeros(hu.shape, bool)
    sizes = np.bincount(parts.ravel())[1:]
    # Arms and head rests of flesh are parts of their own.
    large = np.isin(parts, 1 + np.flatnonzero(sizes >= 0.1 * sizes.max()))
    near = ndimage.binary_dilation(large, iterations=2)
    near = near.repeat(step, 0).repeat(step, 1).repeat(step, 2)
    near = near[: hu.shape[0], : hu.shape[1], : hu.shape[2]]
    dense = (hu > BODY_ABOVE_HU) & near
    body = np.zeros(hu.shape, bool)
    for k, plane in enumerate(dense):
        if plane.any():
            body[k] = _closed(_bridged(plane))
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


def _bridged(plane: np.ndarray) -> np.ndarray:
    """Nostrils and ears closed, so that what lies behind them is inside."""
    return ndimage.binary_closing(np.pad(plane, 3), iterations=2)[3:-3, 3:-3] | plane


def lung_masks(hu: np.ndarray, body: np.ndarray, pixel_mm: float) -> dict[str, np.ndarray]:
    """`right_lung` and `left_lung`; empty where there is no lung in the scan."""
    air = (hu < LUNG_BELOW_HU) & body
    # Opening takes airways off, whose walls are thin.
    open_air = ndimage.binary_opening(air, iterations=max(1, round(4.0 / pixel_mm)))
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
    lung = np.isin(parts, numbers[good])
    if not lung.any():
        return {}
    lung = ndimage.binary_dilation(lung, iterations=max(1, round(4.0 / pixel_mm)), mask=air)
    lung = _vessels_filled(lung)
    middle = _middle_columns(body)
    columns = np.arange(hu.shape[2])
    right_half = columns[None, None, :] < middle[:, None, None]
    masks = {"right_lung": lung & right_half, "left_lung": lung & ~right_half}
    least = LUNG_LEAST_ML / 3 / (pixel_mm**3 / 1000)
    return {name: mask for name, mask in masks.items() if mask.sum() >= least}


def _percentile(percent: float) -> Callable[[np.ndarray], float]:
    return lambda values: float(np.percentile(values, percent))


def _vessels_filled(lung: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.binary_fill_holes(plane) if plane.any() else plane for plane in lung])


def _middle_columns(body: np.ndarray) -> np.ndarray:
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
    return np.isin(parts, 1 + np.flatnonzero(sizes >= BONE_LEAST_ML))
