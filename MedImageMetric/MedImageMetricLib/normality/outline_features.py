"""Where an image begins and ends, and what lies beyond the body.

A body that is cut off begins with a long straight line, a whole one with a few pixels; and outside
of it there should be nothing.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

EMPTY = 0.02  # of the gray range
BODY = 0.12
INWARD = (0, 1, 4)  # lines from the first that is not empty
FEWEST_LINES = 6


def outline_features(planes: np.ndarray) -> np.ndarray:
    """(n, 25) of planes (n, side, side).

    From each of the four sides: place of the first line that is not empty, length of three lines
    relative to the size of what is seen, mean gray of the first; then ranks of the grays outside.
    """
    return np.stack([np.concatenate([_ends(plane), _outside(plane)]) for plane in planes])


def _ends(plane: np.ndarray) -> np.ndarray:
    seen = plane > EMPTY
    size = np.sqrt(seen.sum() + 1)
    values: list[float] = []
    for axis in (1, 0):
        lengths = seen.sum(axis)
        sums = np.where(seen, plane, 0).sum(axis)
        lines = np.flatnonzero(lengths)
        for inward in (lines, lines[::-1]):
            if len(inward) < FEWEST_LINES:
                values += [0.0] * 5
                continue
            first = inward[0]
            values.append(2 * first / len(lengths) - 1)
            values += [float(lengths[inward[n]] / size) for n in INWARD]
            values.append(float(sums[first] / lengths[first]))
    return np.array(values)


def _outside(plane: np.ndarray) -> np.ndarray:
    outside = plane[~ndimage.binary_fill_holes(plane > BODY)]
    if not len(outside):
        return np.log(np.array([0.003] * 4 + [0.01]))
    ranks = np.log(np.quantile(outside, (0.5, 0.9, 0.99, 1.0)) + 0.003)
    return np.append(ranks, np.log((outside > 0.002).mean() + 0.01))
