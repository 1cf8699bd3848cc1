"""DICOM Spatial Registration and Deformable Spatial Registration (PS3.3 A.39).

The fixed image's frame of reference is the registered one. The matrix of the moving image takes
its points to fixed ones (PS3.3 C.20.2.1.1); the deformation grid takes fixed points to moving ones
(PS3.3 C.20.3.1.1), as displacement fields do here.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from MedImageLib import __version__
from MedImageLib.errors import GeometryError
from MedImageLib.geometry import Geometry
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.dicom_image import IMPLEMENTATION_UID

SPATIAL = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
_PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip


def write_spatial_registration(
    moving_from_fixed: np.ndarray,
    fixed: DicomSource,
    moving: DicomSource,
    path: Path | str,
    seed: str = "",
) -> Path:
    """Write a rigid offset (4 × 4, LPS mm) as a DICOM Spatial Registration.

    fixed, moving: what both images were read from. seed: UIDs are made from it and the sources';
    random when empty.
    """
    dataset = _common(SPATIAL, fixed, moving, "Rigid registration", seed)
    items = []
    for source, matrix in (
        (fixed, np.eye(4)),
        (moving, np.linalg.inv(np.asarray(moving_from_fixed, float))),
    ):
        step = Dataset()
        step.FrameOfReferenceTransformationMatrix = _decimals(matrix)
        step.FrameOfReferenceTransformationMatrixType = "RIGID"
        steps = Dataset()
        steps.MatrixSequence = [step]
        steps.RegistrationTypeCodeSequence = []
        item = Dataset()
        item.FrameOfReferenceUID = source.frame_of_reference_uid
        item.ReferencedImageSequence = _references(source)
        item.MatrixRegistrationSequence = [steps]
        items.append(item)
    dataset.RegistrationSequence = items
    return _save(dataset, Path(path))


def write_deformable_registration(
    displacement_mm: np.ndarray,
    geometry: Geometry,
    fixed: DicomSource,
    moving: DicomSource,
    path: Path | str,
    seed: str = "",
) -> Path:
    """Write vectors (k, j, i, 3), LPS mm on the fixed grid, as a Deformable Spatial Registration.

    Raises GeometryError for a field of another shape and for a left-handed grid, which the
    object cannot express.
    """
    if displacement_mm.shape != (*geometry.shape, 3):
        raise GeometryError(f"The field has shape {displacement_mm.shape}, not {geometry.shape}.")
    axes = np.array(geometry.direction)
    if np.linalg.det(axes) < 0:
        raise GeometryError("The grid of the field is left-handed; DICOM grids are not.")
    vectors = np.ascontiguousarray(displacement_mm, "<f4").tobytes()
    if seed:
        # Another field is another object, although the rigid part is the same.
        seed = f"{seed} {hashlib.sha256(vectors).hexdigest()}"
    dataset = _common(DEFORMABLE, fixed, moving, "Deformable registration", seed)
    grid = Dataset()
    grid.ImagePositionPatient = _decimals(np.array(geometry.origin_mm))
    grid.ImageOrientationPatient = _decimals(axes[:, :2].T)
    grid.GridDimensions = list(geometry.shape[::-1])
    grid.GridResolution = list(geometry.spacing_mm)
    grid.VectorGridData = vectors
    item = Dataset()
    item.SourceFrameOfReferenceUID = moving.frame_of_reference_uid
    item.ReferencedImageSequence = _references(moving)
    item.RegistrationTypeCodeSequence = []
    item.DeformableRegistrationGridSequence = [grid]
    dataset.DeformableRegistrationSequence = [item]
    return _save(dataset, Path(path))


def _common(
    sop_class: str, fixed: DicomSource, moving: DicomSource, description: str, seed: str
) -> Dataset:
    source = dcmread(fixed.files[0], stop_before_pixels=True, specific_tags=[*_PATIENT_AND_STUDY])
    base = seed or uuid.uuid4().hex
    identity = "\n".join([base, sop_class, fixed.series_instance_uid, moving.series_instance_uid])

    def uid(part: str) -> str:
        digest = hashlib.sha256(f"MedImage REG\n{identity}\n{part}".encode()).digest()[:16]
        return f"2.25.{uuid.UUID(bytes=digest, version=5).int}"

    dataset = Dataset()
    dataset.SpecificCharacterSet = source.get("SpecificCharacterSet", "ISO_IR 192")
    for name in _PATIENT_AND_STUDY:
        setattr(dataset, name, source.get(name, ""))
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid("instance")
    dataset.Modality = "REG"
    dataset.Laterality = ""
    dataset.SeriesInstanceUID = uid("series")
    dataset.SeriesNumber = 902
    dataset.SeriesDescription = description
    dataset.Manufacturer = "MedImage"
    dataset.ManufacturerModelName = "MedImage"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = __version__
    dataset.FrameOfReferenceUID = fixed.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.InstanceNumber = 1
    dataset.ContentLabel = "REGISTRATION"
    dataset.ContentDescription = description
    dataset.ContentCreatorName = ""
    dataset.ContentDate = dataset.StudyDate or "20000101"
    dataset.ContentTime = dataset.StudyTime or "000000"
    same = [s for s in (fixed, moving) if s.study_instance_uid == fixed.study_instance_uid]
    dataset.ReferencedSeriesSequence = [_series(source) for source in _distinct(same)]
    if moving.study_instance_uid != fixed.study_instance_uid:
        other = Dataset()
        other.StudyInstanceUID = moving.study_instance_uid
        other.ReferencedSeriesSequence = [_series(moving)]
        dataset.StudiesContainingOtherReferencedInstancesSequence = [other]
    return dataset


def _distinct(sources: list[DicomSource]) -> list[DicomSource]:
    return list({source.series_instance_uid: source for source in sources}.values())


def _series(source: DicomSource) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = source.series_instance_uid
    item.ReferencedInstanceSequence = _references(source)
    return item


def _references(source: DicomSource) -> list[Dataset]:
    items = []
    for instance in dict.fromkeys(source.sop_instance_uids):
        item = Dataset()
        item.ReferencedSOPClassUID = source.sop_class_uid
        item.ReferencedSOPInstanceUID = instance
        items.append(item)
    return items


def _decimals(values: np.ndarray) -> list[Any]:
    return [format_number_as_ds(float(value)) for value in np.asarray(values).ravel()]


def _save(dataset: Dataset, path: Path) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "MEDIMAGE"
    ordered = Dataset({element.tag: element for element in sorted(dataset, key=lambda e: e.tag)})
    with finished_file(path) as temporary:
        file = FileDataset(str(temporary), ordered, file_meta=meta, preamble=b"\0" * 128)
        file.save_as(temporary, enforce_file_format=True)
    return path
