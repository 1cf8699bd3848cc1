"""Files of a registration: offset, transforms, field, moved image, quality, result and report."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np

from AutoContourLib.registration.deformable import (
    RIGID_KEPT,
    DeformableRegistration,
    register_deformable,
)
from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.field_quality import MEANINGS
from AutoContourLib.registration.gray_values import with_modality
from AutoContourLib.registration.offset import RigidOffset, write_offset_transform
from AutoContourLib.registration.pictures import comparison_pictures, map_picture
from AutoContourLib.registration.rigid import (
    CHECK,
    DO_NOT_USE,
    USABLE,
    RigidRegistration,
    Verdict,
    least_agreement,
    register_rigid,
)
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.same_patient import different_patients
from AutoContourLib.registration.start_network import load_start_model
from MedImageLib.background.progress import tell
from MedImageLib.errors import InputError, Remark
from MedImageLib.report import report_of, write_report
from MedImageLib.resampling import resampled
from MedImageLib.results import Measurement, ModelUsed, QualityFlag, Result, Timing, input_identity
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.displacement import write_displacement, write_displacement_transform
from MedImageLib.writing.nrrd import write_volume

OFFSET_FILE = "offset.json"
_STATES: dict[Verdict, Literal["satisfied", "not", "not_assessable"]] = {
    USABLE: "satisfied",
    CHECK: "not_assessable",
    DO_NOT_USE: "not",
}


def register_files(
    fixed: Volume,
    moving: Volume,
    folder: Path,
    settings: RigidSettings,
    start: RigidOffset | None = None,
    field_settings: DeformableSettings | None = None,
) -> Result:
    """Register, write all files of the command `register`, return the result.

    field_settings: of the non-rigid part; None leaves it out. Raises what `register_rigid`
    raises.
    """
    begun = time.monotonic()
    tell(0.0, "Rigid registration")
    fixed, moving = with_modality(fixed), with_modality(moving)
    other_patient = different_patients(fixed, moving)
    begin = np.eye(4) if start is None else start.moving_from_fixed
    found = register_rigid(fixed, moving, settings, begin)
    timings = [Timing("rigid registration", time.monotonic() - begun)]
    field = None
    if field_settings is not None and found.verdict != DO_NOT_USE:
        begun = time.monotonic()
        tell(0.3, "Non-rigid registration")
        field = register_deformable(fixed, moving, found.moving_from_fixed, field_settings)
        timings.append(Timing("non-rigid registration", time.monotonic() - begun))
    tell(0.85, "Files of the registration")
    write_offset(found.offset, folder / OFFSET_FILE)
    write_offset_transform(found.offset, folder / "rigid.tfm")
    rigidly = resampled(moving, fixed.geometry, found.moving_from_fixed)
    moved = rigidly if field is None else field.moved
    write_volume(moved, folder / "moved.nrrd")
    _write_dicom(fixed, moving, found, field, folder)
    if field is not None:
        _write_field(field, fixed, moving, folder)
    result = registration_result(fixed, moving, found, settings, timings, field, field_settings)
    if other_patient is not None:
        result = _of_different_patients(result, other_patient)
    unmoved = resampled(moving, fixed.geometry, begin)
    pictures = comparison_pictures(fixed, unmoved, moved)
    if field is not None:
        pictures.append(map_picture(fixed, field.not_to_use))
    title = "Rigid registration" if field is None else "Registration"
    write_report(folder / "report.html", report_of(result, title, pictures))
    return result


def _of_different_patients(result: Result, remark: Remark) -> Result:
    """The result with the strongest thing to know in front; it is never `satisfied` as a whole."""
    return replace(
        result,
        flags=(QualityFlag("one-patient", "not", remark.text), *result.flags),
        findings=(f"DO NOT USE: {remark.text}", *result.findings),
        warnings=(remark, *result.warnings),
    )


def registration_result(
    fixed: Volume,
    moving: Volume,
    found: RigidRegistration,
    settings: RigidSettings,
    timings: list[Timing],
    field: DeformableRegistration | None = None,
    field_settings: DeformableSettings | None = None,
) -> Result:
    """The six numbers, how well the images fit, and whether offset and field may be used."""
    offset = found.offset
    numbers = [
        Measurement(f"{word}_{axis}", value, unit)
        for word, unit, values in (
            ("translation", "mm", offset.translation_mm),
            ("rotation", "deg", offset.rotation_deg),
            ("rotation_center", "mm", offset.center_mm),
        )
        for axis, value in zip("xyz", values, strict=True)
    ]
    numbers += [
        Measurement("similarity_before", found.before.score, "1"),
        Measurement("similarity_after", found.after.score, "1"),
        Measurement("common_body", found.after.overlap, "1"),
        Measurement("edge_agreement", found.after.agreement, "1"),
    ]
    shift = float(np.linalg.norm(offset.translation_mm))
    if found.stability is not None:
        numbers.append(Measurement("offset_doubt", found.stability.doubt_mm, "mm"))
    verdict = "" if found.usable else f"{found.verdict.upper()}: {found.remarks[0].text} "
    findings = [
        f"{verdict}Rigid offset of {shift:.1f} mm and {offset.turn_deg:.1f}° about the middle "
        "of the fixed image."
    ]
    flags = [
        QualityFlag(
            "registration-usable",
            _STATES[found.verdict],
            "The images overlap, their edges agree, and parts and measures find one offset."
            if found.usable
            else found.remarks[0].text,
            found.after.agreement,
            least_agreement(fixed, moving, settings),
        )
    ]
    remarks = [*fixed.remarks, *moving.remarks, *found.remarks]
    if field is not None and field_settings is not None:
        numbers += _field_numbers(field)
        flags.append(
            QualityFlag(
                "field-usable",
                "satisfied" if field.usable else "not",
                "The field may be used where the map does not refuse it."
                if field.usable
                else field.remarks[0].text,
                field.bad_share,
                field_settings.largest_bad_share,
            )
        )
        findings += _field_findings(field)
        remarks += field.remarks
    elif field_settings is not None:
        findings.append("No displacement field was made, since the rigid offset does not hold.")
    return Result(
        module="AutoContour",
        task="register",
        inputs=(input_identity(fixed, "fixed"), input_identity(moving, "moving")),
        values=tuple(numbers),
        flags=tuple(flags),
        findings=tuple(findings),
        warnings=tuple(remarks),
        models=_models(settings),
        timings=tuple(timings),
        settings=settings_to_dict(settings)
        | ({} if field_settings is None else settings_to_dict(field_settings)),
    )


def _models(settings: RigidSettings) -> tuple[ModelUsed, ...]:
    """The model that starts came from, where one was asked."""
    if not (settings.refine and settings.search and settings.learned):
        return ()
    model = load_start_model()
    return (ModelUsed(model.card.name, model.card.version, model.weights_sha256),)


def _field_numbers(field: DeformableRegistration) -> list[Measurement]:
    seen = field.not_to_use.array != 1
    numbers = [
        Measurement("jacobian_minimum", field.jacobian.minimum, "1"),
        Measurement("jacobian_maximum", field.jacobian.maximum, "1"),
        Measurement("folded_share", field.jacobian.folded_share, "1"),
        Measurement("share_not_to_use", field.bad_share, "1"),
    ]
    if seen.any():
        numbers.append(
            Measurement("local_similarity_mean", float(field.similarity[seen].mean()), "1")
        )
        if field.disagreement_mm is not None:
            values = field.disagreement_mm[seen]
            numbers += [
                Measurement("inverse_consistency_median", float(np.median(values)), "mm"),
                Measurement("inverse_consistency_p95", float(np.percentile(values, 95)), "mm"),
            ]
    return numbers


def _field_findings(field: DeformableRegistration) -> list[str]:
    report = field.jacobian
    text = (
        f"Displacement field: local volume between {report.minimum:.2f} and {report.maximum:.2f} "
        "times, no folds." if report.folded_share == 0 else "The displacement field folds."
    )  # fmt: skip
    if any(remark.code == RIGID_KEPT for remark in field.remarks):
        text = "The rigid offset is the whole mapping: no deformation was seen."
    parts = ", ".join(
        f"{name} ({(field.not_to_use.array == value).mean():.0%} of the fixed image)"
        for value, name in MEANINGS.items()
        if (field.not_to_use.array == value).any()
    )
    findings = [text]
    if not field.usable:
        findings.insert(0, "DO NOT USE THE FIELD: " + field.remarks[0].text)
    if parts:
        findings.append(f"Do not use the field here: {parts}.")
    return findings


def _write_field(
    field: DeformableRegistration, fixed: Volume, moving: Volume, folder: Path
) -> None:
    write_displacement(field.displacement_mm, field.geometry, folder / "displacement.nrrd")
    write_displacement_transform(field.displacement_mm, field.geometry, folder / "displacement.h5")
    write_displacement(field.inverse_mm, moving.geometry, folder / "inverse_displacement.nrrd")
    write_volume(field.not_to_use, folder / "not_to_use.nrrd")
    plain = replace(fixed, array=field.similarity, modality="", unit="", remarks=(), tags={})
    write_volume(plain, folder / "similarity.nrrd")
    if field.disagreement_mm is not None:
        write_volume(
            plain.with_array(field.disagreement_mm), folder / "inverse_consistency_mm.nrrd"
        )
    with finished_file(folder / "jacobian.json") as temporary:
        text = json.dumps(asdict(field.jacobian), indent=2) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _write_dicom(
    fixed: Volume,
    moving: Volume,
    found: RigidRegistration,
    field: DeformableRegistration | None,
    folder: Path,
) -> None:
    """Registration objects, where both images came as DICOM with a frame of reference."""
    still, free = (volume.tags.get("dicom_source") for volume in (fixed, moving))
    if still is None or free is None:
        return
    if not still.frame_of_reference_uid or not free.frame_of_reference_uid:
        return
    from MedImageLib.writing.dicom_reg import (
        write_deformable_registration,
        write_spatial_registration,
    )

    seed = f"{fixed.source_sha256} {moving.source_sha256} {found.offset}"
    path = folder / "spatial_registration.dcm"
    write_spatial_registration(found.moving_from_fixed, still, free, path, seed)
    if field is not None and np.linalg.det(np.array(field.geometry.direction)) > 0:
        path = folder / "deformable_registration.dcm"
        write_deformable_registration(
            field.displacement_mm, field.geometry, still, free, path, seed
        )


def write_offset(offset: RigidOffset, path: Path | str) -> None:
    """Write the six numbers and the center as JSON; a person may edit them."""
    values = {
        **asdict(offset),
        "convention": "moving = R (fixed - center) + center + translation; LPS mm; "
        "R turns about x, then y, then z",
        "moving_from_fixed": offset.moving_from_fixed.tolist(),
    }
    with finished_file(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8", newline="\n")


def refused_field(result: Result) -> bool:
    """Whether the result of a registration says not to use its displacement field."""
    return any(flag.code == "field-usable" and flag.state == "not" for flag in result.flags)


def read_offset(path: Path | str) -> RigidOffset:
    """The six numbers of a file by `write_offset`; the matrix in it is not read.

    Raises InputError naming the file.
    """
    path = Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return RigidOffset(*(values[n] for n in ("translation_mm", "rotation_deg", "center_mm")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name}: no offset could be read ({error}); expected translation_mm, "
            "rotation_deg and center_mm of three numbers each."
        ) from error
