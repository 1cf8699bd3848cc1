"""Volumes as DICOM series: CT, MR and cine MR slice by slice, radiographs as DX for presentation.

Modules follow PS3.3 A.3 (CT), A.4 (MR) and A.26 (Digital X-Ray). A series appears as a finished
folder; geometry is written with the full precision that a decimal string holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
)
from pydicom.valuerep import format_number_as_ds

from MedImageLib.errors import InputError
from MedImageLib.volume import Volume, VolumeSequence
from MedImageLib.writing.atomic import finished_folder
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy, common_attributes

CT_INTERCEPT = -1024
# DICOM CID 4010.
_VIEWS = {
    "PA": ("272479007", "SCT", "postero-anterior"),
    "AP": ("399348003", "SCT", "antero-posterior"),
}
IMPLEMENTATION_UID = "2.25.249046520862264803962031166276024016713"


def write_dicom(
    image: Volume | VolumeSequence,
    folder: Path | str,
    study: DicomStudy,
    series: DicomSeries | None = None,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write one series into a new folder, a file per slice, and answer the files in order.

    image: a Volume of modality CT (integers in Hounsfield units), MR (non-negative integers) or
        DX (one slice, MONOCHROME2), or a VolumeSequence of MR volumes over time in ms, which
        becomes a cine with Trigger Time; files run slice by slice, in each all times.
    replace: exchange an existing folder.

    Raises InputError for other modalities, values that the format cannot hold, or a folder that
    is not empty.
    """
    folder = Path(folder)
    series = series or DicomSeries()
    if isinstance(image, VolumeSequence):
        datasets, count = (
            _cine(image, study, series),
            len(image.frames) * len(image.frames[0].array),
        )
    else:
        makers = {"CT": _ct_slices, "MR": _mr_slices, "DX": _radiograph}
        if image.modality not in makers:
            raise InputError(
                f"A volume of modality {image.modality or 'unknown'} cannot be written as DICOM; "
                f"expected {', '.join(makers)}."
            )
        datasets, count = makers[image.modality](image, study, series), len(image.array)
    names = []
    with finished_folder(folder, replace=replace) as temporary:
        for number, dataset in enumerate(datasets, start=1):
            dataset.InstanceNumber = number
            name = f"{series.number:03d}-{number:0{max(4, len(str(count)))}d}.dcm"
            _save(dataset, temporary / name, study.uid("instance", series.number, number))
            names.append(name)
    return tuple(folder / name for name in names)


def _ct_slices(volume: Volume, study: DicomStudy, series: DicomSeries) -> Iterator[Dataset]:
    values = _integers(volume.array, "CT") - CT_INTERCEPT
    if values.min() < 0 or values.max() > 65535:
        raise InputError(
            f"CT values run from {values.min() + CT_INTERCEPT} to {values.max() + CT_INTERCEPT} "
            f"HU; files hold {CT_INTERCEPT} to {65535 + CT_INTERCEPT}. Clip them before writing."
        )
    for k in range(len(values)):
        dataset = common_attributes(study, series, "CT")
        dataset.SOPClassUID = CTImageStorage
        dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
        _add_plane(dataset, volume, k, study, series)
        _add_pixels(dataset, values[k])
        dataset.RescaleIntercept = CT_INTERCEPT
        dataset.RescaleSlope = 1
        dataset.RescaleType = "HU"
        dataset.KVP = 120
        _add_window(dataset, series.window or (40.0, 400.0))
        yield dataset


def _mr_slices(volume: Volume, study: DicomStudy, series: DicomSeries) -> Iterator[Dataset]:
    values = _unsigned(volume.array, "MR")
    for k in range(len(values)):
        yield _mr_slice(volume, values[k], k, study, series, "SP")


def _cine(sequence: VolumeSequence, study: DicomStudy, series: DicomSeries) -> Iterator[Dataset]:
    if any(frame.modality != "MR" for frame in sequence.frames):
        raise InputError("Only sequences of MR volumes can be written as a DICOM cine.")
    times = sequence.index_values
    step = (times[-1] - times[0]) / max(len(times) - 1, 1)
    beat_ms = times[-1] - times[0] + step
    values = [_unsigned(frame.array, "MR") for frame in sequence.frames]
    for k in range(len(values[0])):
        for number, time in enumerate(times):
            dataset = _mr_slice(sequence.frames[number], values[number][k], k, study, series, "SS")
            dataset.ScanOptions = "CG"  # cardiac gating, without which there is no Trigger Time
            dataset.TriggerTime = format_number_as_ds(float(time))
            dataset.CardiacNumberOfImages = len(times)
            dataset.TemporalPositionIdentifier = number + 1
            dataset.NumberOfTemporalPositions = len(times)
            if beat_ms > 0:
                dataset.NominalInterval = round(beat_ms)
                dataset.HeartRate = round(60_000 / beat_ms)
            yield dataset


