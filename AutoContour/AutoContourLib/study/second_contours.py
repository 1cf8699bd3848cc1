"""Second contours of a study: of every image that is paired with the first one.

For each pair: the deformation degree of the organs, the question to a person where it exceeds its
threshold, the choice between carrying and drawing with its reason, and the contours' files.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import ndimage

from AutoContourLib.contours.carrying import carried, read_carrying_field
from AutoContourLib.contours.checks import doubts
from AutoContourLib.contours.contour_files import finished_contours
from AutoContourLib.contours.contour_reading import read_contours
from AutoContourLib.contours.contour_settings import (
    ContourSettings,
    RtstructSettings,
    SecondContourSettings,
)
from AutoContourLib.contours.contouring import Contours, contour_ct
from AutoContourLib.contours.ct_grid import mask_on, part_of
from AutoContourLib.contours.second_contour import (
    WORDS,
    SecondContourChoice,
    Way,
    second_contour_choice,
)
from AutoContourLib.registration.deformation_degree import (
    DeformationDegree,
    FieldDegree,
    degree_of_field,
)
from AutoContourLib.registration.output import OFFSET_FILE, read_offset
from AutoContourLib.registration.plan_decision import (
    PlanDecision,
    Thresholds,
    ask,
    exceeded,
    write_decision,
)
from AutoContourLib.study.overlap_degree import overlap_degree
from AutoContourLib.study.study_type import ImagePair
from MedImageLib.errors import MedImageError, Remark
from MedImageLib.results import QualityFlag, Result, output_files, read_result, write_result
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file, finished_folder

REGISTRATIONS, SECOND, DECISIONS = "registrations", "second_contours", "decisions"
DECISION_FILE, CHOICE_FILE = "plan_decision.json", "choice.json"
OVERLAP_FILE, DEGREE_FILE = "overlap_degree.json", "deformation_degree.json"
# Not organs that move: the patient's outline, the whole skeleton, and the way through it.
_NOT_ORGANS = ("body", "bone", "spinal_canal")


@dataclass(frozen=True, eq=False)
class SecondContours:
    """Results by place (`1-CT`), what was chosen of each pair in words, and remarks."""

    results: tuple[tuple[str, Result], ...]
    findings: tuple[str, ...]
    flags: tuple[QualityFlag, ...]
    remarks: tuple[Remark, ...]


def place_of(number: int, pair: ImagePair) -> str:
    """Name of a pair's folders; number: of the pair from 1."""
    return f"{number}-{pair.second.mode}"


def second_contours(
    pairs: Sequence[ImagePair],
    first: Contours,
    folder: Path,
    settings: SecondContourSettings,
    thresholds: Thresholds,
    drawing: ContourSettings | None = None,
) -> SecondContours:
    """Make what the settings ask for below `folder`/second_contours, the registrations of the
    pairs lying in `folder`/registrations.

    A pair that fails is a remark, never an end. What was chosen, and the question to a person
    where there is one, lie in `folder`/decisions.
    """
    results, findings, flags, remarks = [], [], [], []
    for number, pair in enumerate(pairs, start=1):
        place = place_of(number, pair)
        try:
            degree = organ_degree(first, folder / REGISTRATIONS / place)
            decision = _asked(degree, thresholds, first, folder / DECISIONS / place)
            choice = second_contour_choice(
                settings,
                compared="register" in pair.steps,
                exceeded=None if degree is None else exceeded(degree, thresholds),
                has_field=_has_field(folder / REGISTRATIONS / place),
                drawable=pair.second.mode == "CT",
            )
            _write_choice(folder / DECISIONS / place, choice, degree, thresholds, settings)
            findings.append(
                f"{pair.second.title}: second contour {WORDS[choice.way]}: {choice.reason}."
            )
            if decision is not None:
                flags.append(QualityFlag("plan-question", "not_assessable", decision.question))
            ways: tuple[Way, ...] = (choice.way, choice.other)
            for way, name in zip(ways, (place, f"{place}-{choice.other}"), strict=True):
                if way != "none":
                    found = write_second_contour(
                        way,
                        first,
                        replace(pair.second.volume, modality=pair.second.mode),
                        folder / REGISTRATIONS / place,
                        folder / SECOND / name,
                        choice.reason,
                        drawing,
                    )
                    results.append((name, found))
                    if way == "anew":
                        text, asked = _compared(pair, first, folder, place, name, thresholds)
                        findings.append(text)
                        flags += [asked] if asked else []
        except MedImageError as error:
            text = f"{pair.second.title}: no second contour. {error}"
            remarks.append(Remark("no-second-contour", text))
    return SecondContours(tuple(results), tuple(findings), tuple(flags), tuple(remarks))


