"""DICOM objects beside contours: a SEG with RTSTRUCT, or alone where slices are tilted."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from scipy.spatial.transform import Rotation

from AutoContourLib.contours import contour_files
from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy


@pytest.fixture
def contours(ct: Volume) -> Contours:
    """A larynx inside of the body."""
    body = np.zeros(ct.array.shape, bool)
    body[:, 3:36, 4:40] = True
    larynx = np.zeros(ct.array.shape, bool)
    larynx[2:7, 10:20, 15:30] = True
    return Contours(ct, {"body": body, "larynx": larynx})


def segments_of(path: Path, scan: Volume) -> dict[str, np.ndarray]:
    read = highdicom.seg.segread(path)
    uids = list(scan.tags["dicom_source"].sop_instance_uids)
    pixels = read.get_pixels_by_source_instance(uids)
    names = [read.get_segment_description(n).tracking_id for n in read.segment_numbers]
    return {name: pixels[..., n] > 0 for n, name in enumerate(names)}


def test_the_seg_holds_whole_masks_and_refers_to_the_series(tmp_path: Path, contours) -> None:
    assert write_contours(contours, tmp_path) == ()
    found = segments_of(tmp_path / "segmentation.dcm", contours.scan)
    assert set(found) == {"body", "larynx"}
    for key, mask in contours.masks.items():
        assert (found[key] == mask).all()
    dataset = pydicom.dcmread(tmp_path / "segmentation.dcm")
    source = contours.scan.tags["dicom_source"]
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.series_instance_uid
    assert dataset.StudyInstanceUID == source.study_instance_uid
    assert dataset.FrameOfReferenceUID == source.frame_of_reference_uid


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_error_in_either_object(tmp_path: Path, contours) -> None:
    write_contours(contours, tmp_path)
    for name in ("segmentation.dcm", "rtstruct.dcm"):
        found = subprocess.run(
            ["dciodvfy", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        errors = [line for line in found.stderr.splitlines() if line.startswith("Error")]
        assert not errors, name


def test_a_very_large_scan_gets_the_label_map_and_says_so(
    tmp_path: Path, contours, monkeypatch
) -> None:
    monkeypatch.setattr(contour_files, "_MOST_SEG_BYTES", 1)
    (remark,) = write_contours(contours, tmp_path)
    assert remark.code == "seg-without-overlaps"
    found = segments_of(tmp_path / "segmentation.dcm", contours.scan)
    assert (found["larynx"] == contours.masks["larynx"]).all()
    assert (found["body"] == (contours.masks["body"] & ~contours.masks["larynx"])).all()


def test_tilted_slices_get_a_seg_and_a_word_on_the_missing_rtstruct(tmp_path: Path) -> None:
    turn = Rotation.from_euler("x", 12, degrees=True).as_matrix()
    grid = Geometry((8, 20, 24), (2.0, 2.0, 3.0), (-20.0, -30.0, 5.0), tuple(map(tuple, turn)))
    image = Volume(np.zeros(grid.shape, np.int16), grid, modality="CT")
    write_dicom(image, tmp_path / "ct", DicomStudy.of_seed(2))
    scan = read_image(tmp_path / "ct")
    mask = np.zeros(grid.shape, bool)
    mask[2:6, 5:15, 6:18] = True
    (remark,) = write_contours(Contours(scan, {"larynx": mask}), tmp_path)
    assert remark.code == "no-rtstruct"
    assert "tilted by 12.0°" in remark.text
    assert not (tmp_path / "rtstruct.dcm").exists()
    assert (segments_of(tmp_path / "segmentation.dcm", scan)["larynx"] == mask).all()


def test_interpolated_slices_get_no_seg_but_an_rtstruct(tmp_path: Path, contours) -> None:
    source = contours.scan.tags["dicom_source"]
    gap = replace(source, slice_of_plane=(0, 1, None, *source.slice_of_plane[3:]))
    scan = replace(contours.scan, tags={**contours.scan.tags, "dicom_source": gap})
    (remark,) = write_contours(replace(contours, scan=scan), tmp_path)
    assert remark.code == "no-dicom-seg"
    assert "1 slices of the series are missing" in remark.text
    assert (tmp_path / "rtstruct.dcm").exists()
    assert not (tmp_path / "segmentation.dcm").exists()
