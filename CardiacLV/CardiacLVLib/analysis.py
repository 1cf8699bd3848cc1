"""The whole chain of one cine: segmentation, contours, indices, ensemble, phases, function.

Two entries that meet: from the images, and from label maps that a person has edited; whatever
depends on a contour follows from the labels alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from CardiacLVLib.cine.heart_rate import heart_rate
from CardiacLVLib.ensemble.regression import RegressedCine, regressed_cine
from CardiacLVLib.measures.cross_check import CrossCheck, cross_check
from CardiacLVLib.measures.function import derive_function
from CardiacLVLib.measures.indices import CAVITY, MYOCARDIUM
from CardiacLVLib.measures.insertion import given_insertion
from CardiacLVLib.measures.measurement import CinePlan, MeasuredCine, measured_cine, with_insertion
from CardiacLVLib.measures.papillary import papillary_areas_mm2
from CardiacLVLib.settings import LeftVentricleSettings
from CardiacLVLib.ventricle.localization import shows
from CardiacLVLib.ventricle.segmentation import CineSegmentation, segment_cine
from MedImageLib.background.progress import part, tell
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.results import ModelUsed, Timing
from MedImageLib.volume import Volume, VolumeSequence

STRUCTURES = {CAVITY: "lv_cavity", MYOCARDIUM: "lv_myocardium"}
"""Names in the table of structures, by label."""
_FILLING = 1.05  # of the area at end diastole, to be called larger
_SEGMENTED = 0.7  # share of the time that segmentation takes
_SAME_PLACE_MM = 0.05  # stored matrices are rounded


@dataclass(frozen=True, eq=False)
class CineAnalysis:
    """Everything that is known of a cine.

    labels: one label map a frame, 1 cavity, 2 myocardium. segmentation: None where the labels
    were given. regressed, check: None without an ensemble. rate_bpm: None where unknown.
    """

    cine: VolumeSequence
    labels: tuple[Volume, ...]
    measured: MeasuredCine
    segmentation: CineSegmentation | None
    regressed: RegressedCine | None
    check: CrossCheck | None
    rate_bpm: float | None
    models: tuple[ModelUsed, ...]
    remarks: tuple[Remark, ...]
    timings: tuple[Timing, ...]
    settings: LeftVentricleSettings


def analyze_cine(
    cine: VolumeSequence,
    settings: LeftVentricleSettings | None = None,
    ensemble: str | Path | None = None,
) -> CineAnalysis:
    """Segment and measure a cine.

    ensemble: folder of the regressing networks; None: those of the product.
    Raises NotShortAxisCineError with the cause when the images are no short-axis cine.
    """
    settings = settings or LeftVentricleSettings()
    with part(0.0, _SEGMENTED):
        found = segment_cine(cine, settings.inference(), consistent=settings.consistent)
    return _analyzed(cine, found.labels, settings, ensemble, found)


def analyze_labels(
    cine: VolumeSequence,
    labels: Sequence[Volume],
    settings: LeftVentricleSettings | None = None,
    ensemble: str | Path | None = None,
) -> CineAnalysis:
    """Measure a cine on label maps that are there already, edited ones most often.

    labels: one a frame, on the grid of the cine: 0 background, 1 cavity, 2 myocardium. No
    segmenting network is needed; the ensemble is asked where it is there.
    Raises GeometryError for other grids or numbers of frames, InputError for other values.
    """
    checked = checked_labels(cine, labels)
    return _analyzed(cine, checked, settings or LeftVentricleSettings(), ensemble, None)


def checked_labels(cine: VolumeSequence, labels: Sequence[Volume]) -> tuple[Volume, ...]:
    """Label maps as uint8 on the cine's own geometry. Raises as `analyze_labels` does."""
    grid = cine.frames[0].geometry
    if len(labels) != len(cine.frames):
        raise GeometryError(
            f"The label map has {len(labels)} frames and the cine {len(cine.frames)}; give one "
            "label map for every frame, as labels.nii.gz holds them."
        )
    result = []
    for number, (frame, one) in enumerate(zip(cine.frames, labels, strict=True)):
        if one.array.shape != frame.array.shape:
            raise GeometryError(
                f"The label map has {_size(one)} voxels and the cine {_size(frame)}; edit it on "
                "the cine's own grid."
            )
        if grid.spacing_known and not one.geometry.same_grid(grid, _SAME_PLACE_MM):
            raise GeometryError(
                "The label map lies at another place or has another spacing than the cine; edit it "
                "on the cine's own grid."
            )
        values = np.unique(one.array)
        if not np.isin(values, (0, *STRUCTURES)).all():
            raise InputError(
                f"Frame {number} of the label map holds {', '.join(f'{v:g}' for v in values[:6])}; "
                "expected 0 background, 1 cavity, 2 myocardium."
            )
        array = one.array.astype(np.uint8)
        result.append(frame.with_array(array, is_labelmap=True, unit="", remarks=()))
    return tuple(result)


