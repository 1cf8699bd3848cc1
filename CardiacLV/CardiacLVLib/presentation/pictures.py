"""The pictures of a cine's report: curve with fits, contours at end diastole and end systole.

Contours are drawn where they were measured, at their sub-pixel places, with the three dimensions
and the borders of the six regions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CardiacLVLib.analysis import CineAnalysis
from CardiacLVLib.measures.bullseye import base_is_first
from CardiacLVLib.measures.indices import DIMENSIONS, draw_outline
from CardiacLVLib.presentation.beat_curve import beat_curve
from CardiacLVLib.presentation.bullseye_picture import bulls_eye_picture
from MedImageLib.report import Picture
from MedImageLib.report.canvas import Path, Text
from MedImageLib.report.curves import curve_picture
from MedImageLib.report.overlay import overlay_picture
from MedImageLib.report.slices import slice_picture, slice_view
from MedImageLib.results import Curve

# Okabe and Ito; dashes and words tell the lines apart as well.
_ENDOCARDIUM, _EPICARDIUM, _DIMENSION, _BORDER = "#56B4E9", "#E69F00", "#F0E442", "#FFFFFF"
_MARGIN_MM = 22.0
_PLACES = (("basal", 1 / 6), ("middle", 1 / 2), ("apical", 5 / 6))


def report_pictures(analysis: CineAnalysis, curves: Sequence[Curve]) -> list[Picture]:
    """Curve, contours at both ends of the beat, bull's-eye; what is not known is left out.

    curves: of the result, the one to be shown first.
    """
    pictures = []
    if curves:
        pictures.append(_curve(analysis, curves[0]))
    chosen = shown_slices(analysis)
    if not chosen:
        caption = "Middle slice of the first frame; no left ventricle was found."
        return [*pictures, Picture(slice_picture(analysis.cine.frames[0]), caption)]
    for number, place in chosen:
        for frame, word in extremes(analysis).items():
            caption = f"{word} (frame {frame}), {place} slice {number}."
            pictures.append(Picture(contour_picture(analysis, frame, number), caption))
    eye = analysis.measured.bulls_eye
    if eye is not None and any(value is not None for value in eye.thickness_ed_mm):
        caption = (
            "Bull's-eye of the AHA's segments: base outside, apex inside, septum at the left. "
            "Segment 17 lies on no short-axis slice."
        )
        if analysis.measured.plan.spacing_known:
            pictures.append(Picture(bulls_eye_picture(eye), caption, wide=True))
    return pictures


def ed_es(analysis: CineAnalysis) -> tuple[int, int]:
    """Frames of end diastole and end systole; the largest and smallest cavity without phases."""
    phases = analysis.measured.phases
    total = np.nan_to_num(analysis.measured.cavity_area_mm2).sum(axis=1)
    ed, es = phases.ed_frame, phases.es_frame
    return int(total.argmax()) if ed is None else ed, int(total.argmin()) if es is None else es


def extremes(analysis: CineAnalysis) -> dict[int, str]:
    """The frames of `ed_es` with their names; one where nothing moves."""
    phases = analysis.measured.phases
    told = phases.ed_frame is not None and phases.es_frame is not None
    words = ("End diastole", "End systole") if told else ("Largest cavity", "Smallest cavity")
    return dict(zip(ed_es(analysis), words, strict=True))


def shown_slices(analysis: CineAnalysis) -> list[tuple[int, str]]:
    """A basal, a middle and an apical slice that show a cavity at end diastole, each once."""
    ed, _ = ed_es(analysis)
    areas = np.nan_to_num(analysis.measured.cavity_area_mm2[ed])
    there = np.flatnonzero(areas > 0)
    if len(there) == 1:
        return [(int(there[0]), "the only")]
    if len(there) and not base_is_first(areas, analysis.measured.plan.direction):
        there = there[::-1]
    chosen: dict[int, str] = {}
    for word, share in _PLACES if len(there) else ():
        chosen.setdefault(int(there[int(len(there) * share)]), word)
    return list(chosen.items())


def middle_slice(analysis: CineAnalysis) -> int | None:
    """The middle one of `shown_slices`."""
    chosen = shown_slices(analysis)
    return chosen[len(chosen) // 2][0] if chosen else None


def contour_picture(analysis: CineAnalysis, frame: int, number: int, size_px: int = 480) -> bytes:
    """PNG of the heart on one slice with contours, dimensions 1–3 and regions."""
    cine, measured = analysis.cine, analysis.measured
    view = slice_view(cine.frames[frame], index=number)
    low, high = _about(analysis, number)
    view = view.cropped((*low, number), (*high, number))
    paths, texts = [], []

    def placed(points: np.ndarray) -> np.ndarray:
        return np.array([view.place((i, j, number)) for i, j in points])

    outline = measured.outlines[frame][number]
    if outline is not None:
        insertion = measured.insertion
        drawing = draw_outline(outline, insertion.anterior_deg, insertion.septum_turn)
        for points in drawing.borders:
            paths.append(Path(placed(points), color=_BORDER, width=1.2))
        for order, points in enumerate(drawing.dimensions, start=1):
            lines = placed(points)
            paths.append(Path(lines, color=_DIMENSION, dash=(7, 4), width=1.2))
            at = lines[0] + 0.2 * (lines[1] - lines[0])
            texts.append(Text((at[0], at[1]), str(order), _DIMENSION))
        if drawing.epicardium is not None:
            paths.append(Path(placed(drawing.epicardium), "epicardium", _EPICARDIUM, (12, 5), 2.0))
        paths.append(Path(placed(drawing.endocardium), "endocardium", _ENDOCARDIUM, width=2.0))
        for region, at_ij in drawing.region_places.items():
            i, j = placed(at_ij[None])[0]
            texts.append(Text((i, j), region))
        words = " · ".join(f"{n} {name}" for n, name in enumerate(DIMENSIONS, start=1))
        paths.append(Path(np.zeros((0, 2)), f"dimensions {words}", _DIMENSION, (7, 4)))
    whole = cine.frames[frame].array[number]
    return overlay_picture(
        view.image,
        spacing_mm=view.spacing_mm,
        spacing_known=view.spacing_known,
        paths=paths,
        texts=texts,
        letters=view.letters,
        window=(float(np.percentile(whole, 1)), float(np.percentile(whole, 99.5))),
        size_px=size_px,
    )


def _about(analysis: CineAnalysis, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners (i, j) of a square about the ventricle of a slice, the same in all frames."""
    spacing = np.array(analysis.measured.plan.spacing_mm[:2])
    shown = np.any([labels.array[number] > 0 for labels in analysis.labels], axis=0)
    j, i = np.nonzero(shown)
    low, high = (np.array([end(i), end(j)]) * spacing for end in (np.min, np.max))
    margin = _MARGIN_MM
    if not analysis.measured.plan.spacing_known:
        margin = 0.3 * float((high - low).max())
    half = float((high - low).max()) / 2 + margin
    center = (low + high) / 2
    return (center - half) / spacing, (center + half) / spacing


def _curve(analysis: CineAnalysis, curve: Curve) -> Picture:
    beat = beat_curve(analysis, curve)
    times = curve.index_values
    total = np.asarray(analysis.measured.cavity_area_mm2.sum(axis=1), float)
    marks = [(float(times[frame]), word) for frame, word in beat.marks]
    title = f"{curve.name.replace('_', ' ').capitalize()} over the beat"
    caption = f"{title}: measured in every frame ({np.isfinite(total).sum()}), with both fits"
    caption += " and the range of the regressed values." if beat.bands else "."
    png = curve_picture([curve], marks, title, fits=beat.fits, bands=beat.bands)
    return Picture(png, caption, wide=True)
