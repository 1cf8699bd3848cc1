"""Boxes around objects as labels to learn from: a box is no outline, but some of it is object.

A tight box is crossed by its object from end to end, so that it is cut across its longer side into
strips of which each holds a part of the object: bags of pixels, see `losses.bag_loss`. What lies
outside of all boxes is background.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from MedImageLib.network.samples import FIRST_BAG, UNKNOWN

STRIP_SHARE = 1 / 16  # of the picture's longer side
RIM_SHARE = 1 / 128  # around a box, of which nothing is known
LEAST_LEFT = 0.5  # of a strip that other boxes cover; of less it may not hold its object


def bags_of_boxes(
    shape: tuple[int, ...], boxes: Sequence[tuple[float, float, float, float]]
) -> np.ndarray:
    """Label map (j, i): 0, UNKNOWN close to a box, and a number of its own on each strip.

    boxes: (left, upper, right, lower) in pixels, borders included; what lies outside of the picture
    is cut off. Where boxes overlap the smaller one is painted over the larger one. Strips beyond
    the last number, and strips that are mostly painted over, are UNKNOWN.

    >>> bags_of_boxes((4, 40), [(10, 1, 14, 2)])[1, 8:17]
    array([255, 255, 128, 128, 129, 129, 129, 255, 255], dtype=uint8)
    """
    longest = max(shape)
    rim = 2 + round(RIM_SHARE * longest)
    label = np.zeros(shape, np.uint8)
    places = [_place(shape, box) for box in boxes]
    for rows, columns in places:
        label[_wider(rows, rim), _wider(columns, rim)] = UNKNOWN
    sizes: list[int] = []
    for place in sorted(places, key=_area, reverse=True):
        for strip in _strips(place, STRIP_SHARE * longest):
            number = FIRST_BAG + len(sizes)
            label[strip] = min(number, UNKNOWN)
            if number < UNKNOWN:
                sizes.append(_area(strip))
    left = np.bincount(label.ravel(), minlength=UNKNOWN + 1)[FIRST_BAG : FIRST_BAG + len(sizes)]
    poor = FIRST_BAG + np.flatnonzero(left < LEAST_LEFT * np.array(sizes))
    label[np.isin(label, poor)] = UNKNOWN
    return label


Place = tuple[slice, slice]


def _place(shape: tuple[int, ...], box: tuple[float, float, float, float]) -> Place:
    left, upper, right, lower = box
    return (
        slice(max(0, round(upper)), min(shape[0], round(lower) + 1)),
        slice(max(0, round(left)), min(shape[1], round(right) + 1)),
    )


def _wider(side: slice, by: int) -> slice:
    return slice(max(0, side.start - by), side.stop + by)


def _area(place: Place) -> int:
    rows, columns = place
    return max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start)


def _strips(place: Place, width: float) -> list[Place]:
    rows, columns = place
    if not _area(place):
        return []
    lengths = [side.stop - side.start for side in place]
    along = int(np.argmax(lengths))
    count = max(1, round(lengths[along] / width))
    cuts = place[along].start + np.arange(count + 1) * lengths[along] // count
    parts = [slice(int(a), int(b)) for a, b in pairwise(cuts)]
    return [(part, columns) if along == 0 else (rows, part) for part in parts]
