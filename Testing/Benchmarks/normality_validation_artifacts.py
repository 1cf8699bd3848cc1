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


def transposed(plane, severity, rng, gray):
    """Rows and columns exchanged, in a strip, a half, the whole image."""
    side = min(plane.shape)
    top, left = ((n - side) // 2 for n in plane.shape)
    square = plane[top : top + side, left : left + side]
    rows = slice(0, int(np.ceil((0.5, 0.75, 1.0)[severity] * side)))
    result = plane.copy()
    result[top : top + side, left : left + side][rows] = square.T[rows]
    return result


def mirrored_half(plane, severity, rng, gray):
    """One side of the image is written over the other, mixed with it where mild."""
    share = (0.5, 0.75, 1.0)[severity]
    result = plane.copy()
    half = plane.shape[1] // 2
    other = plane[:, -half:][:, ::-1]
    result[:, :half] = (1 - share) * plane[:, :half] + share * other
    return result


def vignette(plane, severity, rng, gray):
    """Darker toward the corners."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in plane.shape), indexing="ij")
    fall = 1 - (0.12, 0.25, 0.5)[severity] * np.clip(x**2 + y**2, 0, 2) / 2
    return (plane - gray.low) * fall + gray.low


def scratch(plane, severity, rng, gray):
    """A faint straight line across the image at any angle."""
    y, x = np.indices(plane.shape)
    angle = rng.uniform(0, np.pi)
    middle = [n * rng.uniform(0.35, 0.65) for n in plane.shape]
    away = (y - middle[0]) * np.cos(angle) + (x - middle[1]) * np.sin(angle)
    width = max(0.7, 0.004 * max(plane.shape))
    return plane + (0.06, 0.12, 0.3)[severity] * gray.width * np.exp(-((away / width) ** 2))


def interlaced(plane, severity, rng, gray):
    """Every second row lies beside its place."""
    result = plane.copy()
    result[1::2] = np.roll(plane[1::2], (1, 2, 5)[severity], axis=1)
    return result


def sharpened(plane, severity, rng, gray):
    gain = (0.6, 1.2, 3.0)[severity]
    return plane + gain * (plane - ndimage.gaussian_filter(plane, 1.5))


def blurred_part(plane, severity, rng, gray):
    """A third of the image is not sharp."""
    y, x = np.indices(plane.shape)
    middle = [n * rng.uniform(0.3, 0.7) for n in plane.shape]
    away = np.hypot(y - middle[0], x - middle[1]) / (0.25 * max(plane.shape))
    share = np.clip(1.5 - away, 0, 1)
    smooth = ndimage.gaussian_filter(
        plane, (1.0, 2.0, 4.0)[severity] * max(plane.shape) / 256 + 0.4
    )
    return share * smooth + (1 - share) * plane


def warped(plane, severity, rng, gray):
    """A smooth field bends the anatomy."""
    size = (0.02, 0.04, 0.08)[severity] * max(plane.shape)
    y, x = np.meshgrid(*(np.linspace(0, 2 * np.pi, n) for n in plane.shape), indexing="ij")
    a, b = rng.uniform(0, 2 * np.pi, 2)
    rows, columns = np.indices(plane.shape)
    places = [rows + size * np.sin(1.5 * x + a), columns + size * np.sin(1.5 * y + b)]
    return ndimage.map_coordinates(plane, places, order=1, cval=gray.low)


def offset(plane, severity, rng, gray):
    """All grays of what is seen lie higher or lower."""
    shift = (0.05, 0.1, 0.25)[severity] * gray.width * rng.choice((-1, 1))
    return np.where(plane > gray.low, plane + shift, plane)


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
    "transposed": transposed,
    "mirrored half": mirrored_half,
    "vignette": vignette,
    "scratch": scratch,
    "interlaced": interlaced,
    "sharpened": sharpened,
    "blurred part": blurred_part,
    "warped": warped,
    "offset": offset,
}
VOLUME_FAMILIES = {
    "repeated slices": repeated_slices,
    "reversed block": reversed_block,
    "alternating gain": alternating_gain,
}


def _resampled(plane: np.ndarray, matrix: np.ndarray, gray) -> np.ndarray:
    middle = (np.array(plane.shape) - 1) / 2
    return ndimage.affine_transform(plane, matrix, middle - matrix @ middle, order=1, cval=gray.low)
