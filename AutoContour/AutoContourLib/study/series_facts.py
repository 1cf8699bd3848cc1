"""What is known of one image of a study: mode, moment, frame of reference, region, patient.

Tags are read from the image's first file and held against the pixels; what is missing, wrong or
doubtful becomes a remark. Persons are compared, never named: keys hold only within a process.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from AutoContourLib.study.pixel_kind import PixelKind, pixel_kind
from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_header import read_dataset, uid_hash
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.reading.limits import DEFAULT_LIMITS
from MedImageLib.volume import Volume, VolumeSequence

MODES = {"CT": "CT", "MR": "MR", "PT": "PT", "NM": "NM"}
FIRST_YEAR = 1971  # of the first clinical CT; earlier dates are placeholders
_CONE_BEAM_WORDS = ("CBCT", "CONE BEAM", "CONEBEAM", "ON-BOARD IMAG", "XVI", "OBI CT")
_CONE_BEAM_CLASSES = ("1.2.840.10008.5.1.4.1.1.13.1.1", "1.2.840.10008.5.1.4.1.1.13.1.2")
_SALT = os.urandom(16)


@dataclass(frozen=True, eq=False)
class SeriesFacts:
    """One image.

    mode: CT, MR, PT, NM, or empty when it cannot be told. moment: of the acquisition; None when
    unknown; has_time: whether its time of day is known. *_key: hashes, empty when unknown;
    patient_key means nothing outside of this process. left_out: why the image takes no part;
    empty when it does. planned_on: a structure set or plan refers to it.
    """

    volume: Volume = field(repr=False)
    mode: str
    tagged_modality: str
    pixels: PixelKind
    moment: datetime | None = None
    has_time: bool = False
    study_key: str = ""
    series_key: str = ""
    frame_key: str = ""
    patient_key: str = field(default="", repr=False)
    body_part: str = ""
    patient_position: str = ""
    is_cone_beam: bool = False
    planned_on: bool = False
    left_out: str = ""
    remarks: tuple[Remark, ...] = ()

    @property
    def title(self) -> str:
        """For a person: mode and date, such as `CT of 2026-03-10`."""
        word = "CT (cone beam)" if self.is_cone_beam else self.mode or "image of unknown mode"
        return f"{word} of {self.moment:%Y-%m-%d}" if self.moment else f"{word} without date"


def series_facts(image: Volume | VolumeSequence, planned_keys: Sequence[str] = ()) -> SeriesFacts:
    """Facts on an image that was read.

    planned_keys: series that structure sets or plans refer to. A time sequence stands for its
    first frame. Never raises for what tags or pixels hold.
    """
    remarks: list[Remark] = []
    if isinstance(image, VolumeSequence):
        remarks.append(
            Remark(
                "first-frame-used",
                f"A sequence of {len(image.frames)} frames; its first one stands for it.",
            )
        )
        image = image.frames[0]
    tags = image.tags
    pixels = pixel_kind(image.array)
    header = _header_of(image)
    mode, cone_beam = _mode(image, pixels, header, remarks)
    moment, has_time = _moment(image, header, remarks)
    return SeriesFacts(
        volume=image,
        mode=mode,
        tagged_modality=image.modality,
        pixels=pixels,
        moment=moment,
        has_time=has_time,
        study_key=str(tags.get("study_key", "")),
        series_key=str(tags.get("series_key", "")),
        frame_key=str(tags.get("frame_of_reference_key", "")),
        patient_key=header.patient_key,
        body_part=str(tags.get("body_part", "")),
        patient_position=str(tags.get("patient_position", "")),
        is_cone_beam=cone_beam,
        planned_on=bool(tags.get("series_key")) and tags["series_key"] in planned_keys,
        left_out=_left_out(image, mode, pixels),
        remarks=tuple(remarks),
    )


def referenced_series(path: Path) -> tuple[str, ...]:
    """Keys of the series that an RTSTRUCT refers to (PS3.3 C.8.8.5). Raises InputError."""
    dataset, _ = read_dataset(path, DEFAULT_LIMITS)
    return tuple(
        uid_hash(values.uid(series, "SeriesInstanceUID")[0])
        for frame in values.items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in values.items(frame, "RTReferencedStudySequence")
        for series in values.items(study, "RTReferencedSeriesSequence")
    )


@dataclass(frozen=True)
class _Header:
    """What a volume's tags leave out, from the first file of the series."""

    patient_key: str = ""
    moments: tuple[tuple[datetime, bool], ...] = ()
    is_cone_beam: bool = False


