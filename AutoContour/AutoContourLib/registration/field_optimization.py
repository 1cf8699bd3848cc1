"""The smooth displacement field that makes two images alike: Gauss–Newton over scales.

The field is a sum of Gaussian bumps of several widths that minimizes robust differences of
channels plus an energy of its own (`field_equations`).
Vectors are in mm along the axes (i, j, k) of the fixed image and precede the rigid offset:
x → R (x + u(x)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.feature_images import (
    BLUR,
    Level,
    around_body,
    level_of,
    matched,
    without_couch,
)
from AutoContourLib.registration.field_equations import FieldEquations, probable_stiffness
from AutoContourLib.registration.scale_field import ScaleGrid
from AutoContourLib.registration.spline_sampling import sampled_by_splines, spline_image
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

Tensor = torch.Tensor
# Moving channels (c, k, j, i) and where they are seen (1, …), for a field (3, k, j, i).
Reader = Callable[[Tensor], tuple[Tensor, Tensor]]
MARGIN_MM = 20.0
# Air that is compared around the body of the fixed image.
AROUND_MM = 15.0
# Smoothing of two CT in voxels: edges that a grid cuts into steps mislead less than blur hides.
CT_BLUR = 0.72
# Bumps narrower than this many voxels would follow noise.
LEAST_WIDTH = 2.0
# Voxels along each axis whose normal equations are summed before they are solved.
_BLOCK = 2
# Weights are counted for each cm³, so that a level's voxels do not change their balance.
_MM3 = 1000.0
# Voxels whose residuals tell the noise; their medians hardly change with more.
_MOST_JUDGED = 40_000
_ADAPTED_AT = (2, 4)
# Robust weights lag behind the field, which would come to rest slowly, so that steps are gone so
# far beyond their end from this one on. Two CT bear it late only; self-similarity falls short from
# the first step on, and needs this share of the steps when they are long.
_SETTLED_AT, _BEYOND = 6, 1.5
_SETTLED_AT_MODES, _BEYOND_MODES, _STEPS_MODES = 2, 1.9, 0.64


@dataclass(frozen=True, eq=False)
class ElasticField:
    """weights: (n,) of the bumps of `grid` over the box around the body in the fixed image.
    stiffness: of each width, which the images asked for. corner_mm: first border (LPS) of the
    box, whose axes are those of the fixed image."""

    grid: ScaleGrid
    weights: Tensor
    stiffness: tuple[float, ...]
    corner_mm: np.ndarray

    def on(self, geometry: Geometry) -> np.ndarray:
        """Vectors (k, j, i, 3) in LPS mm, float32, on a grid along the same axes; away from the
        box they fall to zero."""
        shift = (_corner(geometry) - self.corner_mm) @ np.array(geometry.direction)
        places = tuple(
            line + along for line, along in zip(_places(geometry), shift[::-1], strict=True)
        )
        along = self.grid.bases(places).spread(self.weights)
        turned = torch.tensordot(torch.tensor(geometry.direction, dtype=torch.float32), along, 1)
        return turned.movedim(0, -1).numpy()

    def with_width(self, width_mm: float, stiffness: float) -> ElasticField:
        """The same field with bumps of a further width, none of them raised."""
        grid = replace(self.grid, widths_mm=(*self.grid.widths_mm, width_mm))
        weights = functional.pad(self.weights, (0, grid.sizes[-1]))
        return replace(self, grid=grid, weights=weights, stiffness=(*self.stiffness, stiffness))


def elastic_field(
    fixed: Volume,
    moving: Volume,
    moving_from_fixed: np.ndarray,
    settings: DeformableSettings,
) -> ElasticField:
    """The field of two images whose rigid offset is known; 4 × 4, LPS mm. Deterministic."""
    fixed, moving = around_body(without_couch(fixed), AROUND_MM), without_couch(moving)
    extent = np.array(fixed.geometry.shape) * np.array(fixed.geometry.spacing_mm[::-1])
    grid = ScaleGrid(tuple(extent), settings.widths_mm[:1])
    field = ElasticField(
        grid, torch.zeros(sum(grid.sizes)), (settings.stiffness,), _corner(fixed.geometry)
    )
    for number, (spacing, steps) in enumerate(
        zip(settings.field_spacings_mm, settings.field_steps, strict=True)
    ):
        level = level_of(fixed, moving, moving_from_fixed, spacing, MARGIN_MM, _blur(fixed, moving))
        for width in settings.widths_mm[number : number + 1] if number else ():
            if width >= LEAST_WIDTH * max(level.geometry.spacing_mm):
                field = field.with_width(width, settings.stiffness)
        reader: Reader = partial(sampled, level)
        if number == len(settings.field_steps) - 1:
            reader = partial(
                sampled_by_splines, spline_image(moving, level, moving_from_fixed), level
            )
        # The widest bumps alone would be asked to explain everything, and become loose.
        adapted = _ADAPTED_AT if number and settings.adapt_stiffness else ()
        count = steps if level.one_scale else round(_STEPS_MODES * steps)
        field = _after_steps(level, reader, field, max(1, count), settings.stiffness, adapted)
    return field


def stiffened(
    field: ElasticField,
    fixed: Volume,
    moving: Volume,
    moving_from_fixed: np.ndarray,
    settings: DeformableSettings,
) -> ElasticField:
    """The field after some more steps at the finest grid, four times as stiff."""
    fixed, moving = around_body(without_couch(fixed), AROUND_MM), without_couch(moving)
    spacing = settings.field_spacings_mm[-1]
    level = level_of(fixed, moving, moving_from_fixed, spacing, MARGIN_MM, _blur(fixed, moving))
    reader = partial(sampled_by_splines, spline_image(moving, level, moving_from_fixed), level)
    stiffer = replace(field, stiffness=tuple(4 * one for one in field.stiffness))
    return _after_steps(level, reader, stiffer, 3, settings.stiffness, ())


def _blur(fixed: Volume, moving: Volume) -> float:
    return CT_BLUR if fixed.modality == moving.modality == "CT" else BLUR


def _corner(geometry: Geometry) -> np.ndarray:
    """LPS point of the first voxel's outer corner."""
    return geometry.points_mm(np.full(3, -0.5))


