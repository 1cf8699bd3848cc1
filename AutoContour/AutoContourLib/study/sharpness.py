"""Sharpness and contrast of an image, adjusted by modality for the eye; the original stays.

US 12,394,057 B2, paragraphs 43 and 69. Unsharp masking in millimeters that leaves detail below
the noise alone, then a rising tone curve of the modality. The adjusted image has no unit: it is
for looking and contouring by eye, never for measuring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from MedImageLib.errors import InputError, Remark
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume

Mode = Literal["CT", "MR", "PT"]
# A Gaussian spread in noise: 1.4826 · median absolute deviation.
_SPREAD_OF_MAD = 1.4826


@dataclass(frozen=True)
class SharpnessSettings:
    """How far sharpness and contrast are raised for one modality.

    low, high: display window: in HU for CT, in SUV for PET as far as its unit is known; None
    for both takes the percentiles of the foreground. curve: below 1 dark values are spread, above
    1 bright ones. flatten_mm: width of shading that is evened out, 0 for none.
    """

    sharpen: float = setting(0.6, help="Share of detail that is added.", minimum=0, maximum=4)
    detail_mm: float = setting(1.5, help="Width of detail.", unit="mm", minimum=0.1, maximum=20)
    noise_gate: float = setting(
        2.0, help="Detail below this many noise spreads stays.", minimum=0, maximum=10
    )
    low: float | None = setting(None, help="Lower end of the window.")
    high: float | None = setting(None, help="Upper end of the window.")
    low_percent: float = setting(1.0, help="Lower percentile.", unit="%", minimum=0, maximum=40)
    high_percent: float = setting(99.5, help="Upper percentile.", unit="%", minimum=60, maximum=100)
    curve: float = setting(1.0, help="Exponent of the tone curve.", minimum=0.2, maximum=5)
    flatten_mm: float = setting(
        0.0, help="Width of shading to be evened out.", unit="mm", minimum=0, maximum=200
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.low is None) != (self.high is None):
            raise InputError("A window needs both ends, low and high, or none of them.")
        if self.low is not None and self.high is not None and self.high <= self.low:
            raise InputError(f"The window ends at {self.high:g}, not above {self.low:g}.")


BY_MODE: dict[str, SharpnessSettings] = {
    # Soft tissue of planning CT: center 40 HU, width 500 HU, bone compressed but not lost.
    "CT": SharpnessSettings(sharpen=0.6, detail_mm=1.5, low=-210.0, high=290.0),
    "MR": SharpnessSettings(sharpen=0.5, detail_mm=1.2, flatten_mm=60.0),
    # PET is smooth by nature: what looks like fine detail is noise.
    "PT": SharpnessSettings(
        sharpen=0.3, detail_mm=4.0, noise_gate=3.0, high_percent=99.9, curve=0.7
    ),
}


@dataclass(frozen=True)
class ImageLook:
    """Measures of an image in a window of gray values.

    sharpness_per_mm: mean slope over the steepest hundredth of the voxels, windows per mm.
    contrast: spread (standard deviation) of the windowed values, 0 … 0.5. noise: spread of
    noise, in windows.
    """

    sharpness_per_mm: float
    contrast: float
    noise: float


@dataclass(frozen=True, eq=False)
class AdjustedImage:
    """original: untouched. adjusted: float32, 0 … 1, on the same grid. before and after are
    measured in the same window: of the original by straight scaling, and of the adjusted one."""

    original: Volume
    adjusted: Volume
    window: tuple[float, float]
    before: ImageLook
    after: ImageLook


def adjust(volume: Volume, settings: SharpnessSettings | None = None) -> AdjustedImage:
    """A sharper image of higher contrast; the volume given is not changed.

    settings: default by the volume's modality. Raises InputError for label maps, images that are
    constant or hold values that are not finite, and modalities without a default.
    """
    settings = settings or settings_for(volume)
    values = _values(volume)
    spacing = np.array(volume.geometry.spacing_mm[::-1])
    low, high = _window(values, settings)
    noise = noise_spread(values)
    sharp = _sharpened(values, spacing, noise, settings)
    if settings.flatten_mm > 0:
        sharp = _flattened(sharp, spacing, settings.flatten_mm)
    toned = _toned(sharp, low, high, settings.curve)
    adjusted = volume.with_array(
        toned.astype(np.float32),
        unit="",
        source_sha256="",
        remarks=(
            *volume.remarks,
            Remark("adjusted-image", "Sharpness and contrast were adjusted: not for measuring."),
        ),
        tags={**volume.tags, "adjusted_from_sha256": volume.source_sha256},
    )
    straight = (values - low) / (high - low)
    return AdjustedImage(
        volume, adjusted, (low, high), image_look(straight, spacing), image_look(toned, spacing)
    )


def settings_for(volume: Volume) -> SharpnessSettings:
    """Defaults of the volume's modality. Raises InputError when there are none."""
    if volume.modality not in BY_MODE:
        raise InputError(
            f"An image of modality {volume.modality or 'unknown'} has no default sharpness; "
            f"known are {', '.join(BY_MODE)}. Give settings."
        )
    return BY_MODE[volume.modality]


