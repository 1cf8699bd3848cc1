"""A first rigid offset from far away: directions of edges, correlated over all shifts at once.

Edges of different modalities lie at the same places with unknown sign; the squared cosine of the
angle between gradients (normalized gradient fields after Haber and Modersitzki, 2006) is summed by
Fourier transform for every shift, for a set of rotations. Works without overlap of the headers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy import fft, ndimage
from scipy.spatial.transform import Rotation

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, eq=False)
class Start:
    """moving_from_fixed: 4 × 4, LPS mm. score: 0 … 1, agreement of edges at the coarse grid."""

    moving_from_fixed: np.ndarray
    score: float


@dataclass(frozen=True, eq=False)
class _Edges:
    """tensor: (6, k, j, i) products of normalized gradients. energy: (k, j, i). field: inside."""

    tensor: np.ndarray
    energy: np.ndarray
    field: np.ndarray


def starts(
    fixed: Volume,
    moving: Volume,
    spacing_mm: float | None = None,
    turn_step_deg: float = 20.0,
    least_overlap: float = 0.3,
    count: int = 3,
) -> tuple[Start, ...]:
    """Offsets of which one is likely near the truth, best first.

    fixed, moving: values whose edges matter, already limited to a useful range. spacing_mm: of
    the coarse grid; default a thirtieth of the larger field, at least 6 mm.
    turn_step_deg: rotations by this angle both ways about each axis are tried, then half of it
    around the best ones. least_overlap: share of the smaller field that must be common.
    """
    if spacing_mm is None:
        spacing_mm = max(6.0, *(_largest_mm(image) / 30 for image in (fixed, moving)))
    still = _coarse(fixed, spacing_mm)
    free = _coarse(moving, spacing_mm)
    search = _Search(_edges(still, np.ones(still.array.shape, bool)), still, free, least_overlap)
    angles = [np.array(turn) * turn_step_deg for turn in product((-1, 0, 1), repeat=3)]
    found = sorted((search.best(turn) for turn in angles), key=lambda one: -one[0])
    best = list(found[:count])
    half = turn_step_deg / 2
    steps = [np.eye(3)[n] * half * sign for n in range(3) for sign in (-1, 1)]
    more = [search.best(one[2] + step) for one in best[:2] for step in steps]
    best = _distinct(sorted([*best, *more], key=lambda one: -one[0]), half)[:count]
    return tuple(Start(matrix, score) for score, matrix, _ in best)


class _Search:
    """The fixed image's transforms, kept while rotations of the moving one are tried."""

    def __init__(self, edges: _Edges, fixed: Volume, moving: Volume, least_overlap: float) -> None:
        self.fixed, self.moving = fixed, moving
        # Corners of a turned field may be cut; its middle decides.
        extent = np.array(moving.array.shape) * np.array(moving.geometry.spacing_mm[::-1])
        side = int(np.ceil(0.8 * np.linalg.norm(extent) / fixed.geometry.spacing_mm[0])) + 1
        self.side = side
        self.shape = tuple(
            fft.next_fast_len(int(n) + side - 1, real=True) for n in fixed.array.shape
        )
        self.spectra = [self._spectrum(one) for one in edges.tensor]
        self.energy = self._spectrum(edges.energy)
        self.field = self._spectrum(edges.field.astype(np.float32))
        self.least = least_overlap * min(
            edges.field.sum(), np.prod(extent) / fixed.geometry.voxel_volume_mm3
        )

    def best(self, turn_deg: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Score, matrix and angles of the best shift at a rotation."""
        turn = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
        turned, grid = self._turned(turn)
        edges = _edges(*turned)
        common = self._correlated(self.field, edges.field.astype(np.float32))
        agreed = fft.irfftn(
            sum(
                (2.0 if a != b else 1.0) * np.conj(spectrum) * self._spectrum(edges.tensor[n])
                for n, ((a, b), spectrum) in enumerate(zip(_PAIRS, self.spectra, strict=True))
            ),
            self.shape,
        )
        power = self._correlated(self.energy, edges.field.astype(np.float32)) * self._correlated(
            self.field, edges.energy
        )
        enough = common >= self.least
        floor = 1e-3 * max(float(power.max()), 1e-9)
        score = np.where(enough, agreed / np.sqrt(np.maximum(power, floor)), -1.0)
        # Of equal agreements the one over more common field is the safer.
        score = score * np.minimum(1.0, common / max(float(common.max()), 1.0)) ** 0.25
        place = np.unravel_index(int(score.argmax()), score.shape)
        shift = np.array(
            [
                int(n) - size if n > size - f else int(n)
                for n, size, f in zip(place, self.shape, self.fixed.array.shape, strict=True)
            ]
        )
        return float(score[place]), self._matrix(turn, grid, shift), np.asarray(turn_deg, float)

    def _turned(self, turn: np.ndarray) -> tuple[tuple[Volume, np.ndarray], Geometry]:
        """The moving image turned about its middle, on a cube around the fixed grid's axes."""
        step = self.fixed.geometry.spacing_mm[0]
        half = (self.side - 1) / 2 * step
        grid = Geometry((self.side,) * 3, (step,) * 3, (-half,) * 3)
        points = grid.points_mm(np.indices(grid.shape)[::-1].transpose(1, 2, 3, 0))
        middle = self.moving.geometry.center_mm
        index = self.moving.geometry.indices(points @ turn.T + middle)[..., ::-1]
        limits = np.array(self.moving.array.shape) - 1
        inside = np.all((index >= -0.01) & (index <= limits + 0.01), axis=-1)
        values = ndimage.map_coordinates(
            self.moving.array, np.moveaxis(index, -1, 0), order=1, mode="nearest"
        )
        return (Volume(values, grid), inside), grid

    def _matrix(self, turn: np.ndarray, grid: Geometry, shift_kji: np.ndarray) -> np.ndarray:
        """Fixed point → cube point (shifted by whole voxels) → moving point."""
        step = self.fixed.geometry.spacing_mm[0]
        to_cube = (
            np.array(grid.origin_mm)
            - np.array(self.fixed.geometry.origin_mm)
            + shift_kji[::-1] * step
        )
        matrix = np.eye(4)
        matrix[:3, :3] = turn
        matrix[:3, 3] = turn @ to_cube + self.moving.geometry.center_mm
        return matrix

    def _spectrum(self, values: np.ndarray) -> np.ndarray:
        spectrum: np.ndarray = fft.rfftn(values, self.shape)
        return spectrum

    def _correlated(self, spectrum: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Σ fixed(x) values(x + shift) for every shift, cyclic."""
        result = fft.irfftn(np.conj(spectrum) * self._spectrum(values), self.shape)
        return np.maximum(result, 0.0)


def _largest_mm(volume: Volume) -> float:
    return float((np.array(volume.geometry.shape[::-1]) * volume.geometry.spacing_mm).max())


def _coarse(volume: Volume, spacing_mm: float) -> Volume:
    """The volume on a grid along the patient's axes, smoothed to its spacing."""
    own = np.array(volume.geometry.spacing_mm[::-1])
    sigma = np.sqrt(np.maximum((0.5 * spacing_mm) ** 2 - (0.4 * own) ** 2, 0.0)) / own
    smooth = ndimage.gaussian_filter(volume.array.astype(np.float32), sigma, mode="nearest")
    size = np.array(volume.geometry.shape[::-1])
    corners = np.array(list(product((0, 1), repeat=3))) * (size - 1)
    points = volume.geometry.points_mm(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    count = np.maximum(3, np.floor((high - low) / spacing_mm).astype(int) + 1)
    origin = (low + high) / 2 - (count - 1) / 2 * spacing_mm
    grid = Geometry(tuple(count[::-1]), (spacing_mm,) * 3, tuple(origin))
    at = grid.points_mm(np.indices(grid.shape)[::-1].transpose(1, 2, 3, 0))
    index = volume.geometry.indices(at)[..., ::-1]
    values = ndimage.map_coordinates(smooth, np.moveaxis(index, -1, 0), order=1, mode="nearest")
    return replace(volume, array=values, geometry=grid)


def _edges(volume: Volume, inside: np.ndarray) -> _Edges:
    slopes = np.stack(list(np.gradient(volume.array.astype(np.float32))))
    inner = ndimage.binary_erosion(inside, border_value=0) if not inside.all() else inside
    slopes = slopes * inner
    strength = np.sqrt((slopes**2).sum(axis=0))
    # Slopes of the size of the typical one count half; noise far below it not at all.
    typical = float(strength[inner].mean()) if inner.any() else 0.0
    normal = slopes / np.sqrt(strength**2 + max(typical, 1e-6) ** 2)
    tensor = np.stack([normal[a] * normal[b] for a, b in _PAIRS]).astype(np.float32)
    energy = ((normal**2).sum(axis=0) ** 2).astype(np.float32)
    return _Edges(tensor, energy, inner)


def _distinct(
    found: list[tuple[float, np.ndarray, np.ndarray]], least_deg: float
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Without repeats of nearly the same offset, order kept."""
    kept: list[tuple[float, np.ndarray, np.ndarray]] = []
    for one in found:
        near = any(
            np.abs(one[2] - other[2]).max() < least_deg / 2
            and np.linalg.norm(one[1][:3, 3] - other[1][:3, 3]) < 5
            for other in kept
        )
        if not near:
            kept.append(one)
    return kept
