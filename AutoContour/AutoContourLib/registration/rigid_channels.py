"""The last steps of rigid registration on the channels of non-rigid registration (Gauss–Newton).

Hounsfield units for CT against CT; self-similarity and matched gray values for two modalities.
What does not follow the six numbers (couch, bowel, what lies outside of the common field of view)
is given little weight or none.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from AutoContourLib.registration.feature_images import (
    Level,
    around_body,
    level_of,
    without_couch,
)
from AutoContourLib.registration.field_optimization import Reader, normal_terms, sampled
from AutoContourLib.registration.spline_sampling import sampled_by_splines, spline_image
from MedImageLib.volume import Volume

Tensor = torch.Tensor
MARGIN_MM = 12.0
_MANY = 300_000
_BEYOND = 1.5


def refined_by_channels(
    fixed: Volume,
    moving: Volume,
    start: np.ndarray,
    spacings_mm: tuple[float, ...] = (4.0, 2.0),
    steps: int = 4,
) -> np.ndarray:
    """A 4 × 4 matrix near `start` (LPS mm, moving from fixed) at which the channels agree best.

    The moving image is read by splines at each step, so that it is interpolated once only.
    """
    still, free = around_body(without_couch(fixed), MARGIN_MM), without_couch(moving)
    matrix = np.asarray(start, float)
    for spacing in spacings_mm:
        level = level_of(still, free, matrix, spacing, MARGIN_MM)
        reader = partial(sampled_by_splines, spline_image(free, level, matrix), level)
        matrix = matrix @ motion_of(level, steps, reader, _BEYOND)
    return matrix


def motion_of(
    level: Level, steps: int, reader: Reader | None = None, beyond: float = 1.0
) -> np.ndarray:
    """The rigid matrix in LPS that brings the moving channels of a level onto the fixed ones.

    reader: of the moving channels; default those of the level. beyond: so many times each step is
    gone, since robust weights lag behind the motion.
    """
    reader = reader or partial(sampled, level)
    arms = _arms(level)
    update = np.eye(4)
    for _ in range(steps):
        moved, seen = reader(_rigid_field(arms, update))
        if float(seen.sum()) < 200:
            break
        made = _rigid_step(arms, *normal_terms(level, moved, seen), beyond)
        update = made @ update
        moves = np.abs(made - np.eye(4))
        if moves[:3, 3].max() + 100 * moves[:3, :3].max() < 1e-3:
            break
    axes = np.array(level.geometry.direction)
    to_frame = np.eye(4)
    to_frame[:3, :3] = axes.T
    to_frame[:3, 3] = -axes.T @ level.geometry.center_mm
    matrix: np.ndarray = np.linalg.inv(to_frame) @ update @ to_frame
    return matrix


def _arms(level: Level) -> list[Tensor]:
    """Distances in mm along (i, j, k) from the middle of the grid, each broadcast to (k, j, i)."""
    lines = []
    for component, axis in ((0, 2), (1, 1), (2, 0)):
        count = level.geometry.shape[axis]
        line = (torch.arange(count) - (count - 1) / 2) * level.geometry.spacing_mm[component]
        lines.append(line.float().view([-1 if n == axis else 1 for n in range(3)]))
    return lines


def _rigid_field(arms: list[Tensor], matrix: np.ndarray) -> Tensor:
    """Vectors (3, k, j, i) of a rigid motion about the middle of the grid."""
    x, y, z = arms
    part = matrix - np.eye(4)
    rows = [x * float(r[0]) + y * float(r[1]) + z * float(r[2]) + float(r[3]) for r in part[:3]]
    return torch.stack(rows)


def _rigid_step(
    arms: list[Tensor], tensor: Tensor, force: Tensor, beyond: float = 1.0
) -> np.ndarray:
    """The 4 × 4 rigid motion about the middle of the grid that solves the normal equations."""
    solution = beyond * _solved(arms, tensor, force)
    made = np.eye(4)
    made[:3, :3] = Rotation.from_rotvec(solution[3:]).as_matrix()
    made[:3, 3] = solution[:3]
    return made


def _solved(arms: list[Tensor], tensor: Tensor, force: Tensor) -> np.ndarray:
    """Shift in mm and rotation vector in radians of the normal equations."""
    if tensor[0].numel() > _MANY:
        # Six numbers need no more equations than every second voxel gives.
        arms = [arm[tuple(slice(None, None, 2) for _ in range(3))] for arm in arms]
        tensor, force = tensor[:, ::2, ::2, ::2], force[:, ::2, ::2, ::2]
    x, y, z = arms
    zero = torch.zeros(1, 1, 1)
    one = zero + 1
    # Each of the six numbers moves a point by a vector (along i, j, k).
    motions = (
        (one, zero, zero),
        (zero, one, zero),
        (zero, zero, one),
        (zero, -z, y),
        (z, zero, -x),
        (-y, x, zero),
    )
    xx, yy, zz, xy, xz, yz = tensor
    rows = ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))
    normal = np.zeros((6, 6))
    right = np.zeros(6)
    for n, motion in enumerate(motions):
        pulled = [
            sum(row[c] * motion[c] for c in range(3) if motion[c] is not zero) for row in rows
        ]
        right[n] = sum(
            float((force[c] * motion[c]).sum(dtype=torch.float64))
            for c in range(3)
            if motion[c] is not zero
        )
        for m, other in enumerate(motions[: n + 1]):
            normal[n, m] = normal[m, n] = sum(
                float((pulled[c] * other[c]).sum(dtype=torch.float64))
                for c in range(3)
                if other[c] is not zero
            )
    # Levenberg's damping: directions that no edge holds stay where they are.
    damping = 1e-6 * np.trace(normal[:3, :3]) / 3
    scale = np.array([1.0, 1.0, 1.0, 1e4, 1e4, 1e4])
    solution: np.ndarray = np.linalg.solve(normal + damping * np.diag(scale), right)
    return solution
