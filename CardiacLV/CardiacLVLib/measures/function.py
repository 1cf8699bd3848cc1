"""Volumes, ejection fraction, mass and area change of a short-axis stack over the beat.

Volumes are sums over slices of sub-pixel areas times the slices' distance (Simpson's rule of
discs). What cannot be told, for want of spacing, slices or phases, is None with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from CardiacLVLib.measures.phases import BeatPhases

MYOCARDIUM_G_PER_ML = 1.05
PAPILLARY_RULE = "Papillary muscles and trabeculae count as cavity, not as myocardium."
BASAL_RULE = (
    "Every slice counts in the frames in which a cavity is labeled on it; the slices of outflow "
    "tract and atrium count where they are labeled, and there is no correction for the motion of "
    "the base through the slices."
)


@dataclass(frozen=True, eq=False)
class LeftVentricleFunction:
    """Derived values; where one is None, or is to be doubted, `reasons` has its name and says why.

    volume_ml: (frame,) of the cavity; None like the others. fractional_area_change_percent: per
    slice, between its own end diastole and end systole; None where it has no phases.
    rules: how papillary muscles and the base are counted.
    """

    end_diastolic_volume_ml: float | None = None
    end_systolic_volume_ml: float | None = None
    stroke_volume_ml: float | None = None
    ejection_fraction_percent: float | None = None
    myocardial_mass_g: float | None = None
    cardiac_output_l_per_min: float | None = None
    volume_ml: np.ndarray | None = None
    fractional_area_change_percent: tuple[float | None, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = (PAPILLARY_RULE, BASAL_RULE)


def derive_function(
    cavity_area_mm2: np.ndarray,
    myocardium_area_mm2: np.ndarray,
    phases: BeatPhases,
    slice_phases: tuple[BeatPhases | None, ...],
    slice_step_mm: float | None,
    rate_bpm: float | None = None,
) -> LeftVentricleFunction:
    """Function of a stack.

    cavity_area_mm2, myocardium_area_mm2: (frame, slice); cavity 0 where there is none, NaN where
    it was not measured; myocardium NaN where none was drawn. phases: of the whole stack,
    slice_phases: of each slice. slice_step_mm: None where areas or the distance of slices are
    not known in mm. rate_bpm: None where unknown.
    """
    change = tuple(
        None if own is None else _area_change(cavity_area_mm2[:, number], own)
        for number, own in enumerate(slice_phases)
    )
    reason = _volume_reason(cavity_area_mm2, slice_step_mm)
    names = [
        "end_diastolic_volume_ml",
        "end_systolic_volume_ml",
        "stroke_volume_ml",
        "ejection_fraction_percent",
        "myocardial_mass_g",
        "cardiac_output_l_per_min",
    ]
    if slice_step_mm is None or reason:
        return LeftVentricleFunction(
            fractional_area_change_percent=change,
            reasons=dict.fromkeys(["volume_ml", *names], reason),
        )
    volume = cavity_area_mm2.sum(axis=1) * slice_step_mm / 1000
    ed, es = phases.ed_frame, phases.es_frame
    if ed is None or es is None or not np.isfinite(volume[[ed, es]]).all() or volume[ed] <= 0:
        return LeftVentricleFunction(
            volume_ml=volume,
            fractional_area_change_percent=change,
            reasons=dict.fromkeys(
                names, "End diastole and end systole cannot be told from the volume curve."
            ),
        )
    edv, esv = float(volume[ed]), float(volume[es])
    reasons = {}
    mass = None
    walls = myocardium_area_mm2[ed]
    if np.isfinite(walls).any() and np.nansum(walls) > 0:
        mass = float(np.nansum(walls)) * slice_step_mm / 1000 * MYOCARDIUM_G_PER_ML
        bare = int(((cavity_area_mm2[ed] > 0) & ~(walls > 0)).sum())
        if bare:
            reasons["myocardial_mass_g"] = (
                f"{bare} slice(s) with cavity show no wall at end diastole; the mass is too low."
            )
    else:
        reasons["myocardial_mass_g"] = "No myocardium is labeled at end diastole."
    output = None
    if rate_bpm is None:
        reasons["cardiac_output_l_per_min"] = "The heart rate is not known."
    else:
        output = (edv - esv) * rate_bpm / 1000
    return LeftVentricleFunction(
        end_diastolic_volume_ml=edv,
        end_systolic_volume_ml=esv,
        stroke_volume_ml=edv - esv,
        ejection_fraction_percent=100 * (edv - esv) / edv,
        myocardial_mass_g=mass,
        cardiac_output_l_per_min=output,
        volume_ml=volume,
        fractional_area_change_percent=change,
        reasons=reasons,
    )


def _volume_reason(cavity_area_mm2: np.ndarray, slice_step_mm: float | None) -> str:
    if cavity_area_mm2.shape[1] < 2:
        return "There is one slice; volumes need a stack from base to apex."
    if slice_step_mm is None:
        return "The spacing of pixels or slices is not known in millimeters."
    return ""


def _area_change(areas: np.ndarray, phases: BeatPhases) -> float | None:
    if phases.ed_frame is None or phases.es_frame is None:
        return None
    largest, smallest = areas[phases.ed_frame], areas[phases.es_frame]
    if not np.isfinite([largest, smallest]).all() or largest <= 0:
        return None
    return float(100 * (largest - smallest) / largest)
