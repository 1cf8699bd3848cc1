"""Which of the series that a DICOM browser shows are cines, by their headers alone.

A series is one when it is MR and its planes × phases are complete. Series of one plane each that
are parallel and have as many phases are one stack, as some scanners export it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading.dicom_frames import Frame
from MedImageLib.reading.dicom_header import read_header
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.reading.phases import phases_of
from MedImageLib.reading.stacking import distances_mm

_SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class CineOffer:
    """Files that make up a cine. tag: element that tells its phases apart."""

    files: tuple[Path, ...]
    planes: int
    phases: int
    tag: str

    @property
    def name(self) -> str:
        planes = "plane" if self.planes == 1 else "planes"
        return f"Cine MR, {self.planes} {planes} x {self.phases} phases"


def offered_cines(
    file_lists: Sequence[Sequence[str | Path]], limits: Limits = DEFAULT_LIMITS
) -> tuple[CineOffer, ...]:
    """The cines among series, each given as a list of its files; those with holes are no cines."""
    offers: list[CineOffer] = []
    single: dict[tuple[object, ...], list[tuple[CineOffer, Frame]]] = defaultdict(list)
    for files in file_lists:
        found = _offer_of([Path(file) for file in files], limits)
        if found is None:
            continue
        offer, frame, key = found
        offers.append(offer)
        if offer.planes == 1:
            single[key].append((offer, frame))
    for members in single.values():
        joined = _joined_offer(members)
        if joined is not None:
            offers.append(joined)
    return tuple(offers)


def _offer_of(
    files: list[Path], limits: Limits
) -> tuple[CineOffer, Frame, tuple[object, ...]] | None:
    """The cine of one series, one of its frames, and what parallel series share."""
    try:
        headers = [read_header(path, limits) for path in files]
        frames = [frame for header in headers for frame in header.frames]
        if not frames or any(h.modality != "MR" or h.kind != dicom_kinds.IMAGE for h in headers):
            return None
        if any(h.problem for h in headers) or any(f.problem for f in frames):
            return None
        shapes = {(h.pixels.rows, h.pixels.columns) if h.pixels else None for h in headers}
        directions = np.array([frame.orientation for frame in frames], float)
        if len(shapes) > 1 or np.ptp(directions, axis=0).max() > 1e-3:
            return None
        phases = phases_of(frames)
    except InputError:
        return None
    if len(phases.parts) < 2 or any(r.code == "incomplete-planes" for r in phases.remarks):
        return None
    told = next(r.text for r in phases.remarks if r.code == "time-sequence")
    tag = told.split("told apart by ")[1].split(";")[0].rstrip(".")
    offer = CineOffer(tuple(files), len(phases.parts[0]), len(phases.parts), tag)
    study = headers[0].tags.get("study_key", "")
    direction = tuple(np.round(directions[0], 3).tolist())
    return offer, frames[0], (study, direction, *shapes, len(phases.parts))


def _joined_offer(members: list[tuple[CineOffer, Frame]]) -> CineOffer | None:
    """One stack of series of one plane each, if they lie at different places."""
    orientation = members[0][1].orientation
    assert orientation is not None
    along = distances_mm(np.array([frame.position_mm for _, frame in members]), orientation)
    if len(members) < 2 or np.diff(np.sort(along)).min() <= _SAME_PLACE_MM:
        return None
    files = tuple(file for offer, _ in members for file in offer.files)
    first = members[0][0]
    return CineOffer(files, len(members), first.phases, first.tag)
