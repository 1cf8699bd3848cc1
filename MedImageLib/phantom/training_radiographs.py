"""Generated radiographs as training samples: exact masks of spine and scapulae.

Real radiographs have no such masks, so the body, the posture, the beam and the console are varied
more than real ones are: arms up and down, shoulders rolled forward or not, the two of them unlike,
bowed spines, narrow fields, hard and soft copies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from MedImageLib.network.samples import GeneratedSample
from MedImageLib.phantom.radiograph import (
    GeneratedRadiograph,
    RadiographSettings,
    generate_radiograph,
)

SIZE_PX = 160


def spine_radiographs(count: int, seed: int) -> Iterator[GeneratedSample]:
    """Radiographs with the vertebral column (1) in the rows of the lungs, as one band."""
    for number in range(count):
        made = _varied(seed + number)
        lungs = (made.labels["right_lung"] | made.labels["left_lung"])[0].any(1)
        label = spine_column(made.labels["spine"][0])
        rows = np.flatnonzero(lungs)
        label[: rows[0]] = False
        label[rows[-1] + 1 :] = False
        yield _sample(made, seed + number, label.astype(np.uint8))


def scapula_radiographs(count: int, seed: int) -> Iterator[GeneratedSample]:
    """Radiographs with the right (1) and the left scapula (2)."""
    for number in range(count):
        made = _varied(seed + number)
        label = np.zeros(made.image.array.shape[1:], np.uint8)
        for value, name in enumerate(("right_scapula", "left_scapula"), start=1):
            label[ndimage.binary_fill_holes(made.labels[name][0])] = value
        yield _sample(made, seed + number, label)


def spine_column(mask: np.ndarray) -> np.ndarray:
    """The vertebral bodies as one smooth band, without processes and gaps.

    mask: shadow of the spine with all of them (j, i).
    """
    rows = np.flatnonzero(mask.any(1))
    result = np.zeros_like(mask)
    if not len(rows):
        return result
    columns = np.arange(mask.shape[1])
    widths = mask[rows].sum(1)
    centers = mask[rows] @ columns / widths
    # Processes and gaps take less than half of the rows of each vertebra.
    window = max(3, round(0.07 * len(mask))) | 1
    widths = ndimage.median_filter(widths.astype(float), window, mode="nearest")
    centers, widths = (
        ndimage.gaussian_filter1d(values, window / 2, mode="nearest")
        for values in (centers, widths)
    )
    result[rows] = np.abs(columns - centers[:, None]) <= widths[:, None] / 2
    return result


def _varied(seed: int) -> GeneratedRadiograph:
    generator = np.random.default_rng([seed, 0xB04E])
    arms = str(generator.choice(["hips", "down", "up"], p=[0.55, 0.3, 0.15]))
    return generate_radiograph(
        RadiographSettings(
            seed=seed,
            size_px=SIZE_PX,
            view="PA" if generator.random() < 0.65 else "AP",
            field_mm=float(generator.uniform(320, 440)),
            rotation_deg=float(np.clip(generator.normal(0, 5), -14, 14)),
            tilt_deg=float(np.clip(generator.normal(0, 5), -14, 14)),
            roll_deg=float(np.clip(generator.normal(0, 2.5), -8, 8)),
            arms=arms,
            protraction_deg=float(generator.uniform(-5, 38)),
            shoulder_difference_deg=float(np.clip(generator.normal(0, 6), -18, 18)),
            shoulder_lift_mm=float(np.clip(generator.normal(2, 8), -18, 22)),
            spine_curve_mm=float(np.clip(generator.normal(0, 7), -22, 22)),
        )
    )


def _sample(made: GeneratedRadiograph, number: int, label: np.ndarray) -> GeneratedSample:
    spacing = made.image.geometry.spacing_mm
    return GeneratedSample(
        id=f"radiograph{number}",
        patient=f"radiograph{number}",
        image=made.image.array[0],
        label=label,
        spacing_mm=(spacing[1], spacing[0]),
    )
