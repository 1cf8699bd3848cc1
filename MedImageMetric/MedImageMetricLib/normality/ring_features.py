"""Whether soft tissue of CT is brighter or darker all along a circle about the middle.

An element of a turning detector that answers wrongly draws a ring, too faint to be seen in a pixel
but the same in all directions. What is left of soft tissue above its neighborhood is averaged by
radius and by sector; a ring is a mean that differs little between sectors and much from the
circles inside and outside of it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

SECTORS = 12
FEWEST_SECTORS = 5  # in which a circle must meet soft tissue
BINS_PER_PX = 2  # half pixels: a ring may lie between two
FIRST_BIN = 6
BESIDE = 4  # bins to the circles inside and outside that one is compared with
CLIPPED = 3.0  # deviations that one pixel counts at most
FEWEST_PX = 60
SMALLEST_VARIANCE = 1e-4


def ring_features(left: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """Eight numbers of one plane (side, side): strongest and fifth mean along a circle, strongest,
    fifth and ninth difference from the circles beside it, in deviations of chance; strongest and
    seventh difference as logarithms; logarithm of the mean square difference.

    left: what tissue differs from its neighborhood, in hundreds of Hounsfield units. tissue: where
    it counts. Zeros where there is hardly any.
    """
    if tissue.sum() < FEWEST_PX:
        return np.zeros(8)
    usual = 1.48 * np.median(np.abs(left[tissue])) + 0.05
    values = np.clip(left[tissue], -CLIPPED * usual, CLIPPED * usual)
    place, bins = _places(len(left))
    place = place[tissue]
    sums = np.bincount(place, values, minlength=bins * SECTORS).reshape(bins, SECTORS)
    pixels = np.bincount(place, minlength=bins * SECTORS).reshape(bins, SECTORS)
    # A circle is as wide as a pixel.
    sums, pixels = (one + np.roll(one, -1, 0) for one in (sums, pixels))
    seen = pixels >= 2
    sectors = seen.sum(1)
    means = np.where(seen, sums / np.maximum(pixels, 1), 0.0)
    mean = means.sum(1) / np.maximum(sectors, 1)
    spread = np.where(seen, (means - mean[:, None]) ** 2, 0).sum(1) / np.maximum(sectors - 1, 1)
    number = np.arange(bins)
    used = (sectors >= FEWEST_SECTORS) & (number >= FIRST_BIN) & (number < len(left))
    if not used.any():
        return np.zeros(8)
    # Half the spread of the circle itself, half that of the usual one.
    variance = (spread + np.median(spread[used])) / 2 / np.maximum(sectors, 1) + SMALLEST_VARIANCE
    step = mean - (np.roll(mean, BESIDE) + np.roll(mean, -BESIDE)) / 2
    along, apart = mean / np.sqrt(variance), step / np.sqrt(variance)
    rising, steps, height = (_largest(one[used]) for one in (along, apart, step))
    return np.array(
        [
            *(rising[n] for n in (0, 4)),
            *(steps[n] for n in (0, 4, 8)),
            *(np.log(height[n] + 0.02) for n in (0, 6)),
            np.log((apart[used] ** 2).mean() + 0.1),
        ]
    )


def _largest(values: np.ndarray) -> np.ndarray:
    """The nine largest, whatever their sign; zeros where there are fewer."""
    ordered = np.sort(np.abs(values))[::-1][:9]
    return np.pad(ordered, (0, 9 - len(ordered)))


@lru_cache(maxsize=4)
def _places(side: int) -> tuple[np.ndarray, int]:
    """Number of circle and sector of every pixel, and how many circles there are."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    circle = np.round(np.hypot(y, x) * BINS_PER_PX).astype(int)
    sector = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    return circle * SECTORS + sector, int(circle.max()) + 2
