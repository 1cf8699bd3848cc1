"""Review: markers, approval with who, when and hash, edits seen; targets of approved contours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.review import is_a_persons, open_review, read_review, reviewed
from AutoContourLib.contours.structure_set import Approval, RegionMask
from AutoContourLib.contours.target_contour import ContourOfImage, TargetSettings, target_contour
from MedImageLib.errors import InputError
from MedImageLib.reading import read_image
from MedImageLib.terminology import structure
from MedImageLib.writing.nrrd import write_volume

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def result(tmp_path: Path, ct) -> Path:
    masks = {}
    for number, key in enumerate(("body", "larynx", "brainstem")):
        mask = np.zeros(ct.array.shape, bool)
        mask[2:7, 5 + 3 * number : 30 - 3 * number, 8:30] = True
        masks[key] = mask
    folder = tmp_path / "result"
    folder.mkdir()
    write_contours(Contours(ct, masks), folder)
    open_review(folder, dict.fromkeys(masks, "drawn"))
    return folder


def states(folder: Path) -> dict[str, str]:
    return {one.structure: one.state for one in read_review(folder)}


def slicer_status(folder: Path) -> dict[str, str]:
    image = sitk.ReadImage(str(folder / "segmentation.seg.nrrd"))
    found = {}
    for key in image.GetMetaDataKeys():
        if key.endswith("_ID"):
            tags = image.GetMetaData(key.removesuffix("_ID") + "_Tags").split("|")
            assert any(tag.startswith("TerminologyEntry:") for tag in tags)
            status = [t.split(":")[1] for t in tags if t.startswith("Segmentation.Status:")]
            found[image.GetMetaData(key)] = status[0]
    return found


def test_new_contours_carry_a_marker(result: Path) -> None:
    assert states(result) == dict.fromkeys(("body", "larynx", "brainstem"), "automatic")
    assert set(slicer_status(result).values()) == {"inprogress"}
    assert not is_a_persons(result)


def test_approval_says_who_when_and_what(result: Path) -> None:
    marks = {one.structure: one for one in reviewed(result, "Curie^Marie", ["Larynx"], now=NOW)}
    larynx = marks["larynx"]
    assert (larynx.state, larynx.reviewer) == ("approved", "Curie^Marie")
    assert larynx.when_utc == "2026-03-04T05:06:07+00:00"
    assert larynx.sha256 == {o.structure: o.sha256 for o in read_review(result)}["larynx"]
    assert slicer_status(result) == {
        "body": "inprogress", "larynx": "completed", "brainstem": "inprogress",
    }  # fmt: skip
    assert is_a_persons(result)
    assert not (result / "APPROVED").exists()


def test_all_approved_is_in_the_rtstruct_and_keeps_the_folder(result: Path) -> None:
    before = pydicom.dcmread(result / "rtstruct.dcm")
    reviewed(result, "Curie^Marie", ["all"], now=NOW)
    after = pydicom.dcmread(result / "rtstruct.dcm")
    assert (after.ApprovalStatus, after.ReviewDate) == ("APPROVED", "20260304")
    assert after.ReviewerName == "Curie^Marie"
    assert after.SOPInstanceUID != before.SOPInstanceUID
    assert (result / "APPROVED").is_file()
    reviewed(result, "Curie^Marie", reject=["body"], now=NOW)
    assert not (result / "APPROVED").exists()
    assert slicer_status(result)["body"] == "flagged"


def test_a_change_after_approval_is_seen(result: Path) -> None:
    reviewed(result, "Curie^Marie", ["all"], now=NOW)
    labels = read_image(result / "labels.nii.gz")
    number = next(int(v) for v, n in json.loads((result / "labels.json").read_text()).items() if n == "Larynx")  # fmt: skip # noqa: E501
    array = labels.array.copy()
    array[tuple(np.argwhere(array == number)[0])] = 0
    write_volume(labels.with_array(array), result / "labels.nii.gz")
    assert states(result) == {"body": "approved", "larynx": "edited", "brainstem": "approved"}


@pytest.mark.parametrize(
    ("by", "approve", "reject", "message"),
    [
        (" ", ["all"], [], "name of the reviewer"),
        ("A", ["heart"], [], "not among its structures"),
        ("A", ["larynx"], ["Larynx"], "both approved and rejected"),
    ],
)
def test_reviews_that_cannot_be(result: Path, by, approve, reject, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reviewed(result, by, approve, reject)
    assert set(states(result).values()) == {"automatic"}


def test_a_folder_without_contours_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no contours to be reviewed"):
        read_review(tmp_path)


APPROVED = Approval("APPROVED", "Curie^Marie", "20260304", "050607")


def regions(ct, value: int, *keys: str) -> tuple[RegionMask, ...]:
    mask = np.zeros(ct.array.shape, bool)
    mask[value] = True
    return tuple(RegionMask(key, ct.with_array(mask), structure(key)) for key in keys)


def test_stitched_target_takes_bone_from_ct_and_soft_tissue_from_mr(ct) -> None:
    first = ContourOfImage("CT", regions(ct, 1, "mandible", "larynx", "esophagus"), APPROVED)
    second = ContourOfImage("MR", regions(ct, 2, "mandible", "larynx"), APPROVED)
    found = target_contour(first, second)
    assert found.taken_from == {"mandible": "first", "larynx": "second", "esophagus": "first"}
    assert [remark.code for remark in found.remarks] == ["region-of-one-image"]
    planes = {r.name: int(np.flatnonzero(r.mask.array.any((1, 2)))[0]) for r in found.regions}
    assert planes == {"mandible": 1, "larynx": 2, "esophagus": 1}


@pytest.mark.parametrize(("source", "plane"), [("first", 1), ("second", 2)])
def test_one_contour_as_it_is(ct, source: str, plane: int) -> None:
    first = ContourOfImage("CT", regions(ct, 1, "larynx"), APPROVED)
    second = ContourOfImage("MR", regions(ct, 2, "larynx"), APPROVED)
    (region,) = target_contour(first, second, TargetSettings(source=source)).regions
    assert region.mask.array[plane].all()


def test_contours_that_nobody_approved_give_no_target(ct) -> None:
    first = ContourOfImage("CT", regions(ct, 1, "larynx"), APPROVED)
    second = ContourOfImage("MR", regions(ct, 2, "larynx"), Approval())
    with pytest.raises(InputError, match="second contour is unapproved"):
        target_contour(first, second)