def noise_spread(values: np.ndarray) -> float:
    """Standard deviation of noise, from second differences along rows, robust against edges.

    Even background (exact zeros of masked images) is left out. Source: the median absolute
    deviation of an operator that takes straight slopes away (Donoho's estimate).
    """
    second = values[..., :-2] - 2 * values[..., 1:-1] + values[..., 2:]
    moving = second[second != 0]
    if moving.size == 0:
        return 0.0
    # The weights (1, −2, 1) raise the variance of white noise by 6.
    return float(np.median(np.abs(moving)) * _SPREAD_OF_MAD / np.sqrt(6.0))


def image_look(windowed: np.ndarray, spacing_mm: np.ndarray) -> ImageLook:
    """Measures of an image whose window is 0 … 1; spacing_mm along (k, j, i)."""
    shown = np.clip(windowed, 0.0, 1.0)
    slopes = [
        np.gradient(shown, float(step), axis=axis)
        for axis, step in enumerate(spacing_mm)
        if shown.shape[axis] > 1
    ]
    steepness = np.sqrt(sum(slope**2 for slope in slopes)).ravel()
    count = max(1, steepness.size // 100)
    steepest = np.partition(steepness, -count)[-count:]
    return ImageLook(float(steepest.mean()), float(shown.std()), noise_spread(shown))


def _values(volume: Volume) -> np.ndarray:
    if volume.is_labelmap:
        raise InputError("A label map has no sharpness; give an image.")
    values = volume.array.astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError("The image holds values that are not finite; it cannot be adjusted.")
    if values.max() <= values.min():
        raise InputError(f"The image is constant ({values.flat[0]:g}); it has no contrast.")
    return values


def _window(values: np.ndarray, settings: SharpnessSettings) -> tuple[float, float]:
    if settings.low is not None and settings.high is not None:
        return settings.low, settings.high
    # Background would pull the percentiles to itself.
    floor = float(values.min()) + 0.02 * float(np.percentile(values, 99.9) - values.min())
    foreground = values[values > floor]
    chosen = foreground if foreground.size > values.size // 1000 else values
    low, high = np.percentile(chosen, (settings.low_percent, settings.high_percent))
    if high <= low:
        low, high = values.min(), values.max()
    return float(low), float(high)


def _sharpened(
    values: np.ndarray, spacing: np.ndarray, noise: float, settings: SharpnessSettings
) -> np.ndarray:
    """Unsharp masking with a soft gate: detail of the size of noise is not added."""
    if settings.sharpen == 0:
        return values
    smooth = ndimage.gaussian_filter(values, settings.detail_mm / spacing, mode="nearest")
    detail = values - smooth
    gate = settings.noise_gate * noise
    weight = detail**2 / (detail**2 + gate**2) if gate > 0 else 1.0
    raised = values + settings.sharpen * weight * detail
    # Halos beyond what the neighborhood holds would be structures that are not there.
    size = tuple(int(2 * np.ceil(settings.detail_mm / step) + 1) for step in spacing)
    lower = ndimage.minimum_filter(values, size, mode="nearest")
    upper = ndimage.maximum_filter(values, size, mode="nearest")
    limited: np.ndarray = np.clip(raised, lower, upper)
    return limited


def _flattened(values: np.ndarray, spacing: np.ndarray, width_mm: float) -> np.ndarray:
    """Slow shading divided out inside the foreground (homomorphic filter)."""
    top = float(np.percentile(values, 99.5))
    inside = values > 0.1 * top
    logarithm = np.where(inside, np.log(np.maximum(values, 1e-6 + 0.1 * top)), 0.0)
    sigma = width_mm / spacing
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma, mode="nearest")
    slow = ndimage.gaussian_filter(logarithm.astype(np.float32), sigma, mode="nearest")
    slow = slow / np.maximum(weight, 1e-3)
    level = float(logarithm[inside].mean()) if inside.any() else 0.0
    # Outside of the foreground nothing is known of the shading.
    shading = np.where(weight > 0.05, slow - level, 0.0)
    flattened: np.ndarray = values * np.exp(-np.clip(shading, -1.0, 1.0))
    return flattened


def _toned(values: np.ndarray, low: float, high: float, curve: float) -> np.ndarray:
    """Rising curve to 0 … 1: straight inside the window, and 6 % at either end for the rest."""
    room = 0.06
    position = (values - low) / (high - low)
    below = room * np.exp(np.minimum(position, 0.0))
    above = 1.0 - room * np.exp(-np.maximum(position - 1.0, 0.0))
    middle = room + (1 - 2 * room) * np.clip(position, 0.0, 1.0) ** curve
    toned: np.ndarray = np.where(position < 0, below, np.where(position > 1, above, middle))
    return toned
