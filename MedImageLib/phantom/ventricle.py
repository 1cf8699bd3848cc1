"""The beating left ventricle, slice by slice: contours, labels and signal.

At end diastole the cavity is a truncated solid of revolution around the long axis, bent by low
harmonics; muscle lies around it and caps the apex. Each moment is an incompressible deformation:
the long axis shortens by `shortening`, cavity and muscle areas follow from their volumes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BACKGROUND, CAVITY, MYOCARDIUM, RIGHT_CAVITY = 0, 1, 2, 3

# Signal of balanced steady-state free precession relative to blood.
BLOOD, MUSCLE, FAT, PERICARDIUM = 1.0, 0.33, 0.95, 0.12
ANGLES = 720
# Long axis of a cavity of 145 mL; others are alike in shape.
LENGTH_MM = 78.0
# Fullness of the cavity: exponent of its profile and its volume over that of a cylinder.
TAPER = 2.6
FULLNESS = 1 - 1 / (TAPER + 1)


@dataclass(frozen=True)
class Ventricle:
    """Shape at end diastole; slices are numbered from the base, fractions allowed.

    base_slice, apex_slice: ends of the cavity. step_mm: distance of slices. radius_mm: of the
    cavity at the base. wall_mm: mean wall at the base. center_mm: (x, y) at the apex in the
    picture, drift: of the center per slice towards the base. septum_rad: direction of the middle
    of the septum, half_septum_rad: from there to the insertions. wobble: harmonics (order ×
    cosine, sine) of the contour. shortening: of the long axis at end systole, a fraction.
    """

    base_slice: float
    apex_slice: float
    step_mm: float
    radius_mm: float
    wall_mm: float
    septal_excess: float
    center_mm: tuple[float, float]
    drift_mm: tuple[float, float]
    septum_rad: float
    half_septum_rad: float
    wobble: np.ndarray
    right_reach: float
    twist_rad: float
    shortening: float
    ejection_fraction: float
    papillary: bool


@dataclass(frozen=True, eq=False)
class HeartSlice:
    """One short-axis cut: labels and signal inside a window of the fine grid.

    window: rows and columns of the fine grid. labels: uint8. signal: float32, NaN outside of the
    heart. center_mm: of the ventricle.
    """

    window: tuple[slice, slice]
    labels: np.ndarray
    signal: np.ndarray
    center_mm: tuple[float, float]


def draw_ventricle(
    generator: np.random.Generator,
    slices: int,
    step_mm: float,
    field_mm: float,
    edv_ml: float,
    ejection_fraction: float,
    wall_mm: float,
    septal_excess: float,
    papillary: bool,
) -> Ventricle:
    """A ventricle of the wanted volume at a random place and angle of the picture."""
    # The first slice lies above the base and the last beyond the apex.
    base = generator.uniform(0.3, 0.9)
    wanted = LENGTH_MM * (edv_ml / 145) ** (1 / 3) * generator.normal(1, 0.04)
    apex = min(base + wanted / step_mm, slices - 1.0 - 0.8 * wall_mm / step_mm - 0.3)
    length = (apex - base) * step_mm
    center = generator.normal(0, 0.03, 2) * field_mm + np.array([-0.02, -0.03]) * field_mm
    wobble = generator.normal(0, 1, (4, 2)) * np.array([0.0, 0.0, 0.022, 0.012])[:, None]
    return Ventricle(
        base_slice=float(base),
        apex_slice=float(apex),
        step_mm=step_mm,
        radius_mm=float(np.sqrt(1000 * edv_ml / (FULLNESS * np.pi * length))),
        wall_mm=wall_mm,
        septal_excess=septal_excess,
        center_mm=(float(center[0]), float(center[1])),
        drift_mm=(float(generator.normal(0.3, 0.4)), float(generator.normal(-0.6, 0.4))),
        septum_rad=float(np.deg2rad(generator.normal(200, 12))),
        half_septum_rad=float(np.deg2rad(generator.normal(58, 5))),
        wobble=wobble,
        right_reach=float(generator.uniform(0.7, 0.98)),
        twist_rad=float(np.deg2rad(generator.normal(9, 2))),
        shortening=float(np.clip(0.21 * ejection_fraction * generator.normal(1, 0.1), 0, 0.18)),
        ejection_fraction=ejection_fraction,
        papillary=papillary,
    )


def slice_of_heart(
    heart: Ventricle, number: int, contraction: float, axis_mm: np.ndarray, finer: int
) -> HeartSlice | None:
    """The cut of slice `number`, or None beyond the apex.

    contraction: 0 at end diastole, 1 at end systole. axis_mm: both axes of the fine
    grid, which has `finer` samples per pixel.
    """
    short = 1 - heart.shortening * contraction
    span = heart.apex_slice - heart.base_slice
    along = 1 - (heart.apex_slice - number) / (short * span)
    from_apex = heart.apex_slice - number
    center = (
        heart.center_mm[0] + heart.drift_mm[0] * from_apex,
        heart.center_mm[1] + heart.drift_mm[1] * from_apex,
    )
    cap = 0.75 * heart.wall_mm / (span * heart.step_mm)
    if along >= 1 + cap:
        return None
    reach = 3.1 * heart.radius_mm + 3 * heart.wall_mm
    inside = [np.flatnonzero(np.abs(axis_mm - c) < reach) for c in center]
    # Whole pixels of the picture, so that the window can be averaged on its own.
    window = (
        slice(int(inside[1][0]) // finer * finer, -(-int(inside[1][-1] + 1) // finer) * finer),
        slice(int(inside[0][0]) // finer * finer, -(-int(inside[0][-1] + 1) // finer) * finer),
    )
    x = (axis_mm[window[1]] - center[0])[None, :]
    y = (axis_mm[window[0]] - center[1])[:, None]
    radius = np.hypot(x, y)
    turn = np.arctan2(y, x) - heart.septum_rad
    at = np.floor((turn % (2 * np.pi)) * (ANGLES / (2 * np.pi))).astype(np.int32) % ANGLES
    if along < 0:
        return _above_base(heart, window, x, y, center, along)
    curves = _contours(heart, along, short, contraction, cap)
    labels = np.zeros(radius.shape, np.uint8)
    signal = np.full(radius.shape, np.nan, np.float32)
    inner, outer, right = (curve[at] for curve in curves)
    fat = np.maximum(outer, right) + np.float32(2.5)
    signal[radius < fat + 5] = FAT * 0.75
    signal[radius < fat] = PERICARDIUM + 0.1
    in_right = (radius < right) & (radius >= outer)
    signal[(radius < right + 3) & (right > outer)] = MUSCLE
    signal[in_right] = BLOOD * 0.95
    signal[radius < outer] = MUSCLE
    signal[radius < inner] = BLOOD
    labels[in_right] = RIGHT_CAVITY
    labels[radius < outer] = MYOCARDIUM
    labels[radius < inner] = CAVITY
    if heart.papillary:
        _add_papillary(heart, signal, labels, x, y, along, contraction, float(curves[0].mean()))
    return HeartSlice(window, labels, signal, center)


def _contours(
    heart: Ventricle, along: float, short: float, contraction: float, cap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Endocardium, epicardium and right free wall: radius by angle from the septum's middle."""
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    ratio = 1 - heart.ejection_fraction * contraction
    radius = heart.radius_mm * np.sqrt(max(1 - along**TAPER, 0.0)) if along < 1 else 0.0
    wall = heart.wall_mm * (1 - 0.25 * min(along, 1.0))
    full = radius + wall
    if along > 1:
        full = wall * np.sqrt(max(1 - ((along - 1) / cap) ** 2, 0.0))
    cavity_area = np.pi * radius**2 * ratio / short
    wall_area = np.pi * (full**2 - radius**2) / short
    bent = angle + heart.twist_rad * contraction * (along - 0.4)
    shape = 1.0 + sum(
        heart.wobble[n, 0] * np.cos(n * bent) + heart.wobble[n, 1] * np.sin(n * bent)
        for n in (2, 3)
    )
    step = 2 * np.pi / ANGLES
    inner = shape * np.sqrt(cavity_area / (0.5 * (shape**2).sum() * step))
    # Thickness profile: more in the septum; scaled until the muscle has its area.
    facing = np.exp(-((np.minimum(angle, 2 * np.pi - angle) / 0.75) ** 2))
    profile = 1 + heart.septal_excess * facing
    a = 0.5 * (profile**2).sum() * step
    b = (inner * profile).sum() * step
    scale = (-b + np.sqrt(b**2 + 4 * a * wall_area)) / (2 * a)
    outer = inner + scale * profile
    opening = np.clip(1 - (np.minimum(angle, 2 * np.pi - angle) / heart.half_septum_rad) ** 2, 0, 1)
    fading = np.clip(1.12 - along**1.6 * 1.25, 0, 1)
    depth = heart.right_reach * heart.radius_mm * fading * (1 - 0.38 * contraction)
    right = np.where(opening > 0, outer + depth * opening**0.6, 0)
    return inner.astype(np.float32), outer.astype(np.float32), right.astype(np.float32)


