"""Test artifacts for normality models: families of faults of real scanners, three severities each.

Written, with their severities, before any score was computed on them, and never used to choose or
train anything. The physics follows what MONAI and TorchIO simulate: motion, ghosts, spikes and
undersampling act on k-space, metal and beam hardening on line integrals. A plane is (j, i) float
with gray values between `low` and `high`; severities 0, 1, 2 are mild, medium, strong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SEVERITIES = ("mild", "medium", "strong")


@dataclass(frozen=True)
class GrayRange:
    """Values of an image: `low` is background or air, `high` the brightest that is stored."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


PICTURE = GrayRange(0.0, 255.0)
HOUNSFIELD = GrayRange(-1000.0, 1000.0)
Family = Callable[[np.ndarray, int, np.random.Generator, GrayRange], np.ndarray]


def rigid_motion(plane, severity, rng, gray):
    """The patient moves twice while the lines of k-space are read."""
    shift = (0.015, 0.03, 0.06)[severity] * max(plane.shape)
    turn = (2.0, 4.0, 8.0)[severity]
    poses = [plane]
    for _ in range(2):
        moved = ndimage.rotate(
            plane, rng.choice((-1, 1)) * turn, reshape=False, order=1, cval=gray.low
        )
        direction = rng.uniform(0, 2 * np.pi)
        offset = shift * np.array([np.sin(direction), np.cos(direction)])
        poses.append(ndimage.shift(moved, offset, order=1, cval=gray.low))
    starts = np.sort(rng.uniform(0.15, 0.85, 2)) * len(plane)
    owner = np.searchsorted(starts, np.arange(len(plane)))
    spectra = np.stack([_spectrum(pose - gray.low) for pose in poses])
    return _image(spectra[owner, np.arange(len(plane))]) + gray.low


def respiratory_motion(plane, severity, rng, gray):
    """A periodic shift along the phase direction while lines are read."""
    amplitude = (0.01, 0.02, 0.04)[severity] * len(plane)
    lines = np.arange(len(plane))
    breaths = rng.uniform(5, 9)
    shift = amplitude * np.sin(2 * np.pi * breaths * lines / len(plane) + rng.uniform(0, 6.28))
    frequency = np.fft.fftshift(np.fft.fftfreq(len(plane)))
    ramp = np.exp(-2j * np.pi * frequency * shift)
    return _image(_spectrum(plane - gray.low) * ramp[:, None]) + gray.low


def ghosting(plane, severity, rng, gray):
    """Every n-th line of k-space is weaker; the center is kept."""
    weaker = (0.25, 0.5, 0.9)[severity]
    every = int(rng.integers(2, 5))
    gain = np.ones(len(plane))
    gain[::every] = 1 - weaker
    middle = len(plane) // 2
    gain[middle - 1 : middle + 2] = 1
    return _image(_spectrum(plane - gray.low) * gain[:, None]) + gray.low


def spikes(plane, severity, rng, gray):
    """Two bright points in k-space: stripes over the whole image."""
    spectrum = _spectrum(plane - gray.low)
    strength = (0.03, 0.08, 0.25)[severity] * np.abs(spectrum).max()
    for _ in range(2):
        place = tuple(
            int(size / 2 + rng.choice((-1, 1)) * size * rng.uniform(0.1, 0.4))
            for size in plane.shape
        )
        spectrum[place] += strength * np.exp(1j * rng.uniform(0, 2 * np.pi))
    return np.fft.ifft2(np.fft.ifftshift(spectrum)).real + gray.low


def bias_field(plane, severity, rng, gray):
    """A smooth multiplicative field, polynomial of order 3."""
    size = (0.35, 0.7, 1.4)[severity]
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in plane.shape), indexing="ij")
    terms = [x**a * y**b for a in range(4) for b in range(4 - a) if a + b]
    field = sum(rng.uniform(-1, 1) * term for term in terms)
    field = field / np.abs(field).max()
    return (plane - gray.low) * np.exp(size * field) + gray.low


def noise(plane, severity, rng, gray):
    """Gaussian noise; of magnitudes (low = 0) it is Rician."""
    sigma = (0.03, 0.06, 0.12)[severity] * gray.width
    real = plane + rng.normal(0, sigma, plane.shape)
    if gray.low < 0:
        return real
    return np.hypot(real, rng.normal(0, sigma, plane.shape))


