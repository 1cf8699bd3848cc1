"""Volumes taken apart by scale and put together again without loss: pyramid and wavelet.

Laplacian pyramid after Burt and Adelson (IEEE Trans. Commun. 31:532, 1983); biorthogonal 5/3
wavelet by lifting after Le Gall and Tabatabai, in the form of JPEG 2000 (ISO/IEC 15444-1, F.3).
Both restore any array exactly, up to rounding, for all sizes of at least one voxel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage

_KERNEL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


@dataclass(frozen=True, eq=False)
class Wavelet:
    """approximation: (k, j, i) at the coarsest scale. details: for each level, finest first, the
    bands by name, such as `lhl` for low, high, low along (k, j, i). shapes: of each level's
    input."""

    approximation: np.ndarray
    details: tuple[dict[str, np.ndarray], ...]
    shapes: tuple[tuple[int, ...], ...]


def levels_for(shape: tuple[int, ...], wanted: int) -> int:
    """How many halvings an array bears: at least four voxels stay along its longest axis."""
    return max(0, min(wanted, int(np.log2(max(shape) / 4)))) if max(shape) >= 8 else 0


def pyramid(values: np.ndarray, levels: int) -> tuple[np.ndarray, ...]:
    """Laplacian pyramid: detail of each scale, finest first, then the coarsest approximation."""
    parts = []
    current = values.astype(np.float64)
    for _ in range(levels):
        smaller = _reduced(current)
        parts.append(current - _expanded(smaller, current.shape))
        current = smaller
    return (*parts, current)


def from_pyramid(parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """The array of a pyramid."""
    current = parts[-1]
    for detail in reversed(parts[:-1]):
        current = detail + _expanded(current, detail.shape)
    return current


def wavelet(values: np.ndarray, levels: int) -> Wavelet:
    """Separable 5/3 wavelet transform over all axes."""
    current = values.astype(np.float64)
    details, shapes = [], []
    for _ in range(levels):
        shapes.append(current.shape)
        bands = {"": current}
        for axis in range(values.ndim):
            split = {name: _analysis(band, axis) for name, band in bands.items()}
            bands = {n + c: split[n][p] for n in bands for p, c in enumerate("lh")}
        current = bands.pop("l" * values.ndim)
        details.append(bands)
    return Wavelet(current, tuple(details), tuple(shapes))


def from_wavelet(parts: Wavelet) -> np.ndarray:
    """The array of a wavelet transform."""
    current = parts.approximation
    for bands, shape in zip(reversed(parts.details), reversed(parts.shapes), strict=True):
        axes = len(shape)
        merged = {**bands, "l" * axes: current}
        for axis in reversed(range(axes)):
            names = ["".join(letters) for letters in product("lh", repeat=axis)]
            merged = {
                name: _synthesis(merged[name + "l"], merged[name + "h"], axis, shape[axis])
                for name in names
            }
        current = merged[""]
    return current


def _reduced(values: np.ndarray) -> np.ndarray:
    for axis in range(values.ndim):
        if values.shape[axis] > 1:
            values = ndimage.correlate1d(values, _KERNEL, axis=axis, mode="mirror")
            values = np.take(values, np.arange(0, values.shape[axis], 2), axis=axis)
    return values


def _expanded(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        wide = np.zeros((*values.shape[:axis], size, *values.shape[axis + 1 :]))
        wide[(slice(None),) * axis + (slice(0, None, 2),)] = values
        values = ndimage.correlate1d(wide, 2 * _KERNEL, axis=axis, mode="mirror")
    return values


def _analysis(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high halves along an axis: predict odd samples, then update even ones."""
    line = np.moveaxis(values, axis, 0)
    even, odd = line[0::2], line[1::2]
    if not len(odd):
        return values, np.moveaxis(odd, 0, axis)
    high = odd - (even[: len(odd)] + _after(even, len(odd))) / 2
    low = even + (_before(high, len(even)) + _here(high, len(even))) / 4
    return np.moveaxis(low, 0, axis), np.moveaxis(high, 0, axis)


def _synthesis(low: np.ndarray, high: np.ndarray, axis: int, size: int) -> np.ndarray:
    low, high = np.moveaxis(low, axis, 0), np.moveaxis(high, axis, 0)
    if not len(high):
        return np.moveaxis(low, 0, axis)
    even = low - (_before(high, len(low)) + _here(high, len(low))) / 4
    odd = high + (even[: len(high)] + _after(even, len(high))) / 2
    line = np.empty((size, *low.shape[1:]))
    line[0::2], line[1::2] = even, odd
    return np.moveaxis(line, 0, axis)


def _after(even: np.ndarray, count: int) -> np.ndarray:
    """The even sample after each odd one; the last is mirrored where there is none."""
    return even[np.minimum(np.arange(1, count + 1), len(even) - 1)]


def _before(high: np.ndarray, count: int) -> np.ndarray:
    return high[np.maximum(np.arange(-1, count - 1), 0)]


def _here(high: np.ndarray, count: int) -> np.ndarray:
    return high[np.minimum(np.arange(count), len(high) - 1)]