def _analyzed(
    cine: VolumeSequence,
    labels: Sequence[Volume],
    settings: LeftVentricleSettings,
    ensemble: str | Path | None,
    found: CineSegmentation | None,
) -> CineAnalysis:
    started = time.monotonic()
    tell(_SEGMENTED, "Contours and indices")
    measured, rate_remarks = _measured(cine, labels, settings)
    tell(0.8, "Indices by the ensemble")
    measured_at = time.monotonic()
    regressed, why_not = regressed_cine(cine, measured, ensemble)
    check = None
    if regressed is not None:
        check = cross_check(_with_papillary(measured), regressed.indices, regressed.spread)
    timings = [Timing("contours and indices", measured_at - started)]
    if found is not None:
        timings.insert(0, Timing("segmentation", found.seconds))
    if regressed is not None:
        timings.append(Timing("regression", time.monotonic() - measured_at))
    noted = cine.remarks if found is None else found.remarks
    codes = {remark.code for remark in noted}
    remarks = [
        *noted,
        *(remark for remark in cine.frames[0].remarks if remark.code not in codes),
        *_out_of_step(measured),
        *measured.insertion.remarks,
        *measured.phases.remarks,
        *rate_remarks,
        *why_not,
        *(check.remarks if check else ()),
    ]
    if found is None:
        remarks.insert(0, Remark("labels-given", "The contours were given, not found in the cine."))
    return CineAnalysis(
        cine=cine,
        labels=tuple(labels),
        measured=measured,
        segmentation=found,
        regressed=regressed,
        check=check,
        rate_bpm=measured.plan.rate_bpm,
        models=((*found.models,) if found else ()) + ((regressed.model,) if regressed else ()),
        remarks=tuple(dict.fromkeys(remarks)),
        timings=tuple(timings),
        settings=settings,
    )


def _measured(
    cine: VolumeSequence, labels: Sequence[Volume], settings: LeftVentricleSettings
) -> tuple[MeasuredCine, tuple[Remark, ...]]:
    geometry = cine.frames[0].geometry
    images = cine.array.astype(np.float32)
    unseen = np.array([[not shows(plane) for plane in frame] for frame in images])
    plan = CinePlan(
        spacing_mm=geometry.spacing_mm,
        spacing_known=geometry.spacing_known,
        direction=np.array(geometry.direction),
        # A plane that is blank in every frame was never there; only single pictures are missing.
        unseen=unseen & ~unseen.all(axis=0) if unseen.any() else None,
        beats=settings.beats,
        phases=settings.phases,
    )
    measured = measured_cine(np.stack([one.array for one in labels]), plan, images=images)
    if settings.insertion_deg is not None:
        turn = measured.insertion.septum_turn
        measured = with_insertion(measured, given_insertion(settings.insertion_deg, turn))
    if settings.papillary == "myocardium":
        muscle = papillary_areas_mm2(images, measured.outlines)
        counted = replace(plan, papillary_mm2=muscle)
        measured = with_insertion(replace(measured, plan=counted), measured.insertion)
    rate, remarks = heart_rate(cine, settings.heart_rate_bpm, len(measured.phases.ed_frames) or 1)
    plan = replace(measured.plan, rate_bpm=rate)
    function = derive_function(
        measured.cavity_area_mm2,
        measured.myocardium_area_mm2,
        measured.phases,
        measured.slice_phases,
        geometry.spacing_mm[2] if geometry.spacing_known else None,
        rate,
    )
    return replace(measured, plan=plan, function=function), remarks


def _with_papillary(measured: MeasuredCine) -> np.ndarray:
    """Indices as the networks learned them: papillary muscles in the cavity."""
    indices = measured.indices.copy()
    if measured.plan.papillary_mm2 is not None:
        indices[..., 0] += measured.plan.papillary_mm2
        indices[..., 1] -= measured.plan.papillary_mm2
    return indices


def _out_of_step(measured: MeasuredCine) -> tuple[Remark, ...]:
    """Slices that fill while the ventricle empties: an atrium or outflow tract, most often."""
    ed, es = measured.phases.ed_frame, measured.phases.es_frame
    if ed is None or es is None:
        return ()
    areas = measured.cavity_area_mm2
    filling = np.flatnonzero(areas[es] > _FILLING * areas[ed])
    if not len(filling):
        return ()
    named = ", ".join(map(str, filling))
    return (
        Remark(
            "slices-out-of-step",
            f"The cavity is larger at end systole than at end diastole on slice(s) {named} (from "
            "0); look whether atrium or outflow tract is labeled there.",
        ),
    )


def _size(volume: Volume) -> str:
    return " x ".join(map(str, volume.array.shape[::-1]))
