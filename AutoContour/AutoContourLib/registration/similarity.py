"""How well two images fit at an offset: one measure for all offsets, at points that stay.

Normalized mutual information inside the common body (Studholme et al., 1999), the share of the
smaller body that is common, and the agreement of edges, which tells a fit from a misfit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from AutoContourLib.registration.gray_values import body_mask
from MedImageLib.volume import Volume

_BINS = 32
_EDGE_MM = 3.0
_FEWEST = 200
# A field of view below this share of the other one is the small one of both.
_SMALL = 0.6


@dataclass(frozen=True)
class Similarity:
    """score: normalized mutual information − 1, 0 … 1, times a factor that falls to 0 as the
    overlap does. overlap: of the smaller body, 0 … 1. agreement: mean squared cosine between the
    gradients of both images, weighted by their strength; 1/3 is chance, 1 perfect."""

    score: float
    overlap: float
    agreement: float


Judge = Callable[[np.ndarray], Similarity]


@dataclass(frozen=True, eq=False)
class _Places:
    """kji: (3, n) chosen voxels of the fixed body and a little around it; points_mm: (n, 3) LPS.
    values, in_body: (n,) there. voxel_mm3: that each of them stands for. smaller_mm3: volume of
    the smaller body. moving_body: (k, j, i), 1 in the body."""

    kji: np.ndarray
    points_mm: np.ndarray
    values: np.ndarray
    in_body: np.ndarray
    voxel_mm3: float
    smaller_mm3: float
    moving_body: np.ndarray


def similarity_at(fixed: Volume, moving: Volume, samples: int, seed: int) -> Judge:
    """A function that judges offsets (4 × 4 moving_from_fixed) of two images of `comparable`."""
    if much_smaller(moving, fixed):
        turned = similarity_at(moving, fixed, samples, seed)
        return lambda matrix: turned(np.linalg.inv(matrix))
    places = _places(fixed, moving, samples, seed)
    slopes = _slopes(fixed)[:, *places.kji]
    other_slopes = _slopes(moving)

    def judge(matrix: np.ndarray) -> Similarity:
        inside, at = _seen(places, moving, matrix)
        if inside.sum() < _FEWEST:
            return Similarity(0.0, 0.0, 0.0)
        score, overlap = _fit(places, moving, inside, at)
        moved = np.stack([ndimage.map_coordinates(s, at, order=1) for s in other_slopes])
        # Gradients of the moving image, seen along the fixed image's axes.
        turned = matrix[:3, :3].T @ moved
        return Similarity(score, overlap, _agreement(slopes[:, inside], turned))

    return judge


def score_at(
    fixed: Volume, moving: Volume, samples: int, seed: int
) -> Callable[[np.ndarray], float]:
    """The scores of `similarity_at` alone, which are found sooner without the edges."""
    if much_smaller(moving, fixed):
        turned = score_at(moving, fixed, samples, seed)
        return lambda matrix: turned(np.linalg.inv(matrix))
    places = _places(fixed, moving, samples, seed)

    def score(matrix: np.ndarray) -> float:
        inside, at = _seen(places, moving, matrix)
        return _fit(places, moving, inside, at)[0] if inside.sum() >= _FEWEST else 0.0

    return score


def much_smaller(one: Volume, other: Volume) -> bool:
    """Whether points are better drawn in the first image: of a large one few lie in a small one,
    and the fewer do, the more information chance alone makes up."""
    sizes = (float(np.prod(v.array.shape)) * v.geometry.voxel_volume_mm3 for v in (one, other))
    return next(sizes) < _SMALL * next(sizes)


def _places(fixed: Volume, moving: Volume, samples: int, seed: int) -> _Places:
    generator = np.random.default_rng(seed)
    body = body_mask(fixed)
    # Around the body too, so that a wrong place costs.
    near = ndimage.binary_dilation(body, iterations=2)
    chosen = np.flatnonzero(near)
    if chosen.size > samples:
        chosen = np.sort(generator.choice(chosen, samples, replace=False))
    kji = np.stack(np.unravel_index(chosen, body.shape))
    share = chosen.size / max(1, int(near.sum()))
    other_body = body_mask(moving)
    size = min(
        body.sum() * fixed.geometry.voxel_volume_mm3,
        other_body.sum() * moving.geometry.voxel_volume_mm3,
    )
    return _Places(
        kji,
        fixed.geometry.points_mm(kji[::-1].T),
        fixed.array[tuple(kji)],
        body[tuple(kji)],
        fixed.geometry.voxel_volume_mm3 / share,
        float(size),
        other_body.astype(np.float32),
    )


def _seen(places: _Places, moving: Volume, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which places (n,) the moving image shows, and where (3, m; k, j, i)."""
    moved = places.points_mm @ matrix[:3, :3].T + matrix[:3, 3]
    index = moving.geometry.indices(moved)[:, ::-1]
    inside = np.all((index >= 0) & (index <= np.array(moving.array.shape) - 1), axis=1)
    return inside, index[inside].T


def _fit(
    places: _Places, moving: Volume, inside: np.ndarray, at: np.ndarray
) -> tuple[float, float]:
    """Score and overlap of `Similarity`."""
    there = ndimage.map_coordinates(places.moving_body, at, order=0) > 0.5
    common = float((there & places.in_body[inside]).sum()) * places.voxel_mm3
    overlap = min(1.0, common / max(places.smaller_mm3, 1e-9))
    found = ndimage.map_coordinates(moving.array, at, order=1)
    gain = _normalized_information(places.values[inside], found) - 1.0
    return gain * min(1.0, overlap / 0.3), overlap


def _slopes(volume: Volume) -> np.ndarray:
    """Gradient (3, k, j, i) along LPS x, y, z per mm, at a scale of a few mm."""
    spacing = np.array(volume.geometry.spacing_mm)
    along = [
        ndimage.gaussian_filter(
            volume.array,
            np.maximum(_EDGE_MM / spacing[::-1], 0.5),
            order=tuple(int(n == axis) for n in (2, 1, 0)),
            mode="nearest",
        )
        / spacing[axis]
        for axis in range(3)
    ]
    turned: np.ndarray = np.tensordot(np.array(volume.geometry.direction), np.stack(along), 1)
    return turned


def _agreement(first: np.ndarray, second: np.ndarray) -> float:
    lengths = np.linalg.norm(first, axis=0), np.linalg.norm(second, axis=0)
    weight = np.minimum(lengths[0] / max(lengths[0].mean(), 1e-9), 3.0) * np.minimum(
        lengths[1] / max(lengths[1].mean(), 1e-9), 3.0
    )
    cosine = (first * second).sum(axis=0) / np.maximum(lengths[0] * lengths[1], 1e-12)
    total = float(weight.sum())
    return float((weight * cosine**2).sum()) / total if total > 0 else 0.0


def _normalized_information(x: np.ndarray, y: np.ndarray) -> float:
    """(H(x) + H(y)) / H(x, y), 1 … 2; linear shares of two bins keep it smooth."""
    position = np.clip(y, 0.0, 1.0) * (_BINS - 1)
    lower = np.minimum(position.astype(int), _BINS - 2)
    part = position - lower
    row = np.clip((x * _BINS).astype(int), 0, _BINS - 1) * _BINS
    counts = np.bincount(row + lower, 1 - part, _BINS**2)
    counts = counts + np.bincount(row + lower + 1, part, _BINS**2)
    joint = counts.reshape(_BINS, _BINS) / x.size
    both = _entropy(joint)
    return (_entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))) / both if both > 0 else 1.0


def _entropy(shares: np.ndarray) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())
