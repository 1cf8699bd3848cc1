"""All that follows from the label maps of a cine: contours, indices, curve, phases, function.

One pure chain, so that an edited contour changes every number that depends on it: call it again
with the edited labels, or change one frame and slice with `remeasured`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from CardiacLVLib.measures.bullseye import BullsEye, base_is_first, bulls_eye
from CardiacLVLib.measures.function import LeftVentricleFunction, derive_function
from CardiacLVLib.measures.indices import (
    INDEX_NAMES,
    MYOCARDIUM,
    VentricleOutline,
    indices_of,
    outline_ventricle,
)
from CardiacLVLib.measures.insertion import Insertion, find_insertion
from CardiacLVLib.measures.phases import BeatPhases, PhaseSettings, find_phases
from MedImageLib.errors import GeometryError

Outlines = tuple[tuple[VentricleOutline | None, ...], ...]
_MIN_SEEN_SHARE = 0.5  # of the frames of a slice, for it to have phases of its own


@dataclass(frozen=True, eq=False)
class CinePlan:
    """What the measurement needs beside the labels.

    spacing_mm: along (i, j, k). spacing_known: False gives no volumes (lengths and areas are
    then in the units of spacing_mm). direction: 3 × 3 LPS columns of i, j, k, None where
    unknown. rate_bpm: None where unknown. unseen: (frame, slice) bool, pictures that are
    missing, so that no cavity on them means nothing. beats, beat_starts: see `find_phases`.
    papillary_mm2: (frame, slice) area inside the endocardium that counts as wall; None: none does.
    """

    spacing_mm: tuple[float, float, float]
    spacing_known: bool = True
    direction: np.ndarray | None = None
    rate_bpm: float | None = None
    unseen: np.ndarray | None = None
    beats: int | None = None
    beat_starts: Sequence[int] | None = None
    phases: PhaseSettings = field(default_factory=PhaseSettings)
    papillary_mm2: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class MeasuredCine:
    """Everything measured from labels (frame, slice, j, i).

    outlines: per frame and slice, None without cavity. indices: (frame, slice, 11) in the order
    of INDEX_NAMES, NaN where not told. cavity_area_mm2: (frame, slice), 0 without cavity, NaN
    where unseen. myocardium_area_mm2: likewise, NaN where no wall is drawn. phases: of the sum
    of all slices; slice_phases: of each slice, None where it seldom shows a cavity.
    bulls_eye: None without phases.
    """

    labels: np.ndarray
    plan: CinePlan
    insertion: Insertion
    outlines: Outlines
    indices: np.ndarray
    cavity_area_mm2: np.ndarray
    myocardium_area_mm2: np.ndarray
    phases: BeatPhases
    slice_phases: tuple[BeatPhases | None, ...]
    function: LeftVentricleFunction
    bulls_eye: BullsEye | None


def measured_cine(
    labels: np.ndarray,
    plan: CinePlan,
    insertion: Insertion | None = None,
    images: np.ndarray | None = None,
) -> MeasuredCine:
    """Measure a cine.

    labels: (frame, slice, j, i): 1 cavity, 2 myocardium. insertion: found in `images` of the
    same shape when None. Raises GeometryError when the shapes do not fit, InputError for one
    frame.
    """
    labels = np.asarray(labels)
    if labels.ndim != 4 or (images is not None and images.shape != labels.shape):
        raise GeometryError(
            f"Labels of shape {labels.shape} and images of shape "
            f"{None if images is None else images.shape}; both must be (frame, slice, j, i)."
        )
    if insertion is None and images is None:
        raise GeometryError("Give the anterior insertion, or the images to find it in.")
    in_plane = plan.spacing_mm[:2]
    outlines = tuple(
        tuple(outline_ventricle(plane, (in_plane[0], in_plane[1])) for plane in frame)
        for frame in labels
    )
    if insertion is None:
        assert images is not None
        insertion = find_insertion(images, outlines, plan.direction)
    return _followed(labels, plan, insertion, outlines)


def remeasured(
    measured: MeasuredCine, frame: int, slice_number: int, labels: np.ndarray
) -> MeasuredCine:
    """The measurement after one picture's label map (j, i) was edited."""
    everything = measured.labels.copy()
    everything[frame, slice_number] = labels
    spacing = measured.plan.spacing_mm
    edited = [list(one) for one in measured.outlines]
    edited[frame][slice_number] = outline_ventricle(labels, (spacing[0], spacing[1]))
    return _followed(
        everything, measured.plan, measured.insertion, tuple(tuple(one) for one in edited)
    )


def with_insertion(measured: MeasuredCine, insertion: Insertion) -> MeasuredCine:
    """The measurement with another anterior insertion; contours and areas stay."""
    return _followed(measured.labels, measured.plan, insertion, measured.outlines)


def _followed(
    labels: np.ndarray, plan: CinePlan, insertion: Insertion, outlines: Outlines
) -> MeasuredCine:
    indices = np.full((*labels.shape[:2], len(INDEX_NAMES)), np.nan)
    for frame, row in enumerate(outlines):
        for number, outline in enumerate(row):
            if outline is not None:
                found = indices_of(outline, insertion.anterior_deg, insertion.septum_turn)
                indices[frame, number] = found.vector()
    if plan.papillary_mm2 is not None:
        indices[..., 0] -= plan.papillary_mm2
        indices[..., 1] += plan.papillary_mm2
    cavity = np.nan_to_num(indices[..., 0], nan=0.0)
    muscle = indices[..., 1].copy()
    # Below the apex there is wall without cavity; its mass counts.
    pixels = (labels == MYOCARDIUM).sum(axis=(2, 3)) * plan.spacing_mm[0] * plan.spacing_mm[1]
    capped = np.isnan(indices[..., 0]) & (pixels > 0)
    muscle[capped] = pixels[capped]
    if plan.unseen is not None:
        cavity[plan.unseen] = np.nan
        muscle[plan.unseen] = np.nan

    def phases_of(areas: np.ndarray) -> BeatPhases:
        return find_phases(areas, plan.phases, plan.beats, plan.beat_starts)

    phases = phases_of(cavity.sum(axis=1))
    by_slice = tuple(
        phases_of(areas) if (areas > 0).mean() >= _MIN_SEEN_SHARE else None for areas in cavity.T
    )
    eye = None
    ed, es = phases.ed_frame, phases.es_frame
    if ed is not None and es is not None:
        first = base_is_first(np.nan_to_num(cavity[ed]), plan.direction)
        eye = bulls_eye(outlines[ed], outlines[es], insertion, first)
    step = plan.spacing_mm[2] if plan.spacing_known else None
    return MeasuredCine(
        labels=labels,
        plan=plan,
        insertion=insertion,
        outlines=outlines,
        indices=indices,
        cavity_area_mm2=cavity,
        myocardium_area_mm2=muscle,
        phases=phases,
        slice_phases=by_slice,
        function=derive_function(cavity, muscle, phases, by_slice, step, plan.rate_bpm),
        bulls_eye=eye,
    )
