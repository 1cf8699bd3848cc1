"""Pairs of images whose mapping is known exactly at every point: real CT warped, and generated.

The fixed image is the source read at φ(x) on one cut grid, the moving image the source itself on
another one, so that φ is the truth without an inversion. Tuning and test cases are different
patients and different seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume

TUNING, TEST = 1000, 2000


@dataclass(frozen=True, eq=False)
class Pair:
    """truth_mm: (k, j, i, 3) moving points of the fixed voxels. judged: body within both fields
    of view, where the error is measured."""

    name: str
    fixed: Volume
    moving: Volume
    truth_mm: np.ndarray
    judged: np.ndarray

    def error_mm(self, found_mm: np.ndarray) -> np.ndarray:
        """Distances (n,) of found moving points (k, j, i, 3) from the truth over the body."""
        return np.linalg.norm(found_mm - self.truth_mm, axis=-1)[self.judged]


def openkbp_files(data: Path) -> list[Path]:
    """CT files of the set of real head-and-neck planning CT, by name."""
    return sorted((data / "ct_openkbp_hn").glob("*_ct.nrrd"))


def warped_ct(
    path: Path,
    seed: int,
    *,
    bend_mm: float = 6.0,
    width_mm: float = 25.0,
    shift_mm: float = 8.0,
    turn_deg: float = 5.0,
    mr_like: bool = False,
) -> Pair:
    """A real CT against itself, warped: other grids, cut fields of view, noise.

    bend_mm: mean length of the elastic part, 0 for a rigid pair. width_mm: of its bumps (one
    standard deviation of the Gaussian). shift_mm: largest length; turn_deg: largest angle.
    """
    generator = np.random.default_rng(seed)
    source = read_image(path)
    lower = np.array(source.geometry.origin_mm)
    upper = source.geometry.points_mm(np.array(source.geometry.shape[::-1]) - 1)
    middle = (lower + upper) / 2
    grids = [_cut_grid(lower, upper, source.geometry, generator) for _ in range(2)]
    axis, push = (_unit(generator) for _ in range(2))
    turn = Rotation.from_rotvec(np.radians(generator.uniform(0.4, 1) * turn_deg) * axis)
    shift = generator.uniform(0.4, 1) * shift_mm * push
    points = grid_points(grids[0])
    bent = points
    if bend_mm:
        bent = points + _bumps(points, lower, upper, width_mm, bend_mm, generator)
    truth = (bent - middle) @ turn.as_matrix().T + middle + shift
    values = source.array.astype(np.float32)
    fixed = _read_at(values, source.geometry, truth)
    moving = _read_at(values, source.geometry, grid_points(grids[1]))
    # Noise of a CT is spread over neighbors.
    noisy = [a + 25 * ndimage.gaussian_filter(generator.normal(size=a.shape), 0.6)
             for a in (fixed, moving)]  # fmt: skip
    fixed_ct, moving_ct = (
        Volume(np.round(a).clip(-1000, 3000).astype(np.int16), g, modality="CT", unit="[hnsf'U]")
        for a, g in zip(noisy, grids, strict=True)
    )
    index = grids[1].indices(truth)[..., ::-1]
    seen = np.all((index >= 0) & (index <= np.array(grids[1].shape) - 1), axis=-1)
    body = ndimage.binary_fill_holes(ndimage.binary_opening(fixed > -300))
    kind = "rigid" if not bend_mm else "deformable"
    name = f"{path.stem.removesuffix('_ct')} {kind}{' MR-like' if mr_like else ''}"
    if mr_like:
        moving_ct = _mr_like(moving_ct, generator)
    return Pair(name, fixed_ct, moving_ct, truth, body & seen)


def generated_ct(seed: int, size: tuple[int, int, int] = (96, 128, 128), **changes: float) -> Pair:
    """Planning and later CT of a patient that never was."""
    made = generate_patient(PatientSettings(seed=seed, size=size, **changes))
    truth = made.deformation.later(grid_points(made.planning_ct.geometry))
    return _generated(f"generated CT {seed}", made.planning_ct, made.later_ct, truth,
                      made.planning_labels.array > 0)  # fmt: skip


def generated_mr(seed: int, size: tuple[int, int, int] = (96, 128, 128), **changes: float) -> Pair:
    """Planning CT and MR of a patient that never was: a rigid pair."""
    made = generate_patient(PatientSettings(seed=seed, size=size, **changes))
    matrix = made.mr_from_planning
    truth = grid_points(made.planning_ct.geometry) @ matrix[:3, :3].T + matrix[:3, 3]
    return _generated(f"generated MR {seed}", made.planning_ct, made.mr, truth,
                      made.planning_labels.array > 0)  # fmt: skip


def moved_away(pair: Pair, moved_from_moving: np.ndarray) -> Pair:
    """The same pair with the moving image elsewhere; only its header changes."""
    geometry = Geometry.from_lps_matrix(
        moved_from_moving @ pair.moving.geometry.lps_from_index, pair.moving.geometry.shape
    )
    truth = pair.truth_mm @ moved_from_moving[:3, :3].T + moved_from_moving[:3, 3]
    return replace(pair, moving=replace(pair.moving, geometry=geometry), truth_mm=truth)


def _generated(
    name: str, fixed: Volume, moving: Volume, truth: np.ndarray, body: np.ndarray
) -> Pair:
    index = moving.geometry.indices(truth)[..., ::-1]
    seen = np.all((index >= 0) & (index <= np.array(moving.geometry.shape) - 1), axis=-1)
    return Pair(name, fixed, moving, truth, body & seen)


def _unit(generator: np.random.Generator) -> np.ndarray:
    vector = generator.normal(size=3)
    return vector / np.linalg.norm(vector)


def _cut_grid(
    lower: np.ndarray, upper: np.ndarray, source: Geometry, generator: np.random.Generator
) -> Geometry:
    extent = upper - lower
    low = lower + generator.uniform(0, [0.08, 0.08, 0.14]) * extent
    high = upper - generator.uniform(0, [0.08, 0.08, 0.14]) * extent
    spacing = np.round(np.array(source.spacing_mm) * generator.uniform(0.95, 1.15, 3), 2)
    count = np.floor((high - low) / spacing).astype(int) + 1
    return Geometry(tuple(count[::-1]), tuple(spacing), tuple(low))


def _bumps(
    points: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    width_mm: float,
    mean_mm: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Smoothed noise, interpolated by cubic splines from a grid of a third of its width."""
    step = width_mm / 3
    low = lower - 4 * width_mm
    count = np.ceil((upper - lower + 8 * width_mm) / step).astype(int)
    index = np.moveaxis((points - low) / step, -1, 0)
    field = np.stack(
        [
            ndimage.map_coordinates(
                ndimage.gaussian_filter(generator.normal(size=count), 3.0), index, order=3
            )
            for _ in range(3)
        ],
        axis=-1,
    )
    return field * (mean_mm / np.linalg.norm(field, axis=-1).mean())


def _read_at(values: np.ndarray, geometry: Geometry, points: np.ndarray) -> np.ndarray:
    index = np.moveaxis(geometry.indices(points)[..., ::-1], -1, 0)
    found = ndimage.map_coordinates(values, index, order=3, mode="constant", cval=-1000.0)
    return np.clip(found, -1000, 3000)


def _mr_like(scan: Volume, generator: np.random.Generator) -> Volume:
    """Bone and air dark, fat bright, muscle between, a shading over the field, other noise."""
    values = scan.array.astype(float)
    gray = np.interp(values, [-1000, -300, -120, -60, 30, 80, 300, 1200],
                     [10, 60, 900, 800, 450, 400, 150, 60])  # fmt: skip
    shape = values.shape
    ramp = sum(
        generator.uniform(-0.15, 0.15) * np.linspace(-1, 1, n).reshape(
            [-1 if a == axis else 1 for a in range(3)])
        for axis, n in enumerate(shape)
    )  # fmt: skip
    noisy = gray * (1 + ramp) + 12 * generator.normal(size=shape)
    array = np.round(np.clip(noisy, 0, 4000)).astype(np.uint16)
    return replace(scan, array=array, modality="MR", unit="")