def blur(plane, severity, rng, gray):
    sigma = max((1.0, 2.0, 4.0)[severity] * max(plane.shape) / 256, (0.6, 1.0, 2.0)[severity])
    return ndimage.gaussian_filter(plane, sigma)


def undersampling(plane, severity, rng, gray):
    """Random lines of k-space beyond the central tenth are not read."""
    missing = (0.25, 0.5, 0.75)[severity]
    distance = np.abs(np.arange(len(plane)) - len(plane) / 2) / len(plane)
    kept = (rng.random(len(plane)) > missing) | (distance < 0.05)
    return _image(_spectrum(plane - gray.low) * kept[:, None]) + gray.low


def wrap_around(plane, severity, rng, gray):
    """The field of view is too small along one axis: its ends fold over the other side."""
    axis = int(rng.integers(0, 2))
    rows = np.moveaxis(plane - gray.low, axis, 0)
    cut = int((0.08, 0.16, 0.3)[severity] * len(rows))
    inner = rows[cut : len(rows) - cut].copy()
    inner[-cut:] += rows[:cut]
    inner[:cut] += rows[len(rows) - cut :]
    full = ndimage.zoom(inner, (len(rows) / len(inner), 1), order=1)[: len(rows)]
    return np.moveaxis(full, 0, axis) + gray.low


def truncated_view(plane, severity, rng, gray):
    """One side of the body lies outside of the field of view."""
    axis, end = int(rng.integers(0, 2)), int(rng.integers(0, 2))
    lost = np.moveaxis(plane.copy(), axis, 0)
    body = np.flatnonzero((lost > gray.low + 0.1 * gray.width).mean(1) > 0.05)
    first, last = (body[0], body[-1]) if len(body) else (0, len(lost) - 1)
    count = int((0.12, 0.25, 0.4)[severity] * (last - first + 1))
    lost[(slice(0, first + count) if end else slice(last + 1 - count, None))] = gray.low
    return np.moveaxis(lost, 0, axis)


def wrong_window(plane, severity, rng, gray):
    """Gray values beyond a window are lost and the rest is stretched over the range."""
    share = (0.12, 0.25, 0.4)[severity]
    dark, bright = gray.low + share * gray.width, gray.high - 0.6 * share * gray.width
    clipped = np.clip((plane - dark) / (bright - dark), 0, 1)
    return gray.low + clipped * gray.width


def low_contrast(plane, severity, rng, gray):
    kept = (0.7, 0.45, 0.2)[severity]
    middle = gray.low + 0.4 * gray.width
    return middle + kept * (plane - middle)


def blank(plane, severity, rng, gray):
    """Nothing in the image: detector noise, one gray value, zero."""
    if severity == 0:
        return gray.low + gray.width * (0.3 + rng.normal(0, 0.01, plane.shape))
    return np.full(plane.shape, float(plane.mean()) if severity == 1 else gray.low)


def flipped(plane, severity, rng, gray):
    """Left to right, upside down, both."""
    return (plane[:, ::-1], plane[::-1], plane[::-1, ::-1])[severity].copy()


def turned(plane, severity, rng, gray):
    angle = (20.0, 45.0, 90.0)[severity] * rng.choice((-1, 1))
    return ndimage.rotate(plane, angle, reshape=False, order=1, cval=gray.low)


