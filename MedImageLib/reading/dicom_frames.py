"""The frames of a DICOM file with their place, time and rescale: one story for single-frame files
(PS3.3 C.7.6.2) and for enhanced multi-frame objects (functional groups, PS3.3 C.7.6.16).

Positions and spacings are LPS millimeters, times milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from MedImageLib.reading import dicom_values as values

TIME_TAGS = ("TriggerTime", "TemporalPositionIdentifier", "AcquisitionTime", "InstanceNumber")


@dataclass(frozen=True, eq=False)
class Frame:
    """One plane of pixels.

    index: of the frame in its file, from 0.
    position_mm: LPS center of the first pixel; None when the header has none.
    orientation: direction of a row, then of a column, both LPS unit vectors.
    pixel_spacing_mm: distance between rows, then between columns; None when missing or zero.
    spacing_source: element that gave the spacing; empty when none did.
    slope, intercept: stored value to the unit of the modality.
    times: of TIME_TAGS, those present.
    variant: what sets images of one position apart other than time (image type, echo, b-value).
    problem: why the frame cannot be placed in the patient; empty when it can.
    """

    path: Path
    index: int
    sop_instance_uid: str = field(repr=False)
    position_mm: tuple[float, float, float] | None = None
    orientation: tuple[float, ...] | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    spacing_source: str = ""
    slice_thickness_mm: float | None = None
    slope: float = 1.0
    intercept: float = 0.0
    rescale_type: str = ""
    image_type: tuple[str, ...] = ()
    variant: tuple[str, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    gantry_tilt_deg: float = 0.0
    problem: str = ""


def frames_of(dataset: Dataset, path: Path, number_of_frames: int) -> tuple[Frame, ...]:
    """Frames of an image object in stored order.

    Raises ValueError with the reason when a multi-frame object does not say where its frames
    lie, or when a needed number is not a number.
    """
    per_frame = values.items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = values.items(dataset, "SharedFunctionalGroupsSequence")
    if number_of_frames == 1 and not any(len(group) for group in per_frame):
        return (_single_frame(dataset, path),)
    if len(per_frame) != number_of_frames:
        found = f"{len(per_frame)} functional groups" if per_frame else "no functional groups"
        raise ValueError(
            f"{number_of_frames} frames but {found}: without them the frames have no place in "
            "the patient; export the series as enhanced with functional groups or single-frame"
        )
    common = shared[0] if shared else Dataset()
    return tuple(
        _enhanced_frame(dataset, common, group, path, index)
        for index, group in enumerate(per_frame)
    )


def _single_frame(dataset: Dataset, path: Path) -> Frame:
    spacing, source = pixel_spacing(dataset, dataset)
    position, orientation, problem = _plane(dataset, dataset)
    if source == "" and not problem:
        problem = "Pixel Spacing is missing or zero"
    times = {}
    for keyword in ("TriggerTime", "TemporalPositionIdentifier", "InstanceNumber"):
        number = values.optional_decimal(dataset, keyword)
        if number is not None:
            times[keyword] = number
    acquired = values.time_of_day(dataset, "AcquisitionTime")
    if acquired is not None:
        times["AcquisitionTime"] = acquired.total_seconds() * 1000.0
    image_type = _codes(dataset, "ImageType")
    return Frame(
        path=path,
        index=0,
        sop_instance_uid=values.uid(dataset, "SOPInstanceUID")[0],
        position_mm=position,
        orientation=orientation,
        pixel_spacing_mm=spacing,
        spacing_source=source,
        slice_thickness_mm=_thickness(dataset, dataset),
        slope=_slope(dataset),
        intercept=values.decimal(dataset, "RescaleIntercept", 0.0) or 0.0,
        rescale_type=values.text(dataset, "RescaleType").upper()[:16],
        image_type=image_type,
        variant=(
            "\\".join(image_type),
            values.text(dataset, "EchoNumbers"),
            values.text(dataset, "EchoTime"),
            values.text(dataset, "DiffusionBValue"),
        ),
        times=times,
        gantry_tilt_deg=values.optional_decimal(dataset, "GantryDetectorTilt") or 0.0,
        problem=problem,
    )


def _enhanced_frame(
    dataset: Dataset, shared: Dataset, group: Dataset, path: Path, index: int
) -> Frame:
    def macro(sequence: str) -> Dataset:
        """The per-frame item of a functional group, else the shared one (PS3.3 C.7.6.16.1)."""
        for source in (group, shared):
            found = values.items(source, sequence)
            if found:
                return found[0]
        return Dataset()

    measures = macro("PixelMeasuresSequence")
    spacing, source = pixel_spacing(measures, Dataset())
    position, orientation, problem = _plane(
        macro("PlanePositionSequence"), macro("PlaneOrientationSequence")
    )
    if source == "" and not problem:
        problem = "Pixel Spacing is missing or zero"
    rescale = macro("PixelValueTransformationSequence")
    content = macro("FrameContentSequence")
    frame_type: tuple[str, ...] = ()
    for name in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence"):
        frame_type = frame_type or _codes(macro(name), "FrameType")
    return Frame(
        path=path,
        index=index,
        sop_instance_uid=values.uid(dataset, "SOPInstanceUID")[0],
        position_mm=position,
        orientation=orientation,
        pixel_spacing_mm=spacing,
        spacing_source=source,
        slice_thickness_mm=_thickness(measures, dataset),
        slope=_slope(rescale),
        intercept=values.decimal(rescale, "RescaleIntercept", 0.0) or 0.0,
        rescale_type=values.text(rescale, "RescaleType").upper()[:16],
        image_type=frame_type or _codes(dataset, "ImageType"),
        variant=(
            "\\".join(frame_type),
            values.text(content, "StackID"),
            str(values.optional_decimal(macro("MREchoSequence"), "EffectiveEchoTime")),
            str(values.optional_decimal(macro("MRDiffusionSequence"), "DiffusionBValue")),
        ),
        times=_enhanced_times(content, macro("CardiacSynchronizationSequence"), index),
        problem=problem,
    )


def _enhanced_times(content: Dataset, cardiac: Dataset, index: int) -> dict[str, float]:
    times = {"InstanceNumber": float(index + 1)}
    delay = values.optional_decimal(cardiac, "NominalCardiacTriggerDelayTime")
    if delay is not None:
        times["TriggerTime"] = delay
    temporal = values.optional_decimal(content, "TemporalPositionIndex")
    if temporal is not None:
        times["TemporalPositionIdentifier"] = temporal
    acquired = values.date_time(content, "FrameAcquisitionDateTime")
    if acquired is not None:
        midnight = acquired.replace(hour=0, minute=0, second=0, microsecond=0)
        times["AcquisitionTime"] = (acquired - midnight).total_seconds() * 1000.0
    return times


def pixel_spacing(measures: Dataset, projection: Dataset) -> tuple[tuple[float, float] | None, str]:
    """Distance of rows and of columns in mm and the element that says so; (None, '') when absent.

    Spacing at the detector (Imager Pixel Spacing, PS3.3 C.8.3.2) counts when there is no other.
    Raises ValueError for texts that are not numbers and for negative distances.
    """
    for keyword, source in (("PixelSpacing", measures), ("ImagerPixelSpacing", projection)):
        numbers = values.decimals(source, keyword)
        if numbers is None:
            continue
        if len(numbers) != 2 or min(numbers) < 0:
            raise ValueError(f"{keyword} is {numbers}, expected two positive distances in mm")
        if min(numbers) > 0:
            return (numbers[0], numbers[1]), keyword
    return None, ""


def _plane(
    position_group: Dataset, orientation_group: Dataset
) -> tuple[tuple[float, float, float] | None, tuple[float, ...] | None, str]:
    position = values.decimals(position_group, "ImagePositionPatient")
    orientation = values.decimals(orientation_group, "ImageOrientationPatient")
    if position is None or len(position) != 3:
        return None, orientation, "Image Position (Patient) is missing"
    place = (position[0], position[1], position[2])
    if orientation is None or len(orientation) != 6:
        return place, None, "Image Orientation (Patient) is missing"
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.9 or max(lengths) > 1.1 or abs(row @ column) > 1e-2:
        return place, None, "Image Orientation (Patient) is not two perpendicular unit vectors"
    return place, orientation, ""


def _codes(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Coded strings of several values; texts that are no codes are left out."""
    return tuple(
        part for part in values.texts(dataset, keyword) if re.fullmatch(r"[A-Z0-9_ ]{1,24}", part)
    )


def _thickness(measures: Dataset, fallback: Dataset) -> float | None:
    for keyword in ("SliceThickness", "SpacingBetweenSlices"):
        for source in (measures, fallback):
            number = values.optional_decimal(source, keyword)
            if number is not None and number > 0:
                return number
    return None


def _slope(dataset: Dataset) -> float:
    slope = values.decimal(dataset, "RescaleSlope", 1.0)
    if slope is None or slope == 0:
        raise ValueError("Rescale Slope is zero")
    return slope
