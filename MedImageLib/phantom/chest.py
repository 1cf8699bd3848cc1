"""A randomized chest: cavity, lungs, heart, great vessels, diaphragm, skeleton and airways.

Everything is given in the patient's frame, millimeters: x to the patient's left, y posterior,
z superior, with the origin in the middle of the thorax at the height of the seventh thoracic
vertebra. Proportions follow those of an average adult; `draw_chest` varies them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

TABLE_TOP_MM = 330.0
TABLE_STEP_MM = 1.0
TABLE_SIZE = 700

# z, half width, half depth, center y of the inside of the rib cage
_CAVITY = np.array(
    [
        [150, 4, 4, 28],
        [141, 44, 20, 26],
        [133, 58, 30, 25],
        [118, 74, 42, 22],
        [98, 92, 56, 16],
        [72, 108, 71, 9],
        [40, 122, 83, 3],
        [0, 133, 92, 0],
        [-50, 141, 97, 0],
        [-100, 145, 99, 0],
        [-150, 144, 96, 2],
        [-220, 138, 92, 2],
        [-330, 135, 92, 2],
    ],
    float,
)
# z, half width, half depth, center y of the skin
_SKIN = np.array(
    [
        [330, 70, 85, 5],
        [255, 57, 62, 14],
        [210, 57, 60, 16],
        [190, 64, 63, 18],
        [172, 88, 68, 20],
        [156, 124, 74, 20],
        [144, 156, 82, 18],
        [130, 178, 90, 14],
        [112, 190, 98, 10],
        [85, 193, 108, 6],
        [60, 186, 116, 4],
        [35, 172, 120, 2],
        [0, 163, 122, 0],
        [-60, 164, 125, 0],
        [-120, 165, 126, 0],
        [-180, 162, 122, 0],
        [-250, 165, 120, 0],
        [-330, 172, 120, 0],
    ],
    float,
)
# z, right and left half width of the upper mediastinum and the vessels below it
_MEDIASTINUM = np.array(
    [
        [330, 22, 22],
        [150, 21, 21],
        [120, 24, 25],
        [85, 28, 28],
        [50, 29, 30],
        [20, 28, 30],
        [-20, 26, 27],
        [-80, 20, 24],
        [-330, 18, 22],
    ],
    float,
)
_SPINE_Y = np.array([[330, 40], [200, 42], [140, 50], [60, 62], [0, 67], [-150, 58], [-330, 42]])


@dataclass(frozen=True)
class Chest:
    """Shape of one patient's chest; lengths in mm, tables over falling z.

    Tables have TABLE_SIZE entries, the first at z = TABLE_TOP_MM, TABLE_STEP_MM apart.
    dome_*_mm: highest point (x, y, z) of each hemidiaphragm; the curvatures fall off around it.
    ellipsoids are (center, radii, axes). spine_x_mm: how far the spine is off the middle.
    """

    cavity_half_width_mm: np.ndarray
    cavity_half_depth_mm: np.ndarray
    cavity_center_y_mm: np.ndarray
    skin_half_width_mm: np.ndarray
    skin_half_depth_mm: np.ndarray
    skin_center_y_mm: np.ndarray
    mediastinum_center_x_mm: np.ndarray
    mediastinum_half_width_mm: np.ndarray
    spine_y_mm: np.ndarray
    vertebrae_mm: np.ndarray
    dome_right_mm: np.ndarray
    dome_left_mm: np.ndarray
    dome_steepness: float
    heart: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]
    aortic_knob: tuple[np.ndarray, np.ndarray, np.ndarray]
    aorta_x_mm: float
    aorta_radius_mm: float
    wall_mm: float
    rib_drop: float
    rib_radius_mm: float
    bone_density: float
    arm_spread_mm: float
    spine_x_mm: np.ndarray
    shoulder_lift_mm: float

    def table(self, values: np.ndarray, z_mm: np.ndarray | float) -> np.ndarray:
        """Value of one of the tables at heights z."""
        at = (TABLE_TOP_MM - np.asarray(z_mm, float)) / TABLE_STEP_MM
        return np.interp(at, np.arange(TABLE_SIZE), values)

    def dome_mm(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Height z of the diaphragm above points (x, y)."""
        heights = []
        for top in (self.dome_right_mm, self.dome_left_mm):
            across = ((x - top[0]) / 60) ** 2
            along = ((y - top[1]) / 60) ** 2
            heights.append(
                top[2]
                - self.dome_steepness * (across * (15 + 17 * across) + along * (20 + 8 * along))
            )
        # The central tendon, on which the heart rests.
        middle = float(min(self.dome_right_mm[2], self.dome_left_mm[2])) - 13
        heights.append(middle - 22 * ((x - 8) / 60) ** 2 - 26 * ((y + 18) / 60) ** 2)
        return np.maximum(np.maximum(heights[0], heights[1]), heights[2])


