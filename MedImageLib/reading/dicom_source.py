"""The DICOM instances behind a volume, for objects that refer to them (RTSTRUCT, SEG, REG)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DicomSource:
    """Source planes in rising order along the normal; kept out of reports and logs.

    files, frame_numbers (from 1), sop_instance_uids, positions_mm: one entry a source plane.
    slice_of_plane: for each k of the volume the source plane that lies on it, None where k was
    interpolated.
    """

    files: tuple[Path, ...] = field(repr=False)
    frame_numbers: tuple[int, ...] = field(repr=False)
    sop_instance_uids: tuple[str, ...] = field(repr=False)
    positions_mm: tuple[tuple[float, float, float], ...] = field(repr=False)
    slice_of_plane: tuple[int | None, ...] = field(repr=False)
    sop_class_uid: str = field(repr=False)
    study_instance_uid: str = field(repr=False)
    series_instance_uid: str = field(repr=False)
    frame_of_reference_uid: str = field(repr=False)
