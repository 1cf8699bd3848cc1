"""Smooth invertible maps of a patient between two days, known at every point.

`later = rigid(x + d(x))` with d a sum of Gaussian pushes whose gradient stays below one, so that
the map is a diffeomorphism; its inverse is found by fixed-point iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from MedImageLib.geometry import Geometry

INVERSE_STEP_MM = 9.0


@dataclass(frozen=True, eq=False)
class Deformation:
    """LPS points of one image to those of a later one.

    centers_mm, pushes_mm: (N, 3); widths_mm: (N,) standard deviations. later_from_fixed: 4 × 4
    rigid matrix that follows the pushes.
    """

    centers_mm: np.ndarray
    pushes_mm: np.ndarray
    widths_mm: np.ndarray
    later_from_fixed: np.ndarray

    def bend(self, points_mm: np.ndarray) -> np.ndarray:
        """The elastic part d at points (..., 3)."""
        result = np.zeros(points_mm.shape)
        for center, push, width in zip(
            self.centers_mm, self.pushes_mm, self.widths_mm, strict=True
        ):
            distance = ((points_mm - center) ** 2).sum(axis=-1)
            result += np.exp(-distance / (2 * width**2))[..., None] * push
        return result

    def later(self, points_mm: np.ndarray) -> np.ndarray:
        """Where points (..., 3) of the fixed image are in the later one."""
        return _moved(self.later_from_fixed, points_mm + self.bend(points_mm))

    def fixed(self, points_mm: np.ndarray, iterations: int = 30) -> np.ndarray:
        """Where points (..., 3) of the later image are in the fixed one, to below 0.001 mm."""
        straight = _moved(np.linalg.inv(self.later_from_fixed), points_mm)
        result = straight.copy()
        for _ in range(iterations):
            step = straight - self.bend(result) - result
            result += step
            if np.abs(step).max() < 1e-4:
                break
        return result

    def steepness(self, points_mm: np.ndarray) -> float:
        """Upper bound of the largest gradient of d at the points: below 1 it is invertible."""
        bound = np.zeros(points_mm.shape[:-1])
        for center, push, width in zip(
            self.centers_mm, self.pushes_mm, self.widths_mm, strict=True
        ):
            distance = np.sqrt(((points_mm - center) ** 2).sum(axis=-1))
            slope = distance / width**2 * np.exp(-(distance**2) / (2 * width**2))
            bound += slope * np.linalg.norm(push)
        return float(bound.max())


def draw_deformation(
    generator: np.random.Generator,
    lower_mm: np.ndarray,
    upper_mm: np.ndarray,
    largest_push_mm: float,
    largest_turn_deg: float,
    largest_shift_mm: float,
    pushes: int = 7,
) -> Deformation:
    """Random pushes inside a box, turned and shifted about its middle."""
    centers = generator.uniform(lower_mm, upper_mm, (pushes, 3))
    widths = generator.uniform(38, 62, pushes)
    directions = generator.normal(size=(pushes, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    push = directions * generator.uniform(0.4, 1.0, (pushes, 1)) * largest_push_mm
    turn = generator.uniform(-largest_turn_deg, largest_turn_deg, 3)
    shift = generator.uniform(-largest_shift_mm, largest_shift_mm, 3)
    deformation = Deformation(
        centers, push, widths, rigid_matrix(turn, shift, (lower_mm + upper_mm) / 2)
    )
    corners = np.stack(np.meshgrid(*np.linspace(lower_mm, upper_mm, 14).T, indexing="ij"), -1)
    steep = deformation.steepness(corners)
    if steep > 0.5:
        push = push * (0.5 / steep)
    return Deformation(centers, push, widths, deformation.later_from_fixed)


def rigid_matrix(turn_deg: np.ndarray, shift_mm: np.ndarray, about_mm: np.ndarray) -> np.ndarray:
    """4 × 4 matrix that turns about a point (angles about x, y, z in this order), then shifts."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    matrix[:3, 3] = about_mm + shift_mm - matrix[:3, :3] @ about_mm
    return matrix


def grid_points(geometry: Geometry) -> np.ndarray:
    """LPS points (k, j, i, 3) of all voxels."""
    k, j, i = (np.arange(n, dtype=float) for n in geometry.shape)
    matrix = geometry.lps_from_index
    return (
        matrix[:3, 3]
        + i[None, None, :, None] * matrix[:3, 0]
        + j[None, :, None, None] * matrix[:3, 1]
        + k[:, None, None, None] * matrix[:3, 2]
    )


def fixed_points_of(deformation: Deformation, geometry: Geometry) -> np.ndarray:
    """Points (k, j, i, 3) of the fixed image that lie at the voxels of a later grid.

    The inverse is solved on a coarse grid and spread by cubic splines; pushes are so wide that
    the error stays below a hundredth of a millimeter.
    """
    steps = [max(1, round(INVERSE_STEP_MM / s)) for s in geometry.spacing_mm[::-1]]
    counts = [-(-(n - 1) // step) + 1 + 4 for n, step in zip(geometry.shape, steps, strict=True)]
    # Two coarse voxels around the grid keep the spline's ends away from it.
    axes = [(np.arange(c) - 2.0) * step for c, step in zip(counts, steps, strict=True)]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    points = geometry.points_mm(np.stack([i, j, k], axis=-1))
    straight = _moved(np.linalg.inv(deformation.later_from_fixed), points)
    bent = deformation.fixed(points) - straight
    fine = [np.arange(n) / step + 2 for n, step in zip(geometry.shape, steps, strict=True)]
    result = _moved(np.linalg.inv(deformation.later_from_fixed), grid_points(geometry))
    where = np.meshgrid(*fine, indexing="ij")
    for n in range(3):
        result[..., n] += map_coordinates(bent[..., n], where, order=3, mode="nearest")
    return result


def _moved(matrix: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    return points_mm @ matrix[:3, :3].T + matrix[:3, 3]
