"""Foreign objects brought into radiographs by what they absorb, with the pixels they cover.

An object's line integrals (`foreign_parts`) lower the transmission behind it; scatter fills the
shadow, the detector blurs it, and the picture's own gray curve shows it. Planes are (j, i),
0 … 1, bright where dense. Burnt-in letters are drawn as what they are: no objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from MedImageLib.phantom.foreign_parts import Generator, Part
from MedImageLib.phantom.foreign_shapes import TRAINED, Shape

FINER = 3  # parts are drawn on a grid that much finer and averaged
FIELD_MM = (330.0, 440.0)  # longer side of an ordinary detector's picture
LEAST_GRAY = 0.05  # change of gray below which an object's pixel is not to be seen
LEAST_PEAK = 0.12  # of that change in an object that a reader would find
LEAST_AREA_PX = 5
RIM_PX = 2  # labels reach that much farther: a network answers on a coarser grid
HALO_PX = 16  # how far blur and sharpening reach
CLEAN_SHARE = 0.3
MOST_OBJECTS = 8  # far more than in life, so that a picture teaches more
WORDS = ("L", "R", "AP", "PA", "LI", "RE", "12:45", "erect", "SUPINE", "L 3", "+", "1987", "cm")


@dataclass(frozen=True)
class Look:
    """How a detector and its console show what an object absorbs.

    gain: gray per unit of attenuation. scatter: over primary radiation, it fills the shadow.
    ceiling: gray that nothing exceeds. blur_px: of the detector. sharpening: of the console.
    """

    gain: float = 0.35
    scatter: float = 0.2
    ceiling: float = 1.05
    blur_px: float = 0.7
    sharpening: float = 0.0


def ordinary_look(generator: Generator) -> Look:
    """As film and plain consoles show objects."""
    return Look(
        gain=generator.uniform(0.18, 0.5),
        scatter=generator.uniform(0.05, 0.4),
        ceiling=generator.uniform(0.95, 1.2),
        blur_px=generator.uniform(0.4, 1.1),
        sharpening=max(0.0, generator.uniform(-0.5, 0.8)),
    )


def any_look(generator: Generator) -> Look:
    """Also as consoles do that raise the contrast of all that is small."""
    return Look(
        gain=float(np.exp(generator.uniform(np.log(0.18), np.log(1.1)))),
        scatter=generator.uniform(0.05, 0.4),
        ceiling=generator.uniform(0.95, 1.3),
        blur_px=generator.uniform(0.4, 1.1),
        sharpening=max(0.0, generator.uniform(-0.8, 1.6)),
    )


@dataclass(frozen=True, eq=False)
class DrawnObject:
    """An object on a plane. mask: bool (j, i), the pixels where it can be seen."""

    kind: str
    mask: np.ndarray


def line_integrals(
    parts: list[Part],
    shape: tuple[int, ...],
    center_ij: tuple[float, float],
    pixel_mm: float,
    angle_deg: float = 0.0,
) -> np.ndarray:
    """Attenuation (j, i) of an object whose middle lies at (i, j), turned clockwise."""
    absorbed = np.zeros(shape, np.float32)
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for part in parts:
        points = part.points_mm @ turn / pixel_mm + center_ij
        _lay(absorbed, points, part.width_mm / pixel_mm, part.attenuation)
    return np.maximum(absorbed, 0)


def shown(image: np.ndarray, absorbed: np.ndarray, look: Look) -> np.ndarray:
    """The picture with what absorbs in the beam; unchanged where nothing does."""
    transmitted = np.exp(-absorbed)
    if look.blur_px > 0:
        transmitted = ndimage.gaussian_filter(transmitted, look.blur_px, truncate=3)
    seen = -np.log((transmitted + look.scatter) / (1 + look.scatter))
    if look.sharpening > 0:
        seen = seen + look.sharpening * (seen - ndimage.gaussian_filter(seen, 4 * look.blur_px + 1))
    # Gray rises by the gain at first and levels off below the ceiling.
    room = np.maximum(look.ceiling - image, 0.02)
    return (image + room * (1 - np.exp(-look.gain * seen / room))).astype(np.float32)


def with_objects(
    image: np.ndarray,
    shapes: Mapping[str, Shape],
    count: int,
    generator: Generator,
    look_of: Callable[[Generator], Look] = ordinary_look,
) -> tuple[np.ndarray, list[DrawnObject]]:
    """The picture with objects of kinds, places and turns drawn at random, in one look.

    Objects that can hardly be seen where they fell are left out of the list.
    """
    drawn: list[DrawnObject] = []
    if count == 0:
        return image, drawn
    rows, columns = _content(image)
    pixel_mm = generator.uniform(*FIELD_MM) / max(rows[1] - rows[0], columns[1] - columns[0])
    look = look_of(generator)
    for _ in range(count):
        kind = str(generator.choice(list(shapes)))
        center = (generator.uniform(*columns), generator.uniform(*rows))
        absorbed = line_integrals(
            shapes[kind](generator), image.shape, center, pixel_mm, generator.uniform(0, 360)
        )
        absorbed = _inside(absorbed, rows, columns)
        place = _around(absorbed)
        if place is None:
            continue
        before = image[place]
        after = shown(before, absorbed[place], look)
        change = np.abs(after - before)
        seen = change > LEAST_GRAY
        # Not the halo of the sharpening.
        seen &= ndimage.gaussian_filter(absorbed[place], 1) > 0.01
        if np.count_nonzero(seen) >= LEAST_AREA_PX and change[seen].max() > LEAST_PEAK:
            image = image.copy()
            image[place] = after
            mask = np.zeros(image.shape, bool)
            mask[place] = seen
            drawn.append(DrawnObject(kind, mask))
    return image, drawn


def with_letters(image: np.ndarray, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    """The picture with letters as consoles burn them in, or a lead letter; and their pixels."""
    rows, columns = _content(image)
    text = str(generator.choice(WORDS))
    size = int(generator.uniform(0.02, 0.07) * max(image.shape)) + 5
    stamp = Image.new("L", image.shape[::-1])
    place = (int(generator.uniform(*columns)), int(generator.uniform(*rows)))
    ImageDraw.Draw(stamp).text(place, text, fill=255, font=ImageFont.load_default(size))
    cover = _inside(np.asarray(stamp, np.float32) / 255, rows, columns)
    if generator.random() < 0.5:
        cover = ndimage.gaussian_filter(cover, generator.uniform(0, 1))
    gray = generator.uniform(0.85, 1.1)
    return image * (1 - cover) + gray * cover, cover > 0.2


def objects_drawn(
    image: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A training picture and its label map (1 = foreign object) from a real one without objects.

    Labels reach a rim of two pixels beyond what is seen.
    image: (j, i), 0 … 1, bright where dense. label: that of the real picture, not used.
    """
    count = 0 if generator.random() < CLEAN_SHARE else int(generator.integers(1, MOST_OBJECTS + 1))
    image, objects = with_objects(image, TRAINED, count, generator, any_look)
    label = np.zeros(image.shape, np.uint8)
    for one in objects:
        label[one.mask] = 1
    around = ndimage.binary_dilation(label, iterations=RIM_PX) & (image > 0)
    label = around.astype(np.uint8)
    for _ in range(int(generator.choice([0, 1, 1, 2]))):
        image, letters = with_letters(image, generator)
        label[letters] = 0
    return image, label


