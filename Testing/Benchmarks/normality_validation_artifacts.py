"""Validation artifacts for normality models: other faults than those that are tested.

The default score is chosen on these alone. None of them is a family of `normality_artifacts`. A
plane is (j, i) float between `low` and `high`; severities 0, 1, 2 are mild, medium, strong.
"""

from __future__ import annotations

import io

import numpy as np
from normality_artifacts import Family
from scipy import ndimage


def gibbs(plane, severity, rng, gray):
    """The outer part of k-space is cut off sharply."""
    spectrum = np.fft.fftshift(np.fft.fft2(plane))
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in plane.shape), indexing="ij")
    spectrum[np.hypot(y, x) > (0.6, 0.4, 0.25)[severity]] = 0
    return np.fft.ifft2(np.fft.ifftshift(spectrum)).real


def zipper(plane, severity, rng, gray):
    """A line of alternating gray from a disturbance at one frequency."""
    result = plane.copy()
    column = int(rng.uniform(0.2, 0.8) * plane.shape[1])
    height = (0.15, 0.3, 0.6)[severity] * gray.width
    width = max(1, round(plane.shape[1] / 128))
    result[:, column : column + width] += height * rng.choice((-1, 1), (len(plane), 1))
    return result


def banding(plane, severity, rng, gray):
    """Rows that differ in gain, as of a badly calibrated reader."""
    gain = rng.normal(1, (0.04, 0.08, 0.2)[severity], (len(plane), 1))
    return (plane - gray.low) * gain + gray.low


def salt_and_pepper(plane, severity, rng, gray):
    result = plane.copy()
    hit = rng.random(plane.shape) < (0.004, 0.015, 0.06)[severity]
    result[hit] = rng.choice((gray.low, gray.high), int(hit.sum()))
    return result


def dead_lines(plane, severity, rng, gray):
    result = plane.copy()
    result[rng.choice(len(plane), (2, 5, 15)[severity], replace=False)] = gray.low
    return result


def pixelated(plane, severity, rng, gray):
    """Few large pixels, enlarged again."""
    factor = (2, 3, 5)[severity]
    small = plane[::factor, ::factor]
    return small.repeat(factor, 0).repeat(factor, 1)[: plane.shape[0], : plane.shape[1]]


def few_grays(plane, severity, rng, gray):
    step = gray.width / (16, 8, 4)[severity]
    return np.round((plane - gray.low) / step) * step + gray.low


def gamma(plane, severity, rng, gray):
    power = (1.6, 2.2, 3.5)[severity] ** rng.choice((-1.0, 1.0))
    return np.clip((plane - gray.low) / gray.width, 0, None) ** power * gray.width + gray.low


def black_patch(plane, severity, rng, gray):
    side = [int((0.12, 0.22, 0.4)[severity] * n) for n in plane.shape]
    top, left = (
        int(rng.uniform(0.2, 0.8) * (n - s)) for n, s in zip(plane.shape, side, strict=True)
    )
    result = plane.copy()
    result[top : top + side[0], left : left + side[1]] = gray.low
    return result


def shuffled_blocks(plane, severity, rng, gray):
    """Square parts of the image lie in each other's place."""
    result = plane.copy()
    side = min(plane.shape) // 8
    for _ in range((2, 6, 20)[severity]):
        a, b = ((rng.integers(1, 7, 2) * side) for _ in range(2))
        first = result[a[0] : a[0] + side, a[1] : a[1] + side].copy()
        result[a[0] : a[0] + side, a[1] : a[1] + side] = result[
            b[0] : b[0] + side, b[1] : b[1] + side
        ]
        result[b[0] : b[0] + side, b[1] : b[1] + side] = first
    return result


def speckle(plane, severity, rng, gray):
    gain = rng.normal(1, (0.08, 0.16, 0.35)[severity], plane.shape)
    return (plane - gray.low) * gain + gray.low


