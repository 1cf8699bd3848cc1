"""Findings drawn on an image: outlines, lines and boxes, with scale bar and orientation letters.

Structures are outlined, not filled, so that the image stays visible; each has its own color of
the Okabe–Ito palette, its own dash pattern and a number, so that color is never needed. The
picture has the physical aspect ratio. Indices are continuous (i, j), centers of pixels at integers.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

# Okabe and Ito, Color Universal Design (2008), brightest on gray first.
PALETTE = ("#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#F0E442", "#D55E00", "#0072B2")
_DASHES: tuple[tuple[float, ...], ...] = ((), (14, 6), (4, 4), (14, 5, 4, 5))
_OVERSAMPLING = 2
_STRIP = "#15191c"


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


def overlay_picture(
    image: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    spacing_mm: tuple[float, float] | None,
    spacing_known: bool = True,
    names: Mapping[int, str] | None = None,
    colors: Mapping[int, str] | None = None,
    lines: Sequence[Line] = (),
    boxes: Sequence[Box] = (),
    letters: tuple[str, str, str, str] | None = None,
    window: tuple[float, float] | None = None,
    size_px: int = 768,
) -> bytes:
    """PNG of an image with what was found on it.

    image: (j, i) gray or (j, i, 3) of 8 bits. labels: (j, i) integers, 0 is background; names:
    by label. spacing_mm: along (i, j); None, or relative values with spacing_known False, give
    no scale bar. letters: orientation at (left, right, top, bottom). window: lowest and highest
    value shown; default the 1st and 99th percentile. size_px: longer side of the image.
    Raises ValueError when shapes do not fit.
    """
    from PIL import Image, ImageDraw

    image = np.asarray(image)
    if image.ndim not in (2, 3) or (labels is not None and labels.shape != image.shape[:2]):
        raise ValueError(
            f"Image of shape {image.shape} and labels of shape "
            f"{None if labels is None else labels.shape} do not fit."
        )
    rows, columns = image.shape[:2]
    spacing = spacing_mm or (1.0, 1.0)
    per_mm = size_px / max(columns * spacing[0], rows * spacing[1])
    size = _pixels(columns * spacing[0] * per_mm), _pixels(rows * spacing[1] * per_mm)
    picture = Image.fromarray(_gray(image, window)).convert("RGB")
    large = (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING)
    picture = picture.resize(large, Image.Resampling.BICUBIC)
    canvas = _Canvas(
        ImageDraw.Draw(picture, "RGBA"), (large[0] / columns, large[1] / rows), large, size_px
    )
    labels = np.zeros(image.shape[:2], int) if labels is None else labels
    shown = [int(value) for value in np.unique(labels) if value != 0]
    styles = _styles(shown, names or {}, colors or {})
    for value in shown:
        canvas.outline(np.equal(labels, value), styles[value])
    if len(shown) > 1:
        for value in shown:
            canvas.tag(np.equal(labels, value), styles[value])
    for box in boxes:
        canvas.box(box)
    for line in lines:
        canvas.line(line)
    if letters:
        canvas.letters(letters)
    known = spacing_mm is not None and spacing_known
    canvas.scale_bar(per_mm * _OVERSAMPLING if known else None)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    if styles:
        picture = _with_legend(picture, list(styles.values()), numbered=len(shown) > 1)
    return _png(picture)


@dataclass(frozen=True)
class _Style:
    number: int
    name: str
    color: str
    dash: tuple[float, ...]


class _Canvas:
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
        self._unit = _OVERSAMPLING * max(size_px / 768, 0.6)  # one point of a 768 pixel picture
        self._font = _font(round(17 * self._unit))
        self._tagged: list[tuple[float, float, float, float]] = []

    def outline(self, mask: np.ndarray, style: _Style) -> None:
        dash = tuple(length * self._unit for length in style.dash)
        for points in self._contours(mask):
            self._stroke(points, "#000000B0", 5.0)
            for piece in _dashed(points, dash):
                self._stroke(piece, style.color, 3.0)

    def tag(self, mask: np.ndarray, style: _Style) -> None:
        """The number of the structure at a place of its outline that is still free."""
        contours = self._contours(mask)
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
        font = _font(round(22 * self._unit))
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

    def _contours(self, mask: np.ndarray) -> list[list[tuple[float, float]]]:
        """Outlines at the border of pixels, also where the structure touches the image's edge."""
        from contourpy import contour_generator

        padded = np.pad(mask.astype(np.float32), 1)
        found: Any = contour_generator(z=padded).lines(0.5)
        return [[self._at((x - 1, y - 1)) for x, y in points] for points in found]

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

    def _haloed(self, text: str, x: float, y: float, anchor: str, font: Any) -> None:
        self._draw.text(
            (x, y),
            text,
            fill="#FFFFFF",
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


def _styles(
    values: Sequence[int], names: Mapping[int, str], colors: Mapping[int, str]
) -> dict[int, _Style]:
    return {
        value: _Style(
            number,
            names.get(value, f"label {value}"),
            colors.get(value, PALETTE[(number - 1) % len(PALETTE)]),
            _DASHES[(number - 1) % len(_DASHES)],
        )
        for number, value in enumerate(values, start=1)
    }


def _with_legend(picture: Image.Image, styles: list[_Style], numbered: bool) -> Image.Image:
    """A dark strip below the picture: line sample, number and name of each structure."""
    from PIL import Image, ImageDraw

    unit = _OVERSAMPLING * max(max(picture.size) / 768, 0.6)
    font = _font(round(17 * unit))
    width = picture.width * _OVERSAMPLING
    sample, gap, row = 36 * unit, 22 * unit, 28 * unit
    x, y, places = 14 * unit, 8 * unit, []
    texts = [f"{style.number}  {style.name}" if numbered else style.name for style in styles]
    room = width - 28 * unit - sample - 8 * unit
    texts = [_fitting(text, font, room) for text in texts]
    for text in texts:
        needed = sample + 8 * unit + font.getlength(text)
        if x > 14 * unit and x + needed > width - 14 * unit:
            x, y = 14 * unit, y + row
        places.append((x, y))
        x += needed + gap
    strip = Image.new("RGB", (width, round(y + row + 8 * unit)), _STRIP)
    draw = ImageDraw.Draw(strip)
    for style, text, (left, top) in zip(styles, texts, places, strict=True):
        middle = top + row / 2
        dash = tuple(length * unit for length in style.dash)
        for piece in _dashed([(left, middle), (left + sample, middle)], dash):
            draw.line(piece, fill=style.color, width=round(3.2 * unit))
        draw.text((left + sample + 8 * unit, middle), text, "#FFFFFF", font, "lm")
    small = (picture.width, round(strip.height / _OVERSAMPLING))
    whole = Image.new("RGB", (picture.width, picture.height + small[1]), _STRIP)
    whole.paste(picture, (0, 0))
    whole.paste(strip.resize(small, Image.Resampling.LANCZOS), (0, picture.height))
    return whole


def _dashed(
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


def _gray(image: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    if image.ndim == 3:
        return image.astype(np.uint8)
    values = np.nan_to_num(image.astype(np.float64))
    low, high = window or tuple(np.percentile(values, (1, 99)))
    if high <= low:
        high = low + 1.0
    return (np.clip((values - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)


def _fitting(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    while len(text) > 1 and font.getlength(text) > room:
        text = text[:-2].rstrip() + "…"
    return text


def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and knows most scripts' letters."""
    from PIL import ImageFont

    spec = importlib.util.find_spec("matplotlib")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        path = Path(place) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)  # type: ignore[return-value]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _pixels(length: float) -> int:
    return max(1, round(length))


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()
