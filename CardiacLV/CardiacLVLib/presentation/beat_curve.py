"""The curve of a beat: what was measured, both fits, the ensemble's band, the ends of the beat.

One description for the report's picture and for the tables that a plot view draws from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CardiacLVLib.analysis import CineAnalysis
from CardiacLVLib.measures.bullseye import SEGMENTS, BullsEye
from CardiacLVLib.presentation.tables import Row
from MedImageLib.report.curves import Band
from MedImageLib.results import Curve

BAND = "ensemble, mean ± 2 spreads"


@dataclass(frozen=True)
class BeatCurve:
    """fits: polynomial, then periodic, at fractions of frames (`fit_frames`); none where nothing
    could be fitted. marks: frame and `ED` or `ES`."""

    measured: Curve
    fits: tuple[Curve, ...]
    fit_frames: tuple[float, ...]
    bands: tuple[Band, ...]
    marks: tuple[tuple[int, str], ...]


def beat_curve(analysis: CineAnalysis, curve: Curve) -> BeatCurve:
    """curve: of the result, the cavity's volume or its summed area."""
    measured, cine = analysis.measured, analysis.cine
    phases = measured.phases
    # The fits are of the summed area; a volume is that times the slices' distance.
    factor = measured.plan.spacing_mm[2] / 1000 if curve.unit == "mL" else 1.0
    times = np.array(cine.index_values, float)
    fits: list[Curve] = []
    inside = phases.fine_frame <= len(times) - 1
    frames = phases.fine_frame[inside]
    order = np.argsort(frames, kind="stable")
    fine = np.interp(frames[order], np.arange(len(times)), times)
    for name, values in (
        (f"polynomial of degree {phases.degree}", phases.fine_polynomial),
        ("periodic fit", phases.fine_periodic),
    ):
        if len(fine) > 1 and np.isfinite(values).all():
            told = (values[inside][order] * factor).tolist()
            fits.append(
                Curve(
                    name, tuple(told), curve.unit, tuple(fine), curve.index_name, curve.index_unit
                )
            )
    bands = []
    regressed = analysis.regressed
    if regressed is not None and analysis.settings.papillary == "cavity":
        middle, spread = regressed.total_mm2 * factor, regressed.total_spread_mm2 * factor
        low, high = (
            tuple(float(v) if np.isfinite(v) else None for v in middle + sign * spread)
            for sign in (-2, 2)
        )
        bands.append(Band(BAND, tuple(times.tolist()), low, high))
    marks = [(frame, "ED") for frame in phases.ed_frames]
    marks += [(frame, "ES") for frame in phases.es_frames]
    return BeatCurve(
        curve,
        tuple(fits),
        tuple(frames[order].tolist()) if fits else (),
        tuple(bands),
        tuple(marks),
    )


def frame_curve_rows(beat: BeatCurve) -> list[Row]:
    """One row a frame: frame, index, value, and the ensemble's lower and upper end."""
    name, index = beat.measured.name, beat.measured.index_name
    rows: list[Row] = []
    for frame, (at, value) in enumerate(
        zip(beat.measured.index_values, beat.measured.values, strict=True)
    ):
        row: Row = {"frame": frame, index: at, name: value}
        for band in beat.bands:
            row |= {"ensemble_low": band.low[frame], "ensemble_high": band.high[frame]}
        rows.append(row)
    return rows


def fit_rows(beat: BeatCurve) -> list[Row]:
    """One row for each point of the fits: frame (a fraction), index, polynomial, periodic."""
    if not beat.fits:
        return []
    index = beat.measured.index_name
    columns = zip(
        beat.fit_frames,
        beat.fits[0].index_values,
        *(fit.values for fit in beat.fits),
        strict=True,
    )
    names = ("frame", index, "polynomial", "periodic")
    return [dict(zip(names, row, strict=False)) for row in columns]


def mark_rows(beat: BeatCurve) -> list[Row]:
    """One row for each end of the beat: frame, index, value, ED or ES."""
    measured = beat.measured
    return [
        {
            "frame": frame,
            measured.index_name: measured.index_values[frame],
            measured.name: measured.values[frame],
            "phase": word,
        }
        for frame, word in beat.marks
    ]


def bulls_eye_rows(analysis: CineAnalysis) -> list[Row]:
    """One row for each of the 17 segments; none where millimeters are not known."""
    eye = analysis.measured.bulls_eye
    if eye is None or not analysis.measured.plan.spacing_known:
        return []
    return [
        {
            "segment": n + 1,
            "thickness_ed": eye.thickness_ed_mm[n],
            "thickness_es": eye.thickness_es_mm[n],
            "thickening": eye.thickening_percent[n],
        }
        for n in range(SEGMENTS)
    ]


def bulls_eye_of(rows: list[Row]) -> BullsEye:
    """What `bulls_eye_rows` told, without the slices' levels."""

    def column(name: str) -> tuple[float | None, ...]:
        values = [row[name] for row in rows]
        return tuple(None if value is None else float(value) for value in values)

    return BullsEye(column("thickness_ed"), column("thickness_es"), column("thickening"), ())