def _places(geometry: Geometry) -> tuple[np.ndarray, ...]:
    return tuple(
        (np.arange(n) + 0.5) * s
        for n, s in zip(geometry.shape, geometry.spacing_mm[::-1], strict=True)
    )


def _after_steps(
    level: Level,
    reader: Reader,
    field: ElasticField,
    steps: int,
    stiffness: float,
    adapted: tuple[int, ...],
) -> ElasticField:
    """The field after Gauss–Newton steps at a level, fewer where it comes to rest.

    adapted: steps after which each width gets the stiffness that the images ask for.
    """
    places = _places(level.geometry)
    bases = field.grid.bases(places)
    # Bumps are much wider than a voxel, so that their middles in blocks of voxels will do.
    few = field.grid.bases(tuple(_block_middles(line) for line in places))
    least = min(level.geometry.spacing_mm)
    volume = float(np.prod(level.geometry.spacing_mm)) / _MM3
    settled_at, beyond = (
        (_SETTLED_AT, _BEYOND) if level.one_scale else (_SETTLED_AT_MODES, _BEYOND_MODES)
    )
    for number in range(steps):
        moved, seen = reader(bases.spread(field.weights))
        tensor, force = normal_terms(level, moved, seen)
        equations = FieldEquations(few, _block_sums(tensor) * volume, field.stiffness)
        right = few.gathered(_block_sums(force) * volume) - equations.diagonal * field.weights
        step = equations.solved(right)
        largest = float(few.spread(step).norm(dim=0).max())
        # A linear model of the images does not hold far beyond the slope that it was taken at.
        length = min(1.0, 3 * least / max(largest, 1e-9))
        length *= beyond if number >= settled_at else 1.0
        weights = field.weights + length * step
        field = replace(field, weights=weights)
        if number in adapted:
            asked = probable_stiffness(equations, weights, stiffness)
            field = replace(field, stiffness=asked)
        if largest < 0.02 * least:
            break
    return field