def metal_streaks(plane, severity, rng, gray):
    """Two metal pieces in the body; rays through them are starved."""
    body = ndimage.binary_opening(plane > gray.low + 0.35 * gray.width, iterations=2)
    places = np.argwhere(body) if body.any() else np.argwhere(np.ones_like(plane, bool))
    middle = places.mean(0)
    near = places[np.argsort(np.abs(places - middle).sum(1))[: max(2, len(places) // 2)]]
    y, x = np.indices(plane.shape)
    radius = (0.012, 0.02, 0.035)[severity] * max(plane.shape)
    metal = np.zeros(plane.shape, bool)
    for cy, cx in near[rng.choice(len(near), 2, replace=False)]:
        metal |= np.hypot(y - cy, x - cx) <= max(radius, 0.8)
    angles = np.arange(0, 180, 3.0)
    trace = _projections(metal.astype(float), angles)
    starved = np.where(trace > 0.3, rng.normal(1.0, 0.6, trace.shape) * trace, 0.0)
    strength = (120.0, 250.0, 500.0)[severity] * gray.width / 2000
    streaks = _back_projection(starved, angles, plane.shape)
    streaks *= strength / (np.abs(streaks[~metal]).max() + 1e-9)
    return np.where(
        metal, gray.low + 2 * gray.width, plane + np.where(plane > gray.low, streaks, 0)
    )


def ring(plane, severity, rng, gray):
    """Three detector elements answer too strongly: circles about the center of the scan."""
    y, x = np.indices(plane.shape)
    radius = np.hypot(y - plane.shape[0] / 2 + 0.5, x - plane.shape[1] / 2 + 0.5)
    result = plane.copy()
    for _ in range(3):
        place = rng.uniform(0.05, 0.3) * max(plane.shape)
        height = rng.choice((-1, 1)) * (0.03, 0.06, 0.15)[severity] * gray.width
        result += height * np.exp(-(((radius - place) / max(0.006 * max(plane.shape), 0.7)) ** 2))
    return result


def beam_hardening(plane, severity, rng, gray):
    """Cupping: the deeper in the body, the darker."""
    body = plane > gray.low + 0.25 * gray.width
    depth = ndimage.distance_transform_edt(ndimage.binary_fill_holes(body))
    deepest = max(float(depth.max()), 1.0)
    return plane - (0.04, 0.08, 0.16)[severity] * gray.width * (depth / deepest) * body


def missing_slices(volume, severity, rng, gray):
    """A block of slices is absent and the rest has moved up. volume: (k, j, i)."""
    count = min((3, 6, 12)[severity], len(volume) // 3)
    start = int(rng.integers(len(volume) // 4, 3 * len(volume) // 4 - count + 1))
    return np.delete(volume, np.s_[start : start + count], axis=0)


def swapped_slices(volume, severity, rng, gray):
    """Pairs of slices lie in each other's place."""
    result = volume.copy()
    order = rng.permutation(len(volume))
    for n in range((1, 3, 8)[severity]):
        a, b = order[2 * n % len(order)], order[(2 * n + 1) % len(order)]
        result[[a, b]] = result[[b, a]]
    return result


SHARED: dict[str, Family] = {
    "rigid motion": rigid_motion,
    "ghosting": ghosting,
    "spikes": spikes,
    "noise": noise,
    "blur": blur,
    "wrap-around": wrap_around,
    "truncated field of view": truncated_view,
    "wrong window": wrong_window,
    "low contrast": low_contrast,
    "blank": blank,
    "flipped": flipped,
    "turned": turned,
    "bias field": bias_field,
}
FAMILIES: dict[str, dict[str, Family]] = {
    "radiograph": {**SHARED, "ring": ring},
    "cardiac_mr": {
        **SHARED,
        "respiratory motion": respiratory_motion,
        "undersampling": undersampling,
    },
    "ct": {
        **SHARED,
        "metal streaks": metal_streaks,
        "ring": ring,
        "beam hardening": beam_hardening,
    },
}
# Of volumes alone; every plane family acts on all slices of a volume, too.
VOLUME_FAMILIES = {"missing slices": missing_slices, "swapped slices": swapped_slices}


def _spectrum(plane: np.ndarray) -> np.ndarray:
    return np.fft.fftshift(np.fft.fft2(plane))


def _image(spectrum: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.ifft2(np.fft.ifftshift(spectrum)))


def _projections(plane: np.ndarray, angles: np.ndarray) -> np.ndarray:
    square = _square(plane)
    return np.stack([ndimage.rotate(square, a, reshape=False, order=1).sum(0) for a in angles])


def _back_projection(lines: np.ndarray, angles: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Filtered (ramp) back projection onto the middle of a square grid."""
    ramp = np.abs(np.fft.fftfreq(lines.shape[1]))
    filtered = np.fft.ifft(np.fft.fft(lines, axis=1) * ramp, axis=1).real
    side = lines.shape[1]
    total = np.zeros((side, side))
    for row, angle in zip(filtered, angles, strict=True):
        total += ndimage.rotate(np.tile(row, (side, 1)), -angle, reshape=False, order=1)
    top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
    return total[top : top + shape[0], left : left + shape[1]]


def _square(plane: np.ndarray) -> np.ndarray:
    side = int(np.ceil(np.hypot(*plane.shape)))
    top, left = (side - plane.shape[0]) // 2, (side - plane.shape[1]) // 2
    square = np.zeros((side, side))
    square[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return square
