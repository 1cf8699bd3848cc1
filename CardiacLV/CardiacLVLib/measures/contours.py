"""Sub-pixel contours of star-shaped regions: radius by angle around a center.

A label map says of each pixel center on which side of the contour it lies. The contour is the
smoothest closed curve, an ellipse bent by low harmonics, that keeps the pixels at the border on
their sides; a soft map gives points of the contour itself. Angles run from the image's column
axis (+i) towards its row axis (+j), in the plane's millimeters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

ANGLES = 360
"""Samples of a contour, one per degree."""
_HARMONICS = 10
_STIFFNESS = 1.0  # of harmonic n: this times n⁴; found on ellipses and on experts' contours
_SIDE_PX = 0.04  # width of the step of the likelihood that a pixel lies on its side
_STEPS = 16
_ASTRAY_PX, _ASTRAY_SHARE = 0.75, 0.06


@dataclass(frozen=True, eq=False)
class RadialContour:
    """A closed contour around a center.

    center_mm: (x, y) in the plane; the center of pixel (0, 0) is the origin, x runs along +i.
    radius_mm: (360,) at 0°, 1°, … . area_mm2: inside of it. smooth: False where the region was
    no star shape, so that its pixels were taken as they are.
    """

    center_mm: tuple[float, float]
    radius_mm: np.ndarray
    area_mm2: float
    smooth: bool = True

    def radius_at(self, angle_deg: float | np.ndarray) -> np.ndarray:
        """Radius in mm at any angles in degrees."""
        angle = np.asarray(angle_deg, float)
        return np.interp(angle, np.arange(ANGLES), self.radius_mm, period=ANGLES)

    def points_mm(self) -> np.ndarray:
        """(360, 2) points (x, y)."""
        return points_about(self.center_mm, np.arange(ANGLES), self.radius_mm)


def points_about(
    center_mm: tuple[float, float], angle_deg: np.ndarray, radius_mm: np.ndarray
) -> np.ndarray:
    """(n, 2) points (x, y) in mm at these angles and radii."""
    angle = np.deg2rad(np.asarray(angle_deg, float))
    radius = np.asarray(radius_mm, float)
    return np.stack(
        [center_mm[0] + radius * np.cos(angle), center_mm[1] + radius * np.sin(angle)], axis=-1
    )


def centroid_mm(region: np.ndarray, spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Centroid (x, y) of a region (j, i), bool or weights 0 … 1, that is not empty.

    spacing_mm: along (i, j).
    """
    weight = np.asarray(region, float)
    total = weight.sum()
    x = float(weight.sum(0) @ np.arange(weight.shape[1])) / total * spacing_mm[0]
    y = float(weight.sum(1) @ np.arange(weight.shape[0])) / total * spacing_mm[1]
    return x, y


def fit_contour(
    region: np.ndarray,
    spacing_mm: tuple[float, float],
    center_mm: tuple[float, float],
    seen: np.ndarray | None = None,
) -> RadialContour:
    """Contour of a region without holes.

    region: (j, i), bool, or a soft map 0 … 1 whose level 0.5 is the contour. spacing_mm: along
    (i, j). seen: (360,) bool, angles where the region's border is to be believed; the curve is
    led smoothly over the others.
    """
    inside = region if region.dtype == bool else region > 0.5
    pixel_mm = float(np.sqrt(spacing_mm[0] * spacing_mm[1]))
    if region.dtype == bool:
        points, side = _border_pixels(inside)
    else:
        points = _crossings(region)
        side = np.zeros(len(points))
    offset = points * np.array(spacing_mm) - np.array(center_mm)
    angle, radius = np.arctan2(offset[:, 1], offset[:, 0]), np.hypot(offset[:, 0], offset[:, 1])
    if seen is not None:
        kept = seen[np.floor(np.rad2deg(angle)).astype(int) % ANGLES]
        angle, radius, side = angle[kept], radius[kept], side[kept]
    base = _ellipse(inside, spacing_mm, angle, radius, whole=seen is None)
    size = float(np.mean(base(_TURN)))
    design = _harmonics(angle) * (base(angle) / size)[:, None] * pixel_mm
    bend = _fitted(design / pixel_mm, (radius - base(angle)) / pixel_mm, side)
    fitted = base(_TURN) * (1 + _TURN_HARMONICS @ bend * pixel_mm / size)
    astray = (design @ bend + base(angle) - radius) / pixel_mm
    wrong = np.where(side == 0, np.abs(astray), -side * astray) > _ASTRAY_PX
    if fitted.min() <= 0 or wrong.mean() > _ASTRAY_SHARE:
        return _pixel_contour(inside, spacing_mm, center_mm)
    return RadialContour(center_mm, fitted, polar_area_mm2(fitted))


def polar_area_mm2(radius_mm: np.ndarray) -> float:
    """Area inside of radii that are given at each degree of a full turn."""
    return float(0.5 * (np.asarray(radius_mm) ** 2).sum() * 2 * np.pi / ANGLES)


