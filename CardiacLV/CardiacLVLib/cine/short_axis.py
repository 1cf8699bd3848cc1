"""Images that are no short-axis cine MR, as headers and gray values tell before any network runs.

A cause is named in the field's words, with what was found and what was expected. What a
ventricle looks like once it is segmented is judged in `evidence`.
"""

from __future__ import annotations

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.volume import VolumeSequence

FEWEST_PIXELS = 48
PIXEL_MM = (0.3, 4.0)
FIELD_MM = (60.0, 1000.0)
STEP_MM = (1.0, 40.0)
_MOST_STRETCH = 2.0
_ELSEWHERE = ("BRAIN", "HEAD", "SKULL", "KNEE", "PROSTATE", "BREAST", "HAND", "FOOT", "LSPINE")
_SLOW_REPETITION_MS = 500.0


class NotShortAxisCineError(InputError):
    """Images are no short-axis cine MR. reason: the cause alone, without the file."""

    def __init__(self, reason: str, source: str = "") -> None:
        self.reason = reason
        super().__init__(f"{source or 'The images'}: not a short-axis cine, because {reason}.")

    def __reduce__(self) -> tuple[type[NotShortAxisCineError], tuple[str, str]]:
        # Errors travel between processes; the message alone would be wrapped twice.
        return NotShortAxisCineError, (self.reason, str(self).split(": not a short-axis", 1)[0])


def check_cine(cine: VolumeSequence) -> None:
    """Refuse what headers and gray values show to be no cine. Raises NotShortAxisCineError."""
    reason = _in_header(cine) or _in_spacing(cine) or _in_values(cine)
    if reason:
        raise NotShortAxisCineError(reason)


def _in_header(cine: VolumeSequence) -> str:
    first = cine.frames[0]
    if first.modality not in ("MR", ""):
        return f"the modality is {first.modality}, not MR"
    if len(cine.frames) < 2:
        return "it holds a single frame, and a beat needs at least two"
    part = str(first.tags.get("body_part", "")).upper()
    if part in _ELSEWHERE:
        return f"the body part is recorded as {part}, not the heart"
    echo_planar = "EP" in str(first.tags.get("scanning_sequence", "")).upper().split("\\")
    repetition_ms = float(first.tags.get("repetition_time_ms", 0.0) or 0.0)
    if echo_planar and repetition_ms >= _SLOW_REPETITION_MS:
        return (
            f"it is echo-planar imaging with {repetition_ms:.0f} ms from image to image, as of "
            "functional MR, far slower than a beat"
        )
    return ""


def _in_spacing(cine: VolumeSequence) -> str:
    geometry = cine.frames[0].geometry
    planes, rows, columns = geometry.shape
    if min(rows, columns) < FEWEST_PIXELS:
        return (
            f"its planes have {columns} x {rows} pixels, and a heart needs at least "
            f"{FEWEST_PIXELS} x {FEWEST_PIXELS}"
        )
    if not geometry.spacing_known:
        return ""
    i_mm, j_mm, k_mm = geometry.spacing_mm
    field_mm = max(columns * i_mm, rows * j_mm)
    size = f"{i_mm:.4g} x {j_mm:.4g} mm"
    if not all(PIXEL_MM[0] <= side <= PIXEL_MM[1] for side in (i_mm, j_mm)):
        return (
            f"its pixels are {size}, expected {PIXEL_MM[0]:g} to {PIXEL_MM[1]:g} mm; check the "
            "spacing in the file"
        )
    if max(i_mm, j_mm) > _MOST_STRETCH * min(i_mm, j_mm):
        return f"its pixels are {size}, far from square; check the spacing in the file"
    if not FIELD_MM[0] <= field_mm <= FIELD_MM[1]:
        return (
            f"its field of view is {field_mm:.4g} mm, expected {FIELD_MM[0]:g} to "
            f"{FIELD_MM[1]:g} mm; check the spacing in the file"
        )
    if planes > 1 and not STEP_MM[0] <= k_mm <= STEP_MM[1]:
        return (
            f"its planes are {k_mm:.4g} mm apart, expected {STEP_MM[0]:g} to {STEP_MM[1]:g} mm; "
            "check the spacing in the file"
        )
    return ""


def _in_values(cine: VolumeSequence) -> str:
    noted = [r.text for r in cine.frames[0].remarks if r.code == "not-finite"]
    bad = sum(
        int((~np.isfinite(frame.array)).sum())
        for frame in cine.frames
        if frame.array.dtype.kind == "f"
    )
    if noted or bad:
        what = noted[0].split(" values")[0] if noted else str(bad)
        return f"{what} of its values are no finite numbers; write the images again"
    low = min(float(frame.array.min()) for frame in cine.frames)
    high = max(float(frame.array.max()) for frame in cine.frames)
    if low == high:
        return f"every pixel has the value {low:g}"
    first = cine.frames[0].array
    if all(np.array_equal(first, frame.array) for frame in cine.frames[1:]):
        return "all its frames are the same image, nothing moves"
    return ""
