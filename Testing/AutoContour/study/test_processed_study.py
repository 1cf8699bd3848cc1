"""Plan questions, second contours on demand and target contours of a processed study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from AutoContourLib.contours.contour_files import finished_contours
from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.review import read_review, reviewed
from AutoContourLib.registration.plan_decision import (
    Exceeded,
    PlanDecision,
    read_decision,
    read_thresholds,
    write_decision,
)
from MedImageLib.__main__ import main
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.results import QualityFlag, Result, input_identity, write_result
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy
from MedImageLib.writing.displacement import write_displacement

GRID = Geometry((10, 30, 32), (3.0, 3.0, 4.0), (-46.5, -43.5, 0.0))
SHIFT_MM = np.array([6.0, 0.0, 4.0])  # second = first + shift
SHIFTED = Geometry(GRID.shape, GRID.spacing_mm, tuple(np.array(GRID.origin_mm) + SHIFT_MM))


def block(first: int, last: int) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    mask[2:8, first:last, 6:24] = True
    return mask


def contours_at(folder: Path, scan: Volume, masks) -> None:
    folder.mkdir(parents=True)
    made = Contours(scan, masks)
    finished_contours(made, folder, ContourSettings(), RtstructSettings(), 0.0, report=False)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A planning CT and an MR that shows the same 6 mm to the left and 4 mm higher."""
    images = {}
    for number, (mode, grid) in enumerate((("CT", GRID), ("MR", SHIFTED))):
        gray = np.random.default_rng(number).integers(0, 100, grid.shape).astype(np.int16)
        place, series = tmp_path / "images" / mode, DicomSeries(number=number + 1)
        write_dicom(Volume(gray, grid, modality=mode), place, DicomStudy.of_seed(3), series)
        images[mode] = read_image(place)
    ct, mr = images["CT"], images["MR"]
    folder = tmp_path / "out" / "study"
    contours_at(folder / "contours", ct, {"mandible": block(4, 10), "larynx": block(12, 18)})
    second = {"mandible": block(4, 12), "larynx": block(12, 20)}
    contours_at(folder / "second_contours" / "1-MR", mr, second)
    place = folder / "registrations" / "1-MR"
    place.mkdir(parents=True)
    for name, vector in (("displacement", SHIFT_MM), ("inverse_displacement", -SHIFT_MM)):
        grid = GRID if name == "displacement" else SHIFTED
        write_displacement(np.broadcast_to(vector, (*grid.shape, 3)), grid, place / f"{name}.nrrd")
    inputs = (input_identity(ct, "fixed"), input_identity(mr, "moving"))
    flag = QualityFlag("field-usable", "satisfied", "Known.")
    write_result(place, Result("AutoContour", "register", inputs, flags=(flag,)))
    inputs = (input_identity(ct, "planning"), input_identity(mr, "further"))
    write_result(folder, Result("AutoContour", "study", inputs))
    return tmp_path


def approve(study: Path, *places: str) -> None:
    for place in places:
        reviewed(study / "out" / "study" / place, "A. Reader", approve=["all"])


def target(study: Path, *words: str) -> int:
    return main(["target", str(study / "out"), str(study / "images"), *words])


def test_bone_from_ct_and_soft_tissue_from_mr(study: Path) -> None:
    approve(study, "contours", "second_contours/1-MR")
    assert target(study) == 0
    folder = study / "out" / "study" / "target_contours" / "1-MR"
    labels = read_image(folder / "labels.nii.gz")
    assert labels.geometry.same_grid(GRID)
    names = {name: int(v) for v, name in json.loads((folder / "labels.json").read_text()).items()}
    # The field is exact, so both arrive on their own voxels.
    assert ((labels.array == names["Bone_Mandible"]) == block(4, 10)).all()
    assert ((labels.array == names["Larynx"]) == block(12, 20)).all()
    marks = {one.structure: one for one in read_review(folder)}
    assert {one.state for one in marks.values()} == {"automatic"}
    assert marks["mandible"].origin == "first contour (CT)"
    assert marks["larynx"].origin == "second contour (MR)"
    rt = pydicom.dcmread(folder / "rtstruct.dcm")
    ct = pydicom.dcmread(next((study / "images" / "CT").iterdir()))
    assert rt.StructureSetLabel == "TARGET"
    assert rt.ApprovalStatus == "UNAPPROVED"
    assert rt.FrameOfReferenceUID == ct.FrameOfReferenceUID
    assert "second contour (MR)" in rt.StructureSetDescription
    assert (folder / "segmentation.dcm").is_file()


