"""Overview of a generated radiotherapy study."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from AutoContourLib.study.overview import body_outline, study_overview
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume


@pytest.fixture(scope="module")
def patient():
    return generate_patient(PatientSettings(seed=4, size=(40, 80, 80)))


def dated(volume: Volume, date: str) -> Volume:
    return dataclasses.replace(volume, tags={**volume.tags, "acquisition_date": date})


def test_the_earliest_ct_is_the_planning_ct(patient):
    images = [
        patient.mr,
        dated(patient.later_ct, "2026-05-02"),
        dated(patient.planning_ct, "2026-03-01"),
    ]
    study = study_overview(images)
    assert study.planning is images[2]
    assert len(study.others) == 2
    for other in study.on_planning_grid:
        assert other.geometry.same_grid(patient.planning_ct.geometry)


def test_the_body_is_outlined(patient):
    truth = patient.planning_labels.array > 0
    assert dice(truth, body_outline(patient.planning_ct).array > 0) > 0.95


def test_a_study_without_ct_is_refused(patient):
    with pytest.raises(InputError, match="no CT"):
        study_overview([patient.mr])


def test_air_has_no_body():
    scan = Volume(np.full((4, 30, 30), -1000.0), Geometry((4, 30, 30)), modality="CT")
    assert not body_outline(scan).array.any()


def test_shoulders_that_widen_to_the_end_of_the_scan_keep_their_tips():
    """A cone, widest on the last slice, above a couch that touches it nowhere."""
    k, j, i = np.indices((20, 60, 90))
    truth = ((i - 45) / (12 + 1.5 * k)) ** 2 + ((j - 28) / 14.0) ** 2 < 1
    hu = np.where(truth | ((j > 50) & (j < 54)), 20.0, -1000.0)
    scan = Volume(hu, Geometry(hu.shape, (5.0, 5.0, 5.0)), modality="CT")
    body = body_outline(scan).array > 0
    assert not (body & ~truth).any()
    assert all(dice(one, found) > 0.97 for one, found in zip(truth, body, strict=True))
