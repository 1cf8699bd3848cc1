"""What a contour network sees of MR: made-up contrasts of CT for training, gray values in use.

No labeled MR of the head and neck may be trained on. The contours of CT hold on any image of the
same anatomy, so that CT in random MR contrasts teaches shapes and neighborhoods rather than gray
values; tissues that CT does not tell apart stay alike, which real MR does not keep to. Arrays are
(k, j, i).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

# Air, lung, fat, between, muscle and water, glands, vessels, spongy and dense bone.
_HU = (-1000.0, -400.0, -110.0, -30.0, 30.0, 70.0, 120.0, 300.0, 800.0)
_FOREGROUND = 0.12  # of the bright end, above which something gives a signal
_BRIGHT_PERCENT = 99.0
_LOW, _HIGH = -2.0, 3.0


def mr_like(hu: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Signal of a made-up MR of what a CT (HU) shows: float32, 0 … about 1.

    Fat and muscle are drawn on their own, so that either may be the brighter one; compact bone
    and air are dark. Shading of the coil over the field, noise of a magnitude image.
    """
    fat, muscle = generator.uniform(0.3, 1.0), generator.uniform(0.15, 0.8)
    gland = np.clip(muscle + generator.uniform(-0.25, 0.35), 0.05, 1.0)
    vessel = np.clip(muscle + generator.uniform(-0.4, 0.4), 0.02, 1.0)
    spongy, dense = generator.uniform(0.1, 0.8), generator.uniform(0.0, 0.15)
    signals = (0.0, 0.03, fat, (fat + muscle) / 2, muscle, gland, vessel, spongy, dense)
    found = np.interp(hu, _HU, signals)
    coarse = generator.normal(0, 0.25, (3, 3, 3))
    zoom = [n / 3 for n in hu.shape]
    shading = ndimage.zoom(coarse, zoom, order=1, mode="nearest", grid_mode=True)
    found *= np.exp(shading)
    deviation = generator.uniform(0.005, 0.05)
    real = found + deviation * generator.standard_normal(hu.shape)
    other = deviation * generator.standard_normal(hu.shape)
    return np.hypot(real, other).astype(np.float32)


def gray_of_mr(signal: np.ndarray) -> np.ndarray:
    """MR of any scale as the network wants it: float32, foreground about 0 ± 1, −2 … 3."""
    inside = foreground(signal)
    if not inside.any():
        return np.full(signal.shape, _LOW, np.float32)
    values = signal[inside].astype(np.float64)
    spread = max(float(values.std()), 1e-6)
    gray = (signal.astype(np.float32) - np.float32(values.mean())) / np.float32(spread)
    return np.clip(gray, _LOW, _HIGH, out=gray)


def foreground(signal: np.ndarray) -> np.ndarray:
    """Where something gives a signal: bool."""
    bright = float(np.percentile(signal[signal > 0], _BRIGHT_PERCENT)) if (signal > 0).any() else 0
    return signal > _FOREGROUND * bright if bright > 0 else np.zeros(signal.shape, bool)


def mr_body(signal: np.ndarray, pixel_mm: float) -> np.ndarray:
    """The patient on an MR, bool: its foreground without loose parts, filled plane by plane."""
    smooth = ndimage.gaussian_filter(signal.astype(np.float32), 1.0 / pixel_mm)
    parts, count = ndimage.label(ndimage.binary_opening(foreground(smooth)))
    if not count:
        return np.zeros(signal.shape, bool)
    sizes = np.bincount(parts.ravel())[1:]
    body = np.isin(parts, 1 + np.flatnonzero(sizes >= 0.1 * sizes.max()))
    for plane in body:
        plane[:] = ndimage.binary_fill_holes(plane)
    return body