def _header_of(volume: Volume) -> _Header:
    source = volume.tags.get("dicom_source")
    if not isinstance(source, DicomSource) or not source.files:
        return _Header()
    try:
        dataset, _ = read_dataset(source.files[0], DEFAULT_LIMITS)
    except (InputError, OSError):
        # The pixels were read already; a file taken away since loses only what it adds here.
        return _Header()
    person = values.text(dataset, "PatientID").strip() or values.text(dataset, "PatientName")
    moments = []
    for word in ("Acquisition", "Series", "Content", "Study"):
        day = values.date(dataset, f"{word}Date")
        hour = values.time_of_day(dataset, f"{word}Time")
        if day is not None:
            moments.append((day if hour is None else day + hour, hour is not None))
    words = " ".join(
        values.text(dataset, name).upper()
        for name in ("ManufacturerModelName", "SeriesDescription", "ProtocolName", "StationName")
    )
    return _Header(
        hashlib.sha256(_SALT + person.encode()).hexdigest()[:16] if person else "",
        tuple(moments),
        source.sop_class_uid in _CONE_BEAM_CLASSES or any(w in words for w in _CONE_BEAM_WORDS),
    )


def _mode(
    image: Volume, pixels: PixelKind, header: _Header, remarks: list[Remark]
) -> tuple[str, bool]:
    """Mode and whether it is cone-beam CT; the pixels decide where they are certain."""
    mode = MODES.get(image.modality, "")
    cone_beam = header.is_cone_beam and (mode == "CT" or image.modality == "XA")
    if cone_beam:
        mode = "CT"
        remarks.append(
            Remark(
                "cone-beam-ct", "Cone-beam CT is taken as CT; its values are no Hounsfield units."
            )
        )
    if pixels.kind == "CT" and mode != "CT":
        said = f"the tag says {image.modality}" if image.modality else "no modality is recorded"
        remarks.append(
            Remark("modality-from-pixels", f"Taken as CT: {said}, but it has {pixels.text}.")
        )
        return "CT", cone_beam
    if not mode and not image.modality and pixels.kind in ("MR", "PT"):
        remarks.append(
            Remark(
                "modality-guessed",
                f"No modality is recorded; taken as {pixels.kind} by a hint only ({pixels.text}). "
                "Correct the tag if it is wrong.",
            )
        )
        return pixels.kind, cone_beam
    if mode == "CT" and not cone_beam and pixels.kind in ("CT without offset", "MR", "PT"):
        remarks.append(
            Remark(
                "not-hounsfield-like",
                f"The tag says CT, but the values do not look like it: {pixels.text}. "
                "Check the export.",
            )
        )
    return mode, cone_beam


def _moment(image: Volume, header: _Header, remarks: list[Remark]) -> tuple[datetime | None, bool]:
    found = list(header.moments)
    if not found:
        try:
            day = datetime.fromisoformat(str(image.tags.get("acquisition_date", "")))
            found = [(day, day.time() != datetime.min.time())]
        except ValueError:
            found = []
    plausible = [one for one in found if one[0].year >= FIRST_YEAR]
    if found and not plausible:
        remarks.append(
            Remark("date-implausible", f"A date before {FIRST_YEAR} was taken as unknown.")
        )
    return plausible[0] if plausible else (None, False)


def _left_out(image: Volume, mode: str, pixels: PixelKind) -> str:
    if pixels.kind == "unusable":
        return f"it {pixels.text}"
    if min(image.array.shape) < 2:
        return "it is a single slice; a volume is needed"
    if not image.geometry.spacing_known:
        return "its spacing is not known"
    if max(np.array(image.geometry.spacing_mm)) > 25:
        return f"its spacing of {max(image.geometry.spacing_mm):g} mm is too large"
    if any(remark.code == "localizer" for remark in image.remarks):
        return "it is a localizer"
    if image.is_labelmap:
        return "it is a label map"
    if not mode:
        return (
            f"its modality {image.modality} is not one that is processed"
            if image.modality
            else "its modality is neither recorded nor told by the pixels"
        )
    return ""
