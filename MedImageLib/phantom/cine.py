"""Short-axis cine MR of a beating heart with exact labels and volumes.

The left ventricle is a truncated prolate shell around a long axis: its cavity follows a volume
curve over the beat, and the outer wall follows from the conserved volume of the myocardium in
every slice. Contrast is that of balanced steady-state free precession; the surroundings are
chest wall, lungs, liver, stomach and fat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from MedImageLib.geometry import Geometry
from MedImageLib.phantom.thorax_slice import draw_surroundings, paint_surroundings
from MedImageLib.phantom.ventricle import (
    CAVITY,
    LENGTH_MM,
    MYOCARDIUM,
    Ventricle,
    draw_ventricle,
    slice_of_heart,
)
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume, VolumeSequence

SUPERSAMPLING = 3
_SHAPE = ("edv_ml", "ejection_fraction", "wall_mm", "septal_excess")


@dataclass(frozen=True)
class CineSettings:
    """What is generated; None is drawn at random from the seed."""

    seed: int = setting(0, help="Seed of everything that is drawn.", minimum=0)
    slices: int = setting(10, help="Short-axis slices from base to apex.", minimum=3, maximum=30)
    frames: int = setting(20, help="Frames of one beat.", minimum=2, maximum=60)
    rows: int = setting(
        192, help="Rows and columns of a slice.", unit="px", minimum=64, maximum=512
    )
    spacing_mm: float | None = setting(
        None, help="Pixel pitch.", unit="mm", minimum=0.7, maximum=6.0
    )
    slice_step_mm: float | None = setting(
        None, help="Distance of neighboring slices.", unit="mm", minimum=5, maximum=15
    )
    edv_ml: float | None = setting(
        None, help="Cavity volume at end diastole.", unit="mL", minimum=60, maximum=350
    )
    ejection_fraction: float | None = setting(
        None, help="Share of it that is ejected.", minimum=0.1, maximum=0.8
    )
    wall_mm: float | None = setting(
        None, help="Mean wall thickness at end diastole.", unit="mm", minimum=5, maximum=18
    )
    septal_excess: float | None = setting(
        None, help="Thickening of the septum over the mean wall.", minimum=0, maximum=0.8
    )
    rate_bpm: float | None = setting(None, help="Heart rate.", unit="/min", minimum=35, maximum=150)
    noise: float | None = setting(
        None, help="Noise over the signal of blood.", minimum=0, maximum=0.3
    )
    papillary: bool = setting(True, help="Papillary muscles; they belong to the cavity.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class GeneratedCine:
    """A cine with its truth.

    sequence: uint16 frames over trigger time in ms; slices run from apex to base (k rises),
        so that the grid is right-handed and the picture is seen from the apex.
    labels: one label map per frame: 0 background, 1 cavity of the left ventricle with its
        papillary muscles, 2 its myocardium, 3 cavity of the right ventricle.
    ed_frame, es_frame: frames of largest and smallest cavity.
    anterior_insertion_deg, inferior_insertion_deg: per slice, direction from the ventricle's
        center to the insertions of the right ventricle, in degrees from the image's column axis
        (+i) towards its row axis (+j); NaN where the slice shows no ventricle.
    center_px: per slice and frame, (column, row) of the ventricle's center; NaN likewise.
    volumes_ml: cavity volume per frame by summation of the labeled voxels; myocardium_ml alike.
    trigger_times_ms: of the frames.
    settings: with every random choice filled in.
    """

    sequence: VolumeSequence
    labels: tuple[Volume, ...]
    ed_frame: int
    es_frame: int
    anterior_insertion_deg: np.ndarray
    inferior_insertion_deg: np.ndarray
    center_px: np.ndarray
    volumes_ml: np.ndarray
    myocardium_ml: np.ndarray
    trigger_times_ms: tuple[float, ...]
    settings: CineSettings


def generate_cine(settings: CineSettings | None = None) -> GeneratedCine:
    """A short-axis stack over one beat; the same settings give the same bytes."""
    settings = settings or CineSettings()
    generator = np.random.default_rng([settings.seed, 0xC14E])
    settings = _drawn(settings, generator)
    assert settings.spacing_mm is not None
    assert settings.slice_step_mm is not None
    heart = draw_ventricle(
        generator,
        slices=settings.slices,
        field_mm=settings.rows * settings.spacing_mm,
        step_mm=settings.slice_step_mm,
        papillary=settings.papillary,
        **{name: getattr(settings, name) for name in _SHAPE},
    )
    scene = draw_surroundings(generator, heart.center_mm, heart.radius_mm)
    axis = _fine_axis(settings)
    depths = np.linspace(0, 1, settings.slices)
    painted = [paint_surroundings(scene, axis, depth) for depth in depths]
    backdrop = [(fine, _blocks(fine).mean(axis=(1, 3))) for fine in painted]
    curve = _volume_curve(settings)
    texture = _texture(settings, generator)
    gain = _coil_gain(settings, heart.septum_rad, generator)
    geometry = _geometry(settings, generator)
    frames, labels, centers = [], [], []
    for contraction in curve:
        signal, label, center = _frame(settings, heart, backdrop, contraction, axis)
        pixels = _measured(signal * (1 + 0.04 * texture) * gain, settings, generator)
        # Painted from the base on; the grid runs from the apex.
        frames.append(Volume(np.ascontiguousarray(pixels[::-1]), geometry, modality="MR"))
        labels.append(Volume(np.ascontiguousarray(label[::-1]), geometry, is_labelmap=True))
        centers.append(center[::-1])
    assert settings.rate_bpm is not None
    times = np.arange(settings.frames) * 60_000 / settings.rate_bpm / settings.frames
    milliliters = geometry.voxel_volume_mm3 / 1000
    volumes = np.array([(v.array == CAVITY).sum() * milliliters for v in labels])
    muscle = np.array([(v.array == MYOCARDIUM).sum() * milliliters for v in labels])
    shown = (labels[0].array == MYOCARDIUM).any(axis=(1, 2))
    middle = np.full(settings.slices, np.rad2deg(heart.septum_rad))
    half = np.rad2deg(heart.half_septum_rad)
    anterior, inferior = middle + half, middle - half
    anterior[~shown] = inferior[~shown] = np.nan
    return GeneratedCine(
        sequence=VolumeSequence(tuple(frames), tuple(map(float, times)), "TriggerTime", "ms"),
        labels=tuple(labels),
        ed_frame=int(volumes.argmax()),
        es_frame=int(volumes.argmin()),
        anterior_insertion_deg=_wrapped(anterior),
        inferior_insertion_deg=_wrapped(inferior),
        center_px=np.stack(centers, axis=1),
        volumes_ml=volumes,
        myocardium_ml=muscle,
        trigger_times_ms=tuple(map(float, times)),
        settings=settings,
    )


def _drawn(settings: CineSettings, generator: np.random.Generator) -> CineSettings:
    failing = generator.random() < 0.3
    thick = generator.random() < 0.2
    values: dict[str, Any] = {
        "spacing_mm": generator.uniform(265, 335) / settings.rows,
        "edv_ml": (edv := np.clip(generator.normal(205 if failing else 145, 28), 85, 300)),
        # So many slices are to cover the ventricle, as a technician plans them.
        "slice_step_mm": np.clip(
            np.round(
                LENGTH_MM * ((settings.edv_ml or edv) / 145) ** (1 / 3) / (settings.slices - 2.7)
            )
            + generator.integers(0, 2),
            5,
            15,
        ),
        "ejection_fraction": np.clip(generator.normal(0.34 if failing else 0.61, 0.06), 0.15, 0.75),
        "wall_mm": np.clip(generator.normal(12.5 if thick else 8.3, 1.0), 6, 16),
        "septal_excess": generator.uniform(0.25, 0.5) if thick else generator.uniform(0.05, 0.2),
        "rate_bpm": np.clip(generator.normal(68, 11), 42, 120),
        "noise": generator.uniform(0.015, 0.05),
    }
    given: dict[str, Any] = {
        name: float(value) if getattr(settings, name) is None else getattr(settings, name)
        for name, value in values.items()
    }
    return replace(settings, **given)


def _volume_curve(settings: CineSettings) -> np.ndarray:
    """Contraction per frame: 0 at end diastole, 1 at end systole."""
    t = np.arange(settings.frames) / settings.frames
    systole = 0.36
    fall = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / systole, 0, 1))
    rapid = np.clip((t - systole) / 0.24, 0, 1)
    late = np.clip((t - 0.84) / 0.16, 0, 1)
    rise = 0.78 * (0.5 - 0.5 * np.cos(np.pi * rapid)) + 0.22 * (0.5 - 0.5 * np.cos(np.pi * late))
    curve = np.where(t <= systole, fall, 1 - rise)
    return (curve - curve.min()) / max(np.ptp(curve), 1e-9)


def _geometry(settings: CineSettings, generator: np.random.Generator) -> Geometry:
    assert settings.spacing_mm is not None
    assert settings.slice_step_mm is not None
    # Long axis of an ordinary heart, from the apex (left, forward, down) to the base; the rows
    # run to the left and back, the columns down. Each patient tilts a little.
    k = np.array([-0.70, 0.55, 0.45])
    k /= np.linalg.norm(k)
    i = np.cross([0.0, 0.0, -1.0], k)
    i = i / np.linalg.norm(i)
    j = np.cross(k, i)
    tilt = Rotation.from_euler("xyz", generator.normal(0, 7, 3), degrees=True).as_matrix()
    direction = tilt @ np.stack([i, j, k], axis=1)
    spacing = (settings.spacing_mm, settings.spacing_mm, settings.slice_step_mm)
    shape = (settings.slices, settings.rows, settings.rows)
    extent = direction @ (np.array(spacing) * (np.array(shape[::-1]) - 1) / 2)
    origin = generator.normal((30, -20, 0), 10) - extent
    return Geometry(shape, spacing, tuple(origin), tuple(map(tuple, direction)))


def _texture(settings: CineSettings, generator: np.random.Generator) -> np.ndarray:
    """Smooth relative texture per slice at full resolution, the same in all frames."""
    shape = (settings.slices, settings.rows, settings.rows)
    fine = gaussian_filter(generator.normal(size=shape), (0, 1.2, 1.2))
    return (fine / fine.std()).astype(np.float32)


def _coil_gain(
    settings: CineSettings, toward_wall_rad: float, generator: np.random.Generator
) -> np.ndarray:
    """Sensitivity of the surface coils: falls from the chest wall to the back."""
    n = settings.rows
    axis = (np.arange(n) - n / 2) / n
    angle = toward_wall_rad + generator.normal(0.4, 0.3)
    along = axis[None, :] * np.cos(angle) + axis[:, None] * np.sin(angle)
    across = -axis[None, :] * np.sin(angle) + axis[:, None] * np.cos(angle)
    gain = np.exp(1.0 * along + 0.3 * across + generator.normal(0, 0.5) * along * across)
    return gain.astype(np.float32)


def _fine_axis(settings: CineSettings) -> np.ndarray:
    """Positions in mm of the subsampled grid, 0 in the middle of the picture."""
    assert settings.spacing_mm is not None
    n = settings.rows * SUPERSAMPLING
    return (np.arange(n) - (n - 1) / 2) * settings.spacing_mm / SUPERSAMPLING


def _frame(
    settings: CineSettings,
    heart: Ventricle,
    backdrop: list[tuple[np.ndarray, np.ndarray]],
    contraction: float,
    axis: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal (float), label map (uint8) and centers (slices, 2) of one frame, base first."""
    assert settings.spacing_mm is not None
    n = settings.rows
    signal = np.stack([coarse for _, coarse in backdrop])
    label = np.zeros((settings.slices, n, n), np.uint8)
    centers = np.full((settings.slices, 2), np.nan)
    for number, (fine, _) in enumerate(backdrop):
        shown = slice_of_heart(heart, number, contraction, axis, SUPERSAMPLING)
        if shown is None:
            continue
        part = tuple(slice(w.start // SUPERSAMPLING, w.stop // SUPERSAMPLING) for w in shown.window)
        painted = np.where(np.isnan(shown.signal), fine[shown.window], shown.signal)
        signal[number][part] = _blocks(painted).mean(axis=(1, 3))
        label[number][part] = _majority(shown.labels)
        if shown.labels.any():
            centers[number] = np.array(shown.center_mm) / settings.spacing_mm + (n - 1) / 2
    return np.maximum(signal, 0), label, centers


def _blocks(fine: np.ndarray) -> np.ndarray:
    rows, columns = (size // SUPERSAMPLING for size in fine.shape)
    return fine.reshape(rows, SUPERSAMPLING, columns, SUPERSAMPLING)


def _majority(regions: np.ndarray) -> np.ndarray:
    """Label that owns most of each pixel."""
    counts = [(_blocks(regions) == value).sum(axis=(1, 3)) for value in range(4)]
    return np.argmax(counts, axis=0).astype(np.uint8)


def _measured(
    signal: np.ndarray, settings: CineSettings, generator: np.random.Generator
) -> np.ndarray:
    """Magnitude with Rician noise and the blur of a limited k-space, uint16."""
    assert settings.noise is not None
    blurred = gaussian_filter(signal, (0, 0.55, 0.55))
    real = blurred + settings.noise * generator.normal(size=signal.shape)
    imaginary = settings.noise * generator.normal(size=signal.shape)
    magnitude = np.sqrt(real**2 + imaginary**2)
    return np.clip(np.round(magnitude * 600), 0, 4095).astype(np.uint16)


def _wrapped(degrees: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(degrees), np.nan, (degrees + 180) % 360 - 180)