def shading(plane, severity, rng, gray):
    """A gain that falls from one side to the other."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in plane.shape), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    fall = 1 + (0.25, 0.45, 0.8)[severity] * (np.cos(angle) * x + np.sin(angle) * y)
    return (plane - gray.low) * np.clip(fall, 0, None) + gray.low


def stretched(plane, severity, rng, gray):
    factor = (1.2, 1.4, 1.8)[severity]
    axis = int(rng.integers(0, 2))
    matrix = np.eye(2)
    matrix[axis, axis] = 1 / factor
    return _resampled(plane, matrix, gray)


def zoomed(plane, severity, rng, gray):
    factor = (1.25, 1.5, 2.0)[severity] ** rng.choice((-1.0, 1.0))
    return _resampled(plane, np.eye(2) / factor, gray)


def inverted(plane, severity, rng, gray):
    """Bright and dark exchanged: in a part, in a half, in the whole image."""
    share = (0.25, 0.5, 1.0)[severity]
    result = plane.copy()
    rows = slice(0, int(np.ceil(share * len(plane))))
    result[rows] = np.clip(gray.low + gray.high - plane[rows], gray.low, gray.high)
    return result


def smeared(plane, severity, rng, gray):
    """Motion blur along one direction."""
    length = max(2, round((0.015, 0.03, 0.07)[severity] * max(plane.shape)))
    return ndimage.uniform_filter1d(plane, length, axis=int(rng.integers(0, 2)))


def double_exposure(plane, severity, rng, gray):
    """The image lies once more over itself, mirrored and shifted."""
    share = (0.15, 0.3, 0.5)[severity]
    other = np.roll(plane[:, ::-1], int(0.2 * len(plane)), axis=0)
    return (1 - share) * plane + share * other


def jpeg_blocks(plane, severity, rng, gray):
    from PIL import Image

    scaled = np.clip((plane - gray.low) / gray.width * 255, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(scaled).save(stream, "JPEG", quality=(20, 10, 3)[severity])
    return np.asarray(Image.open(stream), float) / 255 * gray.width + gray.low


def repeated_slices(volume, severity, rng, gray):
    """A slice stands in the place of those after it. volume: (k, j, i)."""
    result = volume.copy()
    count = (2, 4, 8)[severity]
    start = int(rng.integers(len(volume) // 4, 3 * len(volume) // 4))
    result[start : start + count] = result[start]
    return result


def reversed_block(volume, severity, rng, gray):
    result = volume.copy()
    count = min((5, 10, 25)[severity], len(volume) // 2)
    start = int(rng.integers(0, len(volume) - count))
    result[start : start + count] = result[start : start + count][::-1]
    return result


def alternating_gain(volume, severity, rng, gray):
    """Every second slice is brighter."""
    result = volume.astype(float)
    result[::2] = (result[::2] - gray.low) * (1.05, 1.1, 1.25)[severity] + gray.low
    return result


FAMILIES: dict[str, Family] = {
    "Gibbs": gibbs,
    "zipper": zipper,
    "banding": banding,
    "salt and pepper": salt_and_pepper,
    "dead lines": dead_lines,
    "pixelated": pixelated,
    "few grays": few_grays,
    "gamma": gamma,
    "black patch": black_patch,
    "shuffled blocks": shuffled_blocks,
    "speckle": speckle,
    "shading": shading,
    "stretched": stretched,
    "zoomed": zoomed,
    "inverted": inverted,
    "smeared": smeared,
    "double exposure": double_exposure,
    "JPEG blocks": jpeg_blocks,
}
VOLUME_FAMILIES = {
    "repeated slices": repeated_slices,
    "reversed block": reversed_block,
    "alternating gain": alternating_gain,
}


def _resampled(plane: np.ndarray, matrix: np.ndarray, gray) -> np.ndarray:
    middle = (np.array(plane.shape) - 1) / 2
    return ndimage.affine_transform(plane, matrix, middle - matrix @ middle, order=1, cval=gray.low)
