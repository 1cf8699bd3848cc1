"""Foreign objects that somebody has put boxes around, as samples to learn from.

A reading tells the objects of a picture as `kind:left,upper,right,lower:where`, joined by `;`, in
pixels (i, j) of the picture; boxes are drawn tightly and enclose what can be seen of the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.network.bags import bags_of_boxes

Corners = tuple[float, float, float, float]


def read_boxes(told: str) -> tuple[tuple[str, Corners], ...]:
    """Kind and (left, upper, right, lower) of each object. Raises InputError for other words.

    >>> read_boxes("lead:0,28,115,125:lung;button:4,5,9,11:outside")
    (('lead', (0.0, 28.0, 115.0, 125.0)), ('button', (4.0, 5.0, 9.0, 11.0)))
    """
    boxes = []
    for item in filter(None, (part.strip() for part in told.split(";"))):
        words = item.split(":")
        try:
            left, upper, right, lower = map(float, words[1].split(","))
        except (IndexError, ValueError):
            left = upper = right = lower = float("nan")
        if not (left <= right and upper <= lower):
            raise InputError(
                f"A foreign object is told as '{item}'; expected kind:left,upper,right,lower:where "
                "with left <= right and upper <= lower in pixels. Correct the column 'foreign'."
            )
        boxes.append((words[0], (left, upper, right, lower)))
    return tuple(boxes)


def boxes_as_read(image: np.ndarray, row: Mapping[str, str], folder: Path) -> np.ndarray | None:
    """Bags of the boxes, background elsewhere; None for a picture without any.

    row: `foreign` with the boxes.
    """
    boxes = [corners for _, corners in read_boxes(row["foreign"])]
    return bags_of_boxes(image.shape, boxes) if boxes else None
