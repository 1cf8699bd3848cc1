"""The result of a cine in the product's one schema: what a cardiologist reads, then all the rest.

Names are stable. Frames and slices count from 0; values of one slice end in `_slice` and its
number. Without spacing areas and lengths are in pixels, and no volume is given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from CardiacLVLib.analysis import CineAnalysis
from CardiacLVLib.measures.function import BASAL_RULE, PAPILLARY_RULE
from CardiacLVLib.measures.indices import DIMENSIONS, INDEX_NAMES, draw_outline
from CardiacLVLib.measures.insertion import UNSURE_BELOW
from CardiacLVLib.measures.papillary import PAPILLARY_AS_WALL
from CardiacLVLib.presentation.pictures import ed_es, middle_slice
from MedImageLib.errors import Remark
from MedImageLib.results import Curve, Measurement, QualityFlag, Result, Shape, input_identity
from MedImageLib.settings import settings_to_dict

KEY_NAMES = (
    "end_diastolic_volume",
    "end_systolic_volume",
    "stroke_volume",
    "ejection_fraction",
    "myocardial_mass_end_diastole",
    "fractional_area_change",
    "heart_rate",
    "cardiac_output",
    "ed_phase_index",
    "es_phase_index",
)
"""Values that are read before all else."""
_FUNCTION = (
    ("end_diastolic_volume", "end_diastolic_volume_ml", "mL"),
    ("end_systolic_volume", "end_systolic_volume_ml", "mL"),
    ("stroke_volume", "stroke_volume_ml", "mL"),
    ("ejection_fraction", "ejection_fraction_percent", "%"),
    ("myocardial_mass_end_diastole", "myocardial_mass_g", "g"),
    ("cardiac_output", "cardiac_output_l_per_min", "L/min"),
)
_NO_PHASES = "End diastole and end systole cannot be told from the areas."


def result_of(analysis: CineAnalysis) -> Result:
    """All values, curves, flags, findings and warnings of a cine; no files yet."""
    cine = analysis.cine
    as_wall = analysis.settings.papillary == "myocardium"
    papillary = PAPILLARY_AS_WALL if as_wall else PAPILLARY_RULE
    return Result(
        module="CardiacLV",
        task="lv",
        inputs=(input_identity(cine.frames[0], frames=len(cine.frames)),),
        values=(
            *_study_values(analysis),
            *_dimension_values(analysis),
            *_slice_values(analysis),
        ),
        curves=tuple(_curves(analysis)),
        flags=tuple(_flags(analysis)),
        findings=tuple(_findings(analysis)),
        warnings=(
            *analysis.remarks,
            Remark("papillary-muscles", papillary),
            Remark("basal-slices", BASAL_RULE),
        ),
        models=analysis.models,
        timings=analysis.timings,
        settings=settings_to_dict(analysis.settings),
    )


def for_reading(result: Result) -> Result:
    """The result without what a slice alone says and without dimensions, which tables hold."""
    kept = [v for v in result.values if "_slice" not in v.name and not v.name.startswith("dim")]
    return replace(result, values=tuple(kept))


def units(analysis: CineAnalysis) -> tuple[str, str]:
    """UCUM units of areas and of lengths."""
    return ("mm2", "mm") if analysis.measured.plan.spacing_known else ("{px}2", "{px}")


def _study_values(analysis: CineAnalysis) -> list[Measurement]:
    measured = analysis.measured
    function, phases, insertion = measured.function, measured.phases, measured.insertion
    values = [
        Measurement(name, value, unit, text=function.reasons.get(field, ""))
        for name, field, unit in _FUNCTION
        for value in [getattr(function, field)]
    ]
    middle = middle_slice(analysis)
    change = None if middle is None else function.fractional_area_change_percent[middle]
    text = "No left ventricle was found." if middle is None else f"Of slice {middle}."
    values.append(Measurement("fractional_area_change", change, "%", text=text))
    rate_text = "" if analysis.rate_bpm else "Neither given nor told by the file."
    values.append(Measurement("heart_rate", analysis.rate_bpm, "/min", text=rate_text))
    for name, frame in (("ed_phase_index", phases.ed_frame), ("es_phase_index", phases.es_frame)):
        text = _NO_PHASES if frame is None else "Frame of the study, counted from 0."
        values.append(Measurement(name, frame, "1", text=text))
    if middle is not None:
        way = {"image": "found in the images", "given": "given"}.get(
            insertion.method, f"taken from the {insertion.method}"
        )
        sure = "" if insertion.method == "given" else f", confidence {insertion.confidence:.2f}"
        values.append(
            Measurement(
                "anterior_insertion_angle",
                insertion.anterior_deg,
                "deg",
                text=f"{way.capitalize()}{sure}; from the columns' axis toward the rows' axis.",
            )
        )
    return values


def _dimension_values(analysis: CineAnalysis) -> list[Measurement]:
    """The three dimensions of the middle slice at both ends of the beat, with their lines."""
    number, measured = middle_slice(analysis), analysis.measured
    if number is None or measured.phases.ed_frame is None:
        return []
    _, unit = units(analysis)
    values = []
    for frame, word in zip(ed_es(analysis), ("ed", "es"), strict=True):
        outline = measured.outlines[frame][number]
        for order, name in enumerate(DIMENSIONS, start=1):
            value: float | None = None
            shapes: tuple[Shape, ...] = ()
            if outline is not None:
                drawing = draw_outline(
                    outline, measured.insertion.anterior_deg, measured.insertion.septum_turn
                )
                line = tuple((*map(float, p), float(number)) for p in drawing.dimensions[order - 1])
                shapes = (Shape("line", points_ijk=line, label=name, frame=frame),)
                value = measured.indices[frame, number, INDEX_NAMES.index(f"dim{order}_mm")]
            text = f"{name}, frame {frame}, slice {number}."
            values.append(
                Measurement(f"dim{order}_{word}", value, unit, text=text, geometry=shapes)
            )
    return values


def _slice_values(analysis: CineAnalysis) -> list[Measurement]:
    """Frames of end diastole and end systole and the area change, slice by slice."""
    measured = analysis.measured
    change = measured.function.fractional_area_change_percent
    values = []
    for number, own in enumerate(measured.slice_phases):
        ed, es = (None, None) if own is None else (own.ed_frame, own.es_frame)
        text = "The slice seldom shows a cavity." if own is None else ""
        reason = text or _NO_PHASES
        for name, value, unit in (
            ("ed_phase_index", ed, "1"),
            ("es_phase_index", es, "1"),
            ("fractional_area_change", change[number], "%"),
        ):
            why = reason if value is None else ""
            values.append(Measurement(f"{name}_slice{number}", value, unit, text=why))
    return values


def _curves(analysis: CineAnalysis) -> list[Curve]:
    """Volume or summed area first; then areas of the slices, and the ensemble's."""
    measured, cine = analysis.measured, analysis.cine
    if middle_slice(analysis) is None:
        return []

    def curve(name: str, values: np.ndarray, unit: str) -> Curve:
        told = tuple(float(v) if np.isfinite(v) else None for v in values)
        times = tuple(map(float, cine.index_values))
        return Curve(name, told, unit, times, cine.index_name, cine.index_unit)

    area, _ = units(analysis)
    curves = [curve("cavity_area", measured.cavity_area_mm2.sum(axis=1), area)]
    if measured.function.volume_ml is not None:
        curves.insert(0, curve("cavity_volume", measured.function.volume_ml, "mL"))
    curves += [
        curve(f"cavity_area_slice{number}", values, area)
        for number, values in enumerate(measured.cavity_area_mm2.T)
        if np.nansum(values) > 0
    ]
    if analysis.regressed is not None:
        curves.append(curve("cavity_area_regressed", analysis.regressed.total_mm2, area))
        curves.append(
            curve("cavity_area_regressed_spread", analysis.regressed.total_spread_mm2, area)
        )
    return curves


