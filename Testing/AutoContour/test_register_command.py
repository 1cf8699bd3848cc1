"""The command `register` from files to files."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

from AutoContourLib.registration.offset import RigidOffset, offset_of
from AutoContourLib.registration.output import read_offset, write_offset
from AutoContourLib.registration.pictures import checkerboard
from MedImageLib.__main__ import main
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.results import read_result
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy


@pytest.fixture(scope="module")
def patient():
    return generate_patient(PatientSettings(seed=3, size=(24, 48, 48), bend_mm=3.0))


@pytest.fixture(scope="module")
def series(patient, tmp_path_factory):
    """Folders of the fixed and the moving series."""
    folder = tmp_path_factory.mktemp("series")
    study = DicomStudy.of_seed(3)
    write_dicom(patient.planning_ct, folder / "fixed", study, DicomSeries(1))
    write_dicom(patient.later_ct, folder / "moving", study, DicomSeries(2))
    return [str(folder / name) for name in ("fixed", "moving")]


def body_points(made) -> np.ndarray:
    return made.planning_ct.geometry.points_mm(np.argwhere(made.planning_labels.array)[:, ::-1])


RIGID_FILES = {"offset.json", "rigid.tfm", "moved.nrrd", "report.html", "spatial_registration.dcm"}
FIELD_FILES = {
    "displacement.nrrd", "displacement.h5", "inverse_displacement.nrrd", "jacobian.json",
    "not_to_use.nrrd", "similarity.nrrd", "inverse_consistency_mm.nrrd",
    "deformable_registration.dcm",
}  # fmt: skip


def test_from_an_edited_offset(patient, series, tmp_path):
    write_offset(RigidOffset((2.0, -1.0, 0.5)), tmp_path / "edited.json")
    words = ["register", *series, "-o", str(tmp_path / "out"), "--rigid-only"]
    words += ["--offset", str(tmp_path / "edited.json")]
    assert main([*words, "--samples", "4000"]) == 0
    result = read_result(tmp_path / "out")
    assert {file.name for file in result.files} == RIGID_FILES
    found = read_offset(tmp_path / "out" / "offset.json").moving_from_fixed
    truth = patient.later_from_planning_rigid
    points = body_points(patient)
    moved = [points @ matrix[:3, :3].T + matrix[:3, 3] for matrix in (found, truth)]
    assert np.linalg.norm(moved[0] - moved[1], axis=1).mean() < 3.0
    assert main(words) == 1


def test_images_of_two_patients_are_said_to_be_so_however_well_they_fit(patient, series, tmp_path):
    stranger = tmp_path / "stranger"
    write_dicom(patient.later_ct, stranger, DicomStudy.of_seed(4), DicomSeries(1))
    words = ["register", series[0], str(stranger), "-o", str(tmp_path / "out"), "--rigid-only"]
    assert main([*words, "--samples", "4000", "--no-search"]) == 1
    result = read_result(tmp_path / "out")
    assert result.warnings[0].code == "different-patients"
    assert [(flag.code, flag.state) for flag in result.flags][:2] == [
        ("one-patient", "not"), ("registration-usable", "satisfied"),
    ]  # fmt: skip
    assert "different patients" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_kept_offset_decides_the_field(patient, series, tmp_path):
    offset = offset_of(patient.later_from_planning_rigid, patient.planning_ct.geometry.center_mm)
    write_offset(offset, tmp_path / "edited.json")
    words = ["register", *series, "-o", str(tmp_path / "out"), "--no-refine"]
    # These voxels are too coarse for a field, which is asked for all the same.
    words += ["--least-gain", "0"]
    main([*words, "--offset", str(tmp_path / "edited.json")])
    result = read_result(tmp_path / "out")
    assert {file.name for file in result.files} == RIGID_FILES | FIELD_FILES
    kept = read_offset(tmp_path / "out" / "offset.json")
    np.testing.assert_allclose(kept.moving_from_fixed, offset.moving_from_fixed, atol=1e-6)
    image = sitk.ReadImage(str(tmp_path / "out" / "displacement.nrrd"))
    field = sitk.GetArrayFromImage(image)
    # The rigid part is in the field: the mean over the body is the offset's.
    inside = patient.planning_labels.array > 0
    points = body_points(patient)
    matrix = offset.moving_from_fixed
    rigid = points @ matrix[:3, :3].T + matrix[:3, 3] - points
    np.testing.assert_allclose(field[inside].mean(axis=0), rigid.mean(axis=0), atol=1.5)
    assert result.value("folded_share").value == 0
    transform = sitk.ReadTransform(str(tmp_path / "out" / "displacement.h5"))
    place = image.TransformIndexToPhysicalPoint((20, 20, 12))
    np.testing.assert_allclose(
        transform.TransformPoint(place), np.array(place) + field[12, 20, 20], atol=1e-3
    )


def test_an_offset_file_that_is_none_is_named(tmp_path):
    path = tmp_path / "odd.json"
    for text in ("", "[]", json.dumps({"translation_mm": [1, 2]})):
        path.write_text(text)
        with pytest.raises(InputError, match=r"odd\.json"):
            read_offset(path)


def test_a_checkerboard_shows_both():
    grid = Geometry((2, 60, 60), (1.0, 1.0, 1.0))
    ramp = np.broadcast_to(np.linspace(0, 1, 60), grid.shape)
    board = checkerboard(Volume(ramp, grid), Volume(1 - ramp, grid)).array
    assert board[0, 0, 0] < 0.1
    assert board[0, 40, 0] > 0.9
