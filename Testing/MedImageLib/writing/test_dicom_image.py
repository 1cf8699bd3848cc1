"""DICOM series that were written, opened with pydicom, SimpleITK and the product's own reader."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from MedImageLib.errors import InputError, SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image, read_sequence
from MedImageLib.volume import Volume, VolumeSequence
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy

OBLIQUE = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
STRAIGHT = np.eye(3)
STUDY = DicomStudy.of_seed(7)


def volume(modality: str, direction=STRAIGHT, shape=(5, 7, 6), low=0, high=900) -> Volume:
    array = np.random.default_rng(1).integers(low, high, shape).astype(np.int16)
    if modality != "CT":
        array = array.astype(np.uint16)
    geometry = Geometry(shape, (0.8, 1.2, 3.1), (-101.123456, 20.5, -7.25), direction)
    return Volume(array, geometry, modality=modality)


def cine() -> VolumeSequence:
    frames = [volume("MR", OBLIQUE) for _ in range(4)]
    frames = [f.with_array(f.array + n) for n, f in enumerate(frames)]
    return VolumeSequence(tuple(frames), (0.0, 40.5, 81.0, 121.5), "TriggerTime", "ms")


def radiograph() -> Volume:
    array = np.random.default_rng(2).integers(0, 4096, (1, 30, 20)).astype(np.uint16)
    geometry = Geometry(array.shape, (0.81, 0.81, 1.0))
    tags = {"ViewPosition": "AP", "BitsStored": 12, "PatientOrientation": ("L", "F")}
    return Volume(array, geometry, modality="DX", tags=tags)


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("direction", [np.eye(3), OBLIQUE])
def test_simpleitk_reads_values_and_places(tmp_path: Path, modality: str, direction) -> None:
    original = volume(modality, direction, low=-1000 if modality == "CT" else 0)
    files = write_dicom(original, tmp_path / "series", STUDY)
    reader = sitk.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(tmp_path / "series"))
    assert len(names) == len(files) == 5
    reader.SetFileNames(names)
    image = reader.Execute()
    assert (sitk.GetArrayFromImage(image) == original.array).all()
    for index in ((0, 0, 0), (5, 6, 4), (2, 0, 3)):
        found = image.TransformIndexToPhysicalPoint(index)
        assert found == pytest.approx(original.geometry.points_mm(np.array(index)), abs=1e-4)


def test_left_handed_stack_lies_at_the_same_places(tmp_path: Path) -> None:
    original = volume("CT", OBLIQUE * np.array([1, 1, -1]))
    for k, file in enumerate(write_dicom(original, tmp_path / "series", STUDY)):
        dataset = pydicom.dcmread(file)
        expected = original.geometry.points_mm(np.array([0, 0, k]))
        assert list(dataset.ImagePositionPatient) == pytest.approx(expected, abs=1e-6)
        assert (dataset.pixel_array - 1024 == original.array[k]).all()


def test_headers_of_a_ct(tmp_path: Path) -> None:
    series = DicomSeries(3, "Planning CT", "planning", "HEAD", (50, 350))
    files = write_dicom(volume("CT"), tmp_path / "series", STUDY, series)
    datasets = [pydicom.dcmread(file) for file in files]
    first = datasets[0]
    assert first.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert first.SOPClassUID == pydicom.uid.CTImageStorage
    assert str(first.PatientName) == "Phantom^Seed7"
    assert "research use" in first.PatientComments
    assert (first.StudyDate, first.SeriesNumber, first.SeriesDescription) == (
        "20260101",
        3,
        "Planning CT",
    )
    assert list(first.PixelSpacing) == [1.2, 0.8]
    assert first.SliceThickness == 3.1
    assert (first.RescaleIntercept, first.RescaleSlope, first.RescaleType) == (-1024, 1, "HU")
    assert (first.WindowCenter, first.WindowWidth) == (50, 350)
    assert [d.InstanceNumber for d in datasets] == [1, 2, 3, 4, 5]
    assert len({d.SOPInstanceUID for d in datasets}) == 5
    assert len({d.SeriesInstanceUID for d in datasets}) == 1
    for dataset in datasets:
        for element in dataset:
            if element.VR == "UI":
                assert pydicom.uid.UID(element.value).is_valid


def test_cine_has_every_slice_at_every_time(tmp_path: Path) -> None:
    sequence = cine()
    files = write_dicom(sequence, tmp_path / "cine", STUDY, DicomSeries(2))
    assert len(files) == 20
    seen = set()
    for file in files:
        dataset = pydicom.dcmread(file)
        origin = np.array(dataset.ImagePositionPatient, float)
        k = round(float(sequence.frames[0].geometry.indices(origin)[2]))
        frame = sequence.index_values.index(float(dataset.TriggerTime))
        assert (dataset.pixel_array == sequence.frames[frame].array[k]).all()
        assert dataset.CardiacNumberOfImages == 4
        assert dataset.TemporalPositionIdentifier == frame + 1
        assert dataset.HeartRate == round(60_000 / 162)
        assert dataset.SpacingBetweenSlices == 3.1
        seen.add((k, frame))
    assert len(seen) == 20


def test_radiograph_is_a_dx_for_presentation(tmp_path: Path) -> None:
    original = radiograph()
    (file,) = write_dicom(original, tmp_path / "dx", STUDY)
    dataset = pydicom.dcmread(file)
    assert (dataset.pixel_array == original.array[0]).all()
    assert dataset.SOPClassUID == pydicom.uid.DigitalXRayImageStorageForPresentation
    assert dataset.PhotometricInterpretation == "MONOCHROME2"
    assert list(dataset.ImagerPixelSpacing) == [0.81, 0.81]
    assert dataset.ViewPosition == "AP"
    assert dataset.ViewCodeSequence[0].CodeMeaning == "antero-posterior"
    assert list(dataset.PatientOrientation) == ["L", "F"]
    assert "FrameOfReferenceUID" not in dataset
    assert (sitk.GetArrayFromImage(sitk.ReadImage(str(file))) == original.array).all()


def test_uids_are_those_of_the_seed_and_places_are_shared_when_asked(tmp_path: Path) -> None:
    def headers(name: str, study: DicomStudy, series: DicomSeries) -> pydicom.Dataset:
        return pydicom.dcmread(write_dicom(volume("CT"), tmp_path / name, study, series)[0])

    one = headers("a", STUDY, DicomSeries(1, frame_of_reference="planning"))
    again = headers("b", DicomStudy.of_seed(7), DicomSeries(1, frame_of_reference="planning"))
    assert (tmp_path / "a" / "001-0001.dcm").read_bytes() == (
        tmp_path / "b" / "001-0001.dcm"
    ).read_bytes()
    shared = headers("c", STUDY, DicomSeries(2, frame_of_reference="planning"))
    alone = headers("d", STUDY, DicomSeries(3))
    other = headers("e", DicomStudy.of_seed(8), DicomSeries(1, frame_of_reference="planning"))
    chance = headers("f", DicomStudy(), DicomSeries(1))
    assert one.SOPInstanceUID == again.SOPInstanceUID
    assert one.FrameOfReferenceUID == shared.FrameOfReferenceUID
    assert one.StudyInstanceUID == shared.StudyInstanceUID
    assert one.SeriesInstanceUID != shared.SeriesInstanceUID
    assert alone.FrameOfReferenceUID != one.FrameOfReferenceUID
    assert len({d.StudyInstanceUID for d in (one, other, chance)}) == 3


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (volume("PT"), "PT"),
        (volume("CT").with_array(np.zeros((5, 7, 6), np.float32)), "float32"),
        (volume("CT").with_array(np.full((5, 7, 6), -2000, np.int16)), "-2000"),
        (volume("MR").with_array(np.full((5, 7, 6), -1, np.int16)), "-1"),
        (volume("DX"), "one picture"),
        (radiograph().with_array(np.full((1, 30, 20), 5000, np.uint16)), "12 bits"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    tmp_path: Path, image: Volume, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        write_dicom(image, tmp_path / "series", STUDY)
    assert list(tmp_path.iterdir()) == []


def test_dates_are_checked() -> None:
    with pytest.raises(SettingsError, match="YYYYMMDD"):
        DicomStudy(date="2026-01-01")


def test_existing_folder_is_kept_unless_replacement_is_asked(tmp_path: Path) -> None:
    write_dicom(volume("CT"), tmp_path / "s", STUDY)
    with pytest.raises(InputError, match="exists"):
        write_dicom(volume("MR"), tmp_path / "s", STUDY)
    files = write_dicom(volume("MR"), tmp_path / "s", STUDY, replace=True)
    assert pydicom.dcmread(files[0]).Modality == "MR"


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize(
    "image",
    [volume("CT"), volume("MR", OBLIQUE), cine(), radiograph()],
    ids=["CT", "MR", "cine", "DX"],
)
def test_dciodvfy_finds_no_error(tmp_path: Path, image) -> None:
    for file in write_dicom(image, tmp_path / "s", STUDY)[:2]:
        found = subprocess.run(
            ["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False
        )
        lines = [t for t in (found.stdout + found.stderr).splitlines() if t.startswith("Error")]
        assert not lines


def test_own_reader_gives_back_a_volume(tmp_path: Path) -> None:
    original = volume("CT", OBLIQUE, low=-1000)
    write_dicom(original, tmp_path / "s", STUDY)
    found = read_image(tmp_path / "s")
    assert (found.array == original.array).all()
    assert found.geometry.same_grid(original.geometry)
    assert found.modality == "CT"
    assert found.remarks == ()


def test_own_reader_gives_back_a_cine(tmp_path: Path) -> None:
    original = cine()
    write_dicom(original, tmp_path / "s", STUDY)
    found = read_sequence(tmp_path / "s")
    assert (found.array == original.array).all()
    assert found.index_values == pytest.approx(original.index_values)
    assert found.frames[0].geometry.same_grid(original.frames[0].geometry)


def test_own_reader_gives_back_a_radiograph(tmp_path: Path) -> None:
    original = radiograph()
    write_dicom(original, tmp_path / "s", STUDY)
    found = read_image(tmp_path / "s")
    assert found.array.shape == original.array.shape
    assert found.geometry.spacing_mm[:2] == (0.81, 0.81)
    # The reader may apply the display window; the order of values stays.
    order = np.argsort(original.array, axis=None)
    assert np.all(np.diff(found.array.ravel()[order].astype(float)) >= 0)
