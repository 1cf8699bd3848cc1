"""Files of one DICOM series to volumes and time sequences, by geometry alone.

File names, instance numbers and slice locations decide nothing: planes are ordered along their
normal, planes of other orientation or matrix are kept apart, and what was left out, filled in or
assumed is a remark.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.reading.dicom_frames import Frame
from MedImageLib.reading.dicom_header import DicomFile
from MedImageLib.reading.dicom_pixels import read_pixels, rescaled
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS, Limits, ReadingSettings
from MedImageLib.reading.phases import phases_of, split_variants
from MedImageLib.reading.stacking import StackPlan, fill_stack, plan_stack
from MedImageLib.reading.suv import SUV_UNIT
from MedImageLib.volume import Volume, VolumeSequence

_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3
_OWN_VOLUME_SLICES = 3


@dataclass(frozen=True)
class Refused:
    """What could not be read. source: the file's path as given, or a series' key."""

    source: str
    text: str


@dataclass(frozen=True, eq=False)
class SeriesImages:
    """Images of one series, and the files or groups of it that were refused."""

    images: tuple[Volume | VolumeSequence, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(eq=False)
class _Planes:
    """Decoded planes of one series and the files they come from."""

    values: dict[Frame, np.ndarray] = field(default_factory=dict)
    sha256: dict[Path, str] = field(default_factory=dict)
    files: dict[Path, DicomFile] = field(default_factory=dict)


def read_series(
    files: Sequence[DicomFile],
    limits: Limits = DEFAULT_LIMITS,
    settings: ReadingSettings = DEFAULT_SETTINGS,
) -> SeriesImages:
    """All images of the files of one series that lie in patient space (CT, MR, PET, ...).

    One broken slice does not lose the others: it is refused, its place is a gap that a remark
    names. Never raises for what the files hold.
    """
    refused: list[Refused] = []
    remarks = list(_unique(remark for file in files for remark in file.remarks))
    usable = _placeable(files, refused, remarks)
    if not usable:
        return SeriesImages((), tuple(refused))
    frames = [frame for file in usable for frame in file.frames]
    frames = _without_repeats(frames, remarks)
    frames = _without_localizers(frames, remarks)
    groups = _groups_of_one_grid(frames, {file.path: file for file in usable}, remarks)
    images: list[Volume | VolumeSequence] = []
    for number, group in enumerate(groups):
        try:
            planes = _decode(group, usable, limits, refused)
            group = [frame for frame in group if frame in planes.values]
            if not group:
                continue
            noted = tuple(remarks) if number == 0 else ()
            for part, more in split_variants(group):
                images.append(_assemble(part, planes, (*noted, *more), limits, settings))
        except InputError as error:
            refused.append(Refused(_group_name(group, usable), str(error)))
    return SeriesImages(tuple(images), tuple(refused))


def _group_name(group: Sequence[Frame], files: Sequence[DicomFile]) -> str:
    paths = {frame.path for frame in group}
    return str(next(iter(paths))) if len(paths) == 1 else f"series {files[0].series_key}"


def _unique(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    return tuple(dict.fromkeys(remarks))


def _placeable(
    files: Sequence[DicomFile], refused: list[Refused], remarks: list[Remark]
) -> list[DicomFile]:
    """Files with a place in the patient; the others are refused by name, and remarked."""
    usable = []
    for file in files:
        problem = file.problem or next((f.problem for f in file.frames if f.problem), "")
        if problem:
            refused.append(Refused(str(file.path), f"{file.path}: {problem}."))
        else:
            usable.append(file)
    if usable and len(usable) < len(files):
        names = ", ".join(sorted(file.path.name for file in files if file not in usable)[:20])
        remarks.append(
            Remark("missing-geometry", f"Left out, for they have no place in the patient: {names}.")
        )
    expected = {f.concatenation for f in usable if f.concatenation and f.concatenation[1]}
    for uid, total in expected:
        found = sum(f.concatenation is not None and f.concatenation[0] == uid for f in usable)
        if found < total:
            remarks.append(
                Remark("concatenation-incomplete", f"{found} of {total} parts of one image found.")
            )
    return usable


def _without_repeats(frames: list[Frame], remarks: list[Remark]) -> list[Frame]:
    """Frames of one SOP instance at one place, once."""
    kept: dict[object, Frame] = {}
    for frame in sorted(frames, key=lambda f: (str(f.path), f.index)):
        uid = frame.sop_instance_uid or str(frame.path)
        kept.setdefault((uid, frame.index, frame.position_mm), frame)
    if len(kept) < len(frames):
        count = len(frames) - len(kept)
        remarks.append(
            Remark("duplicate-slices", f"{count} files repeat another one and were left out.")
        )
    return list(kept.values())


def _without_localizers(frames: list[Frame], remarks: list[Remark]) -> list[Frame]:
    images = [frame for frame in frames if "LOCALIZER" not in frame.image_type]
    if images and len(images) < len(frames):
        count = len(frames) - len(images)
        remarks.append(
            Remark("localizer-left-out", f"{count} localizer images of the series were left out.")
        )
        return images
    return frames


def _groups_of_one_grid(
    frames: list[Frame], files: dict[Path, DicomFile], remarks: list[Remark]
) -> list[list[Frame]]:
    """Frames of one orientation, matrix and pixel spacing; the largest group first."""
    groups: list[list[Frame]] = []
    for frame in frames:
        for group in groups:
            if _same_grid(frame, group[0], files):
                group.append(frame)
                break
        else:
            groups.append([frame])
    groups.sort(key=len, reverse=True)
    kept = groups[:1]
    for group in groups[1:]:
        turned = not any(_same_orientation(group[0], other[0]) for other in kept)
        if turned or len(group) >= _OWN_VOLUME_SLICES:
            kept.append(group)
            continue
        names = ", ".join(sorted({frame.path.name for frame in group})[:20])
        remarks.append(
            Remark("odd-matrix", f"Left out, their matrix or pixel spacing differs: {names}.")
        )
    if len(kept) > 1:
        remarks.append(
            Remark("several-grids", f"The series holds {len(kept)} stacks of different geometry.")
        )
    return kept


def _same_orientation(one: Frame, other: Frame) -> bool:
    return bool(
        np.abs(np.subtract(one.orientation or 0, other.orientation or 0)).max() < _SAME_DIRECTION
    )


def _same_grid(one: Frame, other: Frame, files: dict[Path, DicomFile]) -> bool:
    first, second = files[one.path].pixels, files[other.path].pixels
    assert first is not None
    assert second is not None
    return (
        (first.rows, first.columns) == (second.rows, second.columns)
        and _same_orientation(one, other)
        and bool(
            np.allclose(one.pixel_spacing_mm or 0, other.pixel_spacing_mm or 0, rtol=_SAME_SPACING)
        )
    )


def _decode(
    group: list[Frame], files: Sequence[DicomFile], limits: Limits, refused: list[Refused]
) -> _Planes:
    """Planes in the unit of the modality; a file that cannot be decoded is refused alone."""
    by_path = defaultdict(list)
    for frame in group:
        by_path[frame.path].append(frame)
    known = {file.path: file for file in files}
    first = known[group[0].path].pixels
    assert first is not None
    limits.check_voxels(group[0].path, len(group), first.rows, first.columns)
    planes = _Planes()
    for path in sorted(by_path):
        try:
            pixels = read_pixels(known[path], limits)
        except InputError as error:
            refused.append(Refused(str(path), str(error)))
            continue
        planes.files[path] = known[path]
        planes.sha256[path] = pixels.sha256
        for frame in by_path[path]:
            planes.values[frame] = rescaled(
                pixels.stored[frame.index], frame.slope, frame.intercept
            )
    return planes


def _assemble(
    frames: list[Frame],
    planes: _Planes,
    remarks: tuple[Remark, ...],
    limits: Limits,
    settings: ReadingSettings,
) -> Volume | VolumeSequence:
    phases = phases_of(frames)
    remarks = (*remarks, *phases.remarks)
    first = planes.files[frames[0].path]
    assert first.pixels is not None
    volumes = []
    for part in phases.parts:
        volumes.append(_volume(part, planes, remarks, limits, settings))
        limits.check_voxels(first.path, len(phases.parts), *volumes[0].geometry.shape)
    if phases.index_name == "":
        return volumes[0]
    same = volumes[0].geometry
    if not all(same.same_grid(volume.geometry) for volume in volumes):
        raise GeometryError(f"{first.path.parent}: the time frames do not share one grid.")
    return VolumeSequence(
        tuple(volumes), phases.index_values, phases.index_name, phases.index_unit, remarks
    )


def _volume(
    frames: Sequence[Frame],
    planes: _Planes,
    remarks: tuple[Remark, ...],
    limits: Limits,
    settings: ReadingSettings,
) -> Volume:
    plan = _plan(frames, planes, settings)
    first = planes.files[frames[plan.order[0]].path]
    limits.check_voxels(first.path, *plan.geometry.shape)
    slices = np.stack([planes.values[frame] for frame in frames])
    array = fill_stack(plan, slices)
    del slices
    array, unit, noted = _in_unit(array, frames, first, settings)
    tags = dict(first.tags)
    tags["dicom_source"] = _source(plan, frames, planes)
    tags["resampled"] = plan.is_resampled
    tags["image_type"] = frames[plan.order[0]].image_type
    if plan.added_planes:
        tags["interpolated_planes"] = plan.added_planes
    return Volume(
        array=array,
        geometry=plan.geometry,
        modality=first.modality,
        unit=unit,
        source_sha256=_combined_sha256([planes.sha256[path] for path in planes.sha256]),
        remarks=_unique((*remarks, *plan.remarks, *noted)),
        tags=tags,
    )


def _plan(frames: Sequence[Frame], planes: _Planes, settings: ReadingSettings) -> StackPlan:
    first = frames[0]
    pixels = planes.files[first.path].pixels
    assert pixels is not None
    assert first.orientation is not None
    assert first.pixel_spacing_mm is not None
    try:
        return plan_stack(
            np.array([frame.position_mm for frame in frames]),
            first.orientation,
            first.pixel_spacing_mm,
            (pixels.rows, pixels.columns),
            first.slice_thickness_mm,
            settings.uneven_slices,
        )
    except GeometryError as error:
        where = first.path if len(planes.files) == 1 else first.path.parent
        raise GeometryError(f"{where}: {error}") from None


def _in_unit(
    array: np.ndarray, frames: Sequence[Frame], file: DicomFile, settings: ReadingSettings
) -> tuple[np.ndarray, str, tuple[Remark, ...]]:
    """Values, their unit, and remarks: Hounsfield units of CT, SUV or activity of PET."""
    assert file.pixels is not None
    if file.pixels.photometric == "MONOCHROME1":
        remark = Remark(
            "monochrome1",
            "The pixels are MONOCHROME1 (dark is high); the values were left as stored and are "
            "not to be used as Hounsfield units or other quantities.",
        )
        return array, "", (remark,)
    if "LOCALIZER" in frames[0].image_type:
        remark = Remark("localizer", "A localizer: for planning a scan, not for measuring.")
        return array, "", (remark,)
    if file.modality == "CT":
        kinds = {frame.rescale_type for frame in frames}
        if kinds <= {"", "HU"}:
            return array, "[hnsf'U]", ()
        return array, "", (Remark("not-hounsfield", "Rescale Type says the values are not HU."),)
    if file.pet is None:
        return array, "", ()
    if file.pet.suv_factor is None or not settings.suv:
        return array, file.pet.unit, file.pet.remarks() if settings.suv else ()
    return (array * file.pet.suv_factor).astype(np.float32), SUV_UNIT, file.pet.remarks()


def _source(plan: StackPlan, frames: Sequence[Frame], planes: _Planes) -> DicomSource:
    ordered = [frames[n] for n in plan.order]
    first = planes.files[ordered[0].path]
    slice_of_plane: dict[int, int] = {}
    for n, plane in enumerate(plan.plane_of_slice):
        if abs(plane - round(plane)) < 0.05:
            slice_of_plane[round(float(plane))] = n
    return DicomSource(
        files=tuple(frame.path for frame in ordered),
        frame_numbers=tuple(frame.index + 1 for frame in ordered),
        sop_instance_uids=tuple(frame.sop_instance_uid for frame in ordered),
        positions_mm=tuple(frame.position_mm or (0.0, 0.0, 0.0) for frame in ordered),
        slice_of_plane=tuple(slice_of_plane.get(k) for k in range(plan.geometry.shape[0])),
        sop_class_uid=first.sop_class_uid,
        study_instance_uid=first.study_instance_uid,
        series_instance_uid=first.series_instance_uid,
        frame_of_reference_uid=first.frame_of_reference_uid,
    )


def _combined_sha256(digests: Sequence[str]) -> str:
    """Of one file its own, of several that of their sorted digests, one a line."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
