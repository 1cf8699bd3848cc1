"""Cardiothoracic ratio: greatest width of the heart over greatest width of the lungs.

Widths run along image rows from the leftmost to the rightmost point (source: chapter 1,
findings). Label values: 1 right lung, 2 left lung, 3 heart. Stray specks do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

RIGHT_LUNG, LEFT_LUNG, HEART = 1, 2, 3
SMALLEST_PART = 0.05  # share of the largest part below which a part is a speck


@dataclass(frozen=True)
class CardiothoracicRatio:
    """The ratio and the lines it was measured between.

    *_columns: (leftmost, rightmost) pixel borders as continuous column indices; a pixel n
    spans n − 0.5 … n + 0.5. *_row: row of the widest place, for drawing.
    """

    value: float
    heart_columns: tuple[float, float]
    thorax_columns: tuple[float, float]
    heart_row: int
    thorax_row: int


def cardiothoracic_ratio(labels: np.ndarray) -> CardiothoracicRatio | None:
    """Ratio of a label map (j, i); None when heart or one lung is absent."""
    return ratio_of_masks(labels == RIGHT_LUNG, labels == LEFT_LUNG, labels == HEART)


def ratio_of_masks(
    right_lung: np.ndarray, left_lung: np.ndarray, heart: np.ndarray
) -> CardiothoracicRatio | None:
    """Ratio of three bool masks (j, i), which may overlap; None when one of them is empty."""
    if not (right_lung.any() and left_lung.any() and heart.any()):
        return None
    lungs = _without_specks(right_lung) | _without_specks(left_lung)
    heart_columns, heart_row = _extent(_without_specks(heart))
    thorax_columns, thorax_row = _extent(lungs)
    value = (heart_columns[1] - heart_columns[0]) / (thorax_columns[1] - thorax_columns[0])
    return CardiothoracicRatio(value, heart_columns, thorax_columns, heart_row, thorax_row)


def ctr(labels: np.ndarray, spacing_mm: tuple[float, ...]) -> float | None:
    """The ratio alone; a ratio of widths along rows needs no spacing."""
    found = cardiothoracic_ratio(labels)
    return None if found is None else found.value


def _extent(mask: np.ndarray) -> tuple[tuple[float, float], int]:
    columns = np.flatnonzero(mask.any(0))
    rows = np.flatnonzero(mask.any(1))
    part = mask[rows]
    widths = mask.shape[1] - part.argmax(1) - part[:, ::-1].argmax(1)
    return (columns[0] - 0.5, columns[-1] + 0.5), int(rows[int(np.argmax(widths))])


def _without_specks(mask: np.ndarray) -> np.ndarray:
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= SMALLEST_PART * sizes.max())[parts]
