"""DICOM SEG that was written, read back exactly by highdicom and pydicom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_seg import write_dicom_seg
from MedImageLib.writing.dicom_study import DicomStudy

OBLIQUE = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
GEOMETRY = Geometry((5, 7, 8), (0.8, 1.2, 3.1), (-101.1, 20.5, -7.25), OBLIQUE)
TABLE = {2: structure("heart"), 5: structure("left_lung"), 9: structure("spine")}


def label_map(geometry: Geometry = GEOMETRY) -> Volume:
    array = np.random.default_rng(0).choice([0, 0, 2, 5], geometry.shape).astype(np.uint8)
    array[-1] = 0
    return Volume(array, geometry, is_labelmap=True)


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, ...]:
    image = Volume(np.zeros(GEOMETRY.shape, np.int16), GEOMETRY, modality="CT")
    return write_dicom(image, tmp_path / "ct", DicomStudy.of_seed(1))


def masks_of(path: Path, files: tuple[Path, ...]) -> dict[str, np.ndarray]:
    """Mask (slice, row, column) of each segment in the order of the files."""
    read = highdicom.seg.segread(path)
    uids = [pydicom.dcmread(file).SOPInstanceUID for file in files]
    pixels = read.get_pixels_by_source_instance(uids, ignore_spatial_locations=True)
    names = [read.get_segment_description(n).segment_label for n in read.segment_numbers]
    return {name: pixels[..., n] > 0 for n, name in enumerate(names)}


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_masks_come_back_exactly_on_an_oblique_grid(tmp_path: Path, source, order) -> None:
    labels = label_map()
    path = write_dicom_seg(labels, TABLE, source[order], tmp_path / "seg.dcm")
    masks = masks_of(path, source)
    assert list(masks) == ["Heart", "Left lung"]  # the spine does not occur
    assert (masks["Heart"] == (labels.array == 2)).all()
    assert (masks["Left lung"] == (labels.array == 5)).all()


def test_places_and_references_are_those_of_the_source(tmp_path: Path, source) -> None:
    dataset = pydicom.dcmread(write_dicom_seg(label_map(), TABLE, source, tmp_path / "seg.dcm"))
    headers = {str(d.SOPInstanceUID): d for d in map(pydicom.dcmread, source)}
    first = next(iter(headers.values()))
    assert dataset.FrameOfReferenceUID == first.FrameOfReferenceUID
    assert dataset.StudyInstanceUID == first.StudyInstanceUID
    assert str(dataset.PatientName) == "Phantom^Seed1"
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        image = frame.DerivationImageSequence[0].SourceImageSequence[0]
        expected = headers[image.ReferencedSOPInstanceUID].ImagePositionPatient
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        assert list(position) == pytest.approx(list(expected))


def test_codes_colors_and_algorithm(tmp_path: Path, source) -> None:
    path = write_dicom_seg(
        label_map(), TABLE, source, tmp_path / "seg.dcm", algorithm_name="Lungs and heart"
    )
    heart, lung = pydicom.dcmread(path).SegmentSequence
    kind = lung.SegmentedPropertyTypeCodeSequence[0]
    assert kind.CodeValue == "39607008"
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert heart.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning == "Anatomical Structure"
    assert heart.SegmentAlgorithmType == "AUTOMATIC"
    assert heart.SegmentAlgorithmName == "Lungs and heart"
    assert heart.TrackingID == "heart"
    color = highdicom.color.CIELabColor.from_dicom_value(heart.RecommendedDisplayCIELabValue)
    assert color.to_rgb() == pytest.approx(TABLE[2].rgb, abs=2)


def test_manual_segments_name_no_algorithm(tmp_path: Path, source) -> None:
    path = write_dicom_seg(
        label_map(), TABLE, source, tmp_path / "seg.dcm", algorithm_type="MANUAL"
    )
    for item in pydicom.dcmread(path).SegmentSequence:
        assert item.SegmentAlgorithmType == "MANUAL"
        assert "SegmentAlgorithmName" not in item


def test_uids_are_repeated_with_a_seed_only(tmp_path: Path, source) -> None:
    uids = [
        pydicom.dcmread(
            write_dicom_seg(label_map(), TABLE, source, tmp_path / f"{n}.dcm", seed=seed)
        ).SOPInstanceUID
        for n, seed in enumerate(["a", "a", "b", "", ""])
    ]
    assert uids[0] == uids[1]
    assert len(set(uids)) == 4


def test_radiograph_without_a_frame_of_reference(tmp_path: Path) -> None:
    geometry = Geometry((1, 20, 24), (0.8, 0.8, 1))
    image = Volume(np.zeros(geometry.shape, np.uint16), geometry, modality="DX")
    files = write_dicom(image, tmp_path / "dx", DicomStudy.of_seed(1))
    labels = label_map(geometry).with_array(
        np.random.default_rng(3).choice([0, 2, 5], geometry.shape).astype(np.uint8)
    )
    path = write_dicom_seg(labels, TABLE, files, tmp_path / "seg.dcm")
    masks = masks_of(path, files)
    assert (masks["Heart"] == (labels.array == 2)).all()
    assert (masks["Left lung"] == (labels.array == 5)).all()
    assert list(pydicom.dcmread(path).PatientOrientation) == ["L", "F"]


def test_label_map_elsewhere_is_refused(tmp_path: Path, source) -> None:
    shifted = Geometry(GEOMETRY.shape, GEOMETRY.spacing_mm, (-101.1, 21.5, -7.25), OBLIQUE)
    finer = Geometry(GEOMETRY.shape, (0.8, 1.1, 3.1), GEOMETRY.origin_mm, OBLIQUE)
    for geometry in (shifted, finer):
        with pytest.raises(GeometryError, match="not on the source's grid"):
            write_dicom_seg(label_map(geometry), TABLE, source, tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match="5 slices"):
        write_dicom_seg(label_map(), TABLE, source[:4], tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match="one plane"):
        write_dicom_seg(label_map(), TABLE, (*source[:4], source[0]), tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()


def test_empty_or_unnamed_labels_are_refused(tmp_path: Path, source) -> None:
    empty = label_map().with_array(np.zeros(GEOMETRY.shape, np.uint8))
    with pytest.raises(InputError, match="empty"):
        write_dicom_seg(empty, TABLE, source, tmp_path / "seg.dcm")
    with pytest.raises(InputError, match="stand for no segment"):
        write_dicom_seg(label_map(), {2: TABLE[2]}, source, tmp_path / "seg.dcm")
    with pytest.raises(InputError, match="algorithm type"):
        write_dicom_seg(label_map(), TABLE, source, tmp_path / "seg.dcm", algorithm_type="GUESS")


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path, source) -> None:
    path = write_dicom_seg(label_map(), TABLE, source, tmp_path / "seg.dcm")
    found = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False
    )
    lines = [t for t in (found.stdout + found.stderr).splitlines() if t.startswith("Error")]
    assert not lines