def test_the_target_may_lie_on_the_second_image(study: Path) -> None:
    approve(study, "contours", "second_contours/1-MR")
    assert target(study, "--on", "second", "--source", "first") == 0
    folder = study / "out" / "study" / "target_contours" / "1-MR"
    labels = read_image(folder / "labels.nii.gz")
    assert labels.geometry.same_grid(SHIFTED)
    assert ((labels.array > 0) == (block(4, 10) | block(12, 18))).all()
    rt = pydicom.dcmread(folder / "rtstruct.dcm")
    mr = pydicom.dcmread(next((study / "images" / "MR").iterdir()))
    (frame,) = rt.ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    assert series.SeriesInstanceUID == mr.SeriesInstanceUID


def test_no_target_of_contours_that_nobody_approved(study: Path, capsys) -> None:
    approve(study, "contours")
    assert target(study) == 1
    assert "The second contour is unapproved" in capsys.readouterr().err
    assert not (study / "out" / "study" / "target_contours" / "1-MR").exists()


def test_a_reviewed_target_is_not_replaced(study: Path, capsys) -> None:
    approve(study, "contours", "second_contours/1-MR")
    assert target(study) == 0
    assert target(study) == 0  # a machine's is
    approve(study, "target_contours/1-MR")
    assert target(study) == 1
    assert "it is left as it is" in capsys.readouterr().err


def test_a_rejected_structure_is_left_out_of_the_target(study: Path) -> None:
    approve(study, "contours")
    folder = study / "out" / "study"
    reviewed(folder / "second_contours/1-MR", "A", approve=["mandible"], reject=["larynx"])
    assert target(study, "--source", "second") == 0
    names = json.loads((folder / "target_contours/1-MR/labels.json").read_text())
    assert list(names.values()) == ["Bone_Mandible"]


def test_the_other_way_is_made_on_demand_beside_the_first(study: Path, capsys) -> None:
    words = [str(study / "out"), str(study / "images"), "--way", "field"]
    assert main(["second", *words]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder.name == "1-MR-field"
    labels = read_image(folder / "labels.nii.gz")
    assert labels.geometry.same_grid(SHIFTED)
    assert ((labels.array > 0) == (block(4, 10) | block(12, 18))).all()
    assert main(["second", *words, "--pair", "2-CT"]) == 1
    assert "no pair '2-CT'; there are 1-MR" in capsys.readouterr().err


def test_an_mr_cannot_be_drawn_anew(study: Path, capsys) -> None:
    assert main(["second", str(study / "out"), str(study / "images"), "--way", "anew"]) == 1
    assert "no contour model" in capsys.readouterr().err


def test_images_of_another_study_are_refused(study: Path, tmp_path: Path, capsys) -> None:
    other = Volume(np.full(GRID.shape, 7, np.int16), GRID, modality="CT")
    write_dicom(other, tmp_path / "other", DicomStudy.of_seed(9))
    assert main(["second", str(study / "out"), str(tmp_path / "other"), "--way", "field"]) == 1
    assert "not among the 1 images" in capsys.readouterr().err


def test_an_answer_is_kept_and_moves_the_threshold_of_all_results(study: Path, capsys) -> None:
    out = study / "out"
    (out / "ledger.sqlite").touch()
    for number in range(3):
        exceeded = (Exceeded("larynx", "p95_mm", 9.0, 5.0),)
        folder = out / f"case{number}" / "decisions" / "1-CT"
        asked = PlanDecision("abc", "2026-01-01T00:00:00+00:00", exceeded)
        write_decision(folder / "plan_decision.json", asked)
    assert main(["plan", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.count("larynx deformed by 9.0 (threshold 5.0). The deformation exceeds") == 3
    assert main(["plan", str(out), "--answer", "keep", "--by", "A"]) == 1
    assert "3 open questions" in capsys.readouterr().err
    for number in range(3):
        words = ["plan", str(out / f"case{number}"), "--answer", "keep", "--by", "Dr. A"]
        assert main([*words, "--reason", "weight loss"]) == 0
    decision = read_decision(out / "case1/decisions/1-CT/plan_decision.json")
    assert (decision.answer, decision.answered_by) == ("keep", "Dr. A")
    assert decision.reason == "weight loss"
    moved = read_thresholds(out / "plan_thresholds.json")
    assert moved.p95_mm == pytest.approx(5.5)  # three times in a row
    assert moved.log
    assert main(["plan", str(out), "--reset"]) == 1
    assert main(["plan", str(out), "--reset", "--by", "Dr. B"]) == 0
    assert read_thresholds(out / "plan_thresholds.json").p95_mm == 5.0
    capsys.readouterr()
    assert main(["plan", str(out / "case1"), "--answer", "keep", "--by", "A"]) == 1
    assert "0 open questions" in capsys.readouterr().err
