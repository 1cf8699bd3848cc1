"""DICOM SR by TID 1500 that was written, read back by highdicom and pydicom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.terminology import Code, structure
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_seg import write_dicom_masks
from MedImageLib.writing.dicom_sr import (
    AREA,
    QUALITY_ASSESSMENT,
    ReportedGroup,
    ReportedNumber,
    private_code,
    write_dicom_sr,
)
from MedImageLib.writing.dicom_study import DicomStudy

GEOMETRY = Geometry((1, 20, 24), (0.8, 0.8, 1.0))
PROCEDURE = Code("SCT", "399208008", "Plain chest X-ray")
RATIO = private_code("CTR", "Cardiothoracic ratio")
GOOD = Code("DCM", "111237", "Usable - Meets the quality control standard")


def mask(*box: int) -> Volume:
    array = np.zeros(GEOMETRY.shape, bool)
    array[0, box[0] : box[1], box[2] : box[3]] = True
    return Volume(array, GEOMETRY, is_labelmap=True)


MASKS = {structure("heart"): mask(5, 15, 6, 16), structure("left_lung"): mask(2, 18, 12, 22)}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A radiograph and its segmentation of two masks that overlap."""
    image = Volume(np.zeros(GEOMETRY.shape, np.uint16), GEOMETRY, modality="DX")
    source = write_dicom(image, tmp_path / "dx", DicomStudy.of_seed(1))[0]
    return source, write_dicom_masks(MASKS, [source], tmp_path / "seg.dcm", seed="a")


@pytest.fixture
def report(files, tmp_path: Path) -> Path:
    source, segmentation = files
    groups = (
        ReportedGroup("Quality level", answers=((QUALITY_ASSESSMENT, GOOD),)),
        ReportedGroup(
            "Left lung",
            (ReportedNumber(AREA, 102.4, "mm2"),),
            structure=structure("left_lung"),
            segment=2,
        ),
        ReportedGroup(
            "Cardiothoracic ratio",
            (ReportedNumber(RATIO, 0.5, "1", (((5.5, 9.0), (15.5, 9.0)),)),),
        ),
    )
    return write_dicom_sr(
        groups,
        source,
        tmp_path / "sr.dcm",
        procedure=PROCEDURE,
        segmentation=segmentation,
        seed="a",
    )


def test_overlapping_masks_come_back_whole(files):
    source, segmentation = files
    read = highdicom.seg.segread(segmentation)
    uid = pydicom.dcmread(source).SOPInstanceUID
    pixels = read.get_pixels_by_source_instance([uid], ignore_spatial_locations=True)
    for number, (entry, truth) in enumerate(MASKS.items()):
        assert read.get_segment_description(number + 1).segment_label == entry.name
        np.testing.assert_array_equal(pixels[0, ..., number] > 0, truth.array[0])


def test_numbers_and_answers_come_back(report):
    content = highdicom.sr.srread(report).content
    plain = content.get_image_measurement_groups()
    assert [one.tracking_identifier for one in plain] == ["Quality level", "Cardiothoracic ratio"]
    [answer] = plain[0].get_qualitative_evaluations()
    assert answer.value.value == "111237"
    [ratio] = plain[1].get_measurements()
    assert (ratio.value, ratio.unit.value, ratio.name.value) == (0.5, "1", "CTR")
    [lung] = content.get_planar_roi_measurement_groups()
    assert lung.finding_type.meaning == "Lung"
    assert lung.get_measurements()[0].value == 102.4
    assert lung.get_measurements()[0].unit.value == "mm2"


def test_references_are_those_of_source_and_segmentation(report, files):
    source, segmentation = (pydicom.dcmread(path) for path in files)
    read = pydicom.dcmread(report)
    assert read.StudyInstanceUID == source.StudyInstanceUID
    assert read.PatientID == source.PatientID
    evidence = {
        item.ReferencedSOPInstanceUID
        for study in read.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert evidence == {source.SOPInstanceUID, segmentation.SOPInstanceUID}
    [frame] = referenced(read, segmentation.SOPInstanceUID)
    place = segmentation.PerFrameFunctionalGroupsSequence[frame.ReferencedFrameNumber - 1]
    assert place.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 2


def referenced(dataset, uid) -> list:
    """Content items that refer to an instance."""
    found = []
    for item in dataset.get("ContentSequence", []):
        for one in item.get("ReferencedSOPSequence", []):
            found += [one] if one.ReferencedSOPInstanceUID == uid else []
        found += referenced(item, uid)
    return found


def test_lines_lie_at_pixel_corners_and_inside(report):
    content = highdicom.sr.srread(report).content
    [_, group] = content.get_image_measurement_groups()
    [line] = group.get_measurements()[0].referenced_coordinates
    np.testing.assert_allclose(line.value, [[6.0, 9.5], [16.0, 9.5]])


def test_uids_are_repeated_with_a_seed(report, files, tmp_path):
    again = write_dicom_sr(
        (ReportedGroup("Quality level", answers=((QUALITY_ASSESSMENT, GOOD),)),),
        files[0], tmp_path / "again.dcm", procedure=PROCEDURE, seed="a",
    )  # fmt: skip
    assert pydicom.dcmread(again).SOPInstanceUID == pydicom.dcmread(report).SOPInstanceUID


def test_a_segment_that_is_not_there_is_refused(files, tmp_path):
    with pytest.raises(InputError, match="SR that refers"):
        write_dicom_sr(
            (ReportedGroup("Spine", segment=9, structure=structure("spine")),),
            files[0], tmp_path / "sr.dcm", procedure=PROCEDURE, segmentation=files[1],
        )  # fmt: skip
    assert not (tmp_path / "sr.dcm").exists()


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(report, files):
    for path in (report, files[1]):
        found = subprocess.run(
            ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False
        )
        assert not [t for t in (found.stdout + found.stderr).splitlines() if t.startswith("Error")]
