"""The heart rate of a cine: given, recorded in the file, or told from the times of its frames."""

from __future__ import annotations

import numpy as np

from MedImageLib.errors import Remark
from MedImageLib.volume import VolumeSequence

USUAL_BPM = (25.0, 250.0)
_FRAMES_OF_A_BEAT = 8  # at least, for their times to cover it evenly


def heart_rate(
    cine: VolumeSequence, given_bpm: float | None = None, beats: int = 1
) -> tuple[float | None, tuple[Remark, ...]]:
    """Beats per minute and where they come from; None where nothing tells.

    beats: that the frames cover together, for the times of the frames.
    """
    if given_bpm is not None:
        return given_bpm, ()
    tags = cine.frames[0].tags
    interval = float(tags.get("nominal_interval_ms") or 0)
    recorded = float(tags.get("heart_rate_per_min") or (60_000 / interval if interval > 0 else 0))
    if USUAL_BPM[0] <= recorded <= USUAL_BPM[1]:
        return recorded, ()
    unit_ms = {"ms": 1.0, "s": 1000.0}.get(cine.index_unit)
    if unit_ms is None or len(cine.frames) < _FRAMES_OF_A_BEAT * beats:
        return None, ()
    step_ms = float(np.median(np.diff(cine.index_values))) * unit_ms
    told = 60_000 * beats / (step_ms * len(cine.frames))
    if not USUAL_BPM[0] <= told <= USUAL_BPM[1]:
        return None, ()
    remark = Remark(
        "heart-rate-from-times",
        f"No heart rate is recorded; {told:.0f}/min follows from the times of the frames, if they "
        f"cover {'one whole beat' if beats == 1 else f'{beats} whole beats'}.",
    )
    return told, (remark,)
