"""Type of a study (I to IV) from imaging modes and periods, with the evidence for every decision.

US 12,394,057 B2, paragraphs 50–70: same or different imaging mode, same or different period; the
first image is the planning one. Each further image is paired with it and gets a type of its own;
the study has the type that covers all its pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from AutoContourLib.study.processing_table import (
    NEED_REGISTRATION,
    STEPS,
    ProcessingTable,
    StudyType,
)
from AutoContourLib.study.series_facts import SeriesFacts
from MedImageLib.errors import InputError, Remark
from MedImageLib.settings import check_settings, setting

_TYPES: dict[tuple[bool, bool], StudyType] = {
    (True, True): "I",
    (True, False): "II",
    (False, True): "III",
    (False, False): "IV",
}
_PLANNING_ORDER = {"CT": 0, "MR": 1, "PT": 2, "NM": 3}


@dataclass(frozen=True)
class StudyTypeSettings:
    """When two images count as of one period, and when they show the same part of the body."""

    same_period_h: float = setting(
        24.0, help="Longest time between images of one period.", unit="h", minimum=0, maximum=720
    )
    least_overlap: float = setting(
        0.05,
        help="Least common volume, as a share of the smaller image, in one frame of reference.",
        minimum=0.0,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class ImagePair:
    """The first image and a further one.

    steps: what is done, in order; registration and what needs it is left out where the images
    cannot show the same part of the body. placed_together: one frame of reference and one period,
    as PET/CT of one scanner: the offset is expected near zero. evidence: sentences, one a fact.
    """

    first: SeriesFacts
    second: SeriesFacts
    study_type: StudyType
    steps: tuple[str, ...]
    placed_together: bool
    evidence: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, eq=False)
class StudyClassification:
    """Images of one patient, the first one, and its pairs with all others.

    series: images that take part, in order of time. left_out: those that do not.
    """

    first: SeriesFacts
    pairs: tuple[ImagePair, ...]
    series: tuple[SeriesFacts, ...]
    left_out: tuple[SeriesFacts, ...]
    study_type: StudyType
    steps: tuple[str, ...]
    evidence: tuple[str, ...]
    remarks: tuple[Remark, ...]


def classify(
    series: Sequence[SeriesFacts],
    table: ProcessingTable,
    settings: StudyTypeSettings | None = None,
) -> tuple[StudyClassification, ...]:
    """One classification for each patient among the images, in the order they were given.

    Images without any patient's identity are taken as of one patient, and this is said. Raises
    InputError when no image can take part; the message says why for each.
    """
    settings = settings or StudyTypeSettings()
    usable = [one for one in series if not one.left_out]
    if not usable:
        reasons = "; ".join(f"{one.title}: {one.left_out}" for one in series)
        raise InputError(
            "No image of the study can be processed; expected a CT, MR or PET volume"
            + (f". {reasons}." if reasons else ", found no image.")
        )
    patients: dict[str, list[SeriesFacts]] = defaultdict(list)
    for one in usable:
        patients[one.patient_key].append(one)
    shared: list[Remark] = []
    if len(patients) > 1:
        shared.append(
            Remark(
                "several-patients",
                f"The images belong to {len(patients)} patients by their identity; "
                "images of different patients are never paired.",
            )
        )
    found = []
    for key, members in patients.items():
        left = [one for one in series if one.left_out and one.patient_key == key]
        strange = [] if key else _unknown_person(members, len(patients) > 1)
        found.append(_classified(members, left, table, settings, [*shared, *strange]))
    return tuple(found)


def _unknown_person(members: Sequence[SeriesFacts], others_known: bool) -> list[Remark]:
    if len(members) < 2 and not others_known:
        return []
    return [
        Remark(
            "patient-unknown",
            f"{len(members)} images name no patient; they are taken as of one and the same.",
        )
    ]


def _classified(
    members: list[SeriesFacts],
    left_out: list[SeriesFacts],
    table: ProcessingTable,
    settings: StudyTypeSettings,
    shared: list[Remark],
) -> StudyClassification:
    ordered = sorted(members, key=lambda one: one.moment or datetime.max)
    first = min(ordered, key=_planning_rank)
    evidence = [_why_first(first, ordered)]
    pairs = tuple(image_pair(first, one, table, settings) for one in ordered if one is not first)
    same_mode = all(pair.study_type in ("I", "II") for pair in pairs)
    same_period = all(pair.study_type in ("I", "III") for pair in pairs)
    study_type = _TYPES[same_mode, same_period]
    if not pairs:
        evidence.append("There is no further image: one mode, one period.")
    asked = set(table.steps(study_type)) if not pairs else {s for pair in pairs for s in pair.steps}
    remarks = [*shared, *(remark for one in ordered for remark in one.remarks)]
    remarks += [Remark("image-left-out", f"{one.title}: {one.left_out}.") for one in left_out]
    remarks += [remark for pair in pairs for remark in pair.remarks]
    return StudyClassification(
        first,
        pairs,
        tuple(ordered),
        tuple(left_out),
        study_type,
        tuple(step for step in STEPS if step in asked),
        tuple(evidence),
        tuple(dict.fromkeys(remarks)),
    )


def _planning_rank(one: SeriesFacts) -> tuple[int, int, int, datetime, float]:
    """CT first, planned on first, no cone beam, early first, then the larger field."""
    return (
        _PLANNING_ORDER[one.mode],
        int(one.is_cone_beam),
        int(not one.planned_on),
        one.moment or datetime.max,
        -_extent_mm3(one),
    )


def _why_first(first: SeriesFacts, ordered: Sequence[SeriesFacts]) -> str:
    rivals = [one for one in ordered if one.mode == first.mode and one is not first]
    reasons = []
    if first.planned_on:
        reasons.append("a structure set refers to it")
    if rivals:
        reasons.append(
            f"the earliest of {len(rivals) + 1} {first.mode} images"
            if first.moment and not first.planned_on
            else f"chosen among {len(rivals) + 1} {first.mode} images"
        )
    elif len(ordered) > 1:
        reasons.append(f"the only {first.mode} image")
    return f"First image: {first.title}" + (f" ({', '.join(reasons)})." if reasons else ".")


def image_pair(
    first: SeriesFacts,
    second: SeriesFacts,
    table: ProcessingTable,
    settings: StudyTypeSettings | None = None,
) -> ImagePair:
    """Type and steps of two images of one patient."""
    settings = settings or StudyTypeSettings()
    remarks: list[Remark] = []
    same_mode = first.mode == second.mode
    words = (
        f"Imaging mode: {first.mode} and {second.mode}, {'the same' if same_mode else 'different'}."
    )
    same_period, period = _period(first, second, settings, remarks)
    frame, placed = _frame(first, second, same_period)
    fits, region = _region(first, second, settings, remarks)
    study_type = _TYPES[same_mode, same_period]
    steps = table.steps(study_type)
    if not fits:
        # What shows another part of the body cannot be brought onto the first image.
        steps = tuple(s for s in steps if s not in ("register", *NEED_REGISTRATION))
    pixels = "Gray values: " + "; ".join(
        f"{one.mode} looks like {one.pixels.kind} ({one.pixels.text})" for one in (first, second)
    )
    return ImagePair(
        first,
        second,
        study_type,
        steps,
        placed and fits,
        (words, period, frame, region, pixels + "."),
        tuple(remarks),
    )


def _period(
    first: SeriesFacts, second: SeriesFacts, settings: StudyTypeSettings, remarks: list[Remark]
) -> tuple[bool, str]:
    limit = timedelta(hours=settings.same_period_h)
    a, b = first.moment, second.moment
    if a is None or b is None:
        same = bool(first.study_key) and first.study_key == second.study_key
        because = "one DICOM study" if same else "different or unknown studies"
        remarks.append(
            Remark(
                "date-missing",
                f"{first.title} and {second.title}: a date is missing; taken as "
                f"{'one period' if same else 'different periods'} because of {because}.",
            )
        )
        return same, f"Period: a date is missing; {because}, so {_said(same)}."
    if first.has_time and second.has_time:
        apart = abs(b - a)
        hours = apart.total_seconds() / 3600
        told = f"{hours:.1f} h apart" if hours < 72 else f"{hours / 24:.0f} days apart"
        return apart <= limit, f"Period: {told}, {_said(apart <= limit)}."
    days = abs((b.date() - a.date()).days)
    same = days == 0 or timedelta(days=days + 1) <= limit
    if days == 1 and not same:
        remarks.append(
            Remark(
                "time-of-day-missing",
                "Images of two following days without times of day are taken as of different "
                "periods; they may be less than a day apart.",
            )
        )
    return same, f"Period: {days} days apart, {_said(same)}."


def _said(same: bool) -> str:
    return "the same" if same else "different"


def _frame(first: SeriesFacts, second: SeriesFacts, same_period: bool) -> tuple[str, bool]:
    if not first.frame_key or not second.frame_key:
        return "Frame of reference: not recorded for both.", False
    if first.frame_key != second.frame_key:
        return "Frame of reference: different.", False
    placed = same_period and first.patient_position == second.patient_position
    return "Frame of reference: shared" + (", one session." if placed else "."), placed


def _region(
    first: SeriesFacts, second: SeriesFacts, settings: StudyTypeSettings, remarks: list[Remark]
) -> tuple[bool, str]:
    a, b = first.body_part, second.body_part
    parts = f"{a or 'unknown'} and {b or 'unknown'}" if a != b else a or "not recorded"
    text = f"Region: {parts}"
    if first.patient_position != second.patient_position:
        remarks.append(
            Remark(
                "patient-position-differs",
                f"{second.title}: lies {second.patient_position or 'unknown'}, the first image "
                f"{first.patient_position or 'unknown'}; a rotation is to be expected.",
            )
        )
    if a and b and a != b:
        remarks.append(
            Remark(
                "body-part-differs",
                f"{second.title}: body part {b}, the first image {a}; check that both show the "
                "same region.",
            )
        )
    if not first.frame_key or first.frame_key != second.frame_key:
        return True, text + "; places cannot be compared without a common frame of reference."
    share = box_overlap(first, second)
    if share < settings.least_overlap:
        remarks.append(
            Remark(
                "no-common-region",
                f"{second.title}: shares {share:.0%} of its field with the first image although "
                "the frame of reference is the same; it is not registered.",
            )
        )
        return False, f"{text}; fields overlap by {share:.0%}, too little."
    return True, f"{text}; fields overlap by {share:.0%} of the smaller one."


def box_overlap(first: SeriesFacts, second: SeriesFacts) -> float:
    """Common volume of the images' boxes along the patient's axes over the smaller box."""
    boxes = [_box_mm(one) for one in (first, second)]
    lower = np.maximum(boxes[0][0], boxes[1][0])
    upper = np.minimum(boxes[0][1], boxes[1][1])
    common = float(np.prod(np.maximum(upper - lower, 0.0)))
    return common / min(float(np.prod(high - low)) for low, high in boxes)


def _box_mm(one: SeriesFacts) -> tuple[np.ndarray, np.ndarray]:
    geometry = one.volume.geometry
    size = np.array(geometry.shape[::-1])
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * size - 0.5
    points = geometry.points_mm(corners)
    return points.min(axis=0), points.max(axis=0)


def _extent_mm3(one: SeriesFacts) -> float:
    return float(np.prod(one.volume.geometry.shape)) * one.volume.geometry.voxel_volume_mm3
