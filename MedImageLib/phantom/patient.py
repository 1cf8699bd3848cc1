"""A radiotherapy patient: planning CT, a later CT and an MR, with exact labels and maps.

One body of solids is asked at the voxels of three grids: directly for the planning CT, through a
known rigid and smooth elastic change for the later CT, through a known rigid one for the MR.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from MedImageLib.geometry import Geometry
from MedImageLib.phantom import head_neck, torso
from MedImageLib.phantom.anatomy import TISSUE_INDEX, TISSUES, Solid, paint
from MedImageLib.phantom.deformation import (
    Deformation,
    draw_deformation,
    fixed_points_of,
    grid_points,
    rigid_matrix,
)
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume

SITES = ("head_and_neck", "thorax")
# Box that the planning CT covers, lower and upper LPS mm, and where the later one bends.
_FIELD = {
    "head_and_neck": ((-205.0, -125.0, -135.0), (205.0, 205.0, 150.0)),
    "thorax": ((-215.0, -165.0, -225.0), (215.0, 185.0, 135.0)),
}
_BEND = {
    "head_and_neck": ((-60.0, -80.0, -110.0), (60.0, 80.0, 90.0)),
    "thorax": ((-120.0, -90.0, -180.0), (120.0, 80.0, 60.0)),
}
# Of the MR: middle of its field and extent in mm.
_MR_FIELD = {
    "head_and_neck": ((0.0, 10.0, 30.0), (240.0, 250.0, 190.0)),
    "thorax": ((0.0, 5.0, -70.0), (400.0, 300.0, 230.0)),
}


@dataclass(frozen=True)
class PatientSettings:
    """What is generated."""

    seed: int = setting(0, help="Seed of everything that is drawn.", minimum=0)
    site: str = setting("head_and_neck", help="Part of the body.", choices=SITES)
    size: tuple[int, int, int] = setting(
        (96, 160, 160),
        help="Slices, rows and columns of the planning CT; the others follow.",
        minimum=16,
        maximum=512,
    )
    bend_mm: float = setting(
        8.0, help="Largest single push of the elastic change.", unit="mm", minimum=0, maximum=15
    )
    turn_deg: float = setting(
        3.0, help="Largest turn of the later CT about each axis.", minimum=0, maximum=10
    )
    shift_mm: float = setting(
        9.0, help="Largest shift of the later CT along each axis.", unit="mm", minimum=0, maximum=40
    )
    noise_hu: float = setting(
        11.0, help="Standard deviation of CT noise.", unit="HU", minimum=0, maximum=100
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class GeneratedPatient:
    """Three images of one patient with their truth.

    planning_ct, later_ct: int16 Hounsfield units; mr: uint16, arbitrary. *_labels: label maps on
    the same grids. structures: label value of each structure; every value above 0 is inside the
    body. displacement_mm: (k, j, i, 3) LPS vectors on the planning grid: point + vector = the
    same tissue in the later CT. later_from_planning_rigid: 4 × 4 rigid part, which follows the
    elastic one. mr_from_planning: 4 × 4 rigid matrix. deformation: the map itself.
    """

    planning_ct: Volume
    later_ct: Volume
    mr: Volume
    planning_labels: Volume
    later_labels: Volume
    mr_labels: Volume
    structures: dict[str, int]
    displacement_mm: np.ndarray
    later_from_planning_rigid: np.ndarray
    mr_from_planning: np.ndarray
    deformation: Deformation
    settings: PatientSettings


def generate_patient(settings: PatientSettings | None = None) -> GeneratedPatient:
    """A patient that never was; the same settings give the same bytes."""
    settings = settings or PatientSettings()
    generator = np.random.default_rng([settings.seed, 0xDA7A, SITES.index(settings.site)])
    if settings.site == "head_and_neck":
        solids, structures = head_neck.head_and_neck(generator), head_neck.STRUCTURES
    else:
        solids, structures = torso.torso(generator), torso.STRUCTURES
    texture = generator.normal(size=(40, 40, 40))
    lower, upper = (np.array(side) for side in _BEND[settings.site])
    deformation = draw_deformation(
        generator, lower, upper, settings.bend_mm, settings.turn_deg, settings.shift_mm
    )
    if settings.site == "thorax":
        deformation = _breathing(deformation, generator, settings.bend_mm)
    mr_from_planning = rigid_matrix(
        generator.uniform(-4, 4, 3), generator.uniform(-14, 14, 3), np.zeros(3)
    )
    planning_grid, later_grid, mr_grid = _grids(settings, deformation, mr_from_planning, generator)
    planning_points = grid_points(planning_grid)
    couch = head_neck.couch(126.0 if settings.site == "head_and_neck" else 142.0)
    ct = []
    for grid, points in (
        (planning_grid, planning_points),
        (later_grid, fixed_points_of(deformation, later_grid)),
    ):
        tissues, labels = paint(solids, points, structures)
        _add_couch(tissues, couch, grid)
        ct.append((_ct(tissues, points, texture, grid, settings, generator), _labels(labels, grid)))
    back = np.linalg.inv(mr_from_planning)
    mr_points = grid_points(mr_grid) @ back[:3, :3].T + back[:3, 3]
    tissues, labels = paint(solids, mr_points, structures)
    mr = _mr(tissues, mr_points, texture, mr_grid, generator)
    return GeneratedPatient(
        planning_ct=ct[0][0],
        later_ct=ct[1][0],
        mr=mr,
        planning_labels=ct[0][1],
        later_labels=ct[1][1],
        mr_labels=_labels(labels, mr_grid),
        structures=dict(structures),
        displacement_mm=(deformation.later(planning_points) - planning_points).astype(np.float32),
        later_from_planning_rigid=deformation.later_from_fixed,
        mr_from_planning=mr_from_planning,
        deformation=deformation,
        settings=settings,
    )


def _breathing(
    deformation: Deformation, generator: np.random.Generator, bend_mm: float
) -> Deformation:
    """The diaphragm stands at another height on another day."""
    push = np.array([0.0, -0.25, 1.0]) * bend_mm * generator.choice([-1.0, 1.0])
    centers = np.array([[-70.0, 0.0, -100.0], [70.0, 0.0, -110.0]])
    return replace(
        deformation,
        centers_mm=np.concatenate([deformation.centers_mm, centers]),
        pushes_mm=np.concatenate([deformation.pushes_mm * 0.7, [push, push * 0.9]]),
        widths_mm=np.concatenate([deformation.widths_mm, [60.0, 60.0]]),
    )


def _grids(
    settings: PatientSettings,
    deformation: Deformation,
    mr_from_planning: np.ndarray,
    generator: np.random.Generator,
) -> tuple[Geometry, Geometry, Geometry]:
    lower, upper = (np.array(side) for side in _FIELD[settings.site])
    lower = lower + generator.normal(0, 3, 3)
    upper = upper + generator.normal(0, 3, 3)
    sizes = np.array(settings.size[::-1])
    planning = _axial(lower, upper, settings.size)
    # Another day: thinner field, other spacing, another place of the isocenter.
    shift = deformation.later_from_fixed[:3, 3]
    middle = (lower + upper) / 2 + 0.6 * shift + generator.normal(0, 4, 3)
    half = (upper - lower) / 2 * np.array([0.97, 0.98, 0.92])
    later_sizes = np.maximum(16, np.round(sizes * [0.9, 0.9, 1.05]).astype(int))
    later = _axial(middle - half, middle + half, tuple(later_sizes[::-1]))
    center, extent = (np.array(side) for side in _MR_FIELD[settings.site])
    mr_sizes = np.maximum(16, np.round(sizes * [1.0, 1.0, 0.6]).astype(int))
    spacing = extent / mr_sizes
    turn = rigid_matrix(generator.uniform(-6, 6, 3), np.zeros(3), np.zeros(3))[:3, :3]
    middle = mr_from_planning[:3, :3] @ center + mr_from_planning[:3, 3]
    origin = middle - turn @ (spacing * (mr_sizes - 1) / 2)
    mr = Geometry(tuple(mr_sizes[::-1]), tuple(spacing), tuple(origin), tuple(map(tuple, turn)))
    return planning, later, mr


def _axial(lower: np.ndarray, upper: np.ndarray, shape: tuple[int, ...]) -> Geometry:
    sizes = np.array(shape[::-1])
    spacing = np.round((upper - lower) / sizes, 2)
    # Square pixels as in every CT.
    spacing[:2] = spacing[:2].max()
    origin = (lower + upper) / 2 - spacing * (sizes - 1) / 2
    return Geometry(tuple(shape), tuple(spacing), tuple(np.round(origin, 3)))  # type: ignore[arg-type]


def _add_couch(tissues: np.ndarray, couch: list[Solid], grid: Geometry) -> None:
    # The table belongs to the room, not to the patient.
    _, marks = paint(couch, grid_points(grid), {"body": 1})
    tissues[(marks > 0) & (tissues == TISSUE_INDEX["air"])] = TISSUE_INDEX["couch"]


def _labels(labels: np.ndarray, grid: Geometry) -> Volume:
    return Volume(labels, grid, is_labelmap=True)


def _texture(texture: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    """Natural variation that moves with the patient: unit spread, about a centimeter wide."""
    at = [(points_mm[..., n] / 11.0 + 20.0) % 39.0 for n in (2, 1, 0)]
    return map_coordinates(texture.astype(np.float32), at, order=1, output=np.float32) * 1.6


def _ct(
    tissues: np.ndarray,
    points_mm: np.ndarray,
    texture: np.ndarray,
    grid: Geometry,
    settings: PatientSettings,
    generator: np.random.Generator,
) -> Volume:
    mean, spread = (np.array([v[n] for v in TISSUES.values()], np.float32) for n in (0, 1))
    value = mean[tissues] + spread[tissues] * _texture(texture, points_mm)
    value = gaussian_filter(value, (0.35, 0.55, 0.55))
    noise = generator.normal(size=grid.shape).astype(np.float32)
    noise = gaussian_filter(noise, (0, 0.6, 0.6))
    value += noise * (settings.noise_hu / max(float(noise.std()), 1e-6))
    pixels = np.clip(np.round(value), -1024, 3071).astype(np.int16)
    return Volume(pixels, grid, modality="CT", unit="[hnsf'U]")


def _mr(
    tissues: np.ndarray,
    points_mm: np.ndarray,
    texture: np.ndarray,
    grid: Geometry,
    generator: np.random.Generator,
) -> Volume:
    mean = np.array([v[2] for v in TISSUES.values()], np.float32)
    value = mean[tissues] * (1 + 0.06 * _texture(texture, points_mm))
    bias = zoom(
        generator.normal(0, 0.22, (4, 4, 4)),
        np.array(grid.shape) / 4,
        order=3,
        mode="nearest",
        grid_mode=True,
    )
    value = gaussian_filter(value * np.exp(bias).astype(np.float32), (0.4, 0.5, 0.5))
    real, imaginary = (generator.normal(0, 14, grid.shape) for _ in range(2))
    magnitude = np.hypot(value + real, imaginary)
    pixels = np.clip(np.round(magnitude), 0, 4095).astype(np.uint16)
    tags: dict[str, Any] = {"ScanningSequence": "GR", "RepetitionTime": 5.2, "EchoTime": 2.1}
    return Volume(pixels, grid, modality="MR", tags=tags)
