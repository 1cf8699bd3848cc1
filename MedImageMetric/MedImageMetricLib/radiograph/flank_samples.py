"""Flanks of lungs as training samples: free of the shoulder blade, drawn under one, or marked.

A reading tells for each side how far the blade lies over the lung: 0 not, 1 slightly, 2 plainly;
where, it does not tell. Free flanks are taken as they are or with a ray-cast blade drawn over
them, whose mask is exact. On marked ones the outer strip of the lung is taught, which lies under
any blade that reaches in plainly, and nothing is claimed of what follows. See `flank`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from MedImageLib.network.samples import UNKNOWN, Sample
from MedImageLib.phantom.chest_shadow import CORTICAL, SOFT
from MedImageLib.phantom.drawn_scapulae import (
    BLADES,
    LEAST_PATH_MM,
    MOST_MUSCLE_MM,
    Blade,
    cast_blade,
)
from MedImageLib.phantom.drawn_scapulae import PIXEL_MM as CANVAS_MM
from MedImageLib.phantom.foreign_objects import Look, shown
from MedImageMetricLib.radiograph.drawn_bones import lung_extent
from MedImageMetricLib.radiograph.flank import (
    BESIDE,
    GRID,
    apex_row,
    flank_frame,
    flank_picture,
    local_contrast,
    lung_height_px,
    lung_width_px,
    on_flank,
    outer_strip,
)

Generator = np.random.Generator
FREE, MARKED = "0", "2"
RIGHT_FREE, LEFT_FREE, RIGHT_MARKED, LEFT_MARKED = 1, 2, 3, 4
INNER_DEPTH = 0.5  # widths of the lung: farther in no blade reaches
LUNG_WIDTH_MM = (95.0, 118.0)
WHOLE_SHARE = 0.4  # of the flanks that are not narrowed
MOST_CUT = 0.45  # widths of the lung; the chest wall stays
PICTURES_KEPT = 1024


def overlap_as_read(image: np.ndarray, row: Mapping[str, str], folder: Path) -> np.ndarray | None:
    """The lungs, each by its grade; 0 where no grade is sure. None without both lungs.

    row: `scapula_right`, `scapula_left` with the overlap of blade and lung.
    """
    lungs = _lungs(_Picture(hashlib.sha256(image.tobytes()).hexdigest(), image))
    if lungs is None:
        return None
    label = np.zeros(image.shape, np.uint8)
    for side, values in (("right", (RIGHT_FREE, RIGHT_MARKED)), ("left", (LEFT_FREE, LEFT_MARKED))):
        grade = row[f"scapula_{side}"].strip()
        if grade in (FREE, MARKED):
            label[lungs == values[0]] = values[grade == MARKED]
    return label


def free_flanks(sample: Sample) -> Iterator[Sample]:
    """The flanks without overlap: label 0 on the lung, UNKNOWN beside it."""
    for value, is_right in ((RIGHT_FREE, True), (LEFT_FREE, False)):
        flank = _flank(sample, value, is_right)
        if flank is not None:
            picture, lung = flank
            label = np.where(lung, 0, UNKNOWN).astype(np.uint8)
            yield _sample(sample, picture, label, is_right)


def marked_flanks(sample: Sample) -> Iterator[Sample]:
    """The flanks with plain overlap: label 1 on the outer strip of the lung, 0 far inside."""
    for value, is_right in ((RIGHT_MARKED, True), (LEFT_MARKED, False)):
        flank = _flank(sample, value, is_right)
        if flank is not None:
            picture, lung = flank
            yield _sample(sample, picture, strip_label(lung), is_right)


def strip_label(lung: np.ndarray) -> np.ndarray:
    """1 on the outer strip of a lung (on GRID), 0 far inside, else UNKNOWN."""
    depth = (np.arange(GRID[1]) - lung.argmax(1)[:, None]) / lung_width_px()
    label = np.full(GRID, UNKNOWN, np.uint8)
    label[lung & (depth > INNER_DEPTH)] = 0
    label[outer_strip(lung)] = 1
    return label


def as_shown(
    picture: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A flank as the network sees it."""
    return local_contrast(narrowed(picture, generator)), label


