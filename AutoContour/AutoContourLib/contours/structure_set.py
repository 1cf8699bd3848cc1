"""Contours of a treatment plan as plain data: regions, who approved them, where they belong.

Points are LPS millimeters. A region is what RTSTRUCT calls an ROI (PS3.3 C.8.8.5, C.8.8.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from MedImageLib.errors import InputError, Remark
from MedImageLib.terminology import Structure, structure
from MedImageLib.volume import Volume

Algorithm = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]
ApprovalState = Literal["UNAPPROVED", "APPROVED", "REJECTED"]


@dataclass(frozen=True)
class Approval:
    """Whether a person approved the contours. date: YYYYMMDD, time: HHMMSS, both empty if none."""

    state: ApprovalState = "UNAPPROVED"
    reviewer: str = ""
    date: str = ""
    time: str = ""

    def __post_init__(self) -> None:
        if self.state != "UNAPPROVED" and not (self.reviewer and self.date and self.time):
            raise InputError(f"Contours that are {self.state} name reviewer, date and time.")


@dataclass(frozen=True, eq=False)
class RegionMask:
    """A region as a mask, to be written.

    mask: bool. name: shown in planning systems. structure: its codes and color, or None. origin:
    in a few words how it came about.
    """

    name: str
    mask: Volume
    structure: Structure | None = None
    algorithm: Algorithm = "AUTOMATIC"
    rgb: tuple[int, int, int] | None = None
    origin: str = ""

    @property
    def color(self) -> tuple[int, int, int]:
        return self.rgb or (self.structure.rgb if self.structure else (255, 128, 0))


@dataclass(frozen=True, eq=False)
class Contour:
    """points_mm: (n, 3) LPS. kind: CLOSED_PLANAR, OPEN_PLANAR, POINT, …. image_uid: or empty."""

    points_mm: np.ndarray
    kind: str = "CLOSED_PLANAR"
    image_uid: str = ""


@dataclass(frozen=True, eq=False)
class Region:
    """A region as it was read; `name` is safe for files, `stored_name` is as written."""

    number: int
    name: str
    stored_name: str
    contours: tuple[Contour, ...]
    rgb: tuple[int, int, int] | None = None
    algorithm: str = ""
    interpreted_type: str = ""


@dataclass(frozen=True, eq=False)
class StructureSet:
    """All regions of a file in stored order.

    frame_of_reference_uids: those named. image_uids: referenced instances.
    """

    label: str
    regions: tuple[Region, ...]
    approval: Approval
    frame_of_reference_uids: frozenset[str] = frozenset()
    image_uids: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, eq=False)
class Rasterized:
    """Masks by region name on the grid of the image, and what was found on the way."""

    masks: Mapping[str, Volume]
    remarks: tuple[Remark, ...] = ()
    empty: tuple[str, ...] = field(default=())


def structure_of(name: str) -> Structure | None:
    """The known structure of a region's name, or None; names are compared, nothing is guessed."""
    try:
        return structure(name)
    except InputError:
        return None
