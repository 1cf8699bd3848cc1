"""How far six numbers can be trusted: the same question asked of parts and in other words.

An offset that holds is found by either half of the body alone, by another measure, and is not
rivalled by another place. Where these disagree, the distance between their answers in mm is a
lower bound of the error, which needs no truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from AutoContourLib.registration.feature_images import Level, level_of, without_couch
from AutoContourLib.registration.field_optimization import normal_terms, sampled
from AutoContourLib.registration.gray_values import body_mask, comparable
from AutoContourLib.registration.rigid_channels import (
    MARGIN_MM,
    motion_of,
    refined_by_channels,
)
from MedImageLib.volume import Volume

# Uptake holds no more than coarse grids show; of other images coarse ones would lose the edges.
UPTAKE_SPACING_MM = 6.0
SPACING_MM = 4.0
# A rival this far away whose score reaches this share of the best leaves the answer open.
RIVAL_MM = 8.0
RIVAL_SHARE = 0.93
_FEWEST = 200
# Robust weights lag behind the motion, so that few long steps end where more short ones do.
_BEYOND = 1.5
_FEWEST_LAYERS = 4


@dataclass(frozen=True)
class Stability:
    """Mean distances over the common body, in mm.

    parts_mm: between the offset and that of each half of the body (lower and upper along k, j, i)
    within that half. measure_mm: between the offset and that of the other measure. rival_mm: of
    the farthest other place that fits nearly as well, 0 where there is none.
    """

    parts_mm: tuple[float, ...]
    measure_mm: float
    rival_mm: float

    @property
    def doubt_mm(self) -> float:
        """One number: the larger of the typical half's distance and of the measure's, or the
        rival's."""
        parts = float(np.mean(self.parts_mm)) if self.parts_mm else 0.0
        return max(parts, self.measure_mm, self.rival_mm)


def stability_of(
    fixed: Volume,
    moving: Volume,
    moving_from_fixed: np.ndarray,
    scored: Sequence[tuple[np.ndarray, float]] = (),
) -> Stability:
    """The stability of an offset (4 × 4, LPS mm).

    scored: offsets that refinement ended at from several starts, and their scores.
    """
    still, free = without_couch(fixed), without_couch(moving)
    uptake = "PT" in (fixed.modality, moving.modality)
    spacing = UPTAKE_SPACING_MM if uptake else SPACING_MM
    level = level_of(still, free, moving_from_fixed, spacing, MARGIN_MM)
    parts = parts_mm(level)
    other = refined_by_channels(fixed, moving, moving_from_fixed, (UPTAKE_SPACING_MM,), steps=3)
    points = _body_points(fixed, moving, moving_from_fixed)
    return Stability(parts, _apart(points, other, moving_from_fixed), _rival(points, scored))


def parts_mm(level: Level, steps: int = 3) -> tuple[float, ...]:
    """How far each half of a level's body, lower and upper along (k, j, i), turns and shifts the
    offset by itself: mean length within the half."""
    moved, seen = sampled(level, torch.zeros(3, *level.geometry.shape))
    tensor, _ = normal_terms(level, moved, seen)
    # Halves hold equal shares of the edges, not of the volume.
    strength = tensor[:3].sum(dim=0)
    found = []
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        line = strength.sum(dim=others).cumsum(dim=0)
        middle = int(torch.searchsorted(line, line[-1] / 2)) + 1
        count = strength.shape[axis]
        for low, high in ((0, middle), (middle, count)):
            if high - low < _FEWEST_LAYERS:
                continue
            part = _part(level, axis, low, high)
            inside = (strength.narrow(axis, low, high - low) > 0) & (
                seen[0].narrow(axis, low, high - low) > 0
            )
            if int(inside.sum()) < _FEWEST:
                continue
            points = part.geometry.points_mm(np.argwhere(inside.numpy())[:, ::-1])
            found.append(_apart(points, motion_of(part, steps, beyond=_BEYOND), np.eye(4)))
    return tuple(found)


def _part(level: Level, axis: int, low: int, high: int) -> Level:
    """Layers low … high − 1 of a level along an axis (k, j, i)."""
    start = np.zeros(3)
    start[2 - axis] = low
    k, j, i = (high - low if n == axis else count for n, count in enumerate(level.geometry.shape))
    origin = tuple(level.geometry.points_mm(start))
    wide = high - low + 2 * level.margin[axis]
    return replace(
        level,
        geometry=replace(level.geometry, shape=(k, j, i), origin_mm=origin),
        fixed=level.fixed.narrow(1 + axis, low, high - low),
        moving=level.moving.narrow(1 + axis, low, wide),
        seen=level.seen.narrow(1 + axis, low, wide),
    )


def _body_points(fixed: Volume, moving: Volume, matrix: np.ndarray) -> np.ndarray:
    """Some LPS points (n, 3) of the fixed body that the moving image shows."""
    chosen = np.argwhere(body_mask(comparable(fixed)))
    points = fixed.geometry.points_mm(chosen[:: max(1, len(chosen) // 2000), ::-1])
    index = moving.geometry.indices(points @ matrix[:3, :3].T + matrix[:3, 3])
    seen = np.all((index >= 0) & (index <= np.array(moving.geometry.shape[::-1]) - 1), axis=1)
    return points[seen] if seen.any() else points


def _rival(points: np.ndarray, scored: Sequence[tuple[np.ndarray, float]]) -> float:
    """Distance of the farthest place that fits nearly as well as the best one."""
    if not scored:
        return 0.0
    best, score = max(scored, key=lambda one: one[1])
    near = [_apart(points, matrix, best) for matrix, s in scored if s >= RIVAL_SHARE * score]
    return max((distance for distance in near if distance > RIVAL_MM), default=0.0)


def _apart(points: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    part = one - other
    return float(np.linalg.norm(points @ part[:3, :3].T + part[:3, 3], axis=1).mean())
