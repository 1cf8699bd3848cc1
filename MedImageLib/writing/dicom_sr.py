"""Measurement reports as DICOM SR by template TID 1500 (PS3.16) through highdicom.

What is reported is plain data: groups of numbers and coded answers, each with the image or the
segment that it was measured on. The report refers to its source images and segmentation.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib import __version__
from MedImageLib.errors import InputError
from MedImageLib.terminology import Code, Structure
from MedImageLib.writing.atomic import finished_file

PRIVATE = "99MEDIMAGE"
QUALITY_ASSESSMENT = Code("DCM", "111050", "Quality Assessment")
AREA = Code("SCT", "42798000", "Area")
UNITS = {
    "1": Code("UCUM", "1", "no units"),
    "mm": Code("UCUM", "mm", "millimeter"),
    "mm2": Code("UCUM", "mm2", "square millimeter"),
    "mL": Code("UCUM", "mL", "milliliter"),
    "deg": Code("UCUM", "deg", "degree"),
    "px": Code("UCUM", "{pixels}", "pixels"),
    "{px}2": Code("UCUM", "{pixels}", "pixels"),
}


@dataclass(frozen=True)
class ReportedNumber:
    """A measured number. unit: of UNITS. lines_ij: pixels (i, j) between which it was measured."""

    name: Code
    value: float
    unit: str = "1"
    lines_ij: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()


@dataclass(frozen=True)
class ReportedGroup:
    """Numbers and coded answers (question, answer) on one thing.

    name: tracking identifier. structure: what it is, where it is a segment. segment: its number
    in the segmentation, from 1.
    """

    name: str
    numbers: tuple[ReportedNumber, ...] = ()
    answers: tuple[tuple[Code, Code], ...] = ()
    structure: Structure | None = None
    segment: int | None = None


def private_code(value: str, meaning: str) -> Code:
    """A concept that no public scheme has, in the scheme of this product."""
    return Code(PRIVATE, value.upper()[:16], meaning[:64])


def write_dicom_sr(
    groups: Sequence[ReportedGroup],
    source: Path | str,
    path: Path | str,
    *,
    procedure: Code,
    segmentation: Path | str | None = None,
    description: str = "Measurements",
    series_number: int = 901,
    seed: str = "",
) -> Path:
    """Write the report of one source image.

    source: its DICOM file. segmentation: the SEG that segment numbers belong to. seed: UIDs are
    made from it and the source's; random when empty. Raises InputError for source headers that
    lack what a report refers to, and for groups whose segment is not in the segmentation.
    """
    import highdicom
    from pydicom import dcmread

    image = dcmread(source)
    segments = dcmread(segmentation) if segmentation is not None else None
    uid = _uids(seed, image)
    try:
        content = highdicom.sr.MeasurementReport(
            observation_context=highdicom.sr.ObservationContext(
                observer_device_context=highdicom.sr.ObserverContext(
                    observer_type=_concept(Code("DCM", "121007", "Device")),
                    observer_identifying_attributes=highdicom.sr.DeviceObserverIdentifyingAttributes(
                        uid=uid("device"), name="MedImage", manufacturer_name="MedImage"
                    ),
                )
            ),
            procedure_reported=_concept(procedure),
            imaging_measurements=[_group(one, image, segments, uid) for one in groups],
        )
        report = highdicom.sr.ComprehensiveSR(
            evidence=[image] if segments is None else [image, segments],
            content=content[0],
            series_instance_uid=uid("series"),
            series_number=series_number,
            sop_instance_uid=uid("instance"),
            instance_number=1,
            manufacturer="MedImage",
            is_complete=True,
            is_final=False,
            is_verified=False,
        )
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise InputError(
            f"{source}: its header does not allow a DICOM SR that refers to it ({error})."
        ) from error
    report.SeriesDescription = description[:64]
    report.SoftwareVersions = __version__
    path = Path(path)
    with finished_file(path) as temporary:
        report.save_as(temporary)
    return path


def _group(group: ReportedGroup, image: Any, segments: Any, uid: Any) -> Any:
    from highdicom import sr

    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid("track", group.name), group.name),
        "algorithm_id": sr.AlgorithmIdentification("MedImage", __version__),
        "measurements": [_number(one, image) for one in group.numbers] or None,
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(_concept(question), _concept(answer))
            for question, answer in group.answers
        ]
        or None,
    }
    if group.structure is not None:
        common["finding_category"] = _concept(group.structure.category)
        common["finding_type"] = _concept(group.structure.type)
        modifier = group.structure.modifier
        common["finding_sites"] = [
            sr.FindingSite(
                _concept(group.structure.type), None if modifier is None else _concept(modifier)
            )
        ]
    if group.segment is None or segments is None:
        source = sr.SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID)
        return sr.MeasurementsAndQualitativeEvaluations(**common, source_images=[source])
    frame = _segment_frame(segments, group.segment, image)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(**common, referenced_segment=frame)


def _segment_frame(segments: Any, number: int, image: Any) -> Any:
    from highdicom import sr

    frames = segments.PerFrameFunctionalGroupsSequence
    place = next(
        index
        for index, frame in enumerate(frames, start=1)
        if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number
    )
    found = sr.ReferencedSegmentationFrame(
        segments.SOPClassUID,
        segments.SOPInstanceUID,
        place,
        number,
        sr.SourceImageForSegmentation(image.SOPClassUID, image.SOPInstanceUID),
    )
    # PS3.3 C.18.4.1.1: a frame, which holds one segment, or a segment; never both.
    del found[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
    return found


def _number(number: ReportedNumber, image: Any) -> Any:
    from highdicom import sr

    # PS3.3 C.18.6.1.2: coordinates are of the image's corner, where indices are of centers.
    places = [
        sr.CoordinatesForMeasurement(
            "POLYLINE",
            np.clip(np.asarray(line, float) + 0.5, 0.0, [float(image.Columns), float(image.Rows)]),
            sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
        )
        for line in number.lines_ij
    ]
    return sr.Measurement(
        _concept(number.name),
        float(number.value),
        _concept(UNITS[number.unit]),
        referenced_coordinates=places or None,
        referenced_images=None
        if places
        else [sr.SourceImageForMeasurement(image.SOPClassUID, image.SOPInstanceUID)],
    )


def _concept(code: Code) -> Any:
    from highdicom import sr

    return sr.CodedConcept(code.value, code.scheme, code.meaning)


def _uids(seed: str, image: Any) -> Any:
    base = f"{seed}\n{image.SOPInstanceUID}" if seed else uuid.uuid4().hex

    def uid(*parts: object) -> str:
        text = "\n".join(["MedImage SR", base, *map(str, parts)])
        value = uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=5)
        return f"2.25.{value.int}"

    return uid
