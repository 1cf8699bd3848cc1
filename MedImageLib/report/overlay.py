"""Findings drawn on an image: outlines, lines and boxes, with scale bar and orientation letters.

Structures are outlined, not filled, so that the image stays visible; each has its own color of
the Okabe–Ito palette, its own dash pattern and a number, so that color is never needed. The
picture has the physical aspect ratio. Indices are continuous (i, j), centers of pixels at integers.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from MedImageLib.report.canvas import (
    DASHES,
    OVERSAMPLING,
    PALETTE,
    Box,
    Canvas,
    Line,
    Path,
    Style,
    Text,
    dashed,
    font_of,
)

if TYPE_CHECKING:
    from PIL import Image, ImageFont

_STRIP = "#15191c"
QUICK_COMPRESSION = 1  # of 9


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
    paths: Sequence[Path] = (),
    texts: Sequence[Text] = (),
    letters: tuple[str, str, str, str] | None = None,
    window: tuple[float, float] | None = None,
    size_px: int = 768,
) -> bytes:
    """PNG of an image with what was found on it.

    image: (j, i) gray or (j, i, 3) of 8 bits. labels: (j, i) integers, 0 is background; names:
    by label. spacing_mm: along (i, j); None, or relative values with spacing_known False, give
    no scale bar. paths, texts: drawn over the outlines; a named path comes into the legend.
    letters: orientation at (left, right, top, bottom). window: lowest and highest value shown;
    default the 1st and 99th percentile. size_px: longer side of the image.
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
    picture = Image.fromarray(_gray(image, window))
    large = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
    picture = picture.resize(large, Image.Resampling.BICUBIC).convert("RGB")
    canvas = Canvas(
        ImageDraw.Draw(picture, "RGBA"), (large[0] / columns, large[1] / rows), large, size_px
    )
    labels = np.zeros(image.shape[:2], int) if labels is None else labels
    shown = [int(value) for value in np.unique(labels) if value != 0]
    styles = _styles(shown, names or {}, colors or {})
    contours = {value: canvas.contours(np.equal(labels, value)) for value in shown}
    for value in shown:
        canvas.outline(contours[value], styles[value])
    if len(shown) > 1:
        for value in shown:
            canvas.tag(contours[value], styles[value])
    for box in boxes:
        canvas.box(box)
    for path in paths:
        canvas.path(path)
    for line in lines:
        canvas.line(line)
    for text in texts:
        canvas.text(text)
    if letters:
        canvas.letters(letters)
    known = spacing_mm is not None and spacing_known
    canvas.scale_bar(per_mm * OVERSAMPLING if known else None)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    named = {path.name: Style(0, path.name, path.color, path.dash) for path in paths if path.name}
    if styles or named:
        listed = [*styles.values(), *named.values()]
        picture = _with_legend(picture, listed, numbered=len(shown) > 1)
    return _png(picture)


def _styles(
    values: Sequence[int], names: Mapping[int, str], colors: Mapping[int, str]
) -> dict[int, Style]:
    return {
        value: Style(
            number,
            names.get(value, f"label {value}"),
            colors.get(value, PALETTE[(number - 1) % len(PALETTE)]),
            DASHES[(number - 1) % len(DASHES)],
        )
        for number, value in enumerate(values, start=1)
    }


def _with_legend(picture: Image.Image, styles: list[Style], numbered: bool) -> Image.Image:
    """A dark strip below the picture: line sample, number and name of each structure."""
    from PIL import Image, ImageDraw

    unit = OVERSAMPLING * max(max(picture.size) / 768, 0.6)
    font = font_of(round(17 * unit))
    width = picture.width * OVERSAMPLING
    sample, gap, row = 36 * unit, 22 * unit, 28 * unit
    x, y, places = 14 * unit, 8 * unit, []
    texts = [
        f"{style.number}  {style.name}" if numbered and style.number else style.name
        for style in styles
    ]
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
        for piece in dashed([(left, middle), (left + sample, middle)], dash):
            draw.line(piece, fill=style.color, width=round(3.2 * unit))
        draw.text((left + sample + 8 * unit, middle), text, "#FFFFFF", font, "lm")
    small = (picture.width, round(strip.height / OVERSAMPLING))
    whole = Image.new("RGB", (picture.width, picture.height + small[1]), _STRIP)
    whole.paste(picture, (0, 0))
    whole.paste(strip.resize(small, Image.Resampling.LANCZOS), (0, picture.height))
    return whole


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


def _pixels(length: float) -> int:
    return max(1, round(length))


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    # Little is gained by pressing harder, which took as long as drawing.
    picture.save(stream, "PNG", compress_level=QUICK_COMPRESSION)
    return stream.getvalue()
