"""A tilted series brought onto axial slices, as derived DICOM images beside the contours.

Most planning systems read contours on axial slices of a series only. The derived images keep
patient, study and frame of reference and name the images that they were made of (PS3.3 C.7.6.1,
C.12.4.1); their UIDs are made from those of the source, so that they are recognized as ours.
"""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_folder

AXIAL_FOLDER = "axial_series"
OBLIQUE_DEG = 0.5
_SERIES_NUMBER = 905
_OF_PIXELS = (
    *("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "PixelAspectRatio", "VOILUTSequence"),
)


def tilt_deg(geometry: Geometry) -> float:
    """Angle between the slices' normal and the patient's long axis, degrees, 0 … 90."""
    normal = np.array(geometry.direction)[:, 2]
    return float(np.degrees(np.arccos(np.clip(abs(normal[2]), 0, 1))))


def axial_series_uid(series_instance_uid: str) -> str:
    """UID of the axial series that is made of a series."""
    return _uid("axial series", series_instance_uid)


def made_here(series_instance_uids: Iterable[str]) -> set[str]:
    """Those of a study's series that are axial series of others of them."""
    every = set(series_instance_uids)
    return every & {axial_series_uid(one) for one in every}


def axial_geometry(geometry: Geometry) -> Geometry:
    """An axial grid around all of a tilted one, with its smallest pixel and its slice distance."""
    pixel = min(geometry.spacing_mm[:2])
    spacing = np.array([pixel, pixel, geometry.spacing_mm[2]])
    ends = [(-0.5, n - 0.5) for n in geometry.shape[::-1]]
    corners = geometry.points_mm(np.array(list(product(*ends))))
    low, high = corners.min(0), corners.max(0)
    count = np.maximum(1, np.ceil((high - low) / spacing - 1e-6)).astype(int)
    # Centered, so that what is left over lies evenly at both ends.
    origin = (low + high) / 2 - (count - 1) / 2 * spacing
    return Geometry(tuple(count[::-1].tolist()), tuple(spacing.tolist()), tuple(origin.tolist()))


def write_axial_series(image: Volume, folder: Path) -> Volume:
    """Write the images into a new folder and answer them as they are read again.

    image: of integers, read from DICOM slices of one file each. Raises InputError for another one.
    """
    source = image.tags.get("dicom_source")
    if not isinstance(source, DicomSource) or len(set(source.files)) != len(source.files):
        raise InputError("An axial series is made of a DICOM series with a file for each slice.")
    header = dcmread(source.files[0], stop_before_pixels=True)
    axial = resampled(image, axial_geometry(image.geometry))
    values = np.clip(np.round(axial.array), -32768, 32767).astype("<i2")
    with finished_folder(folder, replace=True) as temporary:
        for k in range(len(values)):
            _slice(header, axial.geometry, values, k, source).save_as(
                temporary / f"{k + 1:04d}.dcm", enforce_file_format=True
            )
    found = read_image(folder)
    if not isinstance(found, Volume):
        raise InputError(f"{folder}: the axial series could not be read again.")
    return found


def _slice(
    header: Dataset, geometry: Geometry, values: np.ndarray, k: int, source: DicomSource
) -> Dataset:
    dataset = copy.deepcopy(header)
    for name in _OF_PIXELS:
        if name in dataset:
            delattr(dataset, name)
    uid = _uid("axial slice", source.series_instance_uid, *source.sop_instance_uids, str(k))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SeriesInstanceUID = axial_series_uid(source.series_instance_uid)
    dataset.SeriesNumber = _SERIES_NUMBER
    dataset.SeriesDescription = "Axial, made of tilted slices"
    dataset.InstanceNumber = k + 1
    kind = list(header.get("ImageType", []))[3:]
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL", *kind]
    dataset.DerivationDescription = "Resampled linearly to axial slices; research use"
    dataset.SourceImageSequence = [_reference(source, n) for n in range(len(source.files))]
    dataset.ImagePositionPatient = [f"{v:.4f}" for v in geometry.points_mm(np.array([0, 0, k]))]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [f"{geometry.spacing_mm[1]:.8g}", f"{geometry.spacing_mm[0]:.8g}"]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = f"{geometry.spacing_mm[2]:.8g}"
    if "SliceLocation" in dataset:
        del dataset.SliceLocation
    _, dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.add_new("PixelData", "OW", values[k].tobytes())
    return dataset


def _reference(source: DicomSource, plane: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.sop_class_uid
    item.ReferencedSOPInstanceUID = source.sop_instance_uids[plane]
    return item


def _uid(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(["MedImage", *parts]).encode()).digest()[:16]
    return f"2.25.{uuid.UUID(bytes=digest, version=5).int}"
