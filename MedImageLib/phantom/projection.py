"""Cone-beam projection of simple solids: path lengths in mm on a flat detector.

World frame: x to the image's right, y along the beam's axis from the patient's front to the back,
z up; the detector is a plane of constant y. Solids are given in the patient's frame (x left,
y posterior, z superior), which a rotation carries into the world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Beam:
    """Point source and flat detector around a patient.

    shape: rows and columns of the detector. pixel_mm: its pixel pitch. source_mm: the source in
    the world. detector_y_mm: plane of the detector. center_z_mm: world height of its middle.
    world_from_patient: 3 × 3 rotation about the world's origin.
    """

    shape: tuple[int, int]
    pixel_mm: float
    source_mm: tuple[float, float, float]
    detector_y_mm: float
    center_z_mm: float
    world_from_patient: np.ndarray

    @property
    def columns_mm(self) -> np.ndarray:
        """World x of the detector's columns."""
        return (np.arange(self.shape[1]) - (self.shape[1] - 1) / 2) * self.pixel_mm

    @property
    def rows_mm(self) -> np.ndarray:
        """World z of the detector's rows, falling."""
        return self.center_z_mm - (np.arange(self.shape[0]) - (self.shape[0] - 1) / 2) * (
            self.pixel_mm
        )

    def obliquity(self) -> np.ndarray:
        """Path along each ray per mm of world y, shape (rows, columns)."""
        depth = self.detector_y_mm - self.source_mm[1]
        dx = (self.columns_mm - self.source_mm[0]) / depth
        dz = (self.rows_mm - self.source_mm[2]) / depth
        return np.sqrt(1 + dx[None, :] ** 2 + dz[:, None] ** 2).astype(np.float32)

    def pixels(self, points_mm: np.ndarray) -> np.ndarray:
        """Continuous (row, column) of the shadows of patient points (..., 3)."""
        world = np.asarray(points_mm, float) @ self.world_from_patient.T
        source = np.array(self.source_mm)
        scale = (self.detector_y_mm - source[1]) / (world[..., 1] - source[1])
        x = source[0] + scale * (world[..., 0] - source[0])
        z = source[2] + scale * (world[..., 2] - source[2])
        row = (self.center_z_mm - z) / self.pixel_mm + (self.shape[0] - 1) / 2
        column = x / self.pixel_mm + (self.shape[1] - 1) / 2
        return np.stack([row, column], axis=-1)

    def magnification(self, points_mm: np.ndarray) -> np.ndarray:
        """Size on the detector over size in the patient at patient points (..., 3)."""
        world = np.asarray(points_mm, float) @ self.world_from_patient.T
        return (self.detector_y_mm - self.source_mm[1]) / (world[..., 1] - self.source_mm[1])

    def samples(self, y_mm: float, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Patient x, y, z (rows, columns; float32) where the rays cross the world plane y."""
        source = self.source_mm
        scale = (y_mm - source[1]) / (self.detector_y_mm - source[1])
        x = source[0] + scale * (self.columns_mm - source[0])
        z = (source[2] + scale * (self.rows_mm - source[2]))[rows]
        patient_from_world = self.world_from_patient.T
        result = []
        for a, b, c in patient_from_world:
            across = (a * x + b * y_mm).astype(np.float32)
            down = (c * z).astype(np.float32)
            result.append(across[None, :] + down[:, None])
        return result[0], result[1], result[2]


def ellipsoid_path(
    beam: Beam, center_mm: np.ndarray, radii_mm: np.ndarray, axes: np.ndarray | None = None
) -> np.ndarray:
    """Exact path (rows, columns) in mm through an ellipsoid whose axes are columns of `axes`."""
    frame = beam.world_from_patient @ (np.eye(3) if axes is None else axes)
    scale = frame.T / np.asarray(radii_mm, float)[:, None]
    center = beam.world_from_patient @ np.asarray(center_mm, float)
    start = scale @ (np.array(beam.source_mm) - center)
    depth = beam.detector_y_mm - beam.source_mm[1]
    x = beam.columns_mm - beam.source_mm[0]
    z = beam.rows_mm - beam.source_mm[2]
    a = np.zeros(beam.shape)
    b = np.zeros(beam.shape)
    for row, offset in zip(scale, start, strict=True):
        component = row[0] * x[None, :] + row[1] * depth + row[2] * z[:, None]
        a += component**2
        b += component * offset
    discriminant = np.maximum(b**2 - a * (start @ start - 1), 0)
    length = np.sqrt(x[None, :] ** 2 + depth**2 + z[:, None] ** 2)
    return 2 * np.sqrt(discriminant) / a * length


@dataclass(frozen=True, eq=False)
class RoundTubes:
    """Samples (N, 3) in mm of center lines of one radius, and the length each stands for.

    bore_mm: radius of an inner tube of which the fraction `lack` is missing, 0 for none.
    """

    points_mm: np.ndarray
    weights_mm: np.ndarray
    radius_mm: float
    bore_mm: float = 0.0
    lack: float = 0.0


def tube_path(beam: Beam, tubes: Sequence[RoundTubes]) -> np.ndarray:
    """Path (rows, columns) in mm through round tubes around center lines.

    A disk of the tube's radius, moved along a line and summed by length, has exactly the chord
    2·sqrt(r² − d²) of the tube, and the longer one where the tube points along the beam. The
    sums are convolutions, added up in the Fourier domain.
    """
    rows, columns = beam.shape
    radii_px = [tube.radius_mm * _enlarged(beam, tube) for tube in tubes]
    margin = int(np.ceil(max(radii_px, default=0))) + 3
    size = (rows + 2 * margin, columns + 2 * margin)
    padded = tuple(next_fast_len(n, real=True) for n in size)
    total = np.zeros((padded[0], padded[1] // 2 + 1), np.complex64)
    for tube, radius_px in zip(tubes, radii_px, strict=True):
        kernel = _disk(radius_px, margin)
        if tube.lack > 0 and tube.bore_mm > 0:
            kernel -= tube.lack * _disk(radius_px * tube.bore_mm / tube.radius_mm, margin)
        lines = _scatter(beam.pixels(tube.points_mm) + margin, tube.weights_mm, size)
        total += rfft2(lines, padded) * rfft2(kernel, padded)
    path = irfft2(total, padded)[2 * margin : 2 * margin + rows, 2 * margin : 2 * margin + columns]
    return np.maximum(path, 0)


def line_samples(
    points_mm: np.ndarray, step_mm: float, radius_mm: float | np.ndarray = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Even samples (N, 3) of a polyline, the length that each stands for, and its radius."""
    points = np.asarray(points_mm, float)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(2, int(np.ceil(along[-1] / step_mm)))
    where = (np.arange(count) + 0.5) * along[-1] / count
    samples = np.stack([np.interp(where, along, points[:, n]) for n in range(3)], axis=1)
    radii = np.interp(where, along, np.broadcast_to(radius_mm, along.shape))
    return samples, np.full(count, along[-1] / count), radii


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """World from patient: turned about the long axis, then leaned back, then tipped sideways."""
    return Rotation.from_euler("zxy", [yaw_deg, pitch_deg, roll_deg], degrees=True).as_matrix()


def _enlarged(beam: Beam, tube: RoundTubes) -> float:
    """Pixels on the detector per mm in the patient where the tubes are."""
    return float(np.median(beam.magnification(tube.points_mm))) / beam.pixel_mm


def _scatter(pixels: np.ndarray, weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # Bilinear sharing of each sample among its four pixels keeps thin lines smooth.
    inside = np.all((pixels >= 0) & (pixels < np.array(size) - 1.001), axis=1)
    pixels, weights = pixels[inside], weights[inside]
    low = np.floor(pixels).astype(int)
    down, across = (pixels - low).T
    first = low[:, 0] * size[1] + low[:, 1]
    index = np.concatenate([first, first + 1, first + size[1], first + size[1] + 1])
    shares = np.concatenate(
        [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
    )
    image = np.bincount(index, np.tile(weights, 4) * shares, minlength=size[0] * size[1])
    return image.reshape(size).astype(np.float32)


def _disk(radius_px: float, half: int, supersampling: int = 5) -> np.ndarray:
    """Cover of a disk on a square of 2·half + 1 pixels; its sum is the disk's area."""
    inner = min(half, int(np.ceil(radius_px + 0.5)))
    count = (2 * inner + 1) * supersampling
    axis = (np.arange(count) + 0.5) / supersampling - inner - 0.5
    inside = (axis[:, None] ** 2 + axis[None, :] ** 2 <= radius_px**2).astype(np.float32)
    blocks = inside.reshape(2 * inner + 1, supersampling, 2 * inner + 1, supersampling)
    cover = blocks.mean(axis=(1, 3))
    # Thin tubes miss the fine grid; the area carries the mass.
    area = np.pi * radius_px**2
    if cover.sum() > 0:
        cover *= area / cover.sum()
    else:
        cover[inner, inner] = area
    result = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    result[half - inner : half + inner + 1, half - inner : half + inner + 1] = cover
    return result