def _add_papillary(
    heart: Ventricle,
    signal: np.ndarray,
    labels: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    along: float,
    contraction: float,
    radius_mm: float,
) -> None:
    """Two muscles at the free wall; the label stays that of the cavity."""
    if not 0.28 < along < 0.82:
        return
    thick = 0.145 * heart.radius_mm * (0.8 + 0.4 * np.sin(np.pi * (along - 0.28) / 0.54))
    for offset in (0.72, -0.78):
        direction = heart.septum_rad + np.pi + offset + 0.5 * heart.twist_rad * contraction
        distance = max(radius_mm - 1.15 * thick, 0.0)
        dx = x - distance * np.cos(direction)
        dy = y - distance * np.sin(direction)
        muscle = (dx**2 + dy**2 < thick**2) & (labels == CAVITY)
        signal[muscle] = MUSCLE


def _above_base(
    heart: Ventricle,
    window: tuple[slice, slice],
    x: np.ndarray,
    y: np.ndarray,
    center: tuple[float, float],
    along: float,
) -> HeartSlice:
    """Left atrium, aortic root and right atrium or outflow tract; nothing is labeled there."""
    signal = np.full((y.size, x.size), np.nan, np.float32)
    septum = np.array([np.cos(heart.septum_rad), np.sin(heart.septum_rad)])
    front = np.array([-septum[1], septum[0]])
    size = heart.radius_mm
    for toward, ahead, radius in (
        (-0.15, -0.35, 1.05),
        (1.3, -0.4, 0.8),
        (1.15, 0.75, 0.62),
        (0.42, 0.4, 0.5),
    ):
        at = size * (toward * septum + ahead * front)
        distance = np.hypot(x - at[0], y - at[1])
        # Each later chamber shows its own thin wall against the earlier ones.
        signal[distance < size * radius + 2.0] = MUSCLE
        signal[distance < size * radius] = BLOOD * 0.92
    return HeartSlice(window, np.zeros(signal.shape, np.uint8), signal, center)