def _flags(analysis: CineAnalysis) -> list[QualityFlag]:
    measured = analysis.measured
    phases, insertion = measured.phases, measured.insertion
    found = middle_slice(analysis) is not None
    seen = "A left ventricle is seen." if found else "No left ventricle is seen."
    flags = [QualityFlag("ventricle-found", "satisfied" if found else "not", seen)]
    if not found:
        return flags
    allowed = analysis.settings.phases.apart_frames
    apart = (
        None
        if phases.ed_apart_frames is None or phases.es_apart_frames is None
        else max(phases.ed_apart_frames, phases.es_apart_frames)
    )
    flags.append(
        _flag(
            "phase-fits-agree",
            "Polynomial and periodic fit agree on end diastole and end systole.",
            apart,
            allowed,
            None if apart is None else apart <= allowed,
        )
    )
    flags.append(
        _flag(
            "insertion-sure",
            "The right ventricle's insertion is clear.",
            insertion.confidence,
            UNSURE_BELOW,
            insertion.confidence >= UNSURE_BELOW,
        )
    )
    pictures = None if analysis.check is None else len(analysis.check.flagged_pictures())
    flags.append(
        _flag(
            "indices-agree",
            "Segmentation and regression agree on every picture.",
            pictures,
            0,
            None if pictures is None else pictures == 0,
        )
    )
    return flags


def _flag(
    code: str, text: str, value: float | None, threshold: float, holds: bool | None
) -> QualityFlag:
    if holds is None:
        return QualityFlag(code, "not_assessable", text)
    return QualityFlag(code, "satisfied" if holds else "not", text, value, threshold, "1")


def _findings(analysis: CineAnalysis) -> list[str]:
    measured = analysis.measured
    function, phases = measured.function, measured.phases
    if middle_slice(analysis) is None:
        return ["No left ventricle was found; nothing was measured."]
    findings = []
    ed, es = phases.ed_frame, phases.es_frame
    if ed is None or es is None:
        findings.append(_NO_PHASES)
    elif function.end_diastolic_volume_ml is not None:
        assert function.end_systolic_volume_ml is not None
        findings.append(
            f"Left ventricle {function.end_diastolic_volume_ml:.0f} mL at end diastole (frame "
            f"{ed}), {function.end_systolic_volume_ml:.0f} mL at end systole (frame {es}), "
            f"ejection fraction {function.ejection_fraction_percent:.0f} %."
        )
    else:
        number = middle_slice(analysis)
        assert number is not None
        change = function.fractional_area_change_percent[number]
        told = "not assessable" if change is None else f"{change:.0f} %"
        findings.append(
            f"End diastole in frame {ed}, end systole in frame {es}; fractional area change of "
            f"slice {number}: {told}. No volumes: {function.reasons['volume_ml']}"
        )
    if analysis.check is not None and analysis.check.flagged:
        pictures = len(analysis.check.flagged_pictures())
        findings.append(
            f"{pictures} of {analysis.check.compared} pictures are flagged for a second look."
        )
    return findings
