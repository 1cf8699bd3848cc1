"""What a folder holds, as cases that are known by content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from MedImageLib.batch.cases import find_cases, scan_cases
from MedImageLib.batch.processors import Processor, find_processors, processor_version
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.resources import RESOURCES_VARIABLE


def write_slice(path: Path, study: str, series: str, modality: str, number: int = 1) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    one = Dataset()
    one.file_meta = meta
    one.SOPClassUID, one.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    one.PatientName = "Doe^John"
    one.StudyInstanceUID = generate_uid(entropy_srcs=[study])
    one.SeriesInstanceUID = generate_uid(entropy_srcs=[series])
    one.Modality = modality
    one.Rows = one.Columns = 2
    one.BitsAllocated = one.BitsStored = 16
    one.HighBit, one.PixelRepresentation, one.SamplesPerPixel = 15, 0, 1
    one.PhotometricInterpretation = "MONOCHROME2"
    one.PixelSpacing = [1, 1]
    one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    one.ImagePositionPatient = [0, 0, number]
    one.PixelData = bytes([number] * 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, one, enforce_file_format=True)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "DOE^JOHN"
    for number in (1, 2):
        write_slice(folder / "ct" / f"{number}.dcm", "study", "ct", "CT", number)
    write_slice(folder / "mr" / "1.dcm", "study", "mr", "MR")
    write_slice(folder / "other.dcm", "other study", "other", "CT", 9)
    (folder / "a.nrrd").write_text("NRRD0004")
    return folder


def test_series_files_and_studies_are_cases(study: Path) -> None:
    cases = find_cases(study)
    assert sorted((c.level, c.modality, c.kind, len(c.files)) for c in cases) == [
        ("series", "", "nrrd", 1),
        ("series", "CT", "image", 1),
        ("series", "CT", "image", 2),
        ("series", "MR", "image", 1),
        ("study", "CT", "study", 1),
        ("study", "CT+MR", "study", 3),
    ]
    assert len({case.sha256 for case in cases}) == 6


def test_names_hold_no_identity_and_are_safe(study: Path) -> None:
    names = {case.name for case in find_cases(study)}
    assert len(names) == 6
    for name in names:
        assert "doe" not in name.lower()
        assert name.replace("-", "").isalnum()
        assert len(name) <= 60


def test_cases_follow_content_not_names(study: Path, tmp_path: Path) -> None:
    before = {case.sha256 for case in find_cases(study)}
    moved = tmp_path / "moved" / "deeper"
    shutil.copytree(study / "ct", moved / "x")
    shutil.copytree(study / "mr", moved / "y")
    shutil.copy(study / "other.dcm", moved / "1.dcm")
    shutil.copy(study / "a.nrrd", moved / "b.nrrd")
    (moved / "x" / "1.dcm").rename(moved / "x" / "9.dcm")
    assert {case.sha256 for case in find_cases(moved)} == before
    (moved / "b.nrrd").write_text("NRRD0005")
    assert len({case.sha256 for case in find_cases(moved)} & before) == 5


def test_copies_are_left_out_and_counted(study: Path) -> None:
    shutil.copy(study / "a.nrrd", study / "b.nrrd")
    found = scan_cases(study)
    assert found.copies == 1
    assert len(found.cases) == 6


def test_detached_pixels_belong_to_the_case(tmp_path: Path) -> None:
    (tmp_path / "a.mhd").write_text("ElementDataFile = a.raw")
    (tmp_path / "a.raw").write_bytes(b"1")
    first = find_cases(tmp_path)
    (tmp_path / "a.raw").write_bytes(b"2")
    assert find_cases(tmp_path)[0].sha256 != first[0].sha256


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_cases(tmp_path / "none")


def test_processors_are_found_by_name_and_absent_packages_left_out() -> None:
    found = find_processors(("fake_processing", "AbsentLib.processing"))
    assert [(name, module) for name, (module, _) in found.items()] == [("fake", "fake_processing")]
    with pytest.raises(MedImageError, match="'fake' exists already"):
        find_processors(("fake_processing", "fake_processing"))


def test_a_changed_model_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RESOURCES_VARIABLE, str(tmp_path))
    processor = Processor("p", lambda case: True, lambda *a: None, models=("m",), version="1")  # type: ignore[arg-type,return-value]
    absent = processor_version(processor)
    (tmp_path / "models" / "m").mkdir(parents=True)
    (tmp_path / "models" / "m" / "weights.safetensors").write_bytes(b"1")
    first = processor_version(processor)
    (tmp_path / "models" / "m" / "weights.safetensors").write_bytes(b"2")
    assert len({absent, first, processor_version(processor)}) == 3
    assert first.startswith("1+")