def _mr_slice(
    volume: Volume,
    values: np.ndarray,
    k: int,
    study: DicomStudy,
    series: DicomSeries,
    variant: str,
) -> Dataset:
    dataset = common_attributes(study, series, "MR")
    dataset.SOPClassUID = MRImageStorage
    dataset.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
    _add_plane(dataset, volume, k, study, series)
    _add_pixels(dataset, values)
    dataset.ScanningSequence = "GR"
    dataset.SequenceVariant = variant
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = volume.tags.get("RepetitionTime", 3.4)
    dataset.EchoTime = volume.tags.get("EchoTime", 1.7)
    dataset.EchoTrainLength = 1
    dataset.FlipAngle = volume.tags.get("FlipAngle", 55)
    dataset.MagneticFieldStrength = 1.5
    high = float(np.percentile(values, 99.5))
    _add_window(dataset, series.window or (max(high, 2.0) / 2, max(high, 2.0)))
    return dataset


def _radiograph(volume: Volume, study: DicomStudy, series: DicomSeries) -> Iterator[Dataset]:
    if len(volume.array) != 1:
        raise InputError(f"A radiograph is one picture, got {len(volume.array)} slices.")
    values = _unsigned(volume.array, "DX")[0]
    bits = int(volume.tags.get("BitsStored", 12))
    if values.max() >= 2**bits:
        raise InputError(f"The radiograph holds {values.max()}, more than {bits} bits can.")
    dataset = common_attributes(study, series, "DX")
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    _add_pixels(dataset, values, bits)
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1  # high values: much was absorbed
    dataset.RescaleIntercept = 0
    dataset.RescaleSlope = 1
    dataset.RescaleType = "US"
    dataset.PresentationLUTShape = "IDENTITY"
    if volume.geometry.spacing_known:
        across, down, _ = volume.geometry.spacing_mm
        dataset.ImagerPixelSpacing = [format_number_as_ds(down), format_number_as_ds(across)]
    else:
        raise InputError("A radiograph is written with the pitch of its detector; it is not known.")
    dataset.DetectorType = "DIRECT"
    dataset.PatientOrientation = list(volume.tags.get("PatientOrientation", ("L", "F")))
    dataset.ViewPosition = str(volume.tags.get("ViewPosition", "PA"))
    if dataset.ViewPosition in _VIEWS:
        view = _code(*_VIEWS[dataset.ViewPosition])
        view.ViewModifierCodeSequence = []
        dataset.ViewCodeSequence = [view]
    dataset.PositionerType = "NONE"
    dataset.ImageLaterality = "U"
    dataset.AcquisitionDeviceProcessingDescription = "Gains by scale, display curve"
    dataset.AcquisitionContextSequence = []
    dataset.AnatomicRegionSequence = [_code("816094009", "SCT", "Chest")]
    dataset.KVP = 110
    full = float(2**bits)
    _add_window(dataset, series.window or (full / 2, full))
    yield dataset


def _add_plane(
    dataset: Dataset, volume: Volume, k: int, study: DicomStudy, series: DicomSeries
) -> None:
    """Frame of Reference and Image Plane modules (PS3.3 C.7.4.1, C.7.6.2)."""
    geometry = volume.geometry
    if not geometry.spacing_known:
        raise InputError("The spacing of the volume is not known; a DICOM series needs it.")
    axes = np.array(geometry.direction)
    place = series.frame_of_reference or f"series {series.number}"
    dataset.FrameOfReferenceUID = study.uid("frame of reference", place)
    dataset.PositionReferenceIndicator = ""
    dataset.PatientPosition = "HFS"
    position = geometry.points_mm(np.array([0, 0, k]))
    dataset.ImagePositionPatient = [format_number_as_ds(float(v)) for v in position]
    cosines = [*axes[:, 0], *axes[:, 1]]
    dataset.ImageOrientationPatient = [format_number_as_ds(float(v)) for v in cosines]
    across, down, step = geometry.spacing_mm
    dataset.PixelSpacing = [format_number_as_ds(down), format_number_as_ds(across)]
    dataset.SliceThickness = format_number_as_ds(step)
    dataset.SliceLocation = format_number_as_ds(float(position @ np.cross(axes[:, 0], axes[:, 1])))
    if dataset.Modality == "MR":
        dataset.SpacingBetweenSlices = format_number_as_ds(step)


def _add_pixels(dataset: Dataset, values: np.ndarray, bits: int = 16) -> None:
    """Image Pixel module (PS3.3 C.7.6.3) of unsigned values (rows, columns)."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.ascontiguousarray(values, dtype="<u2").tobytes()


def _add_window(dataset: Dataset, window: tuple[float, float]) -> None:
    dataset.WindowCenter, dataset.WindowWidth = (format_number_as_ds(float(v)) for v in window)


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def _integers(array: np.ndarray, modality: str) -> np.ndarray:
    if array.dtype.kind not in "iu":
        raise InputError(
            f"{modality} pixels of type {array.dtype} cannot be written as DICOM without loss; "
            "round them to integers first."
        )
    return array.astype(np.int64)


def _unsigned(array: np.ndarray, modality: str) -> np.ndarray:
    values = _integers(array, modality)
    if values.min() < 0 or values.max() > 65535:
        raise InputError(
            f"{modality} values run from {values.min()} to {values.max()}; files hold 0 to 65535."
        )
    return values


def _save(dataset: Dataset, path: Path, instance_uid: str) -> None:
    dataset.SOPInstanceUID = instance_uid
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "MEDIMAGE"
    # The order of tags in a file is fixed.
    ordered = Dataset({element.tag: element for element in sorted(dataset, key=lambda e: e.tag)})
    file = FileDataset(str(path), ordered, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(path, enforce_file_format=True)
