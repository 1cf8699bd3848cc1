"""From line integrals to the picture that a digital radiography system shows.

Exposure, scattered radiation, quantum and electronic noise, then the processing of the console:
logarithm, gains by scale, a display curve, shutters and the side marker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

# Dose per pixel behind 1 mm² of open field at a relative exposure of 1, in detected quanta.
QUANTA_PER_MM2 = 60_000.0

_LETTERS = {
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
}


@dataclass(frozen=True)
class Processing:
    """How the console renders: gains of the coarse, middle and fine scale, and the curve.

    black_fraction, white_fraction: how far the darkest and brightest part of the anatomy lies
    inside the range of grey. gamma: of the display curve; below 1 is brighter.
    """

    coarse_gain: float = 0.8
    middle_gain: float = 1.1
    fine_gain: float = 1.3
    black_fraction: float = 0.06
    white_fraction: float = 0.95
    gamma: float = 1.0


def expose(
    attenuation: np.ndarray,
    pixel_mm: float,
    exposure: float,
    scatter: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Detected quanta per pixel behind line integrals (rows, columns).

    exposure: relative to an ordinary one. scatter: scattered over primary radiation where the
    patient is as thick as on average; behind air there is little.
    """
    open_field = QUANTA_PER_MM2 * pixel_mm**2 * exposure
    primary = np.exp(-attenuation)
    coarse = max(1, round(8 / pixel_mm))
    small = primary[::coarse, ::coarse]
    # Scatter arises where much was absorbed, and spreads over centimeters.
    born = small * np.minimum(attenuation[::coarse, ::coarse], 4)
    spread = gaussian_filter(born, 45 / (pixel_mm * coarse), mode="nearest")
    factors = np.array(primary.shape) / np.array(spread.shape)
    cloud = zoom(spread, factors, order=1, mode="nearest", grid_mode=True)
    quanta = open_field * (primary + 0.2 * scatter * cloud[: primary.shape[0], : primary.shape[1]])
    noisy = quanta + generator.normal(size=quanta.shape) * np.sqrt(quanta)
    # Light spreads in the scintillator, and the noise with it; the read-out adds its own.
    blurred = gaussian_filter(noisy, max(0.22 / pixel_mm, 0.25))
    return blurred + generator.normal(0, 12, quanta.shape)


def process(
    quanta: np.ndarray, pixel_mm: float, anatomy: np.ndarray, processing: Processing, bits: int
) -> np.ndarray:
    """Display values (rows, columns), uint16, bright where dense (MONOCHROME2).

    anatomy: mask of the body inside the shutters, which alone sets the range of grey.
    """
    log = -np.log(np.maximum(quanta, 1.0))
    skin = np.quantile(log[anatomy], 0.01)
    tamed = np.maximum(log, skin)  # else the open air's edge rings through all scales
    coarse = gaussian_filter(tamed, 28 / pixel_mm, truncate=2.5)
    middle = gaussian_filter(tamed, 3.0 / pixel_mm)
    fine = gaussian_filter(tamed, 0.6 / pixel_mm)
    value = (
        processing.coarse_gain * coarse
        + processing.middle_gain * (middle - coarse)
        + processing.fine_gain * (fine - middle)
        + 0.85 * processing.fine_gain * (tamed - fine)
    )
    low, high = np.quantile(value[anatomy], [0.01, 0.99])
    unit = (value - low) / max(high - low, 1e-6)
    shown = processing.black_fraction + unit * (
        processing.white_fraction - processing.black_fraction
    )
    # A soft toe and shoulder instead of clipping.
    shown = np.where(shown > 0.85, 0.85 + 0.15 * np.tanh((shown - 0.85) / 0.15), shown)
    shown = np.clip(shown, 0, 1) ** processing.gamma
    air = np.clip((skin - log) / 0.7, 0, 1)
    return np.round((shown * (1 - air)) * (2**bits - 1)).astype(np.uint16)


def side_marker(
    shape: tuple[int, int], letter: str, corner: tuple[int, int], height_px: int
) -> np.ndarray:
    """Mask (rows, columns) of a lead letter whose upper left corner is at (row, column)."""
    bits = np.array([[c == "1" for c in line] for line in _LETTERS[letter]])
    factor = max(1, round(height_px / 7))
    stamp = np.kron(bits, np.ones((factor, factor), bool))
    mask = np.zeros(shape, bool)
    row, column = corner
    part = mask[row : row + stamp.shape[0], column : column + stamp.shape[1]]
    part |= stamp[: part.shape[0], : part.shape[1]]
    return mask
