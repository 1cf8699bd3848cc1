"""Soft tissue of CT: its noise, rings, and how its Hounsfield units change with depth and place.

Bone and air vary so much from slice to slice that they hide what happens in soft tissue, where an
eye looks for rings, streaks, cupping and shading; here only soft tissue counts. Planes are
(n, side, side) on the view's scale; values come out in hundreds of Hounsfield units.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedImageMetricLib.normality.ring_features import ring_features
from MedImageMetricLib.normality.view import HOUNSFIELD_LOW, HOUNSFIELD_WIDTH

SOFT_HU = (-220.0, 260.0)
BODY_HU = -500.0
LEAN_HU = -60.0  # fat lies below
BETWEEN_HU = -10.0  # between fat and muscle there is little
HUNDRED = 100.0
RANKS = (0.25, 0.5, 0.75, 0.95, 0.99)
SMOOTH_PX = (1.5, 4.0)
FEWEST_PX = 20
LEAST = 0.02  # hundreds of Hounsfield units: rounding of the stored values
DEPTHS = ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.01))
OUTLIER = 0.4  # hundreds of Hounsfield units from the trend: vessels, fat, air of neighbors
# Immerkær's mask: second differences along both axes.
FINEST = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]]) / 6


def soft_tissue(planes: np.ndarray) -> np.ndarray:
    """Which pixels of planes of the view's scale are soft tissue, bool of the same shape."""
    low, high = ((value - HOUNSFIELD_LOW) / HOUNSFIELD_WIDTH for value in SOFT_HU)
    return (planes > low) & (planes < high)


def tissue_features(planes: np.ndarray) -> dict[str, np.ndarray]:
    """Groups `tissue detail`, `tissue trends` and `tissue rings` of planes (n, side, side), each
    (n, d)."""
    found = [_tissue(plane) for plane in planes]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def _tissue(plane: np.ndarray) -> dict[str, np.ndarray]:
    units = (plane * HOUNSFIELD_WIDTH + HOUNSFIELD_LOW) / HUNDRED
    soft = soft_tissue(plane)
    # A pixel whose neighbors are soft tissue, too, holds no part of bone or air.
    inner = ndimage.binary_erosion(soft, np.ones((3, 3)))
    lean = ndimage.binary_erosion(soft & (units > LEAN_HU / HUNDRED), np.ones((3, 3)))
    body = ndimage.binary_fill_holes(plane > (BODY_HU - HOUNSFIELD_LOW) / HOUNSFIELD_WIDTH)
    fine, coarse = (_smoothed(units, soft, scale) for scale in SMOOTH_PX)
    return {
        "tissue detail": _detail(units, fine, coarse, inner, lean),
        "tissue trends": _trends(units, inner, lean, body),
        "tissue rings": ring_features(units - fine, inner),
    }


def _detail(
    units: np.ndarray, fine: np.ndarray, coarse: np.ndarray, inner: np.ndarray, lean: np.ndarray
) -> np.ndarray:
    """Logarithms of ranks of detail at three scales, and of the two finest in lean tissue."""
    finest = np.abs(ndimage.convolve(units, FINEST))
    middle, rough = np.abs(units - fine), np.abs(fine - coarse)
    parts = ((finest, inner), (middle, inner), (rough, inner), (finest, lean), (middle, lean))
    return np.concatenate([_ranks(values[where]) for values, where in parts])


def _smoothed(units: np.ndarray, soft: np.ndarray, scale: float) -> np.ndarray:
    """Gaussian mean over the soft tissue of a neighborhood."""
    weight = ndimage.gaussian_filter(soft.astype(np.float32), scale, mode="constant")
    total = ndimage.gaussian_filter(np.where(soft, units, 0), scale, mode="constant")
    return total / np.maximum(weight, 1e-6)


def _ranks(values: np.ndarray) -> np.ndarray:
    if len(values) < FEWEST_PX:
        return np.full(len(RANKS), np.log(0.1))
    return np.log(np.quantile(values, RANKS) + LEAST)


def _trends(units: np.ndarray, inner: np.ndarray, lean: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Coefficients of depth and of a second-order surface; medians and shares by depth."""
    depth = ndimage.distance_transform_edt(body)
    depth /= max(float(depth.max()), 1.0)
    values = [_surface(units, depth, inner), _surface(units, depth, lean)]
    for low, high in DEPTHS:
        layer = (depth >= low) & (depth < high)
        for tissue in (inner, lean):
            found = units[tissue & layer]
            middle = np.median(found) * len(found) / (len(found) + 10) if len(found) else 0.0
            values.append(np.array([middle]))
        found = units[inner & layer]
        between = (found > LEAN_HU / HUNDRED) & (found < BETWEEN_HU / HUNDRED)
        values.append(np.array([between.sum() / (len(found) + 10)]))
    return np.concatenate(values)


def _surface(units: np.ndarray, depth: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """Offset, depth, y, x, y², x², xy by regression that outliers hardly move, (7)."""
    j, i = np.nonzero(tissue)
    if len(j) < 2 * FEWEST_PX:
        return np.zeros(7)
    side = len(units)
    y, x = ((place - (side - 1) / 2) * 4 / side for place in (j, i))
    terms = np.stack([np.ones(len(y)), depth[j, i], y, x, y * y, x * x, y * x], 1)
    target = units[j, i]
    weight = np.ones(len(y))
    for _ in range(2):
        weighted = terms * weight[:, None]
        found = np.linalg.solve(weighted.T @ terms + 2 * np.eye(7), weighted.T @ target)
        weight = 1 / (1 + ((target - terms @ found) / OUTLIER) ** 2)
    return found
