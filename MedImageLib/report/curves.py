"""Plots of values along an index, such as an area over the cardiac cycle."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from MedImageLib.report.page import unit_text
from MedImageLib.results import Curve

# Okabe–Ito colors that are dark enough on white, each with its own dashes and marker.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
_DASHES = ("-", "--", "-.", ":")
_MARKERS = "os^D"
_BAND = "#F3DDBB"


@dataclass(frozen=True)
class Band:
    """A range of values along an index, in the units of the curves; None leaves a gap."""

    name: str
    index_values: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


def curve_picture(
    curves: Sequence[Curve],
    marks: Sequence[tuple[float, str]] = (),
    title: str = "",
    *,
    fits: Sequence[Curve] = (),
    bands: Sequence[Band] = (),
) -> bytes:
    """PNG of curves that share their units; values that are not assessable leave a gap.

    marks: index value and text of events (end-diastole, end-systole), drawn as upright lines.
    fits: smooth curves through the values; where there are some, the curves are drawn as points.
    bands: ranges, drawn below.
    Raises ValueError without curves or with different units.
    """
    if not curves or len({(one.unit, one.index_unit) for one in (*curves, *fits)}) != 1:
        raise ValueError("Curves in one plot need the same units, and at least one is needed.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for band in bands:
        low, high = _numbers(band.low), _numbers(band.high)
        axes.fill_between(band.index_values, low, high, color=_BAND, lw=0, label=_words(band.name))
    styles = zip(
        itertools.cycle(_COLORS), itertools.cycle(_DASHES), itertools.cycle(_MARKERS), strict=False
    )
    for one, (color, dash, marker) in zip((*curves, *fits), styles, strict=False):
        is_fit = one in fits
        axes.plot(
            one.index_values,
            _numbers(one.values),
            linestyle="none" if fits and not is_fit else dash,
            color=color,
            marker="" if is_fit else marker,
            markersize=4,
            linewidth=1.6,
            label=_words(one.name),
        )
    for place, text in marks:
        axes.axvline(place, color="#5a6670", linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            _plain(text),
            (place, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3),
            textcoords="offset points",
            va="top",
            fontsize=9,
            color="#1b2329",
        )
    first = curves[0]
    axes.set_xlabel(_axis(first.index_name, first.index_unit))
    axes.set_ylabel(_axis(first.name if len(curves) == 1 else "value", first.unit))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#d5dbe0", linewidth=0.6)
    axes.margins(y=0.15)
    if fits:
        # A high degree may run away between the values; these are what is to be seen.
        told = [_numbers(one.values) for one in curves]
        told += [_numbers(end) for band in bands for end in (band.low, band.high)]
        axes.set_ylim(*_range([value for values in told for value in values]))
    if len(curves) + len(fits) + len(bands) > 1:
        axes.legend(fontsize=9, framealpha=0.85, edgecolor="none")
    if title:
        axes.set_title(_plain(title), fontsize=11, loc="left")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _range(values: list[float]) -> tuple[float, float]:
    """Limits with room above and below; values that are not told count for nothing."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    room = 0.18 * (max(known) - min(known)) or 1.0
    return min(known) - room, max(known) + room


def _words(name: str) -> str:
    return _plain(name.replace("_", " "))


def _axis(name: str, unit: str) -> str:
    text = unit_text(unit)
    return _plain(name.replace("_", " ") + (f" ({text})" if text else ""))


def _plain(text: str) -> str:
    """Text that matplotlib does not take for mathematics."""
    return text.replace("$", r"\$")
