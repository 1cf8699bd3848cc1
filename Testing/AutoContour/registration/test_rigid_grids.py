"""Rigid registration on grids of all orientations, cut fields, and images that do not belong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from AutoContourLib.registration import rigid
from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.mutual_information import by_information
from AutoContourLib.registration.rigid import register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.similarity import score_at, similarity_at
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume

NEAR = RigidSettings(samples=5000, search=False, check_flip=False, check_stability=False)
OFFSET = rigid_matrix(np.array([4.0, -3, 5]), np.array([7.0, -6, 5]), np.zeros(3))
# Array axes run the other way: prone turns right–left and front–back, feet first right–left and
# head–feet, both together front–back and head–feet.
AXES = {"prone": (2, 1), "feet first": (2, 0), "feet first, prone": (1, 0)}


@pytest.fixture(scope="module")
def patient():
    return generate_patient(PatientSettings(seed=5, size=(40, 56, 56), bend_mm=0.0))


@pytest.fixture(scope="module")
def truth(patient):
    return OFFSET @ patient.later_from_planning_rigid


@pytest.fixture(scope="module")
def moving(patient):
    geometry = patient.later_ct.geometry
    matrix = OFFSET @ geometry.lps_from_index
    return dataclasses.replace(
        patient.later_ct, geometry=Geometry.from_lps_matrix(matrix, geometry.shape)
    )


def turned_over(volume: Volume, axes: tuple[int, ...]) -> Volume:
    """The same voxels at the same places, stored from the other ends of array axes."""
    array = np.ascontiguousarray(np.flip(volume.array, axes))
    matrix = volume.geometry.lps_from_index.copy()
    for axis in axes:
        column = 2 - axis
        matrix[:3, 3] += matrix[:3, column] * (volume.array.shape[axis] - 1)
        matrix[:3, column] *= -1
    return dataclasses.replace(
        volume, array=array, geometry=Geometry.from_lps_matrix(matrix, array.shape)
    )


def error_mm(found: np.ndarray, truth: np.ndarray, patient) -> float:
    inside = np.argwhere(patient.planning_labels.array > 0)[::97, ::-1]
    points = patient.planning_labels.geometry.points_mm(inside)
    both = [points @ matrix[:3, :3].T + matrix[:3, 3] for matrix in (found, truth)]
    return float(np.linalg.norm(both[0] - both[1], axis=1).mean())


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES.keys())
def test_how_a_scan_is_stored_does_not_matter(patient, moving, truth, axes):
    found = register_rigid(patient.planning_ct, turned_over(moving, axes), NEAR)
    assert error_mm(found.moving_from_fixed, truth, patient) < 0.5
    assert found.usable


def test_an_oblique_grid_with_other_axes_first(patient, moving, truth):
    """A sagittal stack, turned by a further 20 degrees."""
    oblique = rigid_matrix(np.array([0.0, 10, 20]), np.zeros(3), np.zeros(3))[:3, :3]
    direction = oblique[:, [1, 2, 0]]
    size, step = np.array([52, 60, 60]), 6.0
    origin = moving.geometry.center_mm - direction @ (step * (size - 1) / 2)
    grid = Geometry(tuple(size[::-1]), (step,) * 3, tuple(origin), tuple(map(tuple, direction)))
    found = register_rigid(patient.planning_ct, resampled(moving, grid), NEAR)
    assert error_mm(found.moving_from_fixed, truth, patient) < 1.0
    assert found.usable


def test_half_of_the_body_is_enough_and_said(patient, moving, truth):
    part = dataclasses.replace(
        moving,
        array=moving.array[:21],
        geometry=dataclasses.replace(moving.geometry, shape=(21, *moving.geometry.shape[1:])),
    )
    still = patient.planning_ct
    start = still.geometry.points_mm(np.array([0, 0, 14]))
    upper = dataclasses.replace(
        still,
        array=still.array[14:],
        geometry=dataclasses.replace(
            still.geometry, shape=still.array[14:].shape, origin_mm=tuple(start)
        ),
    )
    found = register_rigid(upper, part, NEAR)
    assert error_mm(found.moving_from_fixed, truth, patient) < 1.5
    assert found.after.overlap < 0.6
    assert "partial-overlap" in [remark.code for remark in found.remarks]


def test_another_patient_is_not_usable(patient):
    other = generate_patient(
        PatientSettings(seed=77, site="thorax", size=(40, 56, 56), bend_mm=0.0)
    )
    settings = dataclasses.replace(NEAR, check_stability=True)
    found = register_rigid(patient.planning_ct, other.later_ct, settings)
    assert not found.usable


def test_a_radiograph_is_refused(patient):
    picture = Volume(np.arange(64.0 * 64).reshape(1, 64, 64), Geometry((1, 64, 64)), modality="CR")
    with pytest.raises(InputError, match="at least 4"):
        register_rigid(patient.planning_ct, picture)


def test_one_value_that_is_no_number_is_enough_to_refuse(patient):
    array = patient.planning_ct.array.astype(np.float32)
    array[3, 4, 5] = np.nan
    with pytest.raises(InputError, match="not finite"):
        register_rigid(patient.planning_ct.with_array(array), patient.later_ct)


def test_points_of_the_grid_are_where_the_test_believes(moving):
    over = turned_over(moving, (2, 0))
    first, last = grid_points(moving.geometry), grid_points(over.geometry)
    np.testing.assert_allclose(last[::-1, :, ::-1], first, atol=1e-6)


@pytest.mark.parametrize(("modality", "searches"), [("CT", 0), ("MR", 1)])
def test_two_ct_that_fit_plainly_are_not_searched_from_far(
    patient, monkeypatch, modality, searches
):
    asked = []
    monkeypatch.setattr(rigid, "starts", lambda *_: asked.append(1) or ())
    scan = patient.planning_ct
    geometry = Geometry.from_lps_matrix(OFFSET @ scan.geometry.lps_from_index, scan.array.shape)
    other = dataclasses.replace(scan, geometry=geometry, modality=modality)
    settings = dataclasses.replace(NEAR, search=True, learned=False)
    found = register_rigid(scan, other, settings)
    assert len(asked) == searches
    if modality == "CT":
        assert error_mm(found.moving_from_fixed, OFFSET, patient) < 0.1


def test_a_wrong_place_is_searched_from_far(patient, moving, truth, monkeypatch):
    asked = []
    monkeypatch.setattr(rigid, "starts", lambda *_: asked.append(1) or ())
    settings = dataclasses.replace(NEAR, search=True, learned=False)
    start = rigid_matrix(np.array([0.0, 0, 170]), np.array([0.0, 0, 60]), np.zeros(3))
    register_rigid(patient.planning_ct, moving, settings, start)
    assert len(asked) == 1


def test_scores_alone_are_those_of_the_whole_judgement(patient, moving, truth):
    still, free = comparable(patient.planning_ct), comparable(moving)
    judge, score = (made(still, free, 3000, 4) for made in (similarity_at, score_at))
    for matrix in (truth, np.eye(4), rigid_matrix(np.zeros(3), np.full(3, 900.0), np.zeros(3))):
        assert score(matrix) == judge(matrix).score
    assert score(truth) > score(np.eye(4)) > 0


def small_part(image: Volume) -> Volume:
    """A box of a third of an image along each axis, around its middle."""
    third = [n // 3 for n in image.array.shape]
    array = image.array[tuple(slice(n, 2 * n) for n in third)]
    origin = tuple(image.geometry.points_mm(np.array(third[::-1], float)))
    geometry = dataclasses.replace(image.geometry, shape=array.shape, origin_mm=origin)
    return dataclasses.replace(image, array=array, geometry=geometry)


def test_a_small_moving_field_does_not_slide_off_a_large_fixed_one(patient, moving, truth):
    still, free = comparable(patient.planning_ct), comparable(small_part(moving))
    judge = similarity_at(still, free, 3000, 0)
    away = truth @ rigid_matrix(np.array([2.0, 3, -2]), np.array([9.0, -7, 8]), np.zeros(3))
    end = by_information(still, free, away, RigidSettings(samples=3000), (8.0, 4.0))
    assert judge(end).score > judge(away).score
    assert judge(end).overlap > 0.9
    middle = np.append(free.geometry.center_mm, 1.0)
    gone = np.linalg.inv(end) @ middle - np.linalg.inv(truth) @ middle
    assert np.linalg.norm(gone) < 4.0
    turned = similarity_at(free, still, 3000, 0)
    assert turned(np.linalg.inv(away)) == judge(away)
