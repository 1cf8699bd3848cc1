"""Rigid registration against offsets that are known exactly, on a small generated patient."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.rigid import register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.rigid_start import starts
from AutoContourLib.registration.similarity import similarity_at
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import rigid_matrix
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume

OFFSET = rigid_matrix(np.array([18.0, -14, 22]), np.array([25.0, -30, 12]), np.zeros(3))
QUICK = RigidSettings(samples=6000, search_spacing_mm=22.0)


@pytest.fixture(scope="module")
def patient():
    return generate_patient(PatientSettings(seed=3, size=(40, 64, 64), bend_mm=0.0))


def moved(volume: Volume, offset: np.ndarray) -> Volume:
    """The same image elsewhere: its old place x is now at offset · x."""
    matrix = offset @ volume.geometry.lps_from_index
    return dataclasses.replace(
        volume, geometry=Geometry.from_lps_matrix(matrix, volume.geometry.shape)
    )


def error_mm(found: np.ndarray, truth: np.ndarray, labels: Volume) -> float:
    inside = np.argwhere(labels.array > 0)[::97, ::-1]
    points = labels.geometry.points_mm(inside)
    both = [points @ matrix[:3, :3].T + matrix[:3, 3] for matrix in (found, truth)]
    return float(np.linalg.norm(both[0] - both[1], axis=1).mean())


def test_a_later_ct_is_found_from_far_away(patient):
    truth = OFFSET @ patient.later_from_planning_rigid
    found = register_rigid(patient.planning_ct, moved(patient.later_ct, OFFSET), QUICK)
    assert error_mm(np.eye(4), truth, patient.planning_labels) > 30
    assert error_mm(found.moving_from_fixed, truth, patient.planning_labels) < 0.5
    assert found.usable
    assert found.after.score > found.before.score


def test_an_mr_is_found_from_far_away(patient):
    truth = OFFSET @ patient.mr_from_planning
    found = register_rigid(patient.planning_ct, moved(patient.mr, OFFSET), QUICK)
    assert error_mm(found.moving_from_fixed, truth, patient.planning_labels) < 2.0
    assert found.usable


def test_the_truth_as_start_is_kept(patient):
    truth = patient.later_from_planning_rigid
    settings = dataclasses.replace(QUICK, search=False)
    found = register_rigid(patient.planning_ct, patient.later_ct, settings, truth)
    assert error_mm(found.moving_from_fixed, truth, patient.planning_labels) < 0.5
    assert found.after.score >= found.before.score
    again = register_rigid(patient.planning_ct, patient.later_ct, settings, truth)
    np.testing.assert_array_equal(found.moving_from_fixed, again.moving_from_fixed)


def test_starts_lie_near_the_truth(patient):
    truth = OFFSET @ patient.later_from_planning_rigid
    images = comparable(patient.planning_ct), comparable(moved(patient.later_ct, OFFSET))
    best = starts(*images, spacing_mm=22.0)[0]
    assert error_mm(best.moving_from_fixed, truth, patient.planning_labels) < 30


def test_images_far_apart_without_search_are_said_to_be_so(patient):
    away = rigid_matrix(np.zeros(3), np.array([0.0, 0, 2000]), np.zeros(3))
    settings = dataclasses.replace(QUICK, search=False)
    found = register_rigid(patient.planning_ct, moved(patient.later_ct, away), settings)
    assert not found.usable
    assert found.remarks[0].code == "no-overlap"


def test_the_measure_is_best_at_the_truth(patient):
    images = comparable(patient.planning_ct), comparable(patient.later_ct)
    judge = similarity_at(*images, samples=4000, seed=0)
    truth = patient.later_from_planning_rigid
    best = judge(truth)
    assert best.overlap > 0.8
    for shift in ((12.0, 0, 0), (0, -12.0, 0), (0, 0, 12.0)):
        other = judge(rigid_matrix(np.zeros(3), np.array(shift), np.zeros(3)) @ truth)
        assert other.score < best.score
        assert other.agreement < best.agreement


def test_a_kept_offset_is_kept(patient):
    settings = dataclasses.replace(QUICK, search=False, refine=False)
    found = register_rigid(patient.planning_ct, patient.later_ct, settings, OFFSET)
    np.testing.assert_allclose(found.moving_from_fixed, OFFSET, atol=1e-9)


def test_an_image_mirrored_left_to_right_is_said_to_be_so(patient):
    scan = patient.later_ct
    marked = patient.planning_ct.array.copy(), scan.array.copy()
    # The phantom is its own mirror image; a dense lump on one side is not.
    center = patient.planning_ct.geometry.points_mm(np.array([38, 32, 20]))
    for array, volume, truth in (
        (marked[0], patient.planning_ct, np.eye(4)),
        (marked[1], scan, patient.later_from_planning_rigid),
    ):
        points = volume.geometry.points_mm(
            np.indices(array.shape)[::-1].transpose(1, 2, 3, 0).astype(float)
        )
        place = truth[:3, :3] @ center + truth[:3, 3]
        array[((points - place) ** 2).sum(-1) < 24**2] = 900
    fixed = patient.planning_ct.with_array(marked[0])
    settings = dataclasses.replace(QUICK, search=False)
    truth = patient.later_from_planning_rigid
    good = register_rigid(fixed, scan.with_array(marked[1]), settings, truth)
    assert good.usable
    mirrored = scan.with_array(np.ascontiguousarray(marked[1][:, :, ::-1]))
    bad = register_rigid(fixed, mirrored, settings, truth)
    assert not bad.usable
    assert bad.remarks[0].code == "flipped-left-right"


def test_what_cannot_be_registered_is_named(patient):
    good = patient.planning_ct
    flat = good.with_array(np.zeros(good.array.shape))
    with pytest.raises(InputError, match="moving image is constant"):
        register_rigid(good, flat)
    with pytest.raises(InputError, match="fixed image holds values"):
        register_rigid(good.with_array(np.full(good.array.shape, np.nan)), good)
    with pytest.raises(InputError, match="label map"):
        register_rigid(good, patient.planning_labels)
    slice_ = Volume(np.arange(100.0).reshape(1, 10, 10), Geometry((1, 10, 10)))
    with pytest.raises(InputError, match="at least 4"):
        register_rigid(slice_, good)
    huge = dataclasses.replace(good.geometry, spacing_mm=(3.0, 3.0, 500.0))
    with pytest.raises(GeometryError, match="500 mm"):
        register_rigid(dataclasses.replace(good, geometry=huge), good)
    unknown = dataclasses.replace(
        good, geometry=dataclasses.replace(good.geometry, spacing_known=False)
    )
    with pytest.raises(GeometryError, match="spacing"):
        register_rigid(good, unknown)
