"""Are contoured organs where organs are? Parts, holes, sides, volumes, places to one another.

Limits come from the drawn organs of training patients (`Resources/contours/head_neck.toml`). An
organ that does not fit is left out and named: better none than an invented one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from scipy import ndimage

from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.resources import resource_path

# Tubes may be cut by a gap of a few slices; the others are one piece each.
TUBES = frozenset({"spinal_cord", "esophagus"})
_LEAST_PART = 0.1
_VOLUME_FACTOR = 2.0
_DEVIATIONS = 5.0
_SLACK_MM = 10.0
_FEWEST_WITNESSES = 3


@dataclass(frozen=True)
class Offset:
    """Of the target's centroid from the origin's: mean and deviation in mm, (x, y, z) in LPS."""

    origin: str
    target: str
    mean_mm: tuple[float, float, float]
    deviation_mm: tuple[float, float, float]
    patients: int

    def fits(self, found_mm: np.ndarray) -> bool:
        limit = _DEVIATIONS * np.array(self.deviation_mm) + _SLACK_MM
        return bool((np.abs(found_mm - np.array(self.mean_mm)) <= limit).all())


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is known of the organs of a region of the body."""

    structures: tuple[str, ...]
    volumes_ml: Mapping[str, tuple[float, float]]
    offsets: tuple[Offset, ...]


@dataclass(frozen=True)
class OrganCheck:
    """What was found of one organ. state: `kept`, `left out`, `not found`."""

    structure: str
    state: str
    volume_ml: float
    parts: int = 0
    cut: bool = False
    text: str = ""


@cache
def head_neck_anatomy() -> Anatomy:
    values = tomllib.loads(resource_path("contours", "head_neck.toml").read_text("utf-8"))
    return Anatomy(
        tuple(values["structures"]),
        {name: (low, high) for name, (low, high) in values["volumes_ml"].items()},
        tuple(
            Offset(
                one["origin"],
                one["target"],
                tuple(one["mean_mm"]),
                tuple(one["deviation_mm"]),
                one["patients"],
            )
            for one in values["offsets"]
        ),
    )


def cleaned(labels: np.ndarray, structures: Mapping[int, str], geometry: Geometry) -> np.ndarray:
    """Without small parts and holes: organs are one piece, tubes may be several large ones."""
    result = np.zeros_like(labels)
    boxes = ndimage.find_objects(labels, max(structures))
    for number, name in structures.items():
        box = boxes[number - 1]
        if box is None:
            continue
        parts, count = ndimage.label(labels[box] == number)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
        keep = sizes >= (_LEAST_PART * sizes.sum() if name in TUBES else sizes.max())
        mask = np.isin(parts, 1 + np.flatnonzero(keep))
        mask = np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
        view = result[box]
        view[mask & ((labels[box] == number) | (labels[box] == 0))] = number
    return result