def under_blade(
    picture: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A free flank with a blade drawn over it, as the network sees it, and where the blade is."""
    path = laid_on_flank(
        cast_blade(int(generator.integers(BLADES))),
        width_mm=generator.uniform(*LUNG_WIDTH_MM),
        depth=generator.uniform(0.1, 0.6),
        rise=generator.uniform(-0.12, 0.2),
        stretch=generator.uniform(0.85, 1.2),
    )
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(path > LEAST_PATH_MM, iterations=3))
    look = Look(
        gain=generator.uniform(0.2, 0.6),
        scatter=generator.uniform(0.05, 0.4),
        ceiling=generator.uniform(0.95, 1.2),
        blur_px=generator.uniform(0.5, 1.2),
        sharpening=max(0.0, generator.uniform(-0.5, 0.8)),
    )
    muscle = SOFT * generator.uniform(0, MOST_MUSCLE_MM) * mask.astype(np.float32)
    absorbed = generator.uniform(0.6, 1.6) * (CORTICAL - SOFT) * path
    absorbed = absorbed + ndimage.gaussian_filter(muscle, generator.uniform(0.7, 3))
    drawn = np.clip(shown(picture, absorbed, look), 0, 1)
    found = label.copy()
    found[mask & (label == 0)] = 1
    return local_contrast(narrowed(drawn, generator)), found


def narrowed(picture: np.ndarray, generator: Generator) -> np.ndarray:
    """Now and then cut beside the lung, the border repeated as beyond the edge of a picture.

    How much of the shoulder a picture shows differs by hospital and must not tell the grade.
    """
    if generator.random() < WHOLE_SHARE:
        return picture
    first = int(generator.uniform(0, MOST_CUT) * lung_width_px())
    result = picture.copy()
    result[:, :first] = picture[:, first : first + 1]
    return result


def laid_on_flank(
    blade: Blade, width_mm: float, depth: float, rise: float, stretch: float
) -> np.ndarray:
    """Path in mm on GRID of a blade over a flank.

    width_mm: of the lung. depth: how far the blade reaches in from the lung's outermost column,
    in widths of the lung. rise: of its upper end above the apex, in heights of the lung.
    stretch: of the height over that of the width.
    """
    covered = blade.path > LEAST_PATH_MM
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    if not len(rows):
        return np.zeros(GRID, np.float32)
    across = width_mm / lung_width_px() / CANVAS_MM  # pixels of the canvas for one here
    scale = np.array([across / stretch, across])
    inner = lung_width_px() * (BESIDE + depth)
    top = apex_row() - rise * lung_height_px()
    offset = np.array([rows[0], columns[-1]]) - scale * (top, inner)
    return ndimage.affine_transform(blade.path, scale, offset, output_shape=GRID, order=1)


def _flank(sample: Sample, value: int, is_right: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Picture and mask of the lung on GRID; None where the label map has no such lung."""
    lung = sample.label == value
    if not lung.any():
        return None
    frame = flank_frame(lung, is_right)
    return flank_picture(sample.image, frame), on_flank(lung, frame)


def _sample(sample: Sample, picture: np.ndarray, label: np.ndarray, is_right: bool) -> Sample:
    side = "right" if is_right else "left"
    return replace(sample, id=f"{sample.id}_{side}", image=picture, label=label)


@dataclass(frozen=True)
class _Picture:
    digest: str
    image: np.ndarray = field(compare=False)


@functools.lru_cache(maxsize=PICTURES_KEPT)
def _lungs(picture: _Picture) -> np.ndarray | None:
    """1 right, 2 left lung; kept, since several sources show the same pictures."""
    found = lung_extent(picture.image)
    if found is None:
        return None
    return np.where(found.right, 1, np.where(found.left, 2, 0)).astype(np.uint8)