def _compared(
    pair: ImagePair, first: Contours, folder: Path, place: str, name: str, thresholds: Thresholds
) -> tuple[str, QualityFlag | None]:
    """How much contours drawn on both images overlap, in words, and the question where that
    exceeds its threshold, which is asked where no displacement field was measured."""
    second = read_contours(folder / SECOND / name, pair.second.volume)
    offset = folder / REGISTRATIONS / place / OFFSET_FILE
    if not offset.is_file():
        return f"{pair.second.title}: no offset to compare the contours by.", None
    degree = overlap_degree(first, second, read_offset(offset))
    with finished_file(folder / DECISIONS / place / OVERLAP_FILE) as temporary:
        values = [asdict(one) for one in degree.by_overlap]
        temporary.write_text(json.dumps(values, indent=1) + "\n", "utf-8", newline="\n")
    above = exceeded(degree, thresholds)
    least = min(
        (one for one in degree.by_overlap if one.dice is not None),
        key=lambda one: one.dice or 0.0,
        default=None,
    )
    if least is None:
        return f"{pair.second.title}: no structure was drawn on both images.", None
    text = (
        f"{pair.second.title}: contours drawn on both images overlap least in "
        f"{least.structure.replace('_', ' ')} (Dice {least.dice:.2f}); {len(above)} of "
        f"{len(degree.by_overlap)} are below {1 - thresholds.overlap:.2f}."
    )
    if (folder / REGISTRATIONS / place / DEGREE_FILE).is_file():
        return text, None
    decision = _asked(degree, thresholds, first, folder / DECISIONS / place)
    if decision is None:
        return text, None
    return text, QualityFlag("plan-question", "not_assessable", decision.question)


def organ_degree(first: Contours, registration: Path) -> DeformationDegree | None:
    """Degree of the whole body as registration measured it, and of each organ of the first
    contour; None where none was measured."""
    try:
        values = json.loads((registration / DEGREE_FILE).read_text("utf-8"))
    except OSError:
        return None
    whole = FieldDegree(**values["by_field"][0])
    field = read_carrying_field(registration, to_first=True)
    offset = read_offset(registration / OFFSET_FILE).moving_from_fixed
    found = [whole]
    for key, mask in first.masks.items():
        if key in _NOT_ORGANS:
            continue
        on_field = mask_on(mask, first.scan.geometry, field.geometry)
        box = _box(on_field)
        if box is None:
            continue
        # Organs fill little of the image, and a gradient needs two voxels along every axis.
        labels = Volume(
            on_field[box].astype(np.uint8), part_of(field.geometry, box), is_labelmap=True
        )
        vectors = field.displacement_mm[box]
        one = degree_of_field(vectors, labels.geometry, offset, labels).by_field[0]
        found.append(replace(one, structure=key))
    return DeformationDegree(by_field=tuple(found))


def carried_contours(
    first: Contours, second: Volume, registration: Path, origin: str = WORDS["field"]
) -> Contours:
    """The first contours on the second image by the registration's field. Raises InputError."""
    field = read_carrying_field(registration)
    masks, remarks = carried(first.masks, first.scan.geometry, second.geometry, field)
    remarks = (*remarks, *doubts(masks, second.geometry))
    return Contours(second, masks, remarks=remarks, origins=dict.fromkeys(masks, origin))


def write_second_contour(
    way: Way,
    first: Contours,
    second: Volume,
    registration: Path,
    place: Path,
    reason: str,
    drawing: ContourSettings | None = None,
) -> Result:
    """Make the second contour one way into the folder `place`, by rename; returns its result.

    registration: folder of the pair's. Raises InputError when it holds no field to carry with, or
    the image cannot be contoured.
    """
    started, drawing = time.monotonic(), drawing or ContourSettings()
    if way == "field":
        contours = carried_contours(first, second, registration)
    else:
        contours = contour_ct(second, drawing)
        origins = {k: contours.origin(k).replace("drawn", "drawn anew") for k in contours.masks}
        contours = replace(contours, origins=origins)
    with finished_folder(place) as folder:
        result = finished_contours(contours, folder, ContourSettings(), RtstructSettings(), started)
        finding = f"Second contour {WORDS[way]}: {reason}."
        result = replace(
            result,
            findings=(finding, *result.findings),
            settings={**result.settings, "second_way": way},
        )
        write_result(folder, replace(result, files=output_files(folder)))
    return result


def _asked(
    degree: DeformationDegree | None, thresholds: Thresholds, first: Contours, folder: Path
) -> PlanDecision | None:
    """The question to a person, written down, where a threshold is exceeded."""
    if degree is None:
        return None
    study = first.scan.source_sha256[:16] or "generated"
    decision = ask(degree, thresholds, study, datetime.now(UTC))
    if decision is not None:
        write_decision(folder / DECISION_FILE, decision)
    return decision


def _has_field(registration: Path) -> bool:
    try:
        result = read_result(registration)
    except MedImageError:
        return False
    usable = all(flag.state == "satisfied" for flag in result.flags)
    return usable and (registration / "inverse_displacement.nrrd").is_file()


def _write_choice(
    folder: Path,
    choice: SecondContourChoice,
    degree: DeformationDegree | None,
    thresholds: Thresholds,
    settings: SecondContourSettings,
) -> None:
    values = {
        **asdict(choice),
        "settings": asdict(settings),
        "thresholds": {"p95_mm": thresholds.p95_mm, "overlap": thresholds.overlap},
        "degree_p95_mm": {
            one.structure: round(one.p95_mm, 3) for one in (degree.by_field if degree else ())
        },
    }
    with finished_file(folder / CHOICE_FILE) as temporary:
        text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The box of a mask, at least two voxels along every axis."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found or min(mask.shape) < 2:
        return None
    return tuple(
        part if part.stop - part.start > 1 else slice(max(0, part.stop - 2), max(2, part.stop))
        for part in found[0]
    )
