"""The last steps of rigid registration on two images of one modality, against exact offsets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from AutoContourLib.registration.least_squares import refined_by_least_squares
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import rigid_matrix
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume

OFFSET = rigid_matrix(np.array([3.0, -2, 4]), np.array([3.3, -2.1, 1.7]), np.zeros(3))


@pytest.fixture(scope="module")
def patient():
    return generate_patient(PatientSettings(seed=4, size=(48, 64, 64), bend_mm=0.0))


def moved(volume: Volume, offset: np.ndarray) -> Volume:
    """The same image elsewhere: its old place x is now at offset · x."""
    matrix = offset @ volume.geometry.lps_from_index
    return dataclasses.replace(
        volume, geometry=Geometry.from_lps_matrix(matrix, volume.geometry.shape)
    )


def error_mm(found: np.ndarray, truth: np.ndarray, labels: Volume) -> float:
    points = labels.geometry.points_mm(np.argwhere(labels.array > 0)[::97, ::-1])
    both = [points @ matrix[:3, :3].T + matrix[:3, 3] for matrix in (found, truth)]
    return float(np.linalg.norm(both[0] - both[1], axis=1).mean())


def test_the_same_ct_elsewhere_is_found_exactly(patient):
    scan = patient.planning_ct
    found = refined_by_least_squares(scan, moved(scan, OFFSET), np.eye(4))
    assert error_mm(found, OFFSET, patient.planning_labels) < 0.005


def test_gain_and_level_of_an_mr_do_not_matter(patient):
    scan = patient.mr
    other = scan.with_array(0.6 * scan.array.astype(np.float32) + 40.0)
    found = refined_by_least_squares(scan, moved(other, OFFSET), np.eye(4))
    assert error_mm(found, OFFSET, patient.mr_labels) < 0.02


def test_two_scans_on_other_grids_with_a_couch_that_stayed_behind(patient):
    truth = patient.later_from_planning_rigid
    start = OFFSET @ truth
    assert error_mm(start, truth, patient.planning_labels) > 4
    found = refined_by_least_squares(patient.planning_ct, patient.later_ct, start)
    # A twentieth of the voxels of 6 mm.
    assert error_mm(found, truth, patient.planning_labels) < 0.3


def test_without_a_common_place_the_start_is_kept(patient):
    away = rigid_matrix(np.zeros(3), np.array([0.0, 0, 900]), np.zeros(3))
    found = refined_by_least_squares(patient.planning_ct, patient.later_ct, away)
    np.testing.assert_array_equal(found, away)
