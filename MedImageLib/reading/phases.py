"""Images of one place at several times: which frame belongs to which phase.

The tag that told the phases apart is reported. A grid of planes × phases with holes is reported
too and never reshaped: planes at its ends that lack phases are left out by name, a hole inside is
refused. Index values are milliseconds where the tag is a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import GeometryError, Remark
from MedImageLib.reading.dicom_frames import TIME_TAGS, Frame
from MedImageLib.reading.stacking import SAME_PLANE_MM, distances_mm

_INDEX_UNIT = {"TriggerTime": ("time", "ms"), "AcquisitionTime": ("time", "ms")}
_VARIANTS = ("image type", "echo number or stack", "echo time", "diffusion weighting")


@dataclass(frozen=True)
class Phases:
    """Frames by phase; one part and an empty index name where every plane comes once."""

    parts: tuple[tuple[Frame, ...], ...]
    index_values: tuple[float, ...] = ()
    index_name: str = ""
    index_unit: str = ""
    remarks: tuple[Remark, ...] = ()


def split_variants(frames: list[Frame]) -> list[tuple[list[Frame], tuple[Remark, ...]]]:
    """Frames of one image type, echo and diffusion weighting each, where planes come repeatedly."""
    if max(map(len, _by_plane(frames))) == 1:
        return [(frames, ())]
    for number, name in enumerate(_VARIANTS):
        parts: dict[str, list[Frame]] = {}
        for frame in frames:
            parts.setdefault(frame.variant[number] if frame.variant else "", []).append(frame)
        if len(parts) == 1:
            continue
        counts = {len(_by_plane(part)) for part in parts.values()}
        if len(counts) == 1 and sum(map(len, parts.values())) == len(frames):
            remark = Remark("split-series", f"The series was split by {name}.")
            split: list[tuple[list[Frame], tuple[Remark, ...]]] = []
            for part in parts.values():
                split.extend((deeper, (remark, *more)) for deeper, more in split_variants(part))
            return split
    return [(frames, ())]


def phases_of(frames: Sequence[Frame]) -> Phases:
    """Frames of one grid by phase.

    Planes that come once form one part; a few planes that come again are duplicates, the lowest
    instance number is kept. Planes at the ends of a stack that lack phases are left out and
    named. Raises GeometryError when a plane inside lacks phases (it says which) or no tag tells
    the phases apart.
    """
    planes = _by_plane(frames)
    counts = Counter(map(len, planes))
    usual = max(counts, key=lambda count: (counts[count], -count))
    if usual == 1:
        return _once(planes)
    tag = _telling_tag(planes, usual)
    whole, remarks = _whole_planes(planes, usual, tag)
    ranked = [sorted(plane, key=lambda frame: frame.times[tag]) for plane in whole]
    parts = tuple(tuple(plane[phase] for plane in ranked) for phase in range(usual))
    name, unit, index = _index(parts, tag)
    told = Remark(
        "time-sequence",
        f"{len(whole)} planes x {usual} phases, told apart by {tag}"
        + ("." if name == "time" else "; no time in milliseconds is known."),
    )
    return Phases(parts, tuple(map(float, index)), name, unit, (told, *remarks))


def _telling_tag(planes: list[list[Frame]], usual: int) -> str:
    """The first tag that tells the phases of every whole plane apart."""
    whole = [plane for plane in planes if len(plane) == usual]
    for tag in TIME_TAGS:
        if all(_told_apart(plane, tag) for plane in whole):
            return tag
    raise GeometryError(
        f"Every plane comes {usual} times and none of {', '.join(TIME_TAGS)} tells them apart."
    )


def _whole_planes(
    planes: list[list[Frame]], usual: int, tag: str
) -> tuple[list[list[Frame]], tuple[Remark, ...]]:
    """The planes with all phases, and a remark on those at the ends that were left out."""
    whole = [n for n, plane in enumerate(planes) if len(plane) == usual]
    if len(whole) == len(planes):
        return planes, ()
    texts = [_what_is_wrong(n, planes, whole[0], tag) for n in range(len(planes)) if n not in whole]
    found = sum(map(len, planes))
    grid = (
        f"The grid of {len(planes)} planes x {usual} phases is incomplete, {found} images instead "
        f"of {len(planes) * usual}: {'; '.join(texts)}"
    )
    inside = len(whole) != whole[-1] - whole[0] + 1
    if inside or 2 * len(whole) < len(planes):
        raise GeometryError(f"{grid}; export all phases.")
    remark = Remark("incomplete-planes", f"{grid}. These planes at the ends were left out.")
    return [planes[n] for n in whole], (remark,)


def _what_is_wrong(number: int, planes: list[list[Frame]], example: int, tag: str) -> str:
    """Which phases a plane lacks, by the nearest moments of a whole plane; planes from 0."""
    plane, usual = planes[number], len(planes[example])
    if len(plane) > usual:
        return f"plane {number} has {len(plane)} images"
    if not _told_apart(plane, tag):
        return f"plane {number} has {len(plane)} images that {tag} does not tell apart"
    wanted = np.sort([frame.times[tag] for frame in planes[example]])
    here = np.sort([frame.times[tag] for frame in plane])
    if tag in ("AcquisitionTime", "InstanceNumber"):
        # These run on from plane to plane: only their number can be compared.
        return f"plane {number} lacks {usual - len(plane)} phases"
    taken = {int(np.abs(wanted - moment).argmin()) for moment in here}
    lacking = [phase for phase in range(usual) if phase not in taken]
    listed = ", ".join(map(str, lacking[:20]))
    return f"plane {number} lacks phase{'s' if len(lacking) > 1 else ''} {listed} (from 0)"


def _index(parts: tuple[tuple[Frame, ...], ...], tag: str) -> tuple[str, str, np.ndarray]:
    """Name, unit and values of the index: milliseconds where the tag is a time that rises."""
    moments = np.array([[frame.times[tag] for frame in part] for part in parts])
    if tag == "AcquisitionTime":
        # Planes are acquired one after the other; within each the time runs from its first.
        moments = moments - moments[0]
    index = np.median(moments, axis=1)
    name, unit = _INDEX_UNIT.get(tag, ("phase", "1"))
    if name == "phase" or np.any(np.diff(index) <= 0):
        return "phase", "1", np.arange(len(parts), dtype=float)
    return name, unit, index


def _by_plane(frames: Sequence[Frame]) -> list[list[Frame]]:
    orientation = frames[0].orientation
    assert orientation is not None
    along = distances_mm(np.array([frame.position_mm for frame in frames]), orientation)
    order = np.argsort(along, kind="stable")
    planes: list[list[Frame]] = []
    last = -np.inf
    for n in order:
        if along[n] - last > SAME_PLANE_MM:
            planes.append([])
            last = along[n]
        planes[-1].append(frames[n])
    return planes


def _once(planes: list[list[Frame]]) -> Phases:
    kept = tuple(
        min(plane, key=lambda f: (f.times.get("InstanceNumber", np.inf), str(f.path), f.index))
        for plane in planes
    )
    dropped = sum(map(len, planes)) - len(kept)
    if not dropped:
        return Phases((kept,))
    remark = Remark(
        "duplicate-slices",
        f"{dropped} images repeat the place of another; the lowest instance number was kept.",
    )
    return Phases((kept,), remarks=(remark,))


def _told_apart(plane: list[Frame], tag: str) -> bool:
    moments = {frame.times.get(tag) for frame in plane}
    return None not in moments and len(moments) == len(plane)
