"""The files of one cine: tables, label maps, report and scene; result.json is the caller's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from CardiacLVLib.analysis import STRUCTURES, CineAnalysis
from CardiacLVLib.measures.indices import DIMENSIONS, INDEX_NAMES, REGIONS
from CardiacLVLib.presentation.pictures import (
    contour_picture,
    ed_es,
    extremes,
    middle_slice,
    report_pictures,
)
from CardiacLVLib.presentation.pictures import shown_slices as shown
from CardiacLVLib.presentation.result import KEY_NAMES, for_reading, result_of
from CardiacLVLib.presentation.tables import (
    frame_rows,
    frame_units,
    index_rows,
    regressed_rows,
    write_rows,
)
from MedImageLib.report import Table, report_of, write_report
from MedImageLib.report.slices import slice_picture
from MedImageLib.results import Result
from MedImageLib.volume import VolumeSequence
from MedImageLib.writing.atomic import finished_file

_MOST_FLAGGED = 24
_TITLES = {
    "myocardial_mass_end_diastole": "mass at end diastole",
    "ed_phase_index": "ED frame, from 0",
    "es_phase_index": "ES frame, from 0",
}
_NAMES = (
    "cavity area",
    "myocardium area",
    *(f"dimension {n} {name}" for n, name in enumerate(DIMENSIONS, start=1)),
    *(f"wall thickness {name}" for name in REGIONS),
)


def write_outputs(folder: Path, analysis: CineAnalysis) -> Result:
    """Write labels.nii.gz, indices.csv, indices_regressed.csv, overlay.png, report.html, scene.mrb.

    The second table is left out without an ensemble, the scene where the settings say so.
    Returns the result.
    """
    result = result_of(analysis)
    _write_labels(folder / "labels.nii.gz", analysis)
    write_rows(folder / "indices.csv", index_rows(analysis))
    if analysis.regressed is not None:
        write_rows(folder / "indices_regressed.csv", regressed_rows(analysis))
    _write_overlay(folder / "overlay.png", analysis)
    _write_report(folder / "report.html", analysis, result)
    if analysis.settings.scene:
        _write_scene(folder / "scene.mrb", analysis, result)
    return result


def _write_labels(path: Path, analysis: CineAnalysis) -> None:
    """Four-dimensional NIfTI; the time step is kept, so that viewers play it in time."""
    import nibabel

    cine = analysis.cine
    geometry = cine.frames[0].geometry
    array = np.stack([labels.array for labels in analysis.labels])
    image = nibabel.Nifti1Image(
        np.ascontiguousarray(array.transpose(3, 2, 1, 0)), geometry.ras_from_index
    )
    image.header.set_zooms((*geometry.spacing_mm, _time_step(cine)))
    time = {"ms": "msec", "s": "sec"}.get(cine.index_unit, "unknown")
    image.header.set_xyzt_units("mm", time)
    with finished_file(path) as temporary:
        nibabel.save(image, temporary)


def _time_step(cine: VolumeSequence) -> float:
    return float(np.median(np.diff(cine.index_values))) if len(cine.index_values) > 1 else 1.0


def _write_overlay(path: Path, analysis: CineAnalysis) -> None:
    middle = middle_slice(analysis)
    with finished_file(path) as temporary:
        temporary.write_bytes(
            slice_picture(analysis.cine.frames[0])
            if middle is None
            else contour_picture(analysis, ed_es(analysis)[0], middle, size_px=640)
        )


def _write_report(path: Path, analysis: CineAnalysis, result: Result) -> None:
    pictures = report_pictures(analysis, result.curves)
    tables = [*_index_tables(analysis), *_slice_table(analysis), *_flagged_table(analysis)]
    report = report_of(
        for_reading(result),
        "Short-axis cine MR: left ventricle",
        pictures,
        tables,
        # A unit is not to stand alone on the next line.
        [sentence.replace(" %", "\N{NO-BREAK SPACE}%") for sentence in result.findings],
    )
    key = [one for one in result.values if one.name in KEY_NAMES]
    key.sort(key=lambda one: KEY_NAMES.index(one.name))
    told = tuple(
        replace(one, name=_TITLES.get(one.name, one.name)) for one in key if one.value is not None
    )
    write_report(path, replace(report, key_values=told))


def _index_tables(analysis: CineAnalysis) -> list[Table]:
    """The eleven indices of the slices shown, at both ends of the beat and in both ways."""
    measured, regressed = analysis.measured, analysis.regressed
    known = measured.plan.spacing_known
    units = [("mm²" if known else "px²") if "mm2" in n else "mm" if known else "px"
             for n in INDEX_NAMES]  # fmt: skip
    frames = extremes(analysis)
    columns = ["index", "unit"]
    for frame, word in frames.items():
        columns.append(f"{word} (frame {frame})")
        columns += ["regressed ± spread"] if regressed else []
    tables = []
    for number, place in shown(analysis):
        rows = []
        for index, (name, unit) in enumerate(zip(_NAMES, units, strict=True)):
            row = [name, unit]
            for frame in frames:
                value = measured.indices[frame, number, index]
                row.append(f"{value:.1f}" if np.isfinite(value) else "–")
                if regressed:
                    mean = regressed.indices[frame, number, index]
                    spread = regressed.spread[frame, number, index]
                    row.append(f"{mean:.1f} ± {spread:.1f}" if np.isfinite(mean) else "–")
            rows.append(tuple(row))
        title = f"Indices, {place} slice {number}"
        tables.append(Table(title, tuple(columns), tuple(rows)))
    return tables


def _slice_table(analysis: CineAnalysis) -> list[Table]:
    measured = analysis.measured
    change = measured.function.fractional_area_change_percent
    if not shown(analysis) or len(change) < 2:
        return []
    eye = measured.bulls_eye
    ed, es = ed_es(analysis)
    unit = "mm²" if measured.plan.spacing_known else "px²"
    rows = []
    for number, own in enumerate(measured.slice_phases):
        areas = [measured.cavity_area_mm2[frame, number] for frame in (ed, es)]
        rows.append(
            (
                number,
                (eye.level_by_slice[number] if eye else None) or "",
                *(round(float(a)) if np.isfinite(a) else None for a in areas),
                None if own is None else own.ed_frame,
                None if own is None else own.es_frame,
                change[number],
            )
        )
    columns = ("slice", "level", f"cavity at ED ({unit})", f"cavity at ES ({unit})",
               "own ED frame", "own ES frame", "area change (%)")  # fmt: skip
    note = "Own frames are told from the slice's areas alone; area change lies between them."
    return [Table("Slices", columns, tuple(rows), note)]


def _flagged_table(analysis: CineAnalysis) -> list[Table]:
    flagged = analysis.check.flagged if analysis.check else ()
    if not flagged:
        return []
    usual = [max(abs(one.lowest), abs(one.highest)) for one in flagged]
    by_excess = sorted(
        range(len(flagged)),
        key=lambda n: -abs(flagged[n].regressed - flagged[n].measured) / usual[n],
    )
    rows = []
    for n in by_excess[:_MOST_FLAGGED]:
        one = flagged[n]
        regressed = f"{one.regressed:.1f}"
        regressed += "" if one.spread is None else f" ± {one.spread:.1f}"
        rows.append(
            (one.frame, one.slice_number, _NAMES[INDEX_NAMES.index(one.index)],
             round(one.measured, 1), regressed, f"{one.lowest:g} to {one.highest:g}")
        )  # fmt: skip
    left = len(flagged) - len(rows)
    note = f"{left} more are named in the column flags of indices.csv." if left else ""
    columns = ("frame", "slice", "index", "measured", "regressed", "usual difference")
    return [Table("To be looked at: both ways differ", columns, tuple(rows), note)]


def _write_scene(path: Path, analysis: CineAnalysis, result: Result) -> None:
    from MedImageLib.study_scene import SceneTable, write_study_scene

    volumes = frame_rows(analysis)
    known = volumes[0]["cavity_volume"] is not None
    over = analysis.cine.index_name
    tables = [
        SceneTable(
            "Cine volumes",
            volumes,
            frame_units(analysis),
            over,
            ("cavity_volume",) if known else (),
        ),
        SceneTable("Cine indices", index_rows(analysis)),
    ]
    if analysis.regressed is not None:
        tables.append(SceneTable("Cine indices regressed", regressed_rows(analysis)))
    write_study_scene(
        path,
        analysis.cine,
        analysis.labels,
        STRUCTURES,
        result,
        "Cine",
        shown_frame=ed_es(analysis)[0],
        tables=tables,
    )
