"""Drawing on an enlarged picture in indices (i, j) of the image: outlines, paths, lines, texts.

Everything has a dark rim, so that it is seen on bright and on dark parts of an image.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

# Okabe and Ito, Color Universal Design (2008), brightest on gray first.
PALETTE = ("#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#F0E442", "#D55E00", "#0072B2")
DASHES: tuple[tuple[float, ...], ...] = ((), (14, 6), (4, 4), (14, 5, 4, 5))
OVERSAMPLING = 2
Contour = list[tuple[float, float]]  # closed, in pixels of the canvas


@dataclass(frozen=True)
class Line:
    """A measured distance between two indices (i, j), with its text (`132 mm`)."""

    start_ij: tuple[float, float]
    end_ij: tuple[float, float]
    text: str = ""
    color: str = "#FFFFFF"


@dataclass(frozen=True)
class Box:
    """A box between two corner indices (i, j), with its text."""

    corner_ij: tuple[float, float]
    opposite_ij: tuple[float, float]
    text: str = ""
    color: str = "#F0E442"


@dataclass(frozen=True, eq=False)
class Path:
    """A curve through continuous indices (i, j), as of a sub-pixel contour.

    points_ij: (n, 2), NaN where it is interrupted. name: in the legend; paths of one name share
    an entry. dash: lengths on and off in turn; empty: all.
    """

    points_ij: np.ndarray
    name: str = ""
    color: str = "#FFFFFF"
    dash: tuple[float, ...] = ()
    width: float = 2.4


@dataclass(frozen=True)
class Text:
    """A short text whose middle lies at an index (i, j)."""

    at_ij: tuple[float, float]
    text: str
    color: str = "#FFFFFF"


@dataclass(frozen=True)
class Style:
    number: int
    name: str
    color: str
    dash: tuple[float, ...]


class Canvas:
    """Drawing in indices (i, j) on an enlarged picture."""

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        scale: tuple[float, float],
        size: tuple[int, int],
        size_px: int,
    ) -> None:
        self._draw = draw
        self._scale = scale
        self._size = size
        self._unit = OVERSAMPLING * max(size_px / 768, 0.6)  # one point of a 768 pixel picture
        self._font = font_of(round(17 * self._unit))
        self._tagged: list[tuple[float, float, float, float]] = []

    def contours(self, mask: np.ndarray) -> list[Contour]:
        """Outlines at the border of pixels, also where the structure touches the image's edge."""
        from contourpy import contour_generator

        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return []
        top, left = int(rows[0]), int(columns[0])
        part = mask[top : rows[-1] + 1, left : columns[-1] + 1]
        found: Any = contour_generator(z=np.pad(part.astype(np.float32), 1)).lines(0.5)
        return [[self._at((x + left - 1, y + top - 1)) for x, y in points] for points in found]

    def outline(self, contours: Sequence[Contour], style: Style) -> None:
        """What `contours` found, with a dark rim."""
        dash = tuple(length * self._unit for length in style.dash)
        # Half a stroke inside, so that it is seen where the structure touches the image's edge.
        low = 1.5 * self._unit
        high = np.subtract(self._size, low)
        for contour in contours:
            points = [(min(max(x, low), high[0]), min(max(y, low), high[1])) for x, y in contour]
            self._stroke(points, "#000000B0", 5.0)
            for piece in dashed(points, dash):
                self._stroke(piece, style.color, 3.0)

    def tag(self, contours: Sequence[Contour], style: Style) -> None:
        """The number of the structure at a place of its outline that is still free."""
        if not contours:
            return
        points = max(contours, key=len)
        box = self._text_box(str(style.number))
        places = points[:: max(1, len(points) // 24)]
        order = sorted(places, key=lambda p: (round(p[1] / (40 * self._unit)), p[0]))
        for x, y in order:
            left, top = self._inside(x - box[0] / 2, y - box[1] / 2, box)
            area = (left, top, left + box[0], top + box[1])
            if not any(_overlap(area, other) for other in self._tagged):
                break
        self._tagged.append(area)
        self._label(str(style.number), left, top, "#FFFFFF", border=style.color)

    def line(self, line: Line) -> None:
        start, end = self._at(line.start_ij), self._at(line.end_ij)
        length = math.dist(start, end) or 1.0
        across = (-(end[1] - start[1]) / length, (end[0] - start[0]) / length)
        tick = 7 * self._unit
        strokes = [[start, end]] + [
            [
                (x - across[0] * tick, y - across[1] * tick),
                (x + across[0] * tick, y + across[1] * tick),
            ]
            for x, y in (start, end)
        ]
        for width, color in ((5.0, "#000000C0"), (2.2, line.color)):
            for stroke in strokes:
                self._stroke(stroke, color, width)
        if line.text:
            box = self._text_box(line.text)
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            away = abs(across[0]) * box[0] / 2 + abs(across[1]) * box[1] / 2 + 5 * self._unit
            side = -1 if across[1] > 0 or (across[1] == 0 and across[0] > 0) else 1
            x = middle[0] + side * across[0] * away - box[0] / 2
            y = middle[1] + side * across[1] * away - box[1] / 2
            self._label(line.text, *self._inside(x, y, box), line.color)

    def path(self, path: Path) -> None:
        dash = tuple(length * self._unit for length in path.dash)
        points = np.asarray(path.points_ij, float)
        for piece in np.split(points, np.flatnonzero(np.isnan(points).any(axis=1))):
            known = piece[~np.isnan(piece).any(axis=1)]
            if len(known) < 2:
                continue
            placed = [self._at((float(i), float(j))) for i, j in known]
            self._stroke(placed, "#000000A0", path.width + 1.6)
            for part in dashed(placed, dash):
                self._stroke(part, path.color, path.width)

    def text(self, text: Text) -> None:
        x, y = self._at(text.at_ij)
        self._haloed(text.text, x, y, "mm", self._font, text.color)

    def box(self, box: Box) -> None:
        (x0, y0), (x1, y1) = self._at(box.corner_ij), self._at(box.opposite_ij)
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        self._stroke(points, "#000000C0", 5.0)
        self._stroke(points, box.color, 2.2)
        if box.text:
            size = self._text_box(box.text)
            above = min(y0, y1) - size[1] - 3 * self._unit
            y = above if above > 0 else max(y0, y1) + 3 * self._unit
            self._label(box.text, *self._inside(min(x0, x1), y, size), box.color)

    def letters(self, letters: tuple[str, str, str, str]) -> None:
        font = font_of(round(22 * self._unit))
        width, height = self._size
        edge = 10 * self._unit
        places = (
            (edge, height / 2, "lm"),
            (width - edge, height / 2, "rm"),
            (width / 2, edge, "mt"),
            (width / 2, height - edge, "mb"),
        )
        for text, (x, y, anchor) in zip(letters, places, strict=True):
            self._haloed(text, x, y, anchor, font)

    def scale_bar(self, pixels_per_mm: float | None) -> None:
        """A bar of 1, 2 or 5 × 10ⁿ mm at the lower left; the words `no scale` without spacing."""
        edge, base = 14 * self._unit, self._size[1] - 16 * self._unit
        if pixels_per_mm is None:
            self._haloed("no scale", edge, base, "ls", self._font)
            return
        length_mm = scale_bar_mm(self._size[0] / pixels_per_mm)
        end = edge + length_mm * pixels_per_mm
        tick = 6 * self._unit
        strokes = [[(x, base - tick), (x, base + tick)] for x in (edge, end)]
        strokes.append([(edge, base), (end, base)])
        for width, color in ((5.4, "#000000"), (2.6, "#FFFFFF")):
            for stroke in strokes:
                self._stroke(stroke, color, width)
        self._haloed(f"{length_mm:g} mm", edge, base - 10 * self._unit, "ls", self._font)

    def _at(self, index: tuple[float, float]) -> tuple[float, float]:
        return (index[0] + 0.5) * self._scale[0], (index[1] + 0.5) * self._scale[1]

    def _stroke(self, points: Sequence[tuple[float, float]], color: str, width: float) -> None:
        self._draw.line(list(points), fill=color, width=round(width * self._unit), joint="curve")

    def _text_box(self, text: str) -> tuple[float, float]:
        return self._font.getlength(text) + 10 * self._unit, self._font.size + 6 * self._unit

    def _inside(self, x: float, y: float, box: tuple[float, float]) -> tuple[float, float]:
        width, height = self._size
        return max(0.0, min(x, width - box[0])), max(0.0, min(y, height - box[1]))

    def _label(
        self, text: str, left: float, top: float, color: str, border: str | None = None
    ) -> None:
        width, height = self._text_box(text)
        self._draw.rounded_rectangle(
            (left, top, left + width, top + height),
            radius=4 * self._unit,
            fill="#000000B8",
            outline=border,
            width=round(1.5 * self._unit),
        )
        self._draw.text(
            (left + width / 2, top + height / 2), text, fill=color, font=self._font, anchor="mm"
        )

    def _haloed(
        self, text: str, x: float, y: float, anchor: str, font: Any, color: str = "#FFFFFF"
    ) -> None:
        self._draw.text(
            (x, y),
            text,
            fill=color,
            font=font,
            anchor=anchor,
            stroke_width=round(2 * self._unit),
            stroke_fill="#000000",
        )


def scale_bar_mm(width_mm: float) -> float:
    """The longest of 1, 2, 5 × 10ⁿ mm that is at most a quarter of the width.

    >>> scale_bar_mm(350), scale_bar_mm(30), scale_bar_mm(2)
    (50.0, 5.0, 0.5)
    """
    longest = width_mm / 4
    power = 10.0 ** math.floor(math.log10(longest))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= longest * 1.0000001)


def dashed(
    points: Sequence[tuple[float, float]], dash: tuple[float, ...]
) -> list[list[tuple[float, float]]]:
    """Pieces of a polyline that are drawn: lengths of `dash` on and off in turn; empty: all."""
    if not dash:
        return [list(points)]
    pieces: list[list[tuple[float, float]]] = []
    lengths = itertools.cycle(dash)
    left, drawing = next(lengths), True
    piece = [points[0]]
    for start, end in itertools.pairwise(points):
        length, done = math.dist(start, end), 0.0
        while length - done > left:
            done += left
            at = done / length
            cut = (start[0] + (end[0] - start[0]) * at, start[1] + (end[1] - start[1]) * at)
            if drawing:
                pieces.append([*piece, cut])
            piece, drawing, left = [cut], not drawing, next(lengths)
        left -= length - done
        piece.append(end)
    if drawing and len(piece) > 1:
        pieces.append(piece)
    return pieces


def font_of(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and knows most scripts' letters."""
    from PIL import ImageFont

    spec = importlib.util.find_spec("matplotlib")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        path = pathlib.Path(place) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)  # type: ignore[return-value]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
