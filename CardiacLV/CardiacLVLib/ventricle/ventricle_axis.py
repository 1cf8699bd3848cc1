"""The long axis of the left ventricle as a line through the planes of a short-axis stack.

Each plane's own finding supports the line by its area; findings far from it, such as a stomach
below the heart, are outvoted. In-plane positions and depths are millimeters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAR_AXIS_MM = 12.0
_STEEPEST = 0.8
# A slope must be earned: supports that span less depth than this keep the line straight.
_STRAIGHT_OVER_MM = 10.0


@dataclass(frozen=True, eq=False)
class VentricleAxis:
    """A line: in-plane position (row, column) in mm = middle_mm + slope · (depth − depth_mm).

    supports: which of the points it was fitted to lie near it.
    """

    middle_mm: np.ndarray
    slope: np.ndarray
    depth_mm: float
    supports: np.ndarray

    def at(self, depth_mm: np.ndarray | float) -> np.ndarray:
        """Position (..., 2) at depths along the normal of the planes."""
        return self.middle_mm + np.multiply.outer(np.asarray(depth_mm) - self.depth_mm, self.slope)


def fit_axis(points_mm: np.ndarray, depths_mm: np.ndarray, weights: np.ndarray) -> VentricleAxis:
    """The line that most weight agrees on.

    points_mm: (n, 2) row and column, n ≥ 1. depths_mm, weights: (n,), weights positive.
    Every line through two points, and every one through one point along the normal, is tried; a
    point counts the less the farther it lies, nothing beyond `NEAR_AXIS_MM`. The best line is
    then fitted by least squares to those near it.
    """
    points = np.asarray(points_mm, float)
    depths, weights = np.asarray(depths_mm, float), np.asarray(weights, float)
    starts, slopes, zeros = _lines(points, depths)
    expected = starts[:, None] + slopes[:, None] * (depths[None, :, None] - zeros[:, None, None])
    apart = np.linalg.norm(expected - points[None], axis=2)
    agreement = (weights * np.clip(1 - (apart / NEAR_AXIS_MM) ** 2, 0, None)).sum(1)
    near = apart[int(agreement.argmax())] <= NEAR_AXIS_MM
    weight = weights * near
    total = weight.sum()
    middle = weight @ points / total
    depth = float(weight @ depths / total)
    spread = weight @ (depths - depth) ** 2 + total * _STRAIGHT_OVER_MM**2
    slope = (weight * (depths - depth)) @ (points - middle) / spread
    return VentricleAxis(middle, slope, depth, near)


def plane_positions(
    points_mm: np.ndarray,
    depths_mm: np.ndarray,
    weights: np.ndarray,
    plane_depths_mm: np.ndarray,
) -> tuple[np.ndarray, VentricleAxis]:
    """Where the ventricle lies on each plane (plane, 2) in mm, and the axis.

    A plane's own findings, averaged, where they lie near the axis; else the axis. Beyond the
    outermost supports the line is not prolonged by more than one plane, since slopes are small.
    """
    axis = fit_axis(points_mm, depths_mm, weights)
    near = np.asarray(depths_mm, float)[axis.supports]
    plane_depths = np.asarray(plane_depths_mm, float)
    step = float(np.abs(np.diff(plane_depths)).min()) if len(plane_depths) > 1 else 0.0
    result = axis.at(np.clip(plane_depths, near.min() - step, near.max() + step))
    for number, depth in enumerate(plane_depths):
        own = axis.supports & (np.abs(np.asarray(depths_mm) - depth) < 1e-3)
        if own.any():
            result[number] = np.average(points_mm[own], axis=0, weights=weights[own])
    return result, axis


def _lines(points: np.ndarray, depths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, slope and depth of the start of every line to be tried."""
    first, second = np.triu_indices(len(points), 1)
    rise = depths[second] - depths[first]
    apart = np.abs(rise) > 1e-3
    first, second, rise = first[apart], second[apart], rise[apart]
    slopes = (points[second] - points[first]) / rise[:, None]
    gentle = np.linalg.norm(slopes, axis=1) <= _STEEPEST
    return (
        np.concatenate([points, points[first[gentle]]]),
        np.concatenate([np.zeros_like(points), slopes[gentle]]),
        np.concatenate([depths, depths[first[gentle]]]),
    )
