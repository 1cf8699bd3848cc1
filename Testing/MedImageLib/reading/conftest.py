"""Synthetic DICOM slices, and the archives of odd files unpacked once."""

from __future__ import annotations

import faulthandler
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

_HANG_S = 120


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A file that hangs a reader ends the run with a traceback instead of stopping it for ever."""
    faulthandler.dump_traceback_later(_HANG_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def odd_files(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the odd DICOM files."""
    archive = data_dir / "dicom_odd_fixtures" / "fixtures.zip"
    if not archive.is_file():
        pytest.skip("no archive of odd DICOM files among the test images")
    folder = tmp_path_factory.mktemp("odd")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture
def write_slice(tmp_path: Path) -> Callable[..., Path]:
    """Writer of one single-frame slice; further keywords set or, with None, delete elements."""
    series, study, frame_of_reference = generate_uid(), generate_uid(), generate_uid()

    def write(
        name: str,
        pixels: np.ndarray,
        position: Any = (0.0, 0.0, 0.0),
        orientation: Any = (1, 0, 0, 0, 1, 0),
        **elements: Any,
    ) -> Path:
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.FrameOfReferenceUID = frame_of_reference
        dataset.Modality, dataset.PatientName, dataset.PatientID = "CT", "Doe^Jane", "4711"
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        bits = pixels.dtype.itemsize * 8
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.ImagePositionPatient = [f"{value:.8g}" for value in position]
        dataset.ImageOrientationPatient = [f"{value:.10g}" for value in orientation]
        dataset.PixelSpacing, dataset.SliceThickness = [2.0, 1.5], 3.0
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with pydicom.config.disable_value_validation():
            dataset.save_as(path, enforce_file_format=True)
        return path

    return write
