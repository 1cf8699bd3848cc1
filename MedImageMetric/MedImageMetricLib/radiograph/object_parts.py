"""From the probability of foreign objects at each pixel to single objects.

A cable that touches an electrode is one connected region and yet two objects: compact parts and
the lines that run into them are told apart by how far their pixels lie from the region's border.
Planes are (j, i).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from MedImageMetricLib.radiograph.detections import Box, ForeignObject

SMALLEST_OBJECT_PX = 4
REACH_SHARE = 0.01  # of the picture's longer side: half the width of the broadest line
BULGE = 1.25  # reaches: what is nowhere deeper is a line, though it may be uneven
ROUNDED = 1.5  # a compact part goes so many reaches beyond its inside


def object_parts(probability: np.ndarray, kind: str, least: float) -> Iterator[ForeignObject]:
    """What is connected and of at least that probability, as sure as its surest pixel.

    Compact parts and lines of a region are objects of their own. Specks are left out.
    """
    regions, _ = ndimage.label(probability >= least)
    reach_px = max(1.0, REACH_SHARE * max(probability.shape))
    for number, place in enumerate(ndimage.find_objects(regions), start=1):
        inside = regions[place] == number
        if np.count_nonzero(inside) < SMALLEST_OBJECT_PX:
            continue
        for part in compact_and_lines(inside, reach_px):
            (top, left), (height, width) = _extent(part)
            rows, columns = place[0].start + top, place[1].start + left
            mask = np.zeros(probability.shape, bool)
            mask[place] = part
            yield ForeignObject(
                Box(columns - 0.5, rows - 0.5, columns + width - 0.5, rows + height - 0.5),
                float(probability[place][part].max()),
                kind,
                mask,
            )


def weak_parts(
    probability: np.ndarray, kind: str, between: tuple[float, float], most: int
) -> list[ForeignObject]:
    """The surest connected parts whose surest pixel lies between two values, without masks."""
    regions, count = ndimage.label(probability >= between[0])
    surest = ndimage.maximum(probability, regions, np.arange(1, count + 1))
    sizes = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    wanted = (np.asarray(surest) < between[1]) & (sizes >= SMALLEST_OBJECT_PX)
    places = ndimage.find_objects(regions)
    found = []
    for number in sorted(np.flatnonzero(wanted), key=lambda n: -surest[n])[:most]:
        rows, columns = places[number]
        box = Box(columns.start - 0.5, rows.start - 0.5, columns.stop - 0.5, rows.stop - 0.5)
        found.append(ForeignObject(box, float(surest[number]), kind))
    return found


def compact_and_lines(region: np.ndarray, reach_px: float) -> list[np.ndarray]:
    """Masks of the compact parts and of the lines of a region that has both, else the region.

    A line is nowhere much farther than `reach_px` from its border. Parts smaller than the square of
    that are left out.
    """
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    bulges, count = ndimage.label(depth > reach_px)
    deepest = ndimage.maximum(depth, bulges, np.arange(count + 1)) if count else np.zeros(1)
    thick = np.asarray(deepest) > BULGE * reach_px
    thick[0] = False
    if not thick.any():
        return [region]
    away = ndimage.distance_transform_edt(~thick[bulges])
    compact = region & (away <= ROUNDED * reach_px)
    both = [_parts(mask, reach_px**2) for mask in (compact, region & ~compact)]
    return [one for parts in both for one in parts] if all(both) else [region]


def _parts(mask: np.ndarray, least_px: float) -> list[np.ndarray]:
    labels, count = ndimage.label(mask)
    parts = [labels == number for number in range(1, count + 1)]
    return [part for part in parts if np.count_nonzero(part) >= least_px]


def _extent(mask: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """First row and column, height and width."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    first = int(rows[0]), int(columns[0])
    return first, (int(rows[-1]) - first[0] + 1, int(columns[-1]) - first[1] + 1)
