"""The last steps of CT against PET: uptake explained by tissues, blurred as the scanner blurs.

Each kind of tissue on CT takes up its own share; seen through the scanner's blur, these make the
PET but for what is hot by itself (a tumor, the bladder), which is given little weight. Unlike
mutual information of a sharp image with a blurred one, this does not move an outline that is seen
from one side only. Noise grows with uptake, so that logarithms are compared.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from AutoContourLib.registration.feature_images import without_couch
from AutoContourLib.registration.gray_values import BODY_ABOVE_HU
from AutoContourLib.registration.mutual_information import thinned
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

# Tissues are shares of one another's neighbor between these: lung and fat, fat, muscle, marrow,
# dense bone; air takes up nothing.
_KNOTS_HU = (-1000.0, -100.0, 40.0, 250.0, 1200.0)
# Standard deviation of the edge of a body on whole-body PET.
_BLUR_MM = 3.8
_GRID_MM, _AROUND_MM, _MOST = 3.0, 12.0, 12_000
# Uptake that is added before the logarithm, as a share of the body's, and spread of the rest.
_FLOOR, _SPREAD = 0.6, 0.15
_FEWEST = 500
_LARGEST_STEP_MM, _STILL_MM = 2.0, 0.01
# Robust weights lag behind the motion.
_BEYOND = 1.5


def refined_by_uptake(
    fixed: Volume, moving: Volume, start: np.ndarray, steps: int = 30
) -> np.ndarray:
    """A 4 × 4 matrix near `start` (LPS mm, moving from fixed) at which tissues explain uptake best.

    fixed, moving: a CT in Hounsfield units and a PET, in either order. Deterministic. The start
    where too little of the body is common.
    """
    if fixed.modality == "PT":
        turned = refined_by_uptake(moving, fixed, np.linalg.inv(start), steps)
        return np.linalg.inv(turned)
    tissues, slopes, points, in_body = _explained_by(fixed)
    middle = points.mean(axis=0)
    uptake = ndimage.spline_filter(
        np.maximum(moving.array, 0).astype(np.float32), order=3, output=np.float32, mode="mirror"
    )
    last = np.array(moving.array.shape) - 1
    matrix, floor = np.asarray(start, float), 0.0
    for _ in range(steps):
        index = moving.geometry.indices(points @ matrix[:3, :3].T + matrix[:3, 3])[:, ::-1]
        inside = np.all((index >= 0) & (index <= last), axis=1)
        if inside.sum() < max(_FEWEST, 0.3 * len(points)):
            return np.asarray(start, float)
        found = ndimage.map_coordinates(
            uptake, index[inside].T, order=3, prefilter=False, mode="mirror"
        ).clip(min=0.0)
        floor = floor or _FLOOR * float(np.median(found[in_body[inside]]))
        if floor <= 0:
            return np.asarray(start, float)
        solution = _BEYOND * _solution(
            tissues[inside], slopes[inside], points[inside] - middle, found, floor
        )
        length = float(np.linalg.norm(solution[:3]) + 40 * np.linalg.norm(solution[3:]))
        solution *= min(1.0, _LARGEST_STEP_MM / max(length, 1e-9))
        update = np.eye(4)
        update[:3, :3] = Rotation.from_rotvec(-solution[3:]).as_matrix()
        update[:3, 3] = middle - update[:3, :3] @ middle - solution[:3]
        matrix = matrix @ update
        if length < _STILL_MM:
            break
    return matrix


def _explained_by(scan: Volume) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shares of tissues (n, t) and their slopes (n, t, 3; LPS, per mm) at LPS points (n, 3) of the
    body and around it, and which of them lie in the body."""
    alone = without_couch(scan)
    values = alone.array.astype(np.float32)
    maps, slopes = [], []
    for number in range(1, len(_KNOTS_HU)):
        one = np.eye(len(_KNOTS_HU))[number]
        share = np.interp(values, _KNOTS_HU, one).astype(np.float32)
        thin = thinned(scan.with_array(share, unit="", modality=""), _GRID_MM)
        spacing = np.array(thin.geometry.spacing_mm[::-1])
        maps.append(ndimage.gaussian_filter(thin.array, _BLUR_MM / spacing, mode="nearest"))
        slopes.append(_slopes(maps[-1], thin.geometry))
    grid = thinned(alone.with_array(values), _GRID_MM)
    body = grid.array > BODY_ABOVE_HU
    spacing = np.array(grid.geometry.spacing_mm[::-1])
    near = ndimage.distance_transform_edt(~body, sampling=spacing) < _AROUND_MM
    # Beyond the ends of the scan the blur is not known.
    for axis, step in enumerate(spacing):
        cut = int(np.ceil(_BLUR_MM / step))
        if near.shape[axis] > 4 * cut:
            np.moveaxis(near, axis, 0)[:cut] = False
            np.moveaxis(near, axis, 0)[-cut:] = False
    chosen = np.flatnonzero(near)
    chosen = chosen[:: max(1, -(-chosen.size // _MOST))]
    kji = np.unravel_index(chosen, body.shape)
    return (
        np.stack([one[kji] for one in maps], axis=1),
        np.stack([one[kji] for one in slopes], axis=1),
        grid.geometry.points_mm(np.stack(kji)[::-1].T),
        body[kji],
    )


def _slopes(values: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Gradient (k, j, i, 3) along LPS x, y, z per mm."""
    along = [np.gradient(values, axis=2 - n) / geometry.spacing_mm[n] for n in range(3)]
    turned: np.ndarray = np.stack(along, axis=-1) @ np.array(geometry.direction).T
    return turned


def _solution(
    tissues: np.ndarray, slopes: np.ndarray, arms_mm: np.ndarray, found: np.ndarray, floor: float
) -> np.ndarray:
    """Shift in mm and rotation vector in radians that the uptake found lies off by."""
    shares = _shares(tissues, found, floor)
    model = np.maximum(tissues @ shares, 0.0) + floor
    rest = np.log((found + floor) / model)
    weights = 1.0 / (rest**2 + _SPREAD**2)
    slope = np.tensordot(slopes, shares, axes=(1, 0)) / model[:, None]
    columns = np.concatenate([slope, np.cross(arms_mm, slope), tissues / model[:, None]], axis=1)
    normal = columns.T @ (columns * weights[:, None])
    # Levenberg's damping: what no edge holds stays where it is.
    damping = np.full(len(normal), 1e-9)
    damping[:6] = 1e-4 * np.trace(normal[:3, :3]) / 3 * np.array([1, 1, 1, 1e3, 1e3, 1e3])
    normal[np.diag_indices(len(normal))] += damping
    solution: np.ndarray = np.linalg.solve(normal, columns.T @ (weights * rest))[:6]
    return solution


def _shares(tissues: np.ndarray, found: np.ndarray, floor: float) -> np.ndarray:
    """Uptake (t,) of each tissue: robust least squares of logarithms, by repeated weighting."""
    weights = 1.0 / (found + floor) ** 2
    shares = np.zeros(tissues.shape[1])
    for _ in range(6):
        scaled = tissues * weights[:, None]
        small = 1e-9 * np.eye(tissues.shape[1])
        shares = np.linalg.solve(tissues.T @ scaled + small, scaled.T @ found)
        model = np.maximum(tissues @ shares, 0.0) + floor
        rest = np.log((found + floor) / model)
        weights = 1.0 / model**2 / (rest**2 + _SPREAD**2)
    return shares
