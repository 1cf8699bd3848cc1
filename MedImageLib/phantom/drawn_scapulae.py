"""Scapulae brought over the lungs of real radiographs by what they absorb, with exact masks.

Real pictures on which a scapula lies over a lung are few and their borders are hardly to be seen.
Ray-cast blades (`chest_shadow`) are laid over the outlined lungs of real pictures on which a
reader saw none. Planes are (j, i), 0 … 1, bright where dense, the patient's right on the left;
labels that come in are 1 right lung, 2 left lung, those that go out 1 right, 2 left scapula.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.network.samples import UNKNOWN
from MedImageLib.phantom.chest import TABLE_STEP_MM, TABLE_TOP_MM, draw_chest
from MedImageLib.phantom.chest_shadow import CORTICAL, SOFT, scapula_paths
from MedImageLib.phantom.foreign_objects import Look, shown
from MedImageLib.phantom.projection import Beam, rotation

Generator = np.random.Generator

RIGHT, LEFT = 1, 2
BLADES = 160  # so many are cast once and laid with random depth, stretch and gray
CANVAS_PX, PIXEL_MM = 200, 2.0
LEAST_PATH_MM = 1.0  # as the masks of generated radiographs have it
HEALTHY_SHARE, ONE_SIDED_SHARE = 0.35, 0.3
DEEPEST = 0.4  # of the width of the lung's box
MOST_MUSCLE_MM = 14.0  # lies on the blade and moves with it; it shows more than the thin bone
LEAST_LUNG_PX = 400
BESIDE, DOWN_TO = 0.3, 0.85  # shares of the lungs' width and height where a blade can lie


@dataclass(frozen=True, eq=False)
class Blade:
    """A right scapula in the frame of its lungs.

    path: mm through compact bone (row, column), on CANVAS_PX squared. apex_row: of the lungs.
    half_width_px: from the middle of the chest to the outer border of the lungs.
    """

    path: np.ndarray
    apex_row: float
    half_width_px: float


@functools.lru_cache(maxsize=BLADES)
def cast_blade(seed: int) -> Blade:
    """The same seed casts the same blade: posture and proportions are drawn from it."""
    generator = np.random.default_rng([seed, 0xB1ADE])
    chest = draw_chest(generator, 1.0, 1.0, False, shoulder_lift_mm=float(generator.normal(0, 7)))
    half_depth = float(chest.skin_half_depth_mm.max())
    turns = generator.normal(0, (4.0, 4.0, 2.0))
    beam = Beam(
        shape=(CANVAS_PX, CANVAS_PX),
        pixel_mm=PIXEL_MM,
        source_mm=(0.0, 1775.0 - half_depth, -12.0),
        detector_y_mm=-half_depth - 25.0,
        center_z_mm=-12.0,
        world_from_patient=rotation(*turns),
    )
    forward = float(generator.uniform(-5, 22))
    path = scapula_paths(beam, chest, (forward, forward), False, generator)["right_scapula"]
    lung = np.flatnonzero(chest.cavity_half_width_mm > 12)
    apex_mm = TABLE_TOP_MM - TABLE_STEP_MM * float(lung[0])
    apex_row = float(beam.pixels(np.array([0.0, 0.0, apex_mm]))[0])
    widest = float(chest.cavity_half_width_mm.max())
    outer = float(beam.pixels(np.array([-widest, 0.0, 0.0]))[1])
    return Blade(path.astype(np.float32), apex_row, (CANVAS_PX - 1) / 2 - outer)


def laid(
    blade: Blade, lung: np.ndarray, both: np.ndarray, is_right: bool, depth: float, stretch: float
) -> np.ndarray:
    """Path in mm (j, i) of a blade that reaches over a lung.

    both: mask of both lungs, which sets size and height. depth: how far the blade reaches in from
    the outer border on average, as a share of the width of the lung's box; a negative one leaves
    it beside the lung. stretch: of the height over that of the width.
    """
    if not is_right:
        flipped = laid(blade, lung[:, ::-1], both[:, ::-1], True, depth, stretch)
        return flipped[:, ::-1]
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    scale = 2 * blade.half_width_px / (columns[-1] - columns[0] + 1)  # canvas pixels for one here
    middle = (columns[0] + columns[-1]) / 2
    matrix = np.array([scale / stretch, scale])
    offset = np.array(
        [blade.apex_row - rows[0] * matrix[0], (CANVAS_PX - 1) / 2 - middle * matrix[1]]
    )
    path = ndimage.affine_transform(blade.path, matrix, offset, output_shape=lung.shape, order=1)
    own = np.flatnonzero(lung.any(1))
    height, width = own[-1] - own[0] + 1, int(np.ptp(np.flatnonzero(lung.any(0)))) + 1
    band = own[round(0.25 * height) : round(0.5 * height)]
    covered = path[band] > LEAST_PATH_MM
    there = covered.any(1)
    if not there.any():
        return path
    inner = path.shape[1] - 1 - covered[there][:, ::-1].argmax(1)
    outer = lung[band][there].argmax(1)
    shift = float(depth * width - np.mean(inner + 1 - outer))
    return ndimage.shift(path, (0, round(shift)), order=0)


def scapulae_drawn(
    image: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A training picture and its label map from a real one on which no scapula covers a lung.

    Beside the lungs real blades lie where nobody outlined them: there the label is UNKNOWN but
    for what was drawn. label: lungs (1 right, 2 left).
    """
    lungs = {RIGHT: label == RIGHT, LEFT: label == LEFT}
    both = lungs[RIGHT] | lungs[LEFT]
    result = _beside(both)
    if generator.random() < HEALTHY_SHARE:
        return image, result
    one_sided, first = generator.random() < ONE_SIDED_SHARE, int(generator.integers(1, 3))
    density = generator.uniform(0.6, 1.6) * (CORTICAL - SOFT)
    look = Look(
        gain=generator.uniform(0.25, 0.55),
        scatter=generator.uniform(0.05, 0.4),
        ceiling=generator.uniform(0.95, 1.2),
        blur_px=generator.uniform(0.5, 1.3),
        sharpening=max(0.0, generator.uniform(-0.5, 0.8)),
    )
    stretch = generator.uniform(0.85, 1.15)
    for side, lung in lungs.items():
        if (one_sided and side != first) or np.count_nonzero(lung) < LEAST_LUNG_PX:
            continue
        blade = cast_blade(int(generator.integers(BLADES)))
        path = laid(blade, lung, both, side == RIGHT, generator.uniform(0.0, DEEPEST), stretch)
        mask = ndimage.binary_fill_holes(path > LEAST_PATH_MM)
        muscle = SOFT * generator.uniform(0, MOST_MUSCLE_MM) * mask.astype(np.float32)
        edge_px = generator.uniform(0.7, 3)
        absorbed = density * path + ndimage.gaussian_filter(muscle, edge_px)
        image = np.clip(shown(image, absorbed, look), 0, 1)
        result[mask] = side
    return image, result


def _beside(both: np.ndarray) -> np.ndarray:
    """Label map that is UNKNOWN beside the lungs and 0 elsewhere."""
    result = np.zeros(both.shape, np.uint8)
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    if not len(rows):
        return np.full(both.shape, UNKNOWN, np.uint8)
    width = BESIDE * (columns[-1] - columns[0])
    across = np.arange(both.shape[1])
    lateral = (across < columns[0] + width) | (across > columns[-1] - width)
    result[: round(rows[0] + DOWN_TO * (rows[-1] - rows[0])), lateral] = UNKNOWN
    result[both] = 0
    return result
