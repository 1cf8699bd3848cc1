"""The tables of a cine: measured and regressed indices picture by picture, and slice by slice.

Rows are plain values, for CSV files, table nodes and the report alike. Frames and slices count
from 0. Without spacing the columns in millimeters stay empty and columns in pixels follow them.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from CardiacLVLib.analysis import CineAnalysis
from CardiacLVLib.measures.indices import INDEX_NAMES
from CardiacLVLib.measures.phases import BeatPhases
from MedImageLib.writing.atomic import finished_file

Row = dict[str, str | int | float | bool | None]
PIXEL_NAMES = tuple(name.replace("_mm2", "_px2").replace("_mm", "_px") for name in INDEX_NAMES)
DISAGREES, NO_WALL, OPEN_WALL, UNSEEN = "disagrees", "no-wall", "open-wall", "not-seen"


def index_rows(analysis: CineAnalysis) -> list[Row]:
    """One row a frame and slice: indices measured on the contours, phase of the study, flags.

    Without a cavity its area is 0 and lengths are None. flags: words joined by semicolons:
    not-seen, no-wall, open-wall (a region's wall is not closed), disagrees:NAME (the regressed
    index differs by more than usual).
    """
    measured = analysis.measured
    values = measured.indices.copy()
    values[..., 0] = measured.cavity_area_mm2
    values[..., 1] = np.where(
        (measured.cavity_area_mm2 == 0) & np.isnan(measured.myocardium_area_mm2),
        0.0,
        measured.myocardium_area_mm2,
    )
    return _rows(analysis, values, measured.phases, _flags(analysis))


def regressed_rows(analysis: CineAnalysis) -> list[Row]:
    """Rows of the same shape of the ensemble's means, then its spreads; none without ensemble."""
    regressed = analysis.regressed
    if regressed is None:
        return []
    rows = _rows(analysis, regressed.indices, regressed.phases, _flags(analysis))
    for row, spread in zip(rows, regressed.spread.reshape(-1, len(INDEX_NAMES)), strict=True):
        row.update(
            (f"{name}_spread", _number(value))
            for name, value in zip(INDEX_NAMES, spread, strict=True)
        )
    return rows


def frame_rows(analysis: CineAnalysis) -> list[Row]:
    """One row a frame: time, volumes in mL where they are known, phase."""
    measured, cine = analysis.measured, analysis.cine
    volume = measured.function.volume_ml
    step_mm = measured.plan.spacing_mm[2]
    rows: list[Row] = []
    for frame, index in enumerate(cine.index_values):
        walls = measured.myocardium_area_mm2[frame]
        muscle = float(np.nansum(walls)) * step_mm / 1000 if np.isfinite(walls).any() else None
        rows.append(
            {
                "frame": frame,
                cine.index_name: float(index),
                "cavity_volume": None if volume is None else _number(volume[frame]),
                "myocardium_volume": None if volume is None else muscle,
                "phase": phase_word(measured.phases, frame),
            }
        )
    return rows


def frame_units(analysis: CineAnalysis) -> dict[str, str]:
    """UCUM units of the columns of `frame_rows`."""
    cine = analysis.cine
    return {cine.index_name: cine.index_unit, "cavity_volume": "mL", "myocardium_volume": "mL"}


def phase_word(phases: BeatPhases, frame: int) -> str:
    """`end diastole`, `end systole`, `systole`, `diastole` or nothing."""
    if frame in phases.ed_frames:
        return "end diastole"
    if frame in phases.es_frames:
        return "end systole"
    return {0: "systole", 1: "diastole", None: ""}[phases.phase[frame]]


def write_rows(path: Path, rows: Sequence[Row], columns: Sequence[str] = ()) -> None:
    """A CSV file; what is None stays empty. columns: where there may be no rows."""
    names = list(rows[0]) if rows else list(columns)
    with (
        finished_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(row[name]) for name in names} for row in rows)


def _rows(
    analysis: CineAnalysis, values: np.ndarray, phases: BeatPhases, flags: dict[tuple, list[str]]
) -> list[Row]:
    known = analysis.measured.plan.spacing_known
    rows: list[Row] = []
    for frame, number in np.ndindex(values.shape[:2]):
        numbers = [_number(value) for value in values[frame, number]]
        rows.append(
            {
                "frame": frame,
                "slice": number,
                **dict(zip(INDEX_NAMES, numbers if known else [None] * 11, strict=True)),
                "phase": phases.phase[frame],
                "flags": ";".join(flags.get((frame, number), ())),
                **({} if known else dict(zip(PIXEL_NAMES, numbers, strict=True))),
            }
        )
    return rows


def _flags(analysis: CineAnalysis) -> dict[tuple, list[str]]:
    measured = analysis.measured
    flags: dict[tuple, list[str]] = {}
    for frame, number in np.ndindex(measured.indices.shape[:2]):
        own = flags.setdefault((frame, number), [])
        outline = measured.outlines[frame][number]
        if measured.plan.unseen is not None and measured.plan.unseen[frame, number]:
            own.append(UNSEEN)
        elif outline is not None and outline.myocardium_area_mm2 is None:
            own.append(NO_WALL)
        elif outline is not None and np.isnan(measured.indices[frame, number, 5:]).any():
            own.append(OPEN_WALL)
    for one in analysis.check.flagged if analysis.check else ():
        flags[one.frame, one.slice_number].append(f"{DISAGREES}:{one.index}")
    return flags


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _cell(value: str | float | bool | None) -> str | float | bool | None:
    # A hundredth of a millimeter is far below what contours tell.
    return round(value, 3) if isinstance(value, float) else value


def row_text(row: Row) -> str:
    """A row of a table in words; empty cells are left out.

    >>> row_text({"cavity_volume": 61.204, "phase": "end systole", "flags": ""})
    'cavity volume 61.2, phase end systole'
    """
    told = []
    for name, value in row.items():
        if value not in ("", None):
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            told.append(f"{name.replace('_', ' ')} {shown}")
    return ", ".join(told)
