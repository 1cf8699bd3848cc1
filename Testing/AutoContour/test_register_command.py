"""The command `register` from files to files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from AutoContourLib.registration.offset import RigidOffset
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


def test_from_an_edited_offset(tmp_path):
    made = generate_patient(PatientSettings(seed=3, size=(24, 48, 48), bend_mm=0.0))
    study = DicomStudy.of_seed(3)
    write_dicom(made.planning_ct, tmp_path / "fixed", study, DicomSeries(1))
    write_dicom(made.later_ct, tmp_path / "moving", study, DicomSeries(2))
    write_offset(RigidOffset((2.0, -1.0, 0.5)), tmp_path / "edited.json")
    words = ["register", *(str(tmp_path / name) for name in ("fixed", "moving"))]
    words += ["-o", str(tmp_path / "out"), "--offset", str(tmp_path / "edited.json")]
    assert main([*words, "--samples", "4000"]) == 0
    result = read_result(tmp_path / "out")
    names = {file.name for file in result.files}
    assert names == {"offset.json", "rigid.tfm", "moved.nrrd", "report.html"}
    found = read_offset(tmp_path / "out" / "offset.json").moving_from_fixed
    truth = made.later_from_planning_rigid
    points = made.planning_ct.geometry.points_mm(np.argwhere(made.planning_labels.array)[:, ::-1])
    moved = [points @ matrix[:3, :3].T + matrix[:3, 3] for matrix in (found, truth)]
    assert np.linalg.norm(moved[0] - moved[1], axis=1).mean() < 2.0
    assert main(words) == 1


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