def draw_chest(
    generator: np.random.Generator,
    inflation: float,
    heart_scale: float,
    raised_arms: bool,
    curve_mm: float = 0.0,
    shoulder_lift_mm: float = 0.0,
) -> Chest:
    """A chest of random proportions.

    inflation: 1 is a full ordinary breath; 0.8 shallow, 1.15 emphysematous.
    heart_scale: linear size of the heart; 1 is ordinary.
    curve_mm: sideways bow of the spine, positive to the left. shoulder_lift_mm: of both.
    """
    width, depth = generator.normal(1, 0.045, 2).clip(0.88, 1.12)
    length = generator.normal(1, 0.04)
    wall = float(np.exp(generator.normal(0, 0.35)) * 1.0)
    breadth = 0.6 + 0.4 * inflation
    z = TABLE_TOP_MM - TABLE_STEP_MM * np.arange(TABLE_SIZE)
    cavity = _tables(_CAVITY, z / length)
    skin = _tables(_SKIN, z / length)
    mediastinum = _tables(_MEDIASTINUM, z / length) * generator.normal(1.12, 0.07)
    cavity_width = cavity[0] * width * (0.5 + 0.5 * breadth)
    cavity_depth = cavity[1] * depth * breadth
    # Fat and muscle over the ribs: the wall grows, shoulders and neck less.
    trunk = 1 / (1 + np.exp((z / length - 60) / 18))
    excess = 12 * (wall - 1) * (0.35 + 0.65 * trunk)
    skin_width = np.maximum(skin[0] * width + excess, cavity_width + 14 * trunk)
    skin_depth = np.maximum(skin[1] * depth + excess, cavity_depth + 14)
    if raised_arms:
        skin_width = skin_width * (1 - 0.08 * (1 - trunk))
    vertebrae = _vertebrae(length)
    knob_x = float(generator.normal(24, 3))
    dome = -90.0 - 85 * (inflation - 1) + generator.normal(0, 5)
    difference = generator.normal(10, 4)
    return Chest(
        cavity_half_width_mm=cavity_width,
        cavity_half_depth_mm=cavity_depth,
        cavity_center_y_mm=cavity[2] * depth,
        skin_half_width_mm=skin_width,
        skin_half_depth_mm=skin_depth,
        skin_center_y_mm=skin[2] * depth,
        mediastinum_center_x_mm=(mediastinum[1] - mediastinum[0]) / 2,
        mediastinum_half_width_mm=(mediastinum[1] + mediastinum[0]) / 2,
        spine_y_mm=PchipInterpolator(_SPINE_Y[::-1, 0], _SPINE_Y[::-1, 1])(
            np.clip(z / length, -330, 330)
        )
        * depth,
        vertebrae_mm=vertebrae,
        dome_right_mm=np.array([-72 * width, generator.normal(-4, 4), dome * length]),
        dome_left_mm=np.array([74 * width, generator.normal(-4, 4), (dome - difference) * length]),
        dome_steepness=float(np.clip(generator.normal(1, 0.12) - 0.8 * (inflation - 1), 0.5, 1.5)),
        heart=_heart(generator, heart_scale, width, dome * length),
        aortic_knob=(
            np.array([knob_x, 8.0, 50 * length]),
            np.array([17.0, 26.0, 16.0]) * generator.normal(1, 0.08),
            np.eye(3),
        ),
        aorta_x_mm=float(generator.normal(21, 2.5)),
        aorta_radius_mm=float(generator.normal(13, 1)),
        wall_mm=wall,
        rib_drop=float(generator.normal(1, 0.12)),
        rib_radius_mm=float(generator.normal(6.0, 0.4)),
        bone_density=float(generator.normal(1, 0.12)),
        arm_spread_mm=float(generator.normal(0, 12)),
        spine_x_mm=curve_mm * np.exp(-(((z / length - 10) / 95) ** 2)),
        shoulder_lift_mm=shoulder_lift_mm,
    )


def _tables(control: np.ndarray, z: np.ndarray) -> np.ndarray:
    rising = control[::-1]
    clipped = np.clip(z, rising[0, 0], rising[-1, 0])
    return np.stack(
        [PchipInterpolator(rising[:, 0], rising[:, n])(clipped) for n in range(1, control.shape[1])]
    )


def _vertebrae(length: float) -> np.ndarray:
    """Heights of the centers of C5 … L4; the fifth entry (index 3) is T1."""
    gaps = np.concatenate([[16.5, 17, 18], 19.5 + 0.62 * np.arange(11), 28 + 1.5 * np.arange(4)])
    heights = -np.concatenate([[0], np.cumsum(gaps)])
    return (heights - heights[3] + 128) * length


def _heart(
    generator: np.random.Generator, scale: float, width: float, dome_mm: float
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
    """Ventricles, right atrium and pulmonary trunk; the apex points left, forward and down."""
    # A high diaphragm pushes the heart up and lays it across.
    lying = np.clip((dome_mm + 90) / 60, -0.5, 0.6) * 0.22 + generator.normal(0, 0.07)
    apex = np.array([0.74, -0.40, -0.54 + lying])
    apex /= np.linalg.norm(apex)
    aside = np.cross(apex, [0.0, 1.0, 0.0])
    aside /= np.linalg.norm(aside)
    axes = np.stack([apex, aside, np.cross(apex, aside)], axis=1)
    middle = np.array([22.0 * width, -27.0, dome_mm + 34 + generator.normal(0, 4)])
    base = np.array([0.0, -20.0, middle[2] + 10])

    def placed(center: np.ndarray) -> np.ndarray:
        return base + scale * (center - base)

    size = 0.95 * scale * (0.5 + 0.5 * width)
    return (
        (placed(middle), np.array([76.0, 54.0, 51.0]) * size, axes),
        (
            placed(np.array([-19.0, -14.0, middle[2] + 6])),
            np.array([34.0, 34.0, 48.0]) * size,
            np.eye(3),
        ),
        (
            placed(np.array([18.0, -26.0, middle[2] + 58])),
            np.array([23.0, 20.0, 34.0]) * size,
            np.eye(3),
        ),
    )
