"""What non-rigid registration compares: channels of both images on one grid, at one scale.

CT against CT: Hounsfield units in a wide and in a soft-tissue window. Otherwise: self-similarity
descriptors (MIND-SSC, Heinrich et al., MICCAI 2013), which do not depend on the modality. The
moving image is turned by the rigid offset onto the fixed image's axes, with a margin around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from AutoContourLib.registration.gray_values import body_mask, comparable
from AutoContourLib.study.overview import body_outline
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import with_spacing
from MedImageLib.volume import Volume

Tensor = torch.Tensor
_AIR = 0.02
# Of channels, in steps of their grid, unless another one is asked.
BLUR = 0.5
CT_WINDOWS_HU = ((-900.0, 1000.0), (-150.0, 200.0))
# Offsets (k, j, i) of the six neighbors; the twelve pairs of them that are not opposite.
_NEIGHBORS = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
_PAIRS = tuple(
    (a, b)
    for a in range(6)
    for b in range(a + 1, 6)
    if sum((p - q) ** 2 for p, q in zip(_NEIGHBORS[a], _NEIGHBORS[b], strict=True)) == 2
)
# Patches at two neighbors are compared by the differences of voxels one step apart, which serve
# two pairs each: (first neighbor, step to the second) of every pair, steps with one sign.
_PLACES = tuple(
    (min(p, q), tuple(b - a for a, b in zip(min(p, q), max(p, q), strict=True)))
    for p, q in ((_NEIGHBORS[a], _NEIGHBORS[b]) for a, b in _PAIRS)
)
_STEPS = tuple(dict.fromkeys(step for _, step in _PLACES))


@dataclass(frozen=True, eq=False)
class Level:
    """Both images at one scale.

    geometry: of the fixed channels. fixed: (c, k, j, i). moving: (c, …) on the same grid grown by
    `margin` voxels (k, j, i) at both ends. seen: (1, …) of the moving grid, 1 within the moving
    field of view. one_scale: whether both images have one scale of
    gray values; else the last channel is gray values that need `matched`. blur: standard deviation
    of the smoothing before, in steps of the grid.
    """

    geometry: Geometry
    fixed: Tensor
    moving: Tensor
    seen: Tensor
    margin: tuple[int, int, int]
    one_scale: bool
    blur: float = BLUR


def without_couch(scan: Volume) -> Volume:
    """A CT with air around the body, since the couch belongs to the room; others as they are."""
    if scan.modality != "CT":
        return scan
    body = ndimage.binary_dilation(body_outline(scan).array > 0)
    return scan.with_array(np.where(body, scan.array, np.float32(-1000.0)).astype(np.float32))


def around_body(scan: Volume, margin_mm: float) -> Volume:
    """The part of an image within a margin around the body, since air tells nothing."""
    body = body_mask(comparable(scan))
    parts = []
    for axis, spacing in enumerate(scan.geometry.spacing_mm[::-1]):
        places = np.flatnonzero(body.any(axis=tuple(n for n in range(3) if n != axis)))
        grown = int(np.ceil(margin_mm / spacing))
        first, last = (places[0], places[-1]) if len(places) else (0, body.shape[axis] - 1)
        parts.append(slice(max(0, first - grown), int(last) + grown + 1))
    array = scan.array[tuple(parts)]
    first_voxel = np.array([part.start for part in parts][::-1], float)
    origin = tuple(scan.geometry.points_mm(first_voxel))
    return replace(
        scan, array=array, geometry=replace(scan.geometry, shape=array.shape, origin_mm=origin)
    )


def level_of(
    fixed: Volume,
    moving: Volume,
    moving_from_fixed: np.ndarray,
    spacing_mm: float,
    margin_mm: float,
    blur: float = BLUR,
) -> Level:
    """Channels of two images at a spacing, which is never finer than the fixed image's own."""
    own = np.array(fixed.geometry.spacing_mm)
    wished = np.maximum(own, np.minimum(spacing_mm, own * np.array(fixed.geometry.shape[::-1]) / 4))
    finest = bool((wished < 1.3 * own).all())
    extent = own * np.array(fixed.geometry.shape[::-1])
    # The box stays exactly the same, so that one field serves all levels.
    exact = extent / np.maximum(4, np.round(extent / wished))
    geometry = fixed.geometry if finest else with_spacing(fixed.geometry, tuple(exact))
    step = np.array(geometry.spacing_mm)
    margin = np.ceil(margin_mm / step).astype(int)[::-1]
    grown = replace(
        geometry,
        shape=tuple(np.array(geometry.shape) + 2 * margin),
        origin_mm=tuple(geometry.points_mm(-margin[::-1].astype(float))),
    )
    both_ct = fixed.modality == moving.modality == "CT"
    still = _read(fixed, geometry, np.eye(4), step, blur)
    free = _read(moving, grown, moving_from_fixed, step, blur)
    seen = _field_of_view(moving, grown, moving_from_fixed, step)
    k, j, i = margin.tolist()
    return Level(
        geometry,
        channels_of(still, both_ct),
        channels_of(free, both_ct),
        seen,
        (k, j, i),
        both_ct,
        blur,
    )


