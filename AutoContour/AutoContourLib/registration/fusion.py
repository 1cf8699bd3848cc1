"""Two images of one place as one: the fused image is a new volume on the grid of the fixed one.

US 12,394,057 B2, paragraphs 115–116: average, weighted average, larger or smaller gray value,
principal components, modulation; pyramid and wavelet. Each comes with the same measures, so that
methods can be compared: entropy, mutual information with both images, edges kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from AutoContourLib.registration.multiscale import (
    Wavelet,
    from_pyramid,
    from_wavelet,
    levels_for,
    pyramid,
    wavelet,
)
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.resampling import resampled
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume

METHODS = (
    "average",
    "weighted",
    "larger",
    "smaller",
    "pca",
    "modulation",
    "pyramid",
    "wavelet",
)
_BINS = 64


@dataclass(frozen=True)
class FusionSettings:
    """How two images become one.

    Both are first brought to 0 … 1 between two ranks of their own gray values.
    """

    method: str = setting("weighted", help="How gray values are joined.", choices=METHODS)
    fixed_weight: float = setting(
        0.6, help="Weight of the fixed image (weighted).", minimum=0.0, maximum=1.0
    )
    levels: int = setting(4, help="Scales (pyramid, wavelet).", minimum=1, maximum=8)
    low_percent: float = setting(1.0, help="Rank that becomes 0.", unit="%", minimum=0, maximum=49)
    high_percent: float = setting(
        99.0, help="Rank that becomes 1.", unit="%", minimum=51, maximum=100
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class FusionMeasure:
    """Measures inside the common field; larger is better for all.

    entropy_bit: of the fused image in 64 bins. information_fixed_bit, information_moving_bit:
    mutual information with each source. edges_kept: share of the sources' edges found in the
    fused image by strength and direction, 0 … 1 (Q^AB/F of Xydeas and Petrović, Electronics
    Letters 36:308, 2000). coverage: share of the fixed grid that the moving image reaches.
    """

    entropy_bit: float
    information_fixed_bit: float
    information_moving_bit: float
    edges_kept: float
    coverage: float


@dataclass(frozen=True, eq=False)
class FusedImage:
    """volume: float32, 0 … 1, on the fixed grid; where the moving image does not reach, the fixed
    one alone. moving_weight: for methods that are one blend of both, the weight of the moving
    image; None for others."""

    volume: Volume
    measure: FusionMeasure
    moving_weight: float | None
    settings: FusionSettings


def fuse(
    fixed: Volume,
    moving: Volume,
    settings: FusionSettings | None = None,
    moving_from_fixed: np.ndarray | None = None,
    displacement_mm: np.ndarray | None = None,
) -> FusedImage:
    """Fuse a moving image with the fixed one.

    moving_from_fixed: 4 × 4, LPS mm, or displacement_mm: (k, j, i, 3) on the fixed grid, the
    whole mapping; neither means that the images are in place. Raises InputError for label maps,
    constant images and values that are not finite, GeometryError when the images do not meet.
    """
    settings = settings or FusionSettings()
    for name, image in (("fixed", fixed), ("moving", moving)):
        _check(name, image)
    placed = resampled(moving, fixed.geometry, moving_from_fixed, displacement_mm)
    covered = _coverage(moving, fixed, moving_from_fixed, displacement_mm)
    if not covered.any():
        raise GeometryError(
            "The moving image does not reach the fixed one anywhere; register them first, or "
            "check that both show the same patient and region."
        )
    a = _scaled("fixed", fixed.array, settings)
    b = _scaled("moving", placed.array, settings, covered)
    # Outside of its field the moving image would draw an edge into every scale.
    b = np.where(covered, b, a)
    joined, weight = _joined(a, b, covered, settings)
    values = np.where(covered, np.clip(joined, 0.0, 1.0), a).astype(np.float32)
    volume = Volume(
        values,
        fixed.geometry,
        modality=fixed.modality if fixed.modality == moving.modality else "",
        remarks=(
            Remark("fused-image", f"Fused by {settings.method}: for looking, not for measuring."),
        ),
        tags={"fusion_method": settings.method},
    )
    return FusedImage(volume, fusion_measure(a, b, values, covered), weight, settings)


def fusion_measure(
    fixed: np.ndarray, moving: np.ndarray, fused: np.ndarray, covered: np.ndarray
) -> FusionMeasure:
    """Measures of three arrays (k, j, i) with values 0 … 1 where `covered` is True."""
    inside = [_binned(values[covered]) for values in (fixed, moving, fused)]
    shares = np.bincount(inside[2], minlength=_BINS) / inside[2].size
    return FusionMeasure(
        _entropy(shares),
        _mutual_information(inside[0], inside[2]),
        _mutual_information(inside[1], inside[2]),
        _edges_kept(fixed, moving, fused, covered),
        float(covered.mean()),
    )


def _check(name: str, image: Volume) -> None:
    if image.is_labelmap:
        raise InputError(f"The {name} image is a label map; give an image to be fused.")
    if not np.isfinite(image.array).all():
        raise InputError(f"The {name} image holds values that are not finite; it cannot be fused.")


def _coverage(
    moving: Volume,
    fixed: Volume,
    moving_from_fixed: np.ndarray | None,
    displacement_mm: np.ndarray | None,
) -> np.ndarray:
    field = moving.with_array(np.ones(moving.array.shape, np.uint8), is_labelmap=True)
    reached: np.ndarray = (
        resampled(field, fixed.geometry, moving_from_fixed, displacement_mm).array > 0
    )
    return reached


def _scaled(
    name: str, values: np.ndarray, settings: FusionSettings, covered: np.ndarray | None = None
) -> np.ndarray:
    """0 … 1 between the ranks; only covered voxels set them."""
    result = np.zeros(values.shape, np.float32)
    chosen = np.ones(values.shape, bool) if covered is None else covered
    try:
        result[chosen] = normalized_by_ranks(
            values[chosen], settings.low_percent, settings.high_percent
        )
    except InputError as error:
        raise InputError(f"The {name} image cannot be fused: {error}") from None
    return result


def _joined(
    a: np.ndarray, b: np.ndarray, covered: np.ndarray, settings: FusionSettings
) -> tuple[np.ndarray, float | None]:
    if settings.method == "average":
        return (a + b) / 2, 0.5
    if settings.method == "weighted":
        return settings.fixed_weight * a + (1 - settings.fixed_weight) * b, (
            1 - settings.fixed_weight
        )
    if settings.method == "pca":
        weight = _first_component(a[covered], b[covered])
        return (1 - weight) * a + weight * b, weight
    if settings.method in ("pyramid", "wavelet"):
        return _multiscale(a, b, settings), None
    simple: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "larger": np.maximum,
        "smaller": np.minimum,
        "modulation": _modulated,
    }
    return simple[settings.method](a, b), None


def _first_component(a: np.ndarray, b: np.ndarray) -> float:
    """Weight of b from the main axis of the joint gray values.

    Where the images vary against each other the axis has a negative part; its size counts, since
    a negative weight would turn one image into its negative.
    """
    values, vectors = np.linalg.eigh(np.cov(a, b))
    main = np.abs(vectors[:, int(values.argmax())])
    return float(main[1] / main.sum())


def _modulated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The fixed image, brightened where the moving one lies above its mean, and dimmed below."""
    level = float(b.mean())
    return a * (0.5 + b) / (0.5 + level)


