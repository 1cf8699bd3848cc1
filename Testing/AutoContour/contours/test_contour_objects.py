"""DICOM objects beside contours: SEG and RTSTRUCT, an axial series where slices are tilted."""

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
from AutoContourLib.contours.axial_series import made_here, write_axial_series
from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.rasterizing import rasterized
from AutoContourLib.contours.rtstruct_reader import read_rtstruct
from AutoContourLib.viewing.edited_contours import write_edited_contours
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
def test_dciodvfy_finds_no_error_in_any_object(tmp_path: Path, contours) -> None:
    write_contours(contours, tmp_path)
    for name in ("segmentation.dcm", "rtstruct.dcm", "volumes.dcm"):
        found = subprocess.run(
            ["dciodvfy", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        errors = [line for line in found.stderr.splitlines() if line.startswith("Error")]
        assert not errors, name


def test_the_sr_tells_the_volumes_and_is_the_same_instance_again(tmp_path: Path, contours) -> None:
    write_contours(contours, tmp_path / "one")
    content = highdicom.sr.srread(tmp_path / "one" / "volumes.dcm").content
    found = {}
    for group in content.get_image_measurement_groups():
        [volume] = group.get_measurements()
        assert volume.unit.value == "mL"
        found[group.tracking_identifier] = volume.value
    voxel = contours.scan.geometry.voxel_volume_mm3 / 1000
    wanted = [mask.sum() * voxel for mask in contours.masks.values()]
    assert list(found.values()) == pytest.approx(wanted, abs=0.051)
    write_contours(contours, tmp_path / "two")
    masks = {**contours.masks, "larynx": contours.masks["larynx"] & False}
    write_contours(replace(contours, masks=masks), tmp_path / "three")
    uids = [pydicom.dcmread(tmp_path / one / "volumes.dcm").SOPInstanceUID
            for one in ("one", "two", "three")]  # fmt: skip
    assert uids[0] == uids[1] != uids[2]
    source = contours.scan.tags["dicom_source"]
    read = pydicom.dcmread(tmp_path / "one" / "volumes.dcm")
    assert read.StudyInstanceUID == source.study_instance_uid


def test_a_very_large_scan_gets_the_label_map_and_says_so(
    tmp_path: Path, contours, monkeypatch
) -> None:
    monkeypatch.setattr(contour_files, "_MOST_SEG_BYTES", 1)
    (remark,) = write_contours(contours, tmp_path)
    assert remark.code == "seg-without-overlaps"
    found = segments_of(tmp_path / "segmentation.dcm", contours.scan)
    assert (found["larynx"] == contours.masks["larynx"]).all()
    assert (found["body"] == (contours.masks["body"] & ~contours.masks["larynx"])).all()


@pytest.fixture
def tilted(tmp_path: Path) -> tuple[Volume, dict[str, np.ndarray]]:
    """A CT whose slices are tilted by 12°, and a ball in it of 60 HU and radius 9 mm."""
    turn = Rotation.from_euler("x", 12, degrees=True).as_matrix()
    grid = Geometry((24, 40, 44), (1.5, 1.5, 2.0), (-20.0, -30.0, 5.0), tuple(map(tuple, turn)))
    i, j, k = np.indices(grid.shape)[::-1]
    points = grid.points_mm(np.stack([i, j, k], -1))
    ball = np.linalg.norm(points - grid.center_mm, axis=-1) < 9.0
    image = Volume(np.where(ball, 60, -1000).astype(np.int16), grid, modality="CT")
    write_dicom(image, tmp_path / "ct", DicomStudy.of_seed(2))
    return read_image(tmp_path / "ct"), {"larynx": ball}


def test_tilted_slices_get_an_rtstruct_on_a_derived_axial_series(tmp_path: Path, tilted) -> None:
    scan, masks = tilted
    (remark,) = write_contours(Contours(scan, masks), tmp_path / "out")
    assert remark.code == "rtstruct-on-axial-series"
    assert "tilted by 12.0°" in remark.text
    assert (
        segments_of(tmp_path / "out" / "segmentation.dcm", scan)["larynx"] == masks["larynx"]
    ).all()
    axial = read_image(tmp_path / "out" / "axial_series")
    assert axial.modality == "CT"
    np.testing.assert_allclose(axial.geometry.direction, np.eye(3), atol=1e-9)
    # The ball lies where it was, in the images and in the contours.
    i, j, k = np.indices(axial.geometry.shape)[::-1]
    points = axial.geometry.points_mm(np.stack([i, j, k], -1))
    far = np.linalg.norm(points - scan.geometry.center_mm, axis=-1)
    assert (axial.array[far < 7] == 60).all()
    structures = read_rtstruct(tmp_path / "out" / "rtstruct.dcm", [axial])
    [mask] = rasterized(structures, axial).masks.values()
    assert mask.array[far < 8].all()
    assert not mask.array[far > 10].any()
    ball_ml = 4 / 3 * np.pi * 0.9**3
    assert mask.array.sum() * 1.5 * 1.5 * 2.0 / 1000 == pytest.approx(ball_ml, rel=0.05)
    # References: the axial images, which name the tilted ones, in one study and frame.
    dataset = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    own, source = axial.tags["dicom_source"], scan.tags["dicom_source"]
    assert structures.image_uids
    assert structures.image_uids <= set(own.sop_instance_uids)
    assert dataset.StudyInstanceUID == own.study_instance_uid == source.study_instance_uid
    assert own.frame_of_reference_uid == source.frame_of_reference_uid
    image = pydicom.dcmread(own.files[0], stop_before_pixels=True)
    named = {one.ReferencedSOPInstanceUID for one in image.SourceImageSequence}
    assert named == set(source.sop_instance_uids)
    series = {own.series_instance_uid, source.series_instance_uid}
    assert made_here(series) == {own.series_instance_uid}


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_new_error_in_a_derived_image(tmp_path: Path, tilted) -> None:
    def errors(path: Path) -> set[str]:
        found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        return {line for line in found.stderr.splitlines() if line.startswith("Error")}

    scan, _ = tilted
    write_axial_series(scan, tmp_path / "axial")
    known = errors(scan.tags["dicom_source"].files[0])
    assert errors(tmp_path / "axial" / "0003.dcm") - known == set()


def test_a_drawing_on_tilted_slices_reaches_the_axial_rtstruct(tmp_path: Path, tilted) -> None:
    scan, masks = tilted
    write_contours(Contours(scan, masks), tmp_path / "out")
    labels = read_image(tmp_path / "out" / "labels.nii.gz")
    moved = np.roll(labels.array, 6, axis=2)  # 9 mm toward the patient's left
    keys = {int(moved.max()): "larynx"}
    edited = labels.with_array(moved.astype(np.uint8), is_labelmap=True)
    edited = replace(edited, geometry=scan.geometry)
    assert write_edited_contours(tmp_path / "out", edited, keys) == ("larynx",)
    axial = read_image(tmp_path / "out" / "axial_series")
    structures = read_rtstruct(tmp_path / "out" / "rtstruct.dcm", [axial])
    [mask] = rasterized(structures, axial).masks.values()
    center = axial.geometry.points_mm(np.argwhere(mask.array).mean(0)[::-1])
    np.testing.assert_allclose(center, scan.geometry.center_mm + np.array([9.0, 0, 0]), atol=0.2)


def test_interpolated_slices_get_no_seg_but_an_rtstruct(tmp_path: Path, contours) -> None:
    source = contours.scan.tags["dicom_source"]
    gap = replace(source, slice_of_plane=(0, 1, None, *source.slice_of_plane[3:]))
    scan = replace(contours.scan, tags={**contours.scan.tags, "dicom_source": gap})
    (remark,) = write_contours(replace(contours, scan=scan), tmp_path)
    assert remark.code == "no-dicom-seg"
    assert "1 slices of the series are missing" in remark.text
    assert (tmp_path / "rtstruct.dcm").exists()
    assert not (tmp_path / "segmentation.dcm").exists()
