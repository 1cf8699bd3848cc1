"""Frontal chest radiographs by ray casting of a randomized body, with masks of what they show.

A point source casts a three-dimensional phantom (`chest`, `chest_shadow`) onto a flat detector;
noise, scatter and the console's processing follow (`detector`). Masks are projections of the same
solids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.phantom.chest import Chest, draw_chest
from MedImageLib.phantom.chest_shadow import attenuation, bone_paths, soft_paths
from MedImageLib.phantom.detector import Processing, expose, process, side_marker
from MedImageLib.phantom.projection import Beam, rotation
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume

LABELS = (
    "right_lung",
    "left_lung",
    "heart",
    "spine",
    "right_scapula",
    "left_scapula",
    "clavicles",
    "ribs",
)


@dataclass(frozen=True)
class RadiographSettings:
    """What is generated; None is drawn at random from the seed."""

    seed: int = setting(0, help="Seed of everything that is drawn.", minimum=0)
    size_px: int = setting(512, help="Rows and columns.", unit="px", minimum=64, maximum=4096)
    field_mm: float | None = setting(
        None, help="Side of the detector.", unit="mm", minimum=280, maximum=480
    )
    view: str | None = setting(
        None, help="Direction of the beam: PA, source behind, or AP.", choices=("PA", "AP")
    )
    rotation_deg: float | None = setting(
        None, help="Turn about the long axis, left side backward.", minimum=-25, maximum=25
    )
    tilt_deg: float | None = setting(
        None, help="Lean; positive is lordotic (back bent).", minimum=-20, maximum=20
    )
    roll_deg: float | None = setting(
        None, help="Tip sideways in the picture's plane.", minimum=-15, maximum=15
    )
    arms: str | None = setting(None, help="Where the arms are.", choices=("hips", "down", "up"))
    protraction_deg: float | None = setting(
        None, help="Shoulders rolled forward.", minimum=-5, maximum=40
    )
    shoulder_difference_deg: float = setting(
        0.0, help="How much more the left shoulder is rolled forward.", minimum=-20, maximum=20
    )
    shoulder_lift_mm: float = setting(
        0.0, help="Shoulders lifted.", unit="mm", minimum=-20, maximum=25
    )
    spine_curve_mm: float = setting(
        0.0, help="Sideways bow of the spine to the left.", unit="mm", minimum=-25, maximum=25
    )
    inflation: float | None = setting(
        None, help="Depth of the breath; 1 is full.", minimum=0.7, maximum=1.2
    )
    heart_scale: float | None = setting(
        None, help="Size of the heart; 1 is ordinary.", minimum=0.7, maximum=1.6
    )
    breasts: float | None = setting(
        None, help="Size of the breasts; 0 is none.", minimum=0, maximum=1.5
    )
    exposure: float | None = setting(
        None, help="Dose relative to an ordinary one.", minimum=0.02, maximum=20
    )
    scatter: float | None = setting(
        None, help="Scattered relative to an ordinary amount.", minimum=0, maximum=4
    )
    collimated: bool | None = setting(None, help="Whether shutters cover the margins.")
    marker: bool | None = setting(None, help="Whether a side marker lies on the detector.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class GeneratedRadiograph:
    """A radiograph with its truth.

    image: uint16 MONOCHROME2, one slice; spacing is that of the detector.
    labels: masks (1, rows, columns) by the names in LABELS. Lungs are the visible fields: the
        shadow of the heart, of the mediastinum and of what lies below the diaphragm is left out.
        The patient's right is on the image's left.
    ctr: width of the heart over width of both lungs, both from the masks.
    settings: with every random choice filled in.
    """

    image: Volume
    labels: dict[str, np.ndarray]
    ctr: float
    settings: RadiographSettings


def generate_radiograph(settings: RadiographSettings | None = None) -> GeneratedRadiograph:
    """A chest radiograph of a patient that never was; the same settings give the same bytes."""
    settings = settings or RadiographSettings()
    generator = np.random.default_rng([settings.seed, 0xC4E57])
    settings = _drawn(settings, generator)
    assert settings.arms is not None
    assert settings.protraction_deg is not None
    assert settings.inflation is not None
    assert settings.heart_scale is not None
    raised = settings.arms == "up"
    chest = draw_chest(
        generator,
        settings.inflation,
        settings.heart_scale,
        raised,
        settings.spine_curve_mm,
        settings.shoulder_lift_mm,
    )
    beam = _beam(settings, chest)
    paths = soft_paths(beam, chest, settings.arms)
    uneven = settings.shoulder_difference_deg / 2
    forward = (settings.protraction_deg - uneven, settings.protraction_deg + uneven)
    bones = bone_paths(beam, chest, settings.arms, forward, generator)
    absorbed = attenuation(beam, chest, paths, bones, settings.breasts or 0.0, generator)
    labels = _labels(paths, bones)
    pixels, shutters = _developed(absorbed, paths["body"], settings, beam, generator)
    labels = {name: (mask & shutters)[None] for name, mask in labels.items()}
    spacing = beam.pixel_mm
    geometry = Geometry(
        shape=(1, *beam.shape),
        spacing_mm=(spacing, spacing, 1.0),
        origin_mm=(0.0, 0.0, 0.0),
    )
    tags = {
        "ViewPosition": settings.view,
        "PatientOrientation": ("L", "F"),
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsStored": 12,
    }
    image = Volume(pixels[None], geometry, modality="DX", tags=tags)
    return GeneratedRadiograph(image, labels, cardiothoracic_ratio(labels), settings)


def cardiothoracic_ratio(labels: dict[str, np.ndarray]) -> float:
    """Largest width of the heart over the largest width of both lungs together, from masks."""
    lungs = np.flatnonzero((labels["right_lung"] | labels["left_lung"]).any(axis=(0, 1)))
    heart = np.flatnonzero(labels["heart"].any(axis=(0, 1)))
    if not lungs.size or not heart.size:
        return float("nan")
    return float((heart[-1] - heart[0] + 1) / (lungs[-1] - lungs[0] + 1))


def _drawn(settings: RadiographSettings, generator: np.random.Generator) -> RadiographSettings:
    # All are drawn in one order, so that fixing one leaves the others as they were.
    view = "PA" if generator.random() < 0.75 else "AP"
    upright = (settings.view or view) == "PA"
    spread = 1.0 if upright else 2.0
    roll_forward = (generator.normal(22, 6), generator.normal(4, 6))
    choice = generator.random()
    standing = "hips" if choice < 0.8 else "down" if choice < 0.92 else "up"
    lying = "down" if choice < 0.75 else "hips" if choice < 0.9 else "up"
    values: dict[str, Any] = {
        "view": view,
        "field_mm": generator.uniform(390, 432),
        "rotation_deg": np.clip(generator.normal(0, 2.0) * spread, -12, 12),
        "tilt_deg": np.clip(generator.normal(0, 2.5) * spread, -12, 12),
        "roll_deg": np.clip(generator.normal(0, 1.2) * spread, -8, 8),
        "arms": standing if upright else lying,
        "protraction_deg": np.clip(roll_forward[0 if upright else 1], -5, 40),
        "inflation": np.clip(generator.normal(1.0 if upright else 0.9, 0.07), 0.74, 1.18),
        "heart_scale": np.clip(np.exp(generator.normal(0.03, 0.11)), 0.8, 1.5),
        "breasts": max(0.0, generator.uniform(-1, 1)),
        "exposure": np.exp(generator.normal(0, 0.5)),
        "scatter": np.exp(generator.normal(0, 0.35)),
        "collimated": bool(generator.random() < 0.35),
        "marker": bool(generator.random() < 0.7),
    }
    given = {
        name: value if getattr(settings, name) is None else getattr(settings, name)
        for name, value in values.items()
    }
    plain: dict[str, Any] = {
        n: float(v) if isinstance(v, np.floating) else v for n, v in given.items()
    }
    return replace(settings, **plain)


def _beam(settings: RadiographSettings, chest: Chest) -> Beam:
    # Image columns run to the patient's left in either view; only the source changes sides.
    half_depth = float(chest.skin_half_depth_mm.max())
    front = -half_depth - 25
    source_y, detector_y = (
        (front + 1800.0, front)
        if settings.view == "PA"
        else (
            half_depth + 40 - 1100.0,
            half_depth + 40,
        )
    )
    assert settings.field_mm is not None
    center_z = -12.0
    return Beam(
        shape=(settings.size_px, settings.size_px),
        pixel_mm=settings.field_mm / settings.size_px,
        source_mm=(0.0, source_y, center_z),
        detector_y_mm=detector_y,
        center_z_mm=center_z,
        world_from_patient=rotation(
            settings.rotation_deg or 0.0, settings.tilt_deg or 0.0, settings.roll_deg or 0.0
        ),
    )


def _labels(paths: dict[str, np.ndarray], bones: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    heart = paths["heart"] > 4
    hidden = heart | (paths["abdomen"] > 10) | (paths["mediastinum"] > 18)
    right = paths["right_lung"] > 5
    left = paths["left_lung"] > 5
    # Where the recess of one lung crosses the midline, the thicker one owns the pixel.
    owner = paths["right_lung"] >= paths["left_lung"]
    masks = {
        "right_lung": _largest(right & owner & ~hidden),
        "left_lung": _largest(left & ~owner & ~hidden),
        "heart": heart,
        "spine": (paths["spine"] > 6) | (bones["arches"] > 0.7),
    }
    for name in ("right_scapula", "left_scapula"):
        masks[name] = bones[name] > 1.0
    masks["clavicles"] = bones["clavicles"] > 1.5
    masks["ribs"] = bones["ribs"] > 1.0
    return {name: masks[name] for name in LABELS}


def _largest(mask: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_fill_holes, label

    parts, count = label(mask)
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        mask = parts == sizes.argmax()
    return binary_fill_holes(mask)


def _developed(
    absorbed: np.ndarray,
    body: np.ndarray,
    settings: RadiographSettings,
    beam: Beam,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Displayed pixels, and the field inside the shutters."""
    assert settings.exposure is not None
    assert settings.scatter is not None
    quanta = expose(absorbed, beam.pixel_mm, settings.exposure, settings.scatter, generator)
    rows, columns = beam.shape
    edges = (generator.uniform(0.005, 0.035, 4) * rows).astype(int)
    shutters = np.ones(beam.shape, bool)
    if settings.collimated:
        shutters[:] = False
        shutters[edges[0] : rows - edges[1], edges[2] : columns - edges[3]] = True
    strength = generator.random()
    processing = Processing(
        coarse_gain=1.0 - 0.4 * strength,
        middle_gain=1.0 + 0.25 * strength,
        fine_gain=1.05 + 0.7 * strength,
        black_fraction=generator.uniform(0.03, 0.16),
        white_fraction=generator.uniform(0.82, 0.98),
        gamma=float(np.exp(generator.normal(0, 0.18))),
    )
    pixels = process(quanta, beam.pixel_mm, shutters & (body > 25), processing, bits=12)
    pixels[~shutters] = 0
    height = max(7, int(generator.uniform(0.028, 0.045) * rows))
    corner = (
        edges[0] + int(generator.uniform(0.02, 0.06) * rows),
        edges[2] + int(generator.uniform(0.04, 0.2) * columns),
    )
    if settings.marker:
        pixels[side_marker(beam.shape, "R", corner, height) & shutters] = 4000
    return pixels, shutters