def _multiscale(a: np.ndarray, b: np.ndarray, settings: FusionSettings) -> np.ndarray:
    """Stronger detail of every scale, mean of what is left at the coarsest one."""
    levels = levels_for(a.shape, settings.levels)
    if settings.method == "pyramid":
        first, second = pyramid(a, levels), pyramid(b, levels)
        details = [_stronger(x, y) for x, y in zip(first[:-1], second[:-1], strict=True)]
        return from_pyramid((*details, (first[-1] + second[-1]) / 2))
    one, other = wavelet(a, levels), wavelet(b, levels)
    bands = tuple(
        {name: _stronger(x[name], y[name]) for name in x}
        for x, y in zip(one.details, other.details, strict=True)
    )
    return from_wavelet(Wavelet((one.approximation + other.approximation) / 2, bands, one.shapes))


def _stronger(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.size == 0:
        return x
    # Chosen by the neighborhood, so that noise does not decide voxel by voxel.
    power_x, power_y = (ndimage.uniform_filter(v**2, 3, mode="nearest") for v in (x, y))
    return np.where(power_x >= power_y, x, y)


def _binned(values: np.ndarray) -> np.ndarray:
    return np.clip((values * _BINS).astype(int), 0, _BINS - 1)


def _entropy(shares: np.ndarray) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum()) + 0.0


def _mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    joint = np.bincount(x * _BINS + y, minlength=_BINS**2).reshape(_BINS, _BINS) / x.size
    return max(
        0.0, _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1)) - _entropy(joint.ravel())
    )


def _edges_kept(
    fixed: np.ndarray, moving: np.ndarray, fused: np.ndarray, covered: np.ndarray
) -> float:
    """Weighted by the strength of the sources' edges; directions compared in three dimensions."""
    slopes = [_gradient(values) for values in (fixed, moving, fused)]
    strength = [np.linalg.norm(slope, axis=0) for slope in slopes]
    kept, weights = 0.0, 0.0
    for n in (0, 1):
        low, high = np.sort(np.stack([strength[n], strength[2]]), axis=0)
        amount = np.divide(low, high, out=np.zeros_like(low), where=high > 1e-9)
        product = (slopes[n] * slopes[2]).sum(axis=0)
        size = strength[n] * strength[2]
        along = np.divide(product, size, out=np.zeros_like(size), where=size > 1e-12)
        # Constants of the source: how fast trust falls as strength and direction are lost.
        by_strength = 0.9994 / (1 + np.exp(-15.0 * (amount - 0.5)))
        angle = 1 - np.arccos(np.clip(along, -1, 1)) / (np.pi / 2)
        by_direction = 0.9879 / (1 + np.exp(-22.0 * (np.abs(angle) - 0.8)))
        kept += float((by_strength * by_direction * strength[n])[covered].sum())
        weights += float(strength[n][covered].sum())
    return kept / weights if weights > 0 else 0.0


def _gradient(values: np.ndarray) -> np.ndarray:
    wide = values.astype(np.float64)
    return np.stack([ndimage.sobel(wide, axis=axis, mode="nearest") for axis in range(wide.ndim)])
