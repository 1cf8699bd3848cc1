"""Masks as a DICOM RT Structure Set (PS3.3 A.19) beside the series that they lie on.

Contours lie on the source's planes and name its instances by position. Patient and study are
those of the source; the file says which device made it, how each region came about, how holes are
written and whether a person approved it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ImplicitVRLittleEndian

from AutoContourLib.contours.axial_series import OBLIQUE_DEG, tilt_deg
from AutoContourLib.contours.contour_settings import RtstructSettings
from AutoContourLib.contours.planar import keyhole, outlines
from AutoContourLib.contours.structure_set import Approval, RegionMask
from MedImageLib import __version__
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.terminology import Code
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
# PS3.3 C.8.8.8: terms of RT ROI Interpreted Type; organs unless named here.
_INTERPRETED = {"body": "EXTERNAL"}
_HOLES = {
    "keyhole": "holes are joined to the outer contour by a keyhole channel",
    "xor": "holes are contours of their own inside of the outer one (exclusive or)",
}
_COPIED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID"),
    *("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
)


def write_rtstruct(
    regions: Sequence[RegionMask],
    image: Volume,
    path: Path | str,
    settings: RtstructSettings | None = None,
    approval: Approval | None = None,
) -> Path:
    """Write regions as RTSTRUCT; those without a voxel stay as regions without contours.

    image: read from DICOM, on whose grid the masks are. The same contours of the same images are
    the same instance whenever they are written, so that an archive never holds them twice; other
    ones are another instance of the same series. Raises InputError without regions or for an
    image that was not read from DICOM, GeometryError for masks on another grid and for oblique
    series, which most planning systems refuse: `axial_series` makes axial slices.
    """
    settings, approval = settings or RtstructSettings(), approval or Approval()
    source = image.tags.get("dicom_source")
    if not isinstance(source, DicomSource):
        raise InputError("An RTSTRUCT refers to DICOM images; give a DICOM series, not a file.")
    if not regions:
        raise InputError("There is no region; an RTSTRUCT holds at least one.")
    for region in regions:
        if not region.mask.geometry.same_grid(image.geometry, 0.01):
            raise GeometryError(
                f"The mask of {region.name} is not on the grid of the image; resample it first."
            )
    _refuse_oblique(image)
    uid = _uid_maker(source, regions, settings, approval)
    dataset = _general(source, image, settings, approval, uid)
    origins = ", ".join(dict.fromkeys(region.origin for region in regions if region.origin))
    if origins:
        dataset.StructureSetDescription += f" Contours: {origins}."
    _references(dataset, source)
    _regions(dataset, regions, image, source, settings, approval)
    path = Path(path)
    with finished_file(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return path


def _refuse_oblique(image: Volume) -> None:
    tilt = tilt_deg(image.geometry)
    if tilt > OBLIQUE_DEG:
        raise GeometryError(
            f"The slices are tilted by {tilt:.1f}° from axial; RTSTRUCT contours are expected on "
            "axial slices. Resample image and masks to axial slices, or write a DICOM SEG."
        )


def _general(
    source: DicomSource, image: Volume, settings: RtstructSettings, approval: Approval, uid: Any
) -> Dataset:
    header = dcmread(source.files[0], stop_before_pixels=True)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = UID(SOP_CLASS)
    dataset.file_meta.MediaStorageSOPInstanceUID = uid("instance")
    # Explicit lengths of 16 bits would not hold the points of a large contour.
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    now = datetime.now(UTC)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SOP_CLASS
    dataset.SOPInstanceUID = uid("instance")
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = _date_time(now)
    # The source's patient and study stay as they are, legal or not.
    with disable_value_validation():
        for keyword in _COPIED:
            value = header.get(keyword, "")
            setattr(dataset, keyword, "" if value is None else value)
    dataset.StudyID = str(dataset.StudyID)[:16]
    if str(dataset.PatientSex) not in ("M", "F", "O"):
        dataset.PatientSex = ""
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = uid("series")
    dataset.SeriesNumber = 910
    dataset.SeriesDescription = f"Contours on {image.modality or 'image'}"
    dataset.OperatorsName = ""
    dataset.FrameOfReferenceUID = source.frame_of_reference_uid
    dataset.PositionReferenceIndicator = str(header.get("PositionReferenceIndicator", "") or "")
    dataset.Manufacturer = "MedImage"
    dataset.ManufacturerModelName = "MedImage AutoContour"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = __version__
    dataset.DeviceUID = uid("device")
    dataset.StructureSetLabel = settings.label[:16]
    dataset.StructureSetName = settings.label[:64]
    dataset.StructureSetDescription = (
        f"Contours run along the borders of voxels; {_HOLES[settings.holes]}. "
        "Research use. Not a medical device."
    )
    dataset.StructureSetDate, dataset.StructureSetTime = _date_time(now)
    dataset.InstanceNumber = 1
    dataset.ApprovalStatus = approval.state
    if approval.state != "UNAPPROVED":
        dataset.ReviewDate, dataset.ReviewTime = approval.date, approval.time
        dataset.ReviewerName = approval.reviewer
    return dataset


def _references(dataset: Dataset, source: DicomSource) -> None:
    series = Dataset()
    series.SeriesInstanceUID = source.series_instance_uid
    series.ContourImageSequence = Items(
        [_image_reference(source, n) for n in range(len(source.sop_instance_uids))]
    )
    study = Dataset()
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = source.study_instance_uid
    study.RTReferencedSeriesSequence = Items([series])
    frame = Dataset()
    frame.FrameOfReferenceUID = source.frame_of_reference_uid
    frame.RTReferencedStudySequence = Items([study])
    dataset.ReferencedFrameOfReferenceSequence = Items([frame])


def _image_reference(source: DicomSource, plane: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.sop_class_uid
    item.ReferencedSOPInstanceUID = source.sop_instance_uids[plane]
    if len(set(source.files)) == 1 and len(source.files) > 1:
        item.ReferencedFrameNumber = source.frame_numbers[plane]
    return item


def _regions(
    dataset: Dataset,
    regions: Sequence[RegionMask],
    image: Volume,
    source: DicomSource,
    settings: RtstructSettings,
    approval: Approval,
) -> None:
    dataset.StructureSetROISequence = Items()
    dataset.ROIContourSequence = Items()
    dataset.RTROIObservationsSequence = Items()
    names: set[str] = set()
    for number, region in enumerate(regions, start=1):
        roi = Dataset()
        roi.ROINumber = number
        roi.ReferencedFrameOfReferenceUID = source.frame_of_reference_uid
        roi.ROIName = _distinct(region.name, names)
        names.add(roi.ROIName)
        roi.ROIGenerationAlgorithm = region.algorithm
        made = f"MedImage {__version__}" + (f", {region.origin}" if region.origin else "")
        roi.ROIGenerationDescription = made[:64]
        dataset.StructureSetROISequence.append(roi)
        contour = Dataset()
        contour.ReferencedROINumber = number
        contour.ROIDisplayColor = list(region.color)
        items = [
            item
            for k in range(len(region.mask.array))
            for item in _contours(region, k, image, source, settings)
        ]
        if items:
            contour.ContourSequence = Items(items)
            for at, item in enumerate(items, start=1):
                item.ContourNumber = at
        dataset.ROIContourSequence.append(contour)
        dataset.RTROIObservationsSequence.append(_observation(number, region, approval))


def _contours(
    region: RegionMask, k: int, image: Volume, source: DicomSource, settings: RtstructSettings
) -> list[Dataset]:
    plane = region.mask.array[k].astype(bool)
    if not plane.any():
        return []
    items = []
    for ring in outlines(plane, settings.outline):  # type: ignore[arg-type]
        loops = [keyhole(ring)] if settings.holes == "keyhole" else [ring.outer, *ring.holes]
        for loop in loops:
            points = image.geometry.points_mm(np.column_stack([loop, np.full(len(loop), k)]))
            item = Dataset()
            at = source.slice_of_plane[k]
            if at is not None:
                item.ContourImageSequence = Items([_image_reference(source, at)])
            item.ContourGeometricType = "CLOSED_PLANAR"
            item.NumberOfContourPoints = len(points)
            item.ContourData = [_decimal(value) for value in points.ravel()]
            items.append(item)
    return items


def _observation(number: int, region: RegionMask, approval: Approval) -> Dataset:
    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = number
    item.ROIObservationLabel = region.name[:16]
    if region.structure is not None:
        code = _code(region.structure.type)
        if region.structure.modifier is not None:
            code.SegmentedPropertyTypeModifierCodeSequence = Items(
                [_code(region.structure.modifier)]
            )
        item.RTROIIdentificationCodeSequence = Items([code])
    key = region.structure.key if region.structure else ""
    item.RTROIInterpretedType = _INTERPRETED.get(key, "ORGAN" if key else "")
    item.ROIInterpreter = approval.reviewer
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def _decimal(value: float) -> str:
    """At most 16 characters (PS3.5 DS), to a ten-thousandth of a millimeter."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _distinct(name: str, taken: set[str]) -> str:
    name = name.replace("\\", "/").strip()[:60] or "ROI"
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}_{count}", count + 1
    return candidate


def _date_time(now: datetime) -> tuple[str, str]:
    return now.strftime("%Y%m%d"), now.strftime("%H%M%S")


def _uid_maker(
    source: DicomSource,
    regions: Sequence[RegionMask],
    settings: RtstructSettings,
    approval: Approval,
) -> Callable[[str], str]:
    series = f"{source.study_instance_uid}\n{source.series_instance_uid}\n{settings.label}"
    content = hashlib.sha256(repr((__version__, settings, approval)).encode())
    content.update("\n".join(source.sop_instance_uids).encode())
    for region in regions:
        said = (region.name, region.algorithm, region.origin, region.color, region.mask.array.shape)
        content.update(repr(said).encode())
        content.update(np.packbits(region.mask.array.astype(bool)).tobytes())
    of = {
        "device": "MedImage device",
        "series": f"{series}\nseries",
        "instance": f"{series}\n{content.hexdigest()}\ninstance",
    }

    def uid(name: str) -> str:
        value = uuid.UUID(bytes=hashlib.sha256(of[name].encode()).digest()[:16], version=5)
        return f"2.25.{value.int}"

    return uid
