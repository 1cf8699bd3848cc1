"""The bull's-eye of the AHA's 17 segments (Cerqueira et al. 2002) as a picture.

Base outside, apex in the middle, anterior above and septum at the left, as seen from the apex.
Numbers stand in the segments; colors run from dark to light and are told apart without hue.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from CardiacLVLib.measures.bullseye import BullsEye

# Ring: inner and outer radius, first segment, number of segments, start of the first (degrees).
_RINGS = ((3.0, 4.0, 0, 6, 60.0), (2.0, 3.0, 6, 6, 60.0), (1.0, 2.0, 12, 4, 45.0))
_REGIONS = (
    (90, "anterior"),
    (150, "antero-\nseptal"),
    (210, "infero-\nseptal"),
    (270, "inferior"),
    (330, "infero-\nlateral"),
    (30, "antero-\nlateral"),
)


def bulls_eye_picture(eye: BullsEye, across: int = 2) -> bytes:
    """PNG of wall thickness at end diastole (mm) and its thickening until end systole (%).

    across: 2 for side by side, 1 for one above the other.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (4.8 * across, 4.1 * (2 // across))
    figure = Figure(figsize=size, dpi=170, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(2 // across, across)
    _draw(left, eye.thickness_ed_mm, "Wall thickness at end diastole", "mm", "{:.1f}")
    _draw(right, eye.thickening_percent, "Thickening until end systole", "%", "{:.0f}")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _draw(axes: Any, values: Sequence[float | None], title: str, unit: str, number: str) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Circle, Wedge

    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    scale = Normalize(low, high if high > low else low + 1)
    colors = colormaps["cividis"]
    for inner, outer, first, count, start in _RINGS:
        width = 360 / count
        for number_in_ring in range(count):
            begin = start + number_in_ring * width
            value = values[first + number_in_ring]
            face = "#e3e7ea" if value is None else colors(scale(value))
            edge = {"edgecolor": "#ffffff", "linewidth": 1.6}
            axes.add_patch(
                Wedge((0, 0), outer, begin, begin + width, width=1, facecolor=face, **edge)
            )
            middle, radius = np.deg2rad(begin + width / 2), (inner + outer) / 2
            axes.text(
                radius * np.cos(middle),
                radius * np.sin(middle),
                "–" if value is None else number.format(value),
                ha="center",
                va="center",
                fontsize=10,
                color=_ink(face, value),
            )
    axes.add_patch(Circle((0, 0), 1, facecolor="#e3e7ea", edgecolor="#ffffff", linewidth=1.6))
    axes.text(0, 0, "–", ha="center", va="center", fontsize=10, color="#5a6670")
    for degrees, name in _REGIONS:
        angle = np.deg2rad(degrees)
        axes.text(
            4.75 * np.cos(angle), 4.55 * np.sin(angle), name, ha="center", va="center", fontsize=8,
            color="#5a6670",
        )  # fmt: skip
    axes.set_xlim(-5.6, 5.6)
    axes.set_ylim(-5.0, 5.0)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(f"{title} ({unit})", fontsize=11)
    if known:
        bar = axes.figure.colorbar(
            ScalarMappable(scale, colors), ax=axes, shrink=0.7, aspect=26, pad=0.01
        )
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)


def _ink(face: Any, value: float | None) -> str:
    if value is None:
        return "#5a6670"
    brightness = float(np.dot(face[:3], (0.299, 0.587, 0.114)))
    return "#111111" if brightness > 0.5 else "#ffffff"