def _block_middles(line: np.ndarray) -> np.ndarray:
    starts = range(0, len(line), _BLOCK)
    return np.array([line[n : n + _BLOCK].mean() for n in starts])


def _block_sums(values: Tensor) -> Tensor:
    """Sums over blocks of voxels; the last block of an axis may be smaller."""
    over = [-n % _BLOCK for n in values.shape[1:]]
    padded = functional.pad(values, (0, over[2], 0, over[1], 0, over[0]))
    return functional.avg_pool3d(padded[None], _BLOCK)[0] * _BLOCK**3


def sampled(level: Level, field: Tensor) -> tuple[Tensor, Tensor]:
    """Moving channels (c, k, j, i) at the fixed points moved by a field, and where (1, …)."""
    counts = level.moving.shape[1:]
    places = []
    for component, axis in ((0, 2), (1, 1), (2, 0)):
        line = torch.arange(field.shape[1 + axis], dtype=torch.float32) + level.margin[axis]
        shape = [-1 if n == axis else 1 for n in range(3)]
        at = line.view(shape) + field[component] / level.geometry.spacing_mm[component]
        places.append(at * (2.0 / (counts[axis] - 1)) - 1)
    where = torch.stack(places, dim=-1)[None]
    both = torch.cat([level.moving, level.seen])[None]
    found = functional.grid_sample(both, where, align_corners=True, padding_mode="zeros")[0]
    return found[:-1], (found[-1:] > 0.999).float()


def normal_terms(level: Level, moved: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Tensors (6, k, j, i) xx, yy, zz, xy, xz, yz and forces (3, k, j, i), robustly weighted."""
    shape = moved.shape[1:]
    tensor, force = torch.zeros((6, *shape)), torch.zeros((3, *shape))
    spacing = level.geometry.spacing_mm
    for number, (still, free) in enumerate(zip(level.fixed, moved, strict=True)):
        if not level.one_scale and number == len(moved) - 1:
            still, free = matched(still, free, seen[0])
        rest = free - still
        slopes = torch.gradient((free + still) / 2, dim=(2, 1, 0))
        x, y, z = (slope / spacing[n] for n, slope in enumerate(slopes))
        strength = x.square() + y.square() + z.square()
        noise, slip = _noise_and_slip(rest, seen[0], strength)
        weight = seen[0] / (noise**2 + slip**2 * strength + (rest / 2.4) ** 2)
        for n, product in enumerate(((x, x), (y, y), (z, z), (x, y), (x, z), (y, z))):
            tensor[n].addcmul_(weight * product[0], product[1])
        pull = weight * rest
        for n, slope in enumerate((x, y, z)):
            force[n].addcmul_(pull, slope, value=-1)
    return tensor, force


def _noise_and_slip(rest: Tensor, seen: Tensor, strength: Tensor) -> tuple[float, float]:
    """Spread of the residuals where gray values are even, and what their edges add, in mm.

    A residual has the variance noise² + slip² · |slope|²: at edges it is interpolation and what
    is not yet registered, so that an edge tells a place to `slip` only, however strong it is.
    """
    stride = max(1, rest.numel() // _MOST_JUDGED)
    strength, rest, seen = (v.flatten()[::stride] for v in (strength, rest, seen))
    some = (seen > 0) & ((strength > 0) | (rest != 0))
    if int(some.sum()) < 20:
        return 1.0, 1.0
    strength, rest = strength[some], rest[some].abs()
    middle = strength.median()
    noise = max(1.4826 * float(rest[strength <= middle].median()), 1e-3)
    steep = strength >= strength.mean()
    ratio = (rest[steep].square() - noise**2) / strength[steep]
    return noise, max(float(ratio.median()), 0.0) ** 0.5 * 1.4826 + 0.02
