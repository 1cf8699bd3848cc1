"""The chain of a study from files to result, registration standing in for itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourLib import processing
from AutoContourLib.contours.contour_settings import SecondContourSettings
from AutoContourLib.processing import StudyProcessing, processor_settings, run
from AutoContourLib.registration import study_pairs
from MedImageLib.batch.cases import Case, find_cases
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_listed
from MedImageLib.results import write_result
from MedImageLib.scan_verdict import ScanVerdict, Word
from MedImageLib.settings import settings_from_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy

GRID = Geometry((10, 30, 36), (6.0, 6.0, 6.0), (-105.0, -87.0, 0.0))
NO_SCENE = StudyProcessing(scene=False)


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Case:
    """Two CTs of one patient, a year apart."""
    folder = tmp_path_factory.mktemp("study")
    j, i = np.indices(GRID.shape[1:])
    plane = np.where(np.hypot((j - 15) / 12, (i - 18) / 15) < 1, 30, -1000)
    for number, date in enumerate(("20250101", "20260101"), start=1):
        hu = np.repeat(plane[None], GRID.shape[0], 0).astype(np.int16)
        hu[:, 20:23, 17:20] = 600
        hu[hu > -900] += np.random.default_rng(number).integers(-20, 20, (hu > -900).sum(), "i2")
        study = replace(DicomStudy.of_seed(6), date=date)
        series = DicomSeries(number=number)
        write_dicom(Volume(hu, GRID, modality="CT"), folder / date, study, series)
    (found,) = [one for one in find_cases(folder) if one.level == "study"]
    return found


@pytest.fixture(autouse=True)
def no_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_pairs, "register_pairs", lambda *_, **__: ((), ()))


def test_a_later_ct_of_unknown_deformation_is_drawn_anew(case: Case, tmp_path: Path) -> None:
    result = run(case, tmp_path, NO_SCENE)
    write_result(tmp_path, result)
    assert (tmp_path / "contours" / "rtstruct.dcm").is_file()
    second = tmp_path / "second_contours" / "1-CT"
    assert (second / "rtstruct.dcm").is_file()
    assert (second / "segmentation.dcm").is_file()
    told = [text for text in result.findings if "second contour drawn anew" in text]
    assert len(told) == 1
    assert "the deformation is not known" in told[0]
    first, later = (result.value(f"{start}body_volume").value for start in ("", "image_1_ct_"))
    assert first == pytest.approx(later, rel=0.01)
    assert "Second contour, on image 1 (CT)" in (tmp_path / "report.html").read_text()


def test_second_contours_can_be_switched_off(case: Case, tmp_path: Path) -> None:
    settings = replace(NO_SCENE, second=SecondContourSettings(way="none"))
    result = run(case, tmp_path, settings)
    assert not (tmp_path / "second_contours").exists()
    assert any("switched off" in text for text in result.findings)


def test_thresholds_lie_beside_the_results_and_no_path_is_told(case: Case, tmp_path: Path) -> None:
    given = processor_settings(tmp_path, NO_SCENE)["study"]
    settings = settings_from_dict(given, StudyProcessing)
    assert settings.thresholds == str(tmp_path / "plan_thresholds.json")
    off = replace(settings, contour=False, register=False)
    assert run(case, tmp_path, off).settings["thresholds"] == "plan_thresholds.json"


def test_images_that_cannot_be_classified_leave_the_planning_ct_its_contours(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise InputError("No image can take part.")

    monkeypatch.setattr(processing, "pairs_of", refused)
    result = run(case, tmp_path, NO_SCENE)
    assert "not-classified" in {one.code for one in result.warnings}
    assert (tmp_path / "contours" / "rtstruct.dcm").is_file()


def test_what_the_screening_doubted_is_told_of_every_image(case: Case, tmp_path: Path) -> None:
    images = [image for image in read_listed(case.files) if isinstance(image, Volume)]
    first, second = sorted(images, key=lambda one: str(one.tags["acquisition_date"]))
    words: dict[str, Word] = {first.source_sha256: "abnormal", second.source_sha256: "unsure"}
    verdicts = {k: ScanVerdict(word, 3.0, 2.0, 0.9, "fake") for k, word in words.items()}
    settings = replace(NO_SCENE, second=SecondContourSettings(way="none"))
    told = run(replace(case, screened=verdicts), tmp_path, settings).warnings
    doubts = {one.code: one.text for one in told if one.code.startswith("scan-")}
    assert doubts.keys() == {"scan-abnormal", "scan-unsure"}
    assert doubts["scan-abnormal"].startswith("The scan looks abnormal")
    assert doubts["scan-unsure"].startswith("Further image 1 (CT): ")
