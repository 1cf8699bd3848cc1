"""Second contours of a study whose registration is known exactly: choice, question, files."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from AutoContourLib.contours.contour_settings import ContourSettings, SecondContourSettings
from AutoContourLib.contours.contouring import Contours, contour_ct
from AutoContourLib.contours.review import read_review
from AutoContourLib.registration.deformation_degree import degree_of_field
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import write_offset
from AutoContourLib.registration.plan_decision import (
    ThresholdSettings,
    read_decision,
    starting_thresholds,
)
from AutoContourLib.study.overlap_degree import overlap_degree
from AutoContourLib.study.processing_table import load_processing_table
from AutoContourLib.study.second_contours import organ_degree, second_contours
from AutoContourLib.study.series_facts import series_facts
from AutoContourLib.study.study_type import ImagePair, classify
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.reading import read_image
from MedImageLib.results import QualityFlag, Result, input_identity, read_result, write_result
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy
from MedImageLib.writing.displacement import write_displacement

GRID = Geometry((24, 44, 52), (5.0, 5.0, 6.0), (-127.5, -107.5, 0.0))
THRESHOLDS = starting_thresholds(ThresholdSettings())
TRUNK = ContourSettings(organs=False)
SHIFT_MM = np.array([10.0, -5.0, 0.0])


def positions(grid: Geometry) -> np.ndarray:
    k, j, i = np.indices(grid.shape)
    return grid.points_mm(np.stack([i, j, k], -1))


def patient(shift_mm: np.ndarray) -> Volume:
    """A body with a spine of bone, and air in front."""
    x, y, _ = np.moveaxis(positions(GRID) - shift_mm, -1, 0)
    hu = np.full(GRID.shape, -1000.0)
    hu[(x / 100) ** 2 + (y / 70) ** 2 < 1] = 30
    hu[(np.abs(x) < 16) & (np.abs(y - 35) < 16)] = 500
    hu[(x / 11) ** 2 + ((y + 40) / 11) ** 2 < 1] = -950
    hu += np.random.default_rng(3).normal(0, 6, GRID.shape)
    return Volume(np.rint(hu).clip(-1020).astype(np.int16), GRID, modality="CT")


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> ImagePair:
    folder = tmp_path_factory.mktemp("study")
    scans = []
    for date, shift in (("20260101", np.zeros(3)), ("20260301", SHIFT_MM)):
        write_dicom(patient(shift), folder / date, DicomStudy.of_seed(7, date=date))
        scans.append(read_image(folder / date))
    scans = [
        replace(scan, tags={**scan.tags, "acquisition_date": date})
        for scan, date in zip(scans, ("20260101", "20260301"), strict=True)
    ]
    (found,) = classify([series_facts(scan) for scan in scans], load_processing_table())
    (one,) = found.pairs
    return replace(one, steps=("register", "deformation_degree", "contour"))


@pytest.fixture(scope="module")
def first(pair: ImagePair) -> Contours:
    contours = contour_ct(pair.first.volume, TRUNK)
    x, y, z = np.moveaxis(positions(GRID), -1, 0)
    larynx = (x / 14) ** 2 + ((y + 20) / 14) ** 2 + ((z - 70) / 20) ** 2 < 1
    return replace(contours, masks={**contours.masks, "larynx": larynx})


def registered(folder: Path, elastic_mm: float, usable: bool = True) -> Path:
    """The files of a registration: the true shift, and a push of the larynx that is not there."""
    place = folder / "registrations" / "1-CT"
    place.mkdir(parents=True)
    at = positions(GRID)
    near = np.exp(-(((at - [0, -20, 70]) / 30) ** 2).sum(-1))[..., None]
    forward = SHIFT_MM + near * [0.0, 0.0, elastic_mm]
    write_displacement(forward, GRID, place / "displacement.nrrd")
    backward = np.broadcast_to(-SHIFT_MM, (*GRID.shape, 3))
    write_displacement(backward, GRID, place / "inverse_displacement.nrrd")
    offset = RigidOffset(tuple(SHIFT_MM.tolist()), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    write_offset(offset, place / "offset.json")
    body = Volume((patient(np.zeros(3)).array > -300).astype(np.uint8), GRID, is_labelmap=True)
    degree = degree_of_field(forward, GRID, offset.moving_from_fixed, body)
    (place / "deformation_degree.json").write_text(json.dumps(asdict(degree)))
    flag = QualityFlag("field-usable", "satisfied" if usable else "not", "Known.")
    write_result(place, Result("AutoContour", "register", (input_identity(body),), flags=(flag,)))
    return folder


def made(pair, first, folder, thresholds=THRESHOLDS, **settings):
    how = SecondContourSettings(**settings)
    return second_contours([pair], first, folder, how, thresholds, TRUNK)


def test_a_small_deformation_carries_the_first_contour_over(pair, first, tmp_path) -> None:
    found = made(pair, first, registered(tmp_path, 2.0))
    assert not found.flags
    assert not found.remarks
    assert "carried by displacement field: the deformation is below" in found.findings[0]
    assert not (tmp_path / "decisions/1-CT/plan_decision.json").exists()
    folder = tmp_path / "second_contours" / "1-CT"
    assert read_result(folder).findings[0].startswith("Second contour carried by displacement")
    truth = contour_ct(pair.second.volume, TRUNK).masks["bone"]
    labels = read_image(folder / "labels.nii.gz")
    names = json.loads((folder / "labels.json").read_text())
    bone = labels.array == next(int(v) for v, name in names.items() if name.startswith("Bone"))
    assert dice(bone, truth) > 0.9
    origins = {one.structure: one.origin for one in read_review(folder)}
    assert set(origins.values()) == {"carried by displacement field"}
    assert "larynx" in origins


def test_the_rtstruct_refers_to_the_second_image_and_says_how_it_came_about(
    pair, first, tmp_path
) -> None:
    made(pair, first, registered(tmp_path, 2.0))
    rt = pydicom.dcmread(tmp_path / "second_contours" / "1-CT" / "rtstruct.dcm")
    source = pair.second.volume.tags["dicom_source"]
    study = rt.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    assert study.RTReferencedSeriesSequence[0].SeriesInstanceUID == source.series_instance_uid
    assert "carried by displacement field" in rt.StructureSetDescription
    for roi in rt.StructureSetROISequence:
        assert "carried by displacement field" in roi.ROIGenerationDescription


def test_a_large_deformation_of_one_organ_asks_and_draws_anew(pair, first, tmp_path) -> None:
    folder = registered(tmp_path, 9.0)
    degree = organ_degree(first, folder / "registrations" / "1-CT")
    by_organ = {one.structure: one for one in degree.by_field}
    assert by_organ["larynx"].p95_mm == pytest.approx(9.0, abs=1.0)
    assert by_organ["larynx"].mean_mm > 5
    assert by_organ["whole"].p95_mm < 5  # the body as a whole would not have asked
    found = made(pair, first, folder)
    assert [flag.code for flag in found.flags] == ["plan-question"]
    decision = read_decision(folder / "decisions/1-CT/plan_decision.json")
    assert decision.exceeded[0].structure == "larynx"
    assert decision.answer is None
    assert "drawn anew: the deformation of larynx is" in found.findings[0]
    origins = {one.structure: one.origin for one in read_review(folder / "second_contours/1-CT")}
    assert set(origins.values()) == {"drawn anew"}
    choice = json.loads((folder / "decisions/1-CT/choice.json").read_text())
    assert choice["way"] == "anew"
    assert choice["degree_p95_mm"]["larynx"] > choice["thresholds"]["p95_mm"]


def test_both_ways_lie_beside_each_other_when_asked_for(pair, first, tmp_path) -> None:
    found = made(pair, first, registered(tmp_path, 9.0), way="both")
    assert [place for place, _ in found.results] == ["1-CT", "1-CT-field"]
    for place in ("1-CT", "1-CT-field"):
        assert (tmp_path / "second_contours" / place / "rtstruct.dcm").is_file()


def test_where_a_person_is_to_be_asked_first_nothing_is_drawn(pair, first, tmp_path) -> None:
    found = made(pair, first, registered(tmp_path, 9.0), when="modify")
    assert not found.results
    assert "not made: nobody has answered" in found.findings[0]
    assert (tmp_path / "decisions/1-CT/plan_decision.json").is_file()


def test_a_field_that_may_not_be_used_carries_nothing(pair, first, tmp_path) -> None:
    found = made(pair, first, registered(tmp_path, 2.0, usable=False), way="field")
    assert not found.results
    assert "no usable displacement field" in found.findings[0]


def test_a_pair_that_fails_is_a_remark(pair, first, tmp_path) -> None:
    folder = registered(tmp_path, 2.0)
    (folder / "registrations/1-CT/inverse_displacement.nrrd").write_bytes(b"cut")
    found = made(pair, first, folder)
    assert not found.results
    assert [one.code for one in found.remarks] == ["no-second-contour"]
    assert not (folder / "second_contours").exists() or not any(
        (folder / "second_contours").iterdir()
    )


def ball(center_mm, radius_mm: float) -> np.ndarray:
    return np.linalg.norm(positions(GRID) - center_mm, axis=-1) < radius_mm


def test_overlap_knows_an_organ_that_moved_against_the_body(pair, first) -> None:
    """Balls of 25 mm; the offset is taken out, so that one that went with the body fits."""
    moved_mm = 15.0
    here = {"body": ball((0, 0, 70), 60), "larynx": ball((0, 0, 60), 25)}
    here |= {"left_parotid": ball((30, 0, 75), 25), "bone": ball((0, 40, 70), 20)}
    at = {"body": (0, 0, 70), "larynx": (0, 0, 60), "left_parotid": (30 + moved_mm, 0, 75)}
    there = {key: ball(SHIFT_MM + where, 60 if key == "body" else 25) for key, where in at.items()}
    offset = RigidOffset(tuple(SHIFT_MM.tolist()), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    found = overlap_degree(
        Contours(pair.first.volume, here), Contours(pair.second.volume, there), offset
    )
    assert [one.structure for one in found.by_overlap] == ["whole", "larynx", "left_parotid"]
    whole, larynx, parotid = found.by_overlap
    assert whole.dice == pytest.approx(1.0, abs=0.01)
    assert larynx.dice == pytest.approx(1.0, abs=0.01)
    assert parotid.shift_mm == pytest.approx(moved_mm, abs=0.3)
    # Two balls of radius r at distance d have 1 - 3d/4r + d³/16r³ of their volume in common.
    ratio = moved_mm / 25
    assert parotid.dice == pytest.approx(1 - 0.75 * ratio + ratio**3 / 16, abs=0.03)


def test_what_one_image_does_not_show_is_not_compared(pair) -> None:
    column = np.hypot(*np.moveaxis(positions(GRID), -1, 0)[:2]) < 40
    offset = RigidOffset((0.0, 0.0, 60.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    contours = [Contours(one.volume, {"spinal_cord": column}) for one in (pair.first, pair.second)]
    [cord] = overlap_degree(*contours, offset).by_overlap
    assert cord.dice == pytest.approx(1.0, abs=1e-6)


def test_where_no_field_was_measured_the_overlap_asks(pair, first, tmp_path) -> None:
    folder = registered(tmp_path, 2.0, usable=False)
    (folder / "registrations/1-CT/deformation_degree.json").unlink()
    # The contours that are drawn anew hold no larynx; the body of the first one is another's.
    body = np.roll(first.masks["body"], 9, axis=2)
    found = made(pair, replace(first, masks={**first.masks, "body": body}), folder)
    assert [flag.code for flag in found.flags] == ["plan-question"]
    decision = read_decision(folder / "decisions/1-CT/plan_decision.json")
    assert [(one.structure, one.quantity) for one in decision.exceeded] == [("whole", "overlap")]
    [entry] = json.loads((folder / "decisions/1-CT/overlap_degree.json").read_text())
    assert entry["degree"] == pytest.approx(decision.exceeded[0].degree)
    assert "overlap least in whole" in found.findings[1]


def test_contours_that_fit_ask_nothing(pair, first, tmp_path) -> None:
    folder = registered(tmp_path, 2.0, usable=False)
    (folder / "registrations/1-CT/deformation_degree.json").unlink()
    found = made(pair, first, folder)
    assert not found.flags
    [entry] = json.loads((folder / "decisions/1-CT/overlap_degree.json").read_text())
    assert entry["dice"] > 0.95
