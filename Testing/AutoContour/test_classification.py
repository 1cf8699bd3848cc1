"""The command `classify` on a generated study, whole and with wrong input."""

from __future__ import annotations

import dataclasses
import json

import pytest

from MedImageLib.__main__ import main
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.results import read_result
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    made = generate_patient(PatientSettings(seed=4, size=(16, 40, 40)))
    first = DicomStudy.of_seed(9)
    later = dataclasses.replace(first, date="20260401", token="later")
    write_dicom(made.planning_ct, folder / "a", first, DicomSeries(1))
    write_dicom(made.later_ct, folder / "b", later, DicomSeries(2))
    return folder


def test_result_table_and_report_are_written(study, tmp_path):
    assert main(["classify", str(study), "-o", str(tmp_path / "out")]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    result = read_result(folder)
    assert "Type II" in result.findings[0]
    assert {file.name for file in result.files} == {"classification.json", "report.html"}
    (patient,) = json.loads((folder / "classification.json").read_text())["patients"]
    assert patient["study_type"] == "II"
    assert patient["pairs"][0]["second"]["date"] == "2026-04-01"
    page = (folder / "report.html").read_text()
    assert "Imaging mode" in page
    assert "PHANTOM" not in page + json.dumps(patient)


def test_without_a_folder_the_types_are_printed(study, capsys):
    assert main(["classify", str(study), "--same-period-h", "720"]) == 0
    assert "type II" in capsys.readouterr().out


def test_a_folder_without_images_is_named(tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    assert main(["classify", str(tmp_path / "nothing")]) == 1
    assert "nothing" in capsys.readouterr().err