def _content(image: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last row and column of what is not an even black frame."""
    filled = image > 0
    rows, columns = np.flatnonzero(filled.any(1)), np.flatnonzero(filled.any(0))
    if not len(rows):
        return (0, image.shape[0]), (0, image.shape[1])
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def _around(absorbed: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns that an object can change; None when it lies nowhere."""
    rows, columns = np.flatnonzero(absorbed.any(1)), np.flatnonzero(absorbed.any(0))
    if not len(rows):
        return None
    first, last = (rows[0], columns[0]), (rows[-1], columns[-1])
    beyond = zip(first, last, strict=True)
    down, across = (slice(max(0, a - HALO_PX), b + HALO_PX + 1) for a, b in beyond)
    return down, across


def _inside(values: np.ndarray, rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
    kept = np.zeros_like(values)
    place = slice(*rows), slice(*columns)
    kept[place] = values[place]
    return kept


def _lay(absorbed: np.ndarray, points: np.ndarray, width_px: float, depth: float) -> None:
    """Add a part to the line integrals, in place. points: (point, 2), columns and rows."""
    reach = width_px / 2 + 2
    low = np.maximum(np.floor(points.min(0) - reach).astype(int), 0)
    high = np.minimum(np.ceil(points.max(0) + reach).astype(int), absorbed.shape[::-1])
    if (high <= low).any():
        return
    size = high - low
    sheet = Image.new("L", tuple((size * FINER).tolist()))
    pen = ImageDraw.Draw(sheet)
    # Middles of pixels are at integers; PIL's corners are.
    placed = [tuple(point) for point in ((points - low + 0.5) * FINER).tolist()]
    if width_px:
        finest = max(1, round(width_px * FINER))
        pen.line(placed, fill=255, width=finest, joint="curve")
        depth *= width_px * FINER / finest
    else:
        pen.polygon(placed, fill=255)
    cover = np.asarray(sheet.reduce(FINER), np.float32) / 255
    absorbed[low[1] : high[1], low[0] : high[0]] += depth * cover