def checked(
    labels: np.ndarray, structures: Mapping[int, str], geometry: Geometry, anatomy: Anatomy
) -> tuple[np.ndarray, tuple[OrganCheck, ...], tuple[Remark, ...]]:
    """Labels without organs that do not fit, what was found of each, and remarks.

    labels: cleaned, (k, j, i) on the scan's grid. A volume outside of twice the range of drawn
    ones counts only where the scan does not cut the organ.
    """
    found: dict[str, OrganCheck] = {}
    centers: dict[str, np.ndarray] = {}
    boxes = ndimage.find_objects(labels, max(structures))
    for number, name in structures.items():
        box = boxes[number - 1]
        if box is None:
            found[name] = OrganCheck(name, "not found", 0.0, text="was not found")
            continue
        mask = labels[box] == number
        volume_ml = float(mask.sum()) * geometry.voxel_volume_mm3 / 1000
        start = np.array([part.start for part in box])
        middle = np.argwhere(mask).mean(0) + start
        centers[name] = geometry.points_mm(middle[::-1])
        cut = any(p.start == 0 or p.stop == n for p, n in zip(box, labels.shape, strict=True))
        low, high = anatomy.volumes_ml[name]
        text = ""
        if volume_ml > high * _VOLUME_FACTOR or (volume_ml < low / _VOLUME_FACTOR and not cut):
            text = f"has {volume_ml:.1f} mL; {low:g} to {high:g} mL are known"
        parts = int(ndimage.label(mask)[1])
        state = "left out" if text else "kept"
        found[name] = OrganCheck(name, state, volume_ml, parts, cut, text)
    misplaced = _misplaced({n: c for n, c in centers.items() if found[n].state == "kept"}, anatomy)
    for name in misplaced:
        before = found[name]
        text = "does not lie where it should beside the other organs"
        found[name] = OrganCheck(name, "left out", before.volume_ml, before.parts, before.cut, text)
    witnesses = _witnesses({n: c for n, c in centers.items() if found[n].state == "kept"}, anatomy)
    remarks = []
    if len(witnesses) < _FEWEST_WITNESSES:
        for name, check in found.items():
            if check.state == "kept":
                text = "was left out with all organs of the region"
                found[name] = OrganCheck(name, "left out", check.volume_ml, text=text)
        remarks.append(
            Remark(
                "region-not-seen",
                "Too few organs of head and neck fit one another; the scan seems to show another "
                "region of the body, and none of these organs is contoured.",
            )
        )
    kept = labels.copy()
    for number, name in structures.items():
        check = found[name]
        if check.state == "left out":
            kept[labels == number] = 0
            remarks.append(Remark("organ-left-out", f"{_words(name)} {check.text}; left out."))
        elif check.state == "not found":
            remarks.append(Remark("organ-not-seen", f"{_words(name)} {check.text} on this scan."))
        elif check.cut:
            remarks.append(
                Remark("organ-cut", f"{_words(name)} reaches the end of the scan and may be cut.")
            )
    return kept, tuple(found.values()), tuple(remarks)


def doubts(masks: Mapping[str, np.ndarray], geometry: Geometry) -> tuple[Remark, ...]:
    """Remarks on organs of head and neck that were not drawn here, such as carried ones.

    masks: bool (k, j, i) by structure. Nothing is left out: what was carried over is there for a
    person to judge.
    """
    anatomy = head_neck_anatomy()
    names = [name for name in anatomy.structures if name in masks]
    labels = np.zeros(geometry.shape, np.uint8)
    for number, name in enumerate(names, start=1):
        labels[masks[name]] = number
    if not labels.any():
        return ()
    _, found, _ = checked(labels, dict(enumerate(names, start=1)), geometry, anatomy)
    remarks = []
    for one in found:
        if one.state == "left out" and one.volume_ml:
            text = f"{_words(one.structure)} {one.text}; look at it before all others."
            remarks.append(Remark("organ-in-doubt", text))
        elif one.cut:
            text = f"{_words(one.structure)} reaches the end of the scan and may be cut."
            remarks.append(Remark("organ-cut", text))
    return tuple(remarks)


def _misplaced(centers: dict[str, np.ndarray], anatomy: Anatomy) -> list[str]:
    """Organs against which most others testify, the worst first, until the rest agree."""
    centers = dict(centers)
    taken: list[str] = []
    while True:
        against = dict.fromkeys(centers, 0)
        for offset in anatomy.offsets:
            if offset.origin in centers and offset.target in centers:
                way = centers[offset.target] - centers[offset.origin]
                if not offset.fits(way):
                    against[offset.origin] += 1
                    against[offset.target] += 1
        if not any(against.values()):
            return taken
        worst = max(against, key=lambda name: against[name])
        taken.append(worst)
        del centers[worst]


def _witnesses(centers: Mapping[str, np.ndarray], anatomy: Anatomy) -> set[str]:
    """Organs that lie where they should beside at least one other."""
    pairs = {(offset.origin, offset.target) for offset in anatomy.offsets}
    known = [name for name in centers if any(name in pair for pair in pairs)]
    return {name for pair in combinations(known, 2) for name in pair}


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
