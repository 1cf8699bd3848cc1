"""Images of one place at several times: which frame belongs to which phase.

The grid of planes × phases must be complete; the tag that told the phases apart is reported.
Index values are milliseconds where the tag is a time.
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
    instance number is kept. Raises GeometryError when the grid planes × phases has holes or no
    tag tells the phases apart.
    """
    planes = _by_plane(frames)
    counts = Counter(map(len, planes))
    usual = max(counts, key=lambda count: (counts[count], -count))
    if usual == 1:
        return _once(planes)
    if len(counts) > 1:
        raise GeometryError(
            f"The grid of {len(planes)} planes x {max(counts)} phases is incomplete: "
            f"{len(frames)} images instead of {len(planes) * max(counts)}; export all phases."
        )
    for tag in TIME_TAGS:
        if all(_told_apart(plane, tag) for plane in planes):
            break
    else:
        raise GeometryError(
            f"Every plane comes {usual} times and none of {', '.join(TIME_TAGS)} tells them apart."
        )
    ranked = [sorted(plane, key=lambda frame: frame.times[tag]) for plane in planes]
    parts = tuple(tuple(plane[phase] for plane in ranked) for phase in range(usual))
    moments = np.array([[frame.times[tag] for frame in part] for part in parts])
    name, unit = _INDEX_UNIT.get(tag, ("phase", "1"))
    index = np.median(moments, axis=1)
    if name == "phase" or np.any(np.diff(index) <= 0):
        name, unit, index = "phase", "1", np.arange(usual, dtype=float)
    elif tag == "AcquisitionTime":
        index = index - index[0]
    remark = Remark(
        "time-sequence",
        f"{len(planes)} planes x {usual} phases, told apart by {tag}"
        + ("." if name == "time" else "; no time in milliseconds is known."),
    )
    return Phases(parts, tuple(map(float, index)), name, unit, (remark,))


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
