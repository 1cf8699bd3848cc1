"""Gray values: normalization by ranks, standardization, display windows.

Every function takes arrays of any shape and returns new float32 arrays. Constant images are
refused where dividing by their spread would be needed.
"""

from __future__ import annotations

import numpy as np

from MedImageLib.errors import InputError


def normalized_by_ranks(
    image: np.ndarray, low_percent: float = 1.0, high_percent: float = 99.0, clip: bool = True
) -> np.ndarray:
    """(x − x1) / (x2 − x1), where x1 and x2 are the gray values at two ranks in percent.

    0 and 100 give min–max. Values beyond the ranks are clipped to 0 … 1 unless clip is False.
    Raises InputError for images whose two ranks hold the same value everywhere (constant) or
    that hold values that are not finite.
    """
    image = np.asarray(image, np.float32)
    if not np.isfinite(image).all():
        raise InputError("The image holds values that are not finite; it cannot be normalized.")
    low, high = np.percentile(image, (low_percent, high_percent))
    if high <= low:
        # A small object on an even background: its ranks coincide, its extremes do not.
        low, high = float(image.min()), float(image.max())
    if high <= low:
        raise InputError(f"The image is constant (gray value {low:g}); nothing can be seen on it.")
    scaled = (image - np.float32(low)) / np.float32(high - low)
    return np.clip(scaled, 0.0, 1.0) if clip else scaled


def standardized(image: np.ndarray) -> np.ndarray:
    """(x − mean) / standard deviation. Raises InputError for constant images."""
    image = np.asarray(image, np.float32)
    spread = float(image.std())
    if spread <= 0:
        raise InputError(f"The image is constant ({float(image.flat[0]):g}); it has no contrast.")
    return (image - image.mean()) / np.float32(spread)


def equalized(image: np.ndarray, bins: int = 256) -> np.ndarray:
    """Histogram equalization to 0 … 1: each value becomes the share of values not above it."""
    scaled = normalized_by_ranks(image, 0, 100)
    counts, edges = np.histogram(scaled, bins=bins, range=(0.0, 1.0))
    cumulative = np.concatenate([[0.0], np.cumsum(counts) / scaled.size])
    return np.interp(scaled, edges, cumulative).astype(np.float32)


def windowed(image: np.ndarray, center: float, width: float) -> np.ndarray:
    """uint8 picture of a display window; `width` > 0 in the unit of the image."""
    if width <= 0:
        raise InputError(f"The width of a display window must be positive, got {width:g}.")
    scaled = (np.asarray(image, np.float32) - (center - width / 2)) / width
    return (np.clip(scaled, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
