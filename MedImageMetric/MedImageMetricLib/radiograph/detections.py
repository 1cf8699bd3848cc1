"""What detectors hand over about one frontal chest radiograph, whichever sub-models there are.

Masks lie on the original pixel grid (j, i), displayed as one faces the patient: the patient's right
is on the left of the picture. Positions are continuous indices (i, j) with centers of pixels at
integers, so that pixel n spans n − 0.5 … n + 0.5. What a detector does not know is `NotAssessable`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from MedImageLib.errors import InputError

ORGANS = ("right_lung", "left_lung", "heart", "spine", "right_scapula", "left_scapula")
ABNORMAL_PARTS = ("pneumothorax", "pleural_effusion")
LEAST_PROBABILITY = 0.2  # of a foreign object: the lowest threshold that the source names


@dataclass(frozen=True)
class NotAssessable:
    """A detector's answer when it is absent or unsure; reason: a clause without a full stop."""

    reason: str


NO_DETECTOR = NotAssessable("no detector for it is installed")


@dataclass(frozen=True)
class Box:
    """Borders of a box in continuous indices: columns left … right, rows upper … lower."""

    left: float
    upper: float
    right: float
    lower: float

    @property
    def center_ij(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.upper + self.lower) / 2

    @property
    def size_px(self) -> tuple[float, float]:
        """Width and height."""
        return self.right - self.left, self.lower - self.upper


@dataclass(frozen=True, eq=False)
class Region:
    """A detected object as a mask; an empty mask says: looked for and not there.

    mask: bool (j, i). confidence: 0 … 1, None when the detector gives none. caution: a clause
    that findings on it carry. over_lungs: only the part of the object over the lungs was looked
    for.
    """

    mask: np.ndarray
    confidence: float | None = None
    caution: str = ""
    over_lungs: bool = False

    @cached_property
    def area_px(self) -> int:
        return int(np.count_nonzero(self.mask))

    @cached_property
    def box(self) -> Box | None:
        """The smallest box around the mask; None when it is empty."""
        return box_of(self.mask)

    @cached_property
    def position_ij(self) -> tuple[float, float] | None:
        """Center of gravity; None when the mask is empty."""
        rows, columns = np.nonzero(self.mask)
        return (float(columns.mean()), float(rows.mean())) if len(rows) else None

    def dimensions_px(self) -> tuple[float, float]:
        """Width and height of the box; 0, 0 when empty."""
        return self.box.size_px if self.box else (0.0, 0.0)

    def dimensions_mm(self, spacing_mm: tuple[float, float] | None) -> tuple[float, float] | None:
        """Width and height for the spacing along (i, j); None without a spacing."""
        if spacing_mm is None:
            return None
        width, height = self.dimensions_px()
        return width * spacing_mm[0], height * spacing_mm[1]

    def contours(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Closed outlines (i, j) at the border of pixels, the longest first."""
        from contourpy import contour_generator

        if self.box is None:
            return ()
        left, upper = round(self.box.left + 0.5), round(self.box.upper + 0.5)
        right, lower = round(self.box.right + 0.5), round(self.box.lower + 0.5)
        padded = np.pad(self.mask[upper:lower, left:right].astype(np.float32), 1)
        found: Any = contour_generator(z=padded).lines(0.5)
        ordered = sorted(found, key=len, reverse=True)
        moved = (np.add(line, (left - 1, upper - 1)) for line in ordered)
        return tuple(tuple(map(tuple, line.tolist())) for line in moved)


@dataclass(frozen=True, eq=False)
class ForeignObject:
    """One foreign object after non-maximum suppression.

    confidence: 0 … 1. kind: what it is thought to be, or empty. mask: bool (j, i) where the
    detector outlines it.
    """

    box: Box
    confidence: float
    kind: str = ""
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Circumstances:
    """What is known of patient and exposure beside the picture; empty or None = not known."""

    age_years: float | None = None
    sex: Literal["", "F", "M", "O"] = ""
    view: Literal["", "PA", "AP"] = ""
    position: Literal["", "erect", "supine", "sitting"] = ""


@dataclass(frozen=True, eq=False)
class Detections:
    """All that was found on a radiograph.

    shape: (rows, columns) of the original grid. spacing_mm: along (i, j), None when not known.
    chest: see `chest.chest_region`. field: the exposed part, default the whole picture.
    observations: further measured values by the names of the rule set's measurements.
    Raises InputError when a mask is not on the grid.
    """

    shape: tuple[int, int]
    spacing_mm: tuple[float, float] | None = None
    right_lung: Region | NotAssessable = NO_DETECTOR
    left_lung: Region | NotAssessable = NO_DETECTOR
    heart: Region | NotAssessable = NO_DETECTOR
    spine: Region | NotAssessable = NO_DETECTOR
    right_scapula: Region | NotAssessable = NO_DETECTOR
    left_scapula: Region | NotAssessable = NO_DETECTOR
    foreign_objects: tuple[ForeignObject, ...] | NotAssessable = NO_DETECTOR
    pneumothorax: Region | NotAssessable = NO_DETECTOR
    pleural_effusion: Region | NotAssessable = NO_DETECTOR
    chest: Region | NotAssessable = NotAssessable("the chest region was not determined")
    field: Box | None = None
    observations: dict[str, float | NotAssessable] = dataclasses.field(default_factory=dict)
    circumstances: Circumstances = Circumstances()

    def __post_init__(self) -> None:
        for name in (*ORGANS, *ABNORMAL_PARTS, "chest"):
            found = getattr(self, name)
            if isinstance(found, Region) and found.mask.shape != self.shape:
                raise InputError(
                    f"Detection {name}: its mask has {found.mask.shape} pixels, the radiograph "
                    f"has {self.shape}. Bring the mask to the grid of the radiograph."
                )

    def region(self, name: str, least_confidence: float = 0.0) -> Region | NotAssessable:
        """The region of that name; `NotAssessable` when the detector was less confident."""
        found: Region | NotAssessable = getattr(self, name)
        if isinstance(found, NotAssessable) or found.confidence is None:
            return found
        if found.confidence < least_confidence:
            return NotAssessable(
                f"the detector is unsure (confidence {found.confidence:.2f}, "
                f"{least_confidence:.2f} needed)"
            )
        return found

    def lungs(self, least_confidence: float = 0.0) -> Region | NotAssessable:
        """Both lungs as one region; `NotAssessable` unless both were found."""
        masks = []
        for name in ("right_lung", "left_lung"):
            found = self.region(name, least_confidence)
            if isinstance(found, NotAssessable):
                return NotAssessable(f"{name.replace('_', ' ')}: {found.reason}")
            if not found.area_px:
                return NotAssessable(f"the {name.replace('_', ' ')} was not found")
            masks.append(found.mask)
        return Region(masks[0] | masks[1])


def box_of(mask: np.ndarray) -> Box | None:
    """The smallest box around a bool mask (j, i); None when it is empty.

    >>> box_of(np.eye(3, dtype=bool))
    Box(left=-0.5, upper=-0.5, right=2.5, lower=2.5)
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    first, last = (int(columns[0]), int(rows[0])), (int(columns[-1]), int(rows[-1]))
    return Box(first[0] - 0.5, first[1] - 0.5, last[0] + 0.5, last[1] + 0.5)
