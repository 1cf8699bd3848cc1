"""Solids that make up a body: what tissue and which structure lies at a point.

A body is a list of solids in the patient's own LPS millimeters, painted in order. It can be asked
at any points, so that a deformed or rotated body is the same body asked at mapped points, and the
labels of two images correspond exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

# Hounsfield units, spread of the natural variation, and signal of a T1-weighted MR.
TISSUES: dict[str, tuple[float, float, float]] = {
    "air": (-1000.0, 0.0, 0.0),
    "couch": (-620.0, 0.0, 0.0),
    "fat": (-100.0, 9.0, 900.0),
    "muscle": (52.0, 9.0, 340.0),
    "soft": (35.0, 10.0, 400.0),
    "gland": (5.0, 16.0, 560.0),
    "brain": (34.0, 5.0, 520.0),
    "nerve": (38.0, 4.0, 480.0),
    "csf": (8.0, 3.0, 170.0),
    "blood": (44.0, 5.0, 210.0),
    "lung": (-820.0, 45.0, 45.0),
    "liver": (62.0, 7.0, 520.0),
    "spleen": (52.0, 6.0, 330.0),
    "kidney": (38.0, 7.0, 380.0),
    "fluid": (12.0, 4.0, 200.0),
    "cartilage": (110.0, 25.0, 300.0),
    "marrow": (210.0, 45.0, 520.0),
    "bone": (780.0, 120.0, 90.0),
    "tooth": (1700.0, 150.0, 60.0),
}
TISSUE_INDEX = {name: number for number, name in enumerate(TISSUES)}


@dataclass(frozen=True)
class Solid:
    """A part of the body.

    tissue: one of TISSUES. structure: name of the structure it belongs to, or empty.
    lower_mm, upper_mm: its bounding box. inside: takes points (N, 3) in LPS mm and answers (N,)
    bool. onto: it is painted only over these tissues; empty means over everything but air
    outside of the body. outline: True for the parts of the skin, which are painted over air.
    """

    tissue: str
    structure: str
    lower_mm: np.ndarray
    upper_mm: np.ndarray
    inside: Callable[[np.ndarray], np.ndarray]
    onto: tuple[str, ...] = ()
    outline: bool = False


def ellipsoid(
    tissue: str,
    center: ArrayLike,
    radii: ArrayLike,
    structure: str = "",
    onto: tuple[str, ...] = (),
    axes: np.ndarray | None = None,
    exponent: float = 2.0,
    outline: bool = False,
    keep: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Solid:
    """An ellipsoid, or a rounder box for exponents above 2; `keep` cuts away a part of it."""
    middle, size = np.array(center, float), np.array(radii, float)
    frame = np.eye(3) if axes is None else axes
    reach = np.abs(frame) @ size

    def inside(points: np.ndarray) -> np.ndarray:
        local = ((points - middle) @ frame) / size
        result = (np.abs(local) ** exponent).sum(axis=1) < 1
        return result if keep is None else result & keep(points)

    return Solid(tissue, structure, middle - reach, middle + reach, inside, onto, outline)


def tube(
    tissue: str,
    lines: Sequence[ArrayLike],
    radii: Sequence[float | np.ndarray],
    structure: str = "",
    onto: tuple[str, ...] = (),
    squash: Sequence[float] = (1.0, 1.0, 1.0),
) -> Solid:
    """Round tubes around polylines (N, 3) in mm; `squash` divides the axes beforehand."""
    factor = np.array(squash, float)
    nodes, sizes = [], []
    for line, radius in zip(lines, radii, strict=True):
        points = np.asarray(line, float)
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        smallest = float(np.min(radius))
        count = max(2, int(np.ceil(along[-1] / max(0.3 * smallest, 0.5))) + 1)
        where = np.linspace(0, along[-1], count)
        nodes.append(np.stack([np.interp(where, along, points[:, n]) for n in range(3)], axis=1))
        sizes.append(np.interp(where, along, np.broadcast_to(radius, along.shape)))
    centers, size = np.concatenate(nodes), np.concatenate(sizes)
    tree = cKDTree(centers / factor)
    largest = float(size.max())

    def inside(points: np.ndarray) -> np.ndarray:
        distance, nearest = tree.query(points / factor, distance_upper_bound=largest)
        radius = np.append(size, 0.0)[nearest]
        return distance < radius

    reach = largest * factor
    return Solid(tissue, structure, centers.min(0) - reach, centers.max(0) + reach, inside, onto)


def region(
    tissue: str,
    lower: Sequence[float],
    upper: Sequence[float],
    inside: Callable[[np.ndarray], np.ndarray],
    structure: str = "",
    onto: tuple[str, ...] = (),
    outline: bool = False,
) -> Solid:
    """A solid given by a function of points."""
    return Solid(
        tissue, structure, np.array(lower, float), np.array(upper, float), inside, onto, outline
    )


def paint(
    solids: Sequence[Solid], points_mm: np.ndarray, structures: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Tissue indices and label values (k, j, i) at points (k, j, i, 3) in the body's LPS mm.

    structures: label value of each structure; `body` is the value of what has no other name.
    """
    shape = points_mm.shape[:3]
    tissues = np.zeros(shape, np.uint8)
    labels = np.zeros(shape, np.uint8)
    coarse = points_mm[::4, ::4, ::4]
    # Neighbors on the coarse grid are four voxels apart: a margin of one of them is safe, since
    # the maps that are used here change little over that distance.
    spread = float(max(np.abs(np.diff(coarse, axis=n)).max() for n in range(3)))
    for solid in solids:
        box = _box(coarse, spread, solid, shape)
        if box is None:
            continue
        part, marked = tissues[box], labels[box]
        if solid.outline:
            candidates = part == TISSUE_INDEX["air"]
        elif solid.onto:
            candidates = np.isin(part, [TISSUE_INDEX[name] for name in solid.onto])
        else:
            candidates = marked > 0
        index = np.flatnonzero(candidates)
        if not index.size:
            continue
        chosen = index[solid.inside(points_mm[box].reshape(-1, 3)[index])]
        where = np.unravel_index(chosen, part.shape)
        part[where] = TISSUE_INDEX[solid.tissue]
        marked[where] = structures.get(solid.structure, structures["body"])
    return tissues, labels


def _box(
    coarse: np.ndarray, spread: float, solid: Solid, shape: tuple[int, ...]
) -> tuple[slice, ...] | None:
    near = np.all(
        (coarse >= solid.lower_mm - spread) & (coarse <= solid.upper_mm + spread), axis=-1
    )
    if not near.any():
        return None
    result = []
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        hit = np.flatnonzero(near.any(axis=others))
        result.append(slice(max(0, (hit[0] - 1) * 4), min(shape[axis], (hit[-1] + 2) * 4)))
    return tuple(result)
