"""The short-axis cine of a file or folder: the stack with most planes, in all its phases.

Some scanners export every plane as a series of its own; such series are joined by geometry, in
LPS millimeters. Whatever cannot be used ends in `NotShortAxisCineError`, which names the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from CardiacLVLib.cine.short_axis import NotShortAxisCineError, check_cine
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.reading import Limits, ReadingSettings, read_any, read_listed, read_series_folder
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS
from MedImageLib.reading.stacking import SAME_PLANE_MM, distances_mm, fill_stack, plan_stack
from MedImageLib.volume import Volume, VolumeSequence

_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3


def load_cine(
    path: str | Path, limits: Limits = DEFAULT_LIMITS, settings: ReadingSettings = DEFAULT_SETTINGS
) -> VolumeSequence:
    """The cine of a 4-D NIfTI, NRRD or MetaImage file, a multi-frame DICOM file, or a folder.

    A folder may hold one DICOM series, one series a plane, or one 4-D file; what else it holds is
    left out, and a remark counts it. Frames are checked as far as files and numbers tell; whether
    a left ventricle is seen is decided when it is segmented.
    Raises NotShortAxisCineError with the path and the cause; InputError where nothing is there.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; give a short-axis cine MR.")
    try:
        if path.is_dir():
            contents = read_series_folder(path, limits, settings)
            reasons = [refused.text for refused in contents.refused]
            cine = cine_among(contents.images, reasons)
        else:
            cine = cine_among([read_any(path, limits, settings)])
        check_cine(cine)
    except NotShortAxisCineError as error:
        raise NotShortAxisCineError(error.reason, str(path)) from error
    except InputError as error:
        raise NotShortAxisCineError(_without_name(error, path), str(path)) from error
    return cine


def load_listed_cine(files: Sequence[Path]) -> VolumeSequence:
    """The cine of files that are known to belong together. Raises as `load_cine` does."""
    try:
        cine = cine_among(read_listed(files))
        check_cine(cine)
    except NotShortAxisCineError as error:
        raise NotShortAxisCineError(error.reason, files[0].name if files else "") from error
    return cine


def cine_among(
    images: Sequence[Volume | VolumeSequence], reasons: Sequence[str] = ()
) -> VolumeSequence:
    """The cine with most planes among images; planes of one stack are joined first.

    reasons: why other files could not be read, for the message when no cine is left.
    Raises NotShortAxisCineError when there is none, or when several have as many planes.
    """
    cines = [image for image in images if isinstance(image, VolumeSequence)]
    if not cines:
        raise NotShortAxisCineError(_no_cine(images, reasons))
    stacks = joined_stacks(cines)
    stacks.sort(key=lambda cine: cine.frames[0].array.shape[0], reverse=True)
    planes = [cine.frames[0].array.shape[0] for cine in stacks]
    if planes.count(planes[0]) > 1:
        raise NotShortAxisCineError(
            f"{planes.count(planes[0])} cines of {planes[0]} planes each were found; "
            "give the folder or file of one"
        )
    others = len(images) - len(cines) + len(stacks) - 1
    if not others and not reasons:
        return stacks[0]
    remark = Remark(
        "other-images-left-out",
        f"The cine with most planes was taken; {others} other images were left out and "
        f"{len(reasons)} could not be read.",
    )
    return replace(stacks[0], remarks=(*stacks[0].remarks, remark))


def joined_stacks(cines: Sequence[VolumeSequence]) -> list[VolumeSequence]:
    """Cines of parallel planes, one matrix and as many phases joined to stacks; others as given.

    Of planes that were acquired twice the later one in the order given is kept, and said.
    """
    groups: list[list[VolumeSequence]] = []
    for cine in cines:
        for group in groups:
            if _same_stack(cine, group[0]):
                group.append(cine)
                break
        else:
            groups.append([cine])
    result: list[VolumeSequence] = []
    for group in groups:
        try:
            result.append(_joined(group) if len(group) > 1 else group[0])
        except GeometryError:
            # Parallel, but no stack: they stay what they were.
            result.extend(group)
    return result