def channels_of(values: np.ndarray, one_scale: bool) -> Tensor:
    """Channels (c, k, j, i) of values (k, j, i): Hounsfield units where both images are CT, else
    gray values of `comparable`."""
    if one_scale:
        return torch.stack([_windowed(values, window) for window in CT_WINDOWS_HU])
    gray = torch.from_numpy(values)
    return torch.cat([self_similarity(gray), gray[None]])


def matched(still: Tensor, free: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Two gray images (k, j, i) that lie on each other, brought to one scale.

    The one whose gray value tells more of the other's is replaced by the other's mean at its
    gray values (as the correlation ratio does, Roche et al., MICCAI 1998).
    """
    x, y = still[seen > 0], free[seen > 0]
    stride = max(1, x.numel() // 100_000)
    x, y = x[::stride].contiguous(), y[::stride].contiguous()
    body = (x - still.min() > _AIR) | (y - free.min() > _AIR)
    if int(body.sum()) < 500:
        return still, free
    forward, lost_forward = _mean_by_gray(x, y, body)
    backward, lost_backward = _mean_by_gray(y, x, body)
    if lost_forward <= lost_backward:
        return _looked_up(still, *forward), free
    return still, _looked_up(free, *backward)


def _mean_by_gray(
    x: Tensor, y: Tensor, body: Tensor, bins: int = 40
) -> tuple[tuple[Tensor, Tensor], float]:
    """Rising gray values and the means of y there, and the share of its variance not told.

    Air has a bin of its own, since it would fill most of the others.
    """
    inner = x[body & (x - x.min() > _AIR)]
    inner = inner[:: max(1, inner.numel() // 20_000)]
    edges = x.min()[None] + _AIR
    if inner.numel():
        edges = torch.cat([edges, torch.quantile(inner, torch.linspace(0, 1, bins + 1))[1:-1]])
    edges = torch.unique(edges)
    place = torch.bucketize(x, edges)
    count = torch.bincount(place, minlength=len(edges) + 1)
    middle = torch.bincount(place, x, len(edges) + 1) / count.clamp(min=1)
    mean = torch.bincount(place, y, len(edges) + 1) / count.clamp(min=1)
    left = (y - mean[place])[body].square().mean() / y[body].var().clamp(min=1e-9)
    return (middle[count > 0], mean[count > 0]), float(left)


def _looked_up(values: Tensor, middle: Tensor, mean: Tensor) -> Tensor:
    return torch.from_numpy(
        np.interp(values.numpy(), middle.numpy(), mean.numpy()).astype(np.float32)
    )


def self_similarity(gray: Tensor) -> Tensor:
    """Twelve channels (12, k, j, i) in 0 … 1 of how alike neighboring patches are."""
    padded = functional.pad(gray[None, None], (3,) * 6, mode="replicate")[0, 0]
    shape = gray.shape
    pooled = {}
    for step in _STEPS:
        # Voxels of the padded image that have a neighbor at this step, and where they begin.
        here = tuple(
            slice(max(0, -s), n - max(0, s)) for s, n in zip(step, padded.shape, strict=True)
        )
        there = tuple(
            slice(part.start + s, part.stop + s) for part, s in zip(here, step, strict=True)
        )
        pooled[step] = _pooled((padded[here] - padded[there]).square()), [p.start for p in here]
    distances = torch.empty((len(_PAIRS), *shape))
    for number, (place, step) in enumerate(_PLACES):
        sums, starts = pooled[step]
        first = [2 + o - start for o, start in zip(place, starts, strict=True)]
        distances[number] = sums[tuple(slice(f, f + n) for f, n in zip(first, shape, strict=True))]
    distances -= distances.amin(dim=0)
    spread = distances.mean(dim=0)
    middle = float(spread.mean()) or 1.0
    return distances.div_(-spread.clamp(0.001 * middle, 1000 * middle)).exp_()


def _pooled(values: Tensor) -> Tensor:
    """Means over 3 × 3 × 3 voxels; each axis loses a voxel at both ends."""
    for axis in range(3):
        count = values.shape[axis] - 2
        values = (values.narrow(axis, 0, count) + values.narrow(axis, 1, count)).add_(
            values.narrow(axis, 2, count)
        )
    return values.div_(27.0)


def values_for_spacing(volume: Volume, step_mm: np.ndarray, blur: float = BLUR) -> np.ndarray:
    """Float32 values (k, j, i) on the own grid, smoothed for being read at steps (i, j, k)."""
    values = volume.array.astype(np.float32)
    if volume.modality != "CT":
        values = comparable(volume).array
    own = np.array(volume.geometry.spacing_mm)
    sigma = np.sqrt(np.maximum((blur * step_mm.mean()) ** 2 - (0.4 * own) ** 2, 0.0)) / own
    if (sigma > 0.15).any():
        values = ndimage.gaussian_filter(values, sigma[::-1], mode="nearest")
    return values


def _read(
    volume: Volume, grid: Geometry, matrix: np.ndarray, step_mm: np.ndarray, blur: float
) -> np.ndarray:
    """Values (k, j, i) on a grid, smoothed to its spacing first."""
    values = values_for_spacing(volume, step_mm, blur)
    if np.array_equal(matrix, np.eye(4)) and grid.same_grid(volume.geometry):
        return values
    index = index_matrix(volume, grid, matrix)
    found: np.ndarray = ndimage.affine_transform(
        values, index[:3, :3], index[:3, 3], grid.shape, order=3, mode="nearest"
    )
    return found


def _field_of_view(
    volume: Volume, grid: Geometry, matrix: np.ndarray, step_mm: np.ndarray
) -> Tensor:
    """1 where the grid's points lie inside of the volume, half a step from its end."""
    index = index_matrix(volume, grid, matrix)
    own = np.array(volume.geometry.spacing_mm)[::-1]
    edge = np.minimum(0.5 * step_mm[::-1].mean() / own - 0.4, 1e9).clip(0)
    inside = torch.ones(grid.shape, dtype=torch.bool)
    lines = [torch.arange(n, dtype=torch.float32) for n in grid.shape]
    for axis in range(3):
        row = [float(v) for v in index[axis]]
        at = (
            row[0] * lines[0][:, None, None] + row[1] * lines[1][:, None] + row[2] * lines[2]
        ) + row[3]
        low = float(edge[axis]) - 1e-3
        inside &= (at >= low) & (at <= volume.array.shape[axis] - 1 - low)
    return inside.float()[None]


def index_matrix(volume: Volume, grid: Geometry, matrix: np.ndarray) -> np.ndarray:
    """4 × 4 from indices (k, j, i) of the grid to those of the volume."""
    turned = volume.geometry.index_from_lps @ matrix @ grid.lps_from_index
    order = [2, 1, 0, 3]
    return turned[np.ix_(order, order)]


def _windowed(values: np.ndarray, window: tuple[float, float]) -> Tensor:
    low, high = window
    return torch.from_numpy((np.clip(values, low, high) - low) / (high - low))