def _border_pixels(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) pixels (i, j) along the border and their side: 1 inside, −1 outside."""
    padded = np.pad(inside, 2)
    up, down, left, right = (np.roll(padded, *way) for way in ((1, 0), (-1, 0), (1, 1), (-1, 1)))
    core = up & down & left & right
    halo = up | down | left | right
    last, first = np.argwhere(padded & ~core), np.argwhere(halo & ~padded)
    points = np.concatenate([last, first])[:, ::-1] - 2.0
    return points, np.concatenate([np.ones(len(last)), -np.ones(len(first))])


def _crossings(soft: np.ndarray) -> np.ndarray:
    """(n, 2) points (i, j) on the lines between pixel centers where a soft map is 0.5."""
    padded = np.pad(np.asarray(soft, float), 1) - 0.5
    found = []
    for axis in (0, 1):
        one = padded[:-1] if axis == 0 else padded[:, :-1]
        two = padded[1:] if axis == 0 else padded[:, 1:]
        at = np.argwhere((one > 0) != (two > 0))
        a, b = one[tuple(at.T)], two[tuple(at.T)]
        place = at.astype(float)
        place[:, axis] += a / (a - b)
        found.append(place)
    return np.concatenate(found)[:, ::-1] - 1.0


def _ellipse(
    inside: np.ndarray,
    spacing_mm: tuple[float, float],
    angle: np.ndarray,
    radius: np.ndarray,
    whole: bool,
):
    """Radius by angle of the ellipse with the region's moments, or a circle of a part of it."""
    if not whole:
        middle = float(np.median(radius))
        return lambda at: np.full(np.shape(at), middle)
    place = np.argwhere(inside)[:, ::-1] * np.array(spacing_mm)
    moments = np.cov(place.T, bias=True) if len(place) > 1 else np.zeros((2, 2))
    # A pixel is a square, not a point.
    form = np.linalg.inv(4 * (np.reshape(moments, (2, 2)) + np.diag(np.square(spacing_mm)) / 12))

    def at_angle(at: np.ndarray) -> np.ndarray:
        c, s = np.cos(at), np.sin(at)
        return 1 / np.sqrt(form[0, 0] * c * c + 2 * form[0, 1] * c * s + form[1, 1] * s * s)

    return at_angle


def _harmonics(angle: np.ndarray) -> np.ndarray:
    turns = angle[:, None] * np.arange(1, _HARMONICS + 1)
    return np.concatenate([np.ones((len(angle), 1)), np.cos(turns), np.sin(turns)], axis=1)


def _fitted(design: np.ndarray, excess: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Coefficients of the harmonics in pixels.

    A pixel with a side asks for side × (design @ c − excess) > 0, softly (logistic regression);
    one without asks for equality (least squares). High harmonics are stiff.
    """
    order = np.concatenate([[0], *2 * [np.arange(1, _HARMONICS + 1)]]).astype(float)
    stiff = np.diag(_STIFFNESS * order**4 + 1e-9)
    if not side.any():
        weighted = design / _SIDE_PX
        return np.linalg.solve(weighted.T @ weighted + stiff, weighted.T @ excess / _SIDE_PX)
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        margin = side * (design @ found - excess) / _SIDE_PX
        chance = 1 / (1 + np.exp(np.clip(margin, -50, 50)))
        slope = stiff @ found - design.T @ (side * chance) / _SIDE_PX
        # The floor keeps far-off pixels, whose likelihood is flat, from freezing the step.
        weight = np.maximum(chance * (1 - chance), 1e-3) / _SIDE_PX**2
        step = np.linalg.solve((design.T * weight) @ design + stiff, slope)
        farthest = float(np.abs(design @ step).max())
        found = found - step * min(1.0, 0.5 / max(farthest, 1e-9))
        if farthest < 1e-4:
            break
    return found


def _pixel_contour(
    inside: np.ndarray, spacing_mm: tuple[float, float], center_mm: tuple[float, float]
) -> RadialContour:
    """Outermost border along each ray; the area is that of the pixels."""
    step = 0.25 * min(spacing_mm)
    reach = float(np.hypot(*(np.array(inside.shape[::-1]) * spacing_mm)))
    radii = np.arange(0, reach, step)
    rays = points_about(center_mm, np.arange(ANGLES)[:, None], radii[None, :]) / spacing_mm
    hit = ndimage.map_coordinates(
        inside.astype(float), (rays[..., 1], rays[..., 0]), order=1, mode="constant"
    )
    last = (len(radii) - 1) - (hit[:, ::-1] > 0.5).argmax(axis=1)
    radius = np.where((hit > 0.5).any(axis=1), radii[last] + step / 2, 0.0)
    area = float(inside.sum()) * spacing_mm[0] * spacing_mm[1]
    return RadialContour(center_mm, radius, area, smooth=False)


_TURN = np.deg2rad(np.arange(ANGLES))
_TURN_HARMONICS = _harmonics(_TURN)