def _same_stack(one: VolumeSequence, other: VolumeSequence) -> bool:
    first, second = one.frames[0], other.frames[0]
    directions = np.subtract(first.geometry.direction, second.geometry.direction)
    return (
        len(one.frames) == len(other.frames)
        and first.array.shape[1:] == second.array.shape[1:]
        and first.modality == second.modality
        and first.geometry.spacing_known == second.geometry.spacing_known
        and first.tags.get("study_key") == second.tags.get("study_key")
        and bool(np.abs(directions).max() < _SAME_DIRECTION)
        and bool(
            np.allclose(
                first.geometry.spacing_mm[:2], second.geometry.spacing_mm[:2], rtol=_SAME_SPACING
            )
        )
    )


def _joined(group: Sequence[VolumeSequence]) -> VolumeSequence:
    first = group[0].frames[0]
    axes = np.array(first.geometry.direction)
    orientation = (*axes[:, 0], *axes[:, 1])
    positions, owners = [], []
    for cine in group:
        geometry = cine.frames[0].geometry
        for k in range(geometry.shape[0]):
            positions.append(geometry.points_mm(np.array([0, 0, k])))
            owners.append((cine, k))
    kept = _latest_of_each_plane(distances_mm(np.array(positions), orientation))
    thickness = first.geometry.spacing_mm[2]
    i_mm, j_mm, _ = first.geometry.spacing_mm
    plan = plan_stack(
        np.array([positions[n] for n in kept]),
        orientation,
        (j_mm, i_mm),
        (first.array.shape[1], first.array.shape[2]),
        thickness,
    )
    remarks = [
        Remark("planes-joined", f"{len(kept)} planes of {len(group)} series were joined."),
        *plan.remarks,
    ]
    if len(kept) < len(positions):
        remarks.append(
            Remark(
                "duplicate-slices",
                f"{len(positions) - len(kept)} planes were acquired again; the last was kept.",
            )
        )
    if len({cine.frames[0].tags.get("frame_of_reference_key") for cine in group}) > 1:
        remarks.append(
            Remark(
                "frames-of-reference-differ",
                "The planes name different frames of reference, as anonymized copies do; they "
                "were put together by their positions.",
            )
        )
    noted = tuple(dict.fromkeys([*(r for cine in group for r in cine.remarks), *remarks]))
    tags = {key: value for key, value in first.tags.items() if key != "dicom_source"}
    frames = tuple(
        replace(
            first,
            array=fill_stack(
                plan, np.stack([owners[n][0].frames[m].array[owners[n][1]] for n in kept])
            ),
            geometry=plan.geometry,
            remarks=noted,
            tags=tags,
        )
        for m in range(len(group[0].frames))
    )
    index = np.median([cine.index_values for cine in group], axis=0)
    cine = group[0]
    return VolumeSequence(frames, tuple(map(float, index)), cine.index_name, cine.index_unit, noted)


def _latest_of_each_plane(along_mm: np.ndarray) -> list[int]:
    kept: dict[int, int] = {}
    for n, depth in enumerate(along_mm):
        same = next((m for m in kept if abs(along_mm[m] - depth) <= SAME_PLANE_MM), n)
        kept[same] = n
    return list(kept.values())


def _no_cine(images: Sequence[Volume | VolumeSequence], reasons: Sequence[str]) -> str:
    single = [image for image in images if isinstance(image, Volume)]
    if not single:
        return reasons[0].rstrip(".") if reasons else "no images were found"
    if any(remark.code == "color-picture" for image in single for remark in image.remarks):
        return "it is a color picture, such as a screenshot, and no MR image"
    what = f"{len(single)} single images" if len(single) > 1 else "a single image"
    modality = f" of modality {single[0].modality}" if single[0].modality else ""
    return f"it holds {what}{modality}, and no sequence of at least two phases of a beat"


def _without_name(error: InputError, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ").rstrip(".")
