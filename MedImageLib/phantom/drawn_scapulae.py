"""Ray-cast shoulder blades, to be brought over the lungs of real radiographs by what they absorb.

Real pictures on which a scapula lies over a lung are few and their borders are hardly to be seen.
Planes are (row, column), the patient's right on the left.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from MedImageLib.phantom.chest import TABLE_STEP_MM, TABLE_TOP_MM, draw_chest
from MedImageLib.phantom.chest_shadow import scapula_paths
from MedImageLib.phantom.projection import Beam, rotation

BLADES = 160  # so many are cast once and laid with random depth, stretch and gray
CANVAS_PX, PIXEL_MM = 200, 2.0
LEAST_PATH_MM = 1.0  # as the masks of generated radiographs have it
MOST_MUSCLE_MM = 14.0  # lies on the blade and moves with it; it shows more than the thin bone


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
