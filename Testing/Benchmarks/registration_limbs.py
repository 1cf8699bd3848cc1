"""Pairs of CT with MR or PET whose rigid offset is known: generated limbs, and real CT repainted.

Limbs are nearly round and alike along their axis, are cut by small fields of view, and change
their posture between scanners: the hard case of rigid registration. Every image is made by asking
one body at its voxels, so that the offset is exact but for the posture, whose rigid part is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from registration_cases import Pair, warped_ct
from scipy import ndimage
from scipy.spatial import cKDTree

from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.volume import Volume

# Hounsfield units, T1 signal, standardized uptake value.
_TISSUES = {
    "air": (-1000.0, 0.0, 0.02),
    "fat": (-100.0, 900.0, 0.3),
    "muscle": (55.0, 340.0, 0.6),
    "septum": (-60.0, 700.0, 0.45),
    "cortical": (1150.0, 60.0, 0.5),
    "marrow": (-20.0, 820.0, 0.6),
    "vessel": (45.0, 150.0, 1.3),
    "tumor": (40.0, 300.0, 1.0),
}
_AIR, _FAT, _MUSCLE, _SEPTUM, _CORTICAL, _MARROW, _VESSEL, _TUMOR = range(8)


@dataclass(frozen=True, eq=False)
class Limb:
    """A thigh or shank along z about the origin, LPS mm; drawn by `limb`."""

    radius_mm: float
    taper: float
    waves: np.ndarray
    phases: np.ndarray
    fat_mm: float
    compartments: cKDTree
    bone_mm: tuple[float, float, float]
    bone_flare: float
    vessel_mm: np.ndarray
    tumor_mm: np.ndarray
    tumor_radii_mm: np.ndarray
    tumor_uptake: float
    texture: np.ndarray

    def tissue(self, points: np.ndarray) -> np.ndarray:
        """Index of `_TISSUES` at points (n, 3)."""
        x, y, z = points.T
        distance, angle = np.hypot(x, y), np.arctan2(y, x)
        along = z / 100.0
        wave = sum(
            w * np.cos((n + 2) * angle + p + 0.8 * along)
            for n, (w, p) in enumerate(zip(self.waves, self.phases, strict=True))
        )
        outer = self.radius_mm * (1 + self.taper * along + 0.05 * np.sin(1.5 * along) + wave)
        fat = self.fat_mm * (1 + 0.4 * np.cos(angle - self.phases[0]) + 0.2 * along)
        tissue = np.full(len(points), _AIR)
        tissue[distance < outer] = _FAT
        inner = distance < outer - fat
        near, _ = self.compartments.query(points[inner] * [1, 1, 0.25], k=2)
        tissue[inner] = np.where(near[:, 1] - near[:, 0] < 2.5, _SEPTUM, _MUSCLE)
        bone_x, bone_y, bone = self.bone_mm
        size = bone * (1 + self.bone_flare * np.clip(along, 0, None) ** 2)
        from_bone = np.hypot(x - bone_x - 6 * along, (y - bone_y) * 1.15)
        tissue[from_bone < size] = _CORTICAL
        tissue[from_bone < 0.6 * size] = _MARROW
        vessel = self.vessel_mm
        tissue[np.hypot(x - vessel[0] + 5 * along, y - vessel[1]) < vessel[2]] = _VESSEL
        inside = (((points - self.tumor_mm) / self.tumor_radii_mm) ** 2).sum(axis=1) < 1
        tissue[inside & (tissue != _CORTICAL) & (tissue != _AIR)] = _TUMOR
        return tissue

    def values(self, kind: str, points: np.ndarray) -> np.ndarray:
        """Hounsfield units (CT), signal (MR) or uptake (PT) at points (..., 3)."""
        flat = points.reshape(-1, 3)
        tissue = self.tissue(flat)
        table = np.array(list(_TISSUES.values()))[:, ("CT", "MR", "PT").index(kind)]
        values = table[tissue]
        if kind == "PT":
            values = np.where(tissue == _TUMOR, self.tumor_uptake, values)
        at = [(flat[:, n] / 11.0 + 20.0) % 39.0 for n in (2, 1, 0)]
        texture = ndimage.map_coordinates(self.texture, at, order=1)
        spread = 12.0 * (tissue > 0) if kind == "CT" else (0.1 if kind == "MR" else 0.2) * values
        return (values + spread * texture).reshape(points.shape[:-1])


def limb(seed: int) -> Limb:
    """A limb that never was."""
    generator = np.random.default_rng([seed, 0x11B])
    radius = generator.uniform(52, 95)
    sites = np.concatenate(
        [generator.uniform(-radius, radius, (14, 2)), generator.uniform(-40, 40, (14, 1))], axis=1
    )
    middle = generator.uniform(-0.2, 0.2, 2) * radius
    side = generator.uniform(0, 2 * np.pi)
    tumor = np.array([np.cos(side), np.sin(side)]) * generator.uniform(0.3, 0.6) * radius
    return Limb(
        radius,
        generator.uniform(-0.18, -0.06),
        generator.uniform(0.01, 0.05, 3),
        generator.uniform(0, 2 * np.pi, 3),
        generator.uniform(5, 20),
        cKDTree(sites),
        (middle[0], middle[1], generator.uniform(12, 17)),
        generator.uniform(0.0, 0.25),
        np.array([*(-0.45 * tumor), generator.uniform(4, 6)]),
        np.array([*tumor, generator.uniform(-15, 15)]),
        generator.uniform(12, 30, 3),
        generator.uniform(2.5, 12.0),
        generator.normal(size=(40, 40, 40)),
    )


def limb_pair(seed: int, kind: str, posture_mm: float = 3.0, other: int | None = None) -> Pair:
    """A CT and an MR or PET (kind) of a limb, each cut around the tumor by its own box.

    posture_mm: mean length of the bend of an MR against the CT; a PET has none. other: seed of
    the limb that the moving image shows in truth, for a pair of two patients.
    """
    generator = np.random.default_rng([seed, ("MR", "PT").index(kind), 0xA5])
    body = limb(seed)
    shown = body if other is None else limb(other)
    fixed_grid = _grid(body, "CT", generator)
    moving_grid = _grid(body, kind, generator)
    bend = _bend(generator, posture_mm if kind == "MR" else 0.0)
    points = grid_points(fixed_grid)
    fixed = _image(body, "CT", fixed_grid, points, generator)
    # A moving voxel shows the body where the bend has come from.
    at = grid_points(moving_grid)
    for _ in range(8):
        at = grid_points(moving_grid) - bend(at)
    moving = _image(shown, kind, moving_grid, at, generator)
    bent = points + bend(points)
    inside = body.tissue(points.reshape(-1, 3)).reshape(fixed_grid.shape) != _AIR
    index = moving_grid.indices(bent)[..., ::-1]
    seen = np.all((index >= 0) & (index <= np.array(moving_grid.shape) - 1), axis=-1)
    common = inside & seen
    matrix = _rigid_fit(points[common], bent[common])
    away = rigid_matrix(generator.uniform(-12, 12, 3), generator.uniform(-20, 20, 3), np.zeros(3))
    truth = away @ matrix
    geometry = Geometry.from_lps_matrix(away @ moving_grid.lps_from_index, moving_grid.shape)
    return Pair(
        f"limb {seed} CT-{kind}",
        fixed,
        replace(moving, geometry=geometry),
        points @ truth[:3, :3].T + truth[:3, 3],
        common,
    )


def pet_like(path: Path, seed: int) -> Pair:
    """A real CT against its repainted self: uptake by tissue, coarse, blurred, noisy."""
    pair = warped_ct(path, seed, bend_mm=0, shift_mm=25, turn_deg=12)
    generator = np.random.default_rng([seed, 7])
    scan = pair.moving
    gray = np.interp(
        scan.array.astype(float),
        [-1000, -400, -120, -60, 20, 60, 150, 1200],
        [0.02, 0.15, 0.3, 0.35, 1.0, 1.0, 0.8, 0.5],
    )
    rough = generator.normal(size=np.maximum(np.array(scan.array.shape) // 6, 3))
    zoomed = ndimage.zoom(rough, np.array(scan.array.shape) / rough.shape, order=1)
    spots = ndimage.gaussian_filter(generator.random(scan.array.shape) > 0.9995, 1.8)
    body = gray > 0.2
    gray = gray * np.exp(0.35 * zoomed) + body * 6 * spots / max(float(spots.max()), 1e-9)
    values = _pet(gray, np.array(scan.geometry.spacing_mm), generator)
    return replace(
        pair,
        name=pair.name + " PET-like",
        moving=Volume(values, scan.geometry, modality="PT", unit="{SUVbw}g/ml"),
    )


def _grid(body: Limb, kind: str, generator: np.random.Generator) -> Geometry:
    """A box of some cm around the tumor, as such images are cut."""
    spacing = {"CT": (1.5, 1.5, 3.3), "MR": (1.4, 1.4, 3.3), "PT": (4.7, 4.7, 3.3)}[kind]
    least = 30.0 if kind == "MR" else 50.0
    low, high = (
        body.tumor_mm + sign * (body.tumor_radii_mm + generator.uniform(least, least + 15, 3))
        for sign in (-1, 1)
    )
    count = np.maximum(8, np.floor((high - low) / spacing).astype(int))
    return Geometry(tuple(count[::-1]), spacing, tuple(low))


def _image(
    body: Limb, kind: str, grid: Geometry, points: np.ndarray, generator: np.random.Generator
) -> Volume:
    values = body.values(kind, points)
    if kind == "CT":
        noisy = ndimage.gaussian_filter(values, (0.3, 0.6, 0.6)) + 20 * ndimage.gaussian_filter(
            generator.normal(size=values.shape), (0, 0.7, 0.7)
        )
        return Volume(np.round(noisy).clip(-1024, 3071).astype(np.int16), grid, modality="CT")
    if kind == "MR":
        rough = generator.normal(0, 0.2, (4, 4, 4))
        bias = ndimage.zoom(
            rough, np.array(grid.shape) / 4, order=3, mode="nearest", grid_mode=True
        )
        noisy = ndimage.gaussian_filter(values * np.exp(bias), (0.3, 0.6, 0.6))
        noisy = np.hypot(noisy + generator.normal(0, 20, grid.shape),
                         generator.normal(0, 20, grid.shape))  # fmt: skip
        return Volume(np.round(noisy).astype(np.uint16), grid, modality="MR")
    return Volume(_pet(values, np.array(grid.spacing_mm), generator), grid, modality="PT")


def _pet(values: np.ndarray, spacing: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Blurred to 6.5 mm, with noise that is spread as much and stronger where uptake is."""
    sigma = 6.5 / 2.355 / spacing[::-1]
    blurred = ndimage.gaussian_filter(values, sigma)
    noise = ndimage.gaussian_filter(generator.normal(size=values.shape), 0.8 * sigma)
    noise *= 0.12 / noise.std()
    noisy: np.ndarray = np.maximum(blurred + noise * np.sqrt(np.maximum(blurred, 0.02)), 0.0)
    return noisy.astype(np.float32)


def _bend(generator: np.random.Generator, mean_mm: float):  # type: ignore[no-untyped-def]
    """Smooth vectors at points, of a mean length within 10 cm of the origin."""
    waves = generator.normal(size=(4, 3)) / 110.0
    phases = generator.uniform(0, 2 * np.pi, 4)
    pushes = generator.normal(size=(4, 3))
    probe = generator.uniform(-100, 100, (2000, 3))

    def raw(points: np.ndarray) -> np.ndarray:
        return np.sin(points @ waves.T + phases) @ pushes

    scale = mean_mm / np.linalg.norm(raw(probe), axis=1).mean()
    return lambda points: scale * raw(points)


def _rigid_fit(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The 4 × 4 rigid matrix that takes points (n, 3) nearest to others (Kabsch, 1976)."""
    middle = first.mean(axis=0), second.mean(axis=0)
    u, _, v = np.linalg.svd((first - middle[0]).T @ (second - middle[1]))
    turn = v.T @ np.diag([1.0, 1.0, np.sign(np.linalg.det(v.T @ u.T))]) @ u.T
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = middle[1] - turn @ middle[0]
    return matrix
