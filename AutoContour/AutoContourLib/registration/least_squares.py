"""The last steps for images of one modality: gray values by robust least squares (Gauss–Newton).

Every voxel of the body is compared with the moving image read by cubic splines. CT is compared in
a wide and in a soft-tissue window, images of another modality after a gain and a level of gray
values that are fitted along. What moved by itself (couch, bowel) is given little weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from AutoContourLib.registration.gray_values import body_mask, comparable
from AutoContourLib.study.overview import body_outline
from MedImageLib.volume import Volume

# Coarse first, so that a start some mm away is enough. The last one is the blur at which edges
# that a grid cuts into steps and noise cost least; finer voxels need less of it.
_COARSE_MM = 8.0
_FINE_MM, _FINE_VOXELS = 3.5, 1.2
_WINDOWS_HU = ((-900.0, 1000.0), (-150.0, 200.0))
# Residuals beyond so many times their expected size count half (Cauchy's weights) or less.
_FAR = 1.5
# Air around the body that is compared too, since the skin is an edge.
_AROUND_MM = 6.0
_MOST_COARSE, _MOST_FINE = 30_000, 250_000
_FEWEST = 100
_STILL_MM = 2e-3


@dataclass(frozen=True, eq=False)
class _Channel:
    """values: (n,) of the fixed points. columns: (n, 6), change of the values with a shift along
    and a turn about LPS x, y, z. steep: (n,) squared slopes. spline: (k, j, i) coefficients of the
    moving image."""

    values: np.ndarray
    columns: np.ndarray
    steep: np.ndarray
    spline: np.ndarray


def refined_by_least_squares(
    fixed: Volume, moving: Volume, start: np.ndarray, steps: int = 8
) -> np.ndarray:
    """A 4 × 4 matrix near `start` (LPS mm, moving from fixed) that makes gray values agree.

    fixed, moving: two images of one modality, CT in Hounsfield units. Deterministic.
    """
    body = body_outline(fixed).array > 0 if _is_ct(fixed) else body_mask(comparable(fixed))
    own, other = (float(np.mean(one.geometry.spacing_mm)) for one in (fixed, moving))
    around = max(1, round(_AROUND_MM / own))
    near = np.flatnonzero(ndimage.binary_dilation(body, iterations=around))
    matrix = np.asarray(start, float)
    for scale, most in (
        (_COARSE_MM, _MOST_COARSE),
        (min(_FINE_MM, _FINE_VOXELS * max(own, other)), _MOST_FINE),
    ):
        chosen = near[:: max(1, -(-near.size // most))]
        matrix = _after_steps(fixed, moving, chosen, scale, matrix, steps)
    return matrix


def _is_ct(image: Volume) -> bool:
    return image.modality == "CT"


def _after_steps(
    fixed: Volume,
    moving: Volume,
    chosen: np.ndarray,
    scale_mm: float,
    start: np.ndarray,
    steps: int,
) -> np.ndarray:
    """The offset after at most so many steps at one blur; chosen: flat indices of fixed voxels."""
    place = np.unravel_index(chosen, fixed.array.shape)
    points = fixed.geometry.points_mm(np.stack(place)[::-1].T)
    middle = points.mean(axis=0)
    uncut = _uncut(np.stack(place, axis=1), fixed, scale_mm)
    channels = [
        _channel(still, free, fixed, moving, place, points - middle, scale_mm)
        for still, free in zip(_gray(fixed), _gray(moving), strict=True)
    ]
    matrix = start
    for _ in range(steps):
        index = moving.geometry.indices(points @ matrix[:3, :3].T + matrix[:3, 3])[:, ::-1]
        inside = uncut & _uncut(index, moving, scale_mm)
        if inside.sum() < _FEWEST:
            break
        solution = _solution(channels, index[inside].T, inside, fitted=not _is_ct(fixed))
        update = np.eye(4)
        update[:3, :3] = Rotation.from_rotvec(-solution[3:]).as_matrix()
        update[:3, 3] = middle - update[:3, :3] @ middle - solution[:3]
        matrix = matrix @ update
        if np.abs(solution[:3]).max() + 100 * np.abs(solution[3:]).max() < _STILL_MM:
            break
    return matrix


def _uncut(index: np.ndarray, image: Volume, scale_mm: float) -> np.ndarray:
    """Which places (n, 3; k, j, i) are so far from where the image is cut that its blurred values
    are not made up."""
    blur = scale_mm / np.array(image.geometry.spacing_mm[::-1])
    last = np.array(image.array.shape) - 1 - blur
    found: np.ndarray = np.all((index >= blur) & (index <= last), axis=1)
    return found


def _gray(image: Volume) -> list[np.ndarray]:
    """What is compared, float32: windows of Hounsfield units, or values of `comparable`."""
    if not _is_ct(image):
        return [comparable(image).array]
    values = image.array.astype(np.float32)
    return [np.clip(values, low, high) for low, high in _WINDOWS_HU]


def _channel(
    still: np.ndarray,
    free: np.ndarray,
    fixed: Volume,
    moving: Volume,
    place: tuple[np.ndarray, ...],
    arms_mm: np.ndarray,
    scale_mm: float,
) -> _Channel:
    smooth = _smooth(still, fixed, scale_mm)
    along = [
        np.gradient(smooth, axis=2 - n)[place] / fixed.geometry.spacing_mm[n] for n in range(3)
    ]
    slopes = (np.array(fixed.geometry.direction, np.float32) @ np.stack(along)).T
    columns = np.concatenate([slopes, np.cross(arms_mm.astype(np.float32), slopes)], axis=1)
    spline = ndimage.spline_filter(
        _smooth(free, moving, scale_mm), order=3, output=np.float32, mode="mirror"
    )
    return _Channel(smooth[place], columns, np.square(slopes).sum(axis=1), spline)


def _smooth(values: np.ndarray, image: Volume, scale_mm: float) -> np.ndarray:
    own = np.array(image.geometry.spacing_mm[::-1])
    # Both images end at one blur, though their voxels differ.
    sigma = np.sqrt(np.maximum(scale_mm**2 - (0.4 * own) ** 2, 0.0)) / own
    smooth: np.ndarray = ndimage.gaussian_filter(values, sigma, mode="nearest")
    return smooth


def _solution(
    channels: list[_Channel], at: np.ndarray, inside: np.ndarray, *, fitted: bool
) -> np.ndarray:
    """Shift in mm and rotation vector in radians that the moving content lies off by.

    at: (3, n) places in the moving image. fitted: a gain and a level of gray values are further
    unknowns of each channel.
    """
    count = 6 + (2 * len(channels) if fitted else 0)
    normal, right = np.zeros((count, count)), np.zeros(count)
    for number, one in enumerate(channels):
        found = ndimage.map_coordinates(one.spline, at, order=3, prefilter=False, mode="mirror")
        columns, values = one.columns[inside], one.values[inside]
        rest = found - values
        used = list(range(6))
        if fitted:
            gain, level = np.polyfit(values, found, 1)
            rest = found - gain * values - level
            columns = np.concatenate(
                [gain * columns, values[:, None], np.ones((len(values), 1), np.float32)], axis=1
            )
            used += [6 + 2 * number, 7 + 2 * number]
        weighted = columns * _weights(rest, one.steep[inside])[:, None]
        normal[np.ix_(used, used)] += weighted.T @ columns
        right[used] += weighted.T @ rest
    solution: np.ndarray = np.linalg.lstsq(normal, right, rcond=1e-12)[0]
    return solution[:6]


def _weights(rest: np.ndarray, steep: np.ndarray) -> np.ndarray:
    """One over the expected square of each residual: noise, and at edges a slip of the place."""
    even = steep <= np.median(steep)
    noise = max(1.4826 * float(np.median(np.abs(rest[even]))), 1e-6)
    edges = steep >= steep.mean()
    slip = max(float(np.median((rest[edges] ** 2 - noise**2) / steep[edges].clip(1e-12))), 0.0)
    expected = noise**2 + 0.5 * slip * steep
    weights: np.ndarray = 1.0 / (expected * (1.0 + rest**2 / (_FAR**2 * expected)))
    return weights
