"""Generated patients: labels, maps and images that agree with each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from MedImageLib.geometry import Geometry
from MedImageLib.phantom.anatomy import ellipsoid, paint, tube
from MedImageLib.phantom.deformation import (
    draw_deformation,
    fixed_points_of,
    grid_points,
    rigid_matrix,
)
from MedImageLib.phantom.patient import SITES, GeneratedPatient, PatientSettings, generate_patient

LARGE = {
    "head_and_neck": ("bone", "right_lung", "left_lung"),
    "thorax": ("right_lung", "left_lung", "heart", "liver"),
}
SMALLER = {
    "head_and_neck": ("brainstem", "left_parotid", "right_parotid", "larynx"),
    "thorax": ("left_kidney", "right_kidney", "spleen", "aorta"),
}


@pytest.fixture(scope="module", params=SITES)
def patient(request) -> GeneratedPatient:
    return generate_patient(PatientSettings(seed=3, site=request.param, size=(64, 112, 112)))


def nearest(labels, points_mm: np.ndarray) -> np.ndarray:
    index = labels.geometry.indices(points_mm)[..., ::-1]
    return map_coordinates(labels.array, np.moveaxis(index, -1, 0), order=0, cval=255)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_ellipsoid_and_tube_have_their_volumes() -> None:
    grid = Geometry((60, 60, 60), origin_mm=(-29.5, -29.5, -29.5))
    body = ellipsoid("soft", (0, 0, 0), (28, 28, 28), "body", outline=True)
    ball = ellipsoid("liver", (3, -2, 1), (8, 12, 16), "ball")
    rod = tube("bone", [np.array([[-40.0, 20, 0], [40, 20, 0]])], [4.0], "rod")
    tissues, labels = paint([body, ball, rod], grid_points(grid), {"body": 1, "ball": 2, "rod": 3})
    assert (labels > 0).sum() == pytest.approx(4 / 3 * np.pi * 28**3, rel=0.01)
    assert (labels == 2).sum() == pytest.approx(4 / 3 * np.pi * 8 * 12 * 16, rel=0.01)
    # What would stick out of the body is not painted.
    chord = 2 * np.sqrt(28**2 - 20**2)
    assert (labels == 3).sum() == pytest.approx(np.pi * 16 * chord, rel=0.08)
    assert ((labels == 0) == (tissues == 0)).all()


def test_deformation_is_inverted_and_invertible() -> None:
    generator = np.random.default_rng(0)
    lower, upper = np.full(3, -100.0), np.full(3, 100.0)
    deformation = draw_deformation(generator, lower, upper, 12.0, 5.0, 20.0)
    points = generator.uniform(-120, 120, (500, 3))
    assert np.abs(deformation.fixed(deformation.later(points)) - points).max() < 1e-3
    assert deformation.steepness(points) <= 0.55
    # The determinant of the map's gradient by central differences stays positive.
    h = 0.01
    gradient = np.stack(
        [
            (deformation.later(points + h * e) - deformation.later(points - h * e)) / (2 * h)
            for e in np.eye(3)
        ],
        axis=-1,
    )
    assert np.linalg.det(gradient).min() > 0.2
    assert np.linalg.norm(deformation.bend(points), axis=1).max() > 3
    grid = Geometry((20, 30, 25), (5.0, 4.0, 6.0), (-70, -60, -50))
    spread = fixed_points_of(deformation, grid)
    assert np.abs(deformation.later(spread) - grid_points(grid)).max() < 0.02


def test_rigid_matrix_turns_about_its_point() -> None:
    matrix = rigid_matrix(np.array([0.0, 0, 90]), np.array([1.0, 2, 3]), np.array([10.0, 0, 0]))
    assert matrix @ [10, 0, 0, 1] == pytest.approx([11, 2, 3, 1])
    assert matrix @ [11, 0, 0, 1] == pytest.approx([11, 3, 3, 1])


def test_same_seed_same_bytes_other_seed_other_patient() -> None:
    small = PatientSettings(seed=3, size=(24, 48, 48))
    one, again, other = (generate_patient(s) for s in (small, small, replace(small, seed=4)))
    for name in ("planning_ct", "later_ct", "mr", "later_labels"):
        assert getattr(one, name).array.tobytes() == getattr(again, name).array.tobytes()
    assert (one.planning_labels.array != other.planning_labels.array).mean() > 0.005


def test_field_carries_fixed_labels_onto_moving_ones(patient: GeneratedPatient) -> None:
    fixed = patient.planning_labels
    points = grid_points(fixed.geometry) + patient.displacement_mm
    moving = nearest(patient.later_labels, points)
    seen = moving != 255
    site = patient.settings.site
    for name in LARGE[site] + SMALLER[site]:
        value = patient.structures[name]
        overlap = dice((fixed.array == value) & seen, (moving == value) & seen)
        # Small ones lose a rim to the nearest voxel.
        large = name in LARGE[site] and site == "thorax"
        assert overlap > (0.97 if large else 0.82), name
    assert dice((fixed.array > 0) & seen, (moving > 0) & seen) > 0.98
    # Without the field, or with the rigid part alone, they do not match as well.
    value = patient.structures[LARGE[site][1]]
    rigid = patient.later_from_planning_rigid
    straight = grid_points(fixed.geometry) @ rigid[:3, :3].T + rigid[:3, 3]
    right = dice((fixed.array == value) & seen, (moving == value) & seen)
    for points in (grid_points(fixed.geometry), straight):
        wrong = dice(
            (fixed.array == value) & seen, (nearest(patient.later_labels, points) == value)
        )
        assert wrong < right


def test_field_is_that_of_the_map(patient: GeneratedPatient) -> None:
    points = grid_points(patient.planning_ct.geometry)[::9, ::9, ::9]
    field = patient.displacement_mm[::9, ::9, ::9]
    assert np.abs(points + field - patient.deformation.later(points)).max() < 1e-3
    bend = np.linalg.norm(patient.deformation.bend(points), axis=-1)
    assert bend.max() > 2


def test_mr_is_the_planning_patient_moved_rigidly(patient: GeneratedPatient) -> None:
    mr = patient.mr_labels
    back = np.linalg.inv(patient.mr_from_planning)
    points = grid_points(mr.geometry) @ back[:3, :3].T + back[:3, 3]
    fixed = nearest(patient.planning_labels, points)
    seen = fixed != 255
    for name in LARGE[patient.settings.site][1:]:
        value = patient.structures[name]
        if (mr.array == value).sum() > 2000:
            assert dice((mr.array == value) & seen, fixed == value) > 0.95, name
    assert dice((mr.array > 0) & seen, (fixed > 0) & seen) > 0.98
    assert patient.mr.array[mr.array == 0].mean() < 60


def test_grids_differ_and_images_fit_their_labels(patient: GeneratedPatient) -> None:
    grids = [v.geometry for v in (patient.planning_ct, patient.later_ct, patient.mr)]
    assert len({g.shape for g in grids}) == 3
    assert len({g.spacing_mm for g in grids}) == 3
    assert grids[0].shape == (64, 112, 112)
    assert patient.planning_labels.geometry.same_grid(grids[0])
    assert patient.later_labels.geometry.same_grid(grids[1])
    assert patient.mr_labels.geometry.same_grid(grids[2])


def test_every_structure_is_there_on_its_side(patient: GeneratedPatient) -> None:
    labels = patient.planning_labels
    middles = {}
    for name, value in patient.structures.items():
        index = np.argwhere(labels.array == value)
        assert len(index) > 40, name
        middles[name] = labels.geometry.points_mm(index[:, ::-1]).mean(axis=0)
    for name, middle in middles.items():
        if name.startswith("left_"):
            assert middle[0] > middles["spinal_cord"][0] + 15
        if name.startswith("right_"):
            assert middle[0] < middles["spinal_cord"][0] - 15
    assert middles["spinal_cord"][1] > middles["esophagus"][1]


HOUNSFIELD_RANGES = {
    "right_lung": (-900, -650),
    "left_lung": (-900, -650),
    "liver": (40, 85),
    "heart": (20, 75),
    "brainstem": (25, 55),
    "spinal_cord": (10, 70),
    "left_parotid": (-60, 40),
    "bone": (150, 1000),
    "mandible": (200, 1100),
}


def test_hounsfield_units_are_plausible(patient: GeneratedPatient) -> None:
    there = HOUNSFIELD_RANGES.keys() & patient.structures.keys()
    assert len(there) >= 5
    for name in there:
        low, high = HOUNSFIELD_RANGES[name]
        inside = patient.planning_labels.array == patient.structures[name]
        assert low < np.median(patient.planning_ct.array[inside]) < high, name


def test_couch_lies_behind_the_patient_and_is_not_labeled(patient: GeneratedPatient) -> None:
    ct, labels = patient.planning_ct.array, patient.planning_labels.array
    table = (ct > -800) & (ct < -400) & (labels == 0)
    rows = np.nonzero(table)[1]
    assert np.median(rows) > np.nonzero(labels)[1].mean() + 10
