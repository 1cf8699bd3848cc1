"""What surrounds the heart in a short-axis picture: chest wall, lungs, upper abdomen, vessels.

Shapes are given in millimeters of the picture, x to the right, y down, and change slowly from
the base to the apex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

AIR, LUNG, SKIN_FAT, WALL, LIVER, SPLEEN, STOMACH = 0.0, 0.045, 1.05, 0.3, 0.42, 0.5, 0.55


@dataclass(frozen=True)
class Surroundings:
    """Outline and organs of one patient in the plane; lengths in mm.

    body: center x, y, half axes and turn in radians of the trunk's outline. fat_mm, wall_mm:
    thickness of subcutaneous fat and of muscle and ribs. diaphragm: height y at the heart, slope
    and bend. vessels: x, y, radius, signal of round cuts. stomach: x, y, half axes.
    """

    body: tuple[float, float, float, float, float]
    fat_mm: float
    wall_mm: float
    diaphragm: tuple[float, float, float]
    vessels: tuple[tuple[float, float, float, float], ...]
    stomach: tuple[float, float, float, float]
    gas: bool
    mottle: np.ndarray
    fat_pad: tuple[float, float, float]


def draw_surroundings(
    generator: np.random.Generator, center_mm: tuple[float, float], radius_mm: float
) -> Surroundings:
    """Random surroundings of a heart with this center and cavity radius."""
    x, y = center_mm
    fat_mm = float(np.exp(generator.normal(2.6, 0.35)))
    wall_mm = float(generator.uniform(12, 18))
    wide = generator.uniform(160, 185)
    high = generator.uniform(122, 142)
    turn = generator.normal(-0.55, 0.12)
    # The chest wall runs along the heart's right ventricle, on the picture's upper left.
    apart = 2.2 * radius_mm + 32
    toward = np.deg2rad(200) + generator.normal(0, 0.1)
    outline = 1 / np.hypot(np.cos(toward - turn) / wide, np.sin(toward - turn) / high)
    shift = outline - fat_mm - wall_mm - apart + generator.uniform(-3, 6)
    body = (x - shift * np.cos(toward), y - shift * np.sin(toward) + 18, wide, high, turn)
    vessels = [(x + 1.75 * radius_mm + 22, y + 1.3 * radius_mm + 14, 11.0, 0.95)]
    for _ in range(generator.integers(14, 26)):
        along, far = generator.uniform(-2.2, 0.6), generator.uniform(48, 105)
        vessels.append(
            (
                x + far * np.cos(along),
                y + far * np.sin(along),
                generator.uniform(0.7, 2.2),
                generator.uniform(0.3, 0.7),
            )
        )
    return Surroundings(
        body=body,
        fat_mm=fat_mm,
        wall_mm=wall_mm,
        diaphragm=(
            y + 1.12 * radius_mm + 12 + generator.normal(0, 3),
            generator.normal(0.05, 0.06),
            generator.uniform(0.0012, 0.003),
        ),
        vessels=tuple(vessels),
        stomach=(
            x + generator.uniform(25, 55),
            y + radius_mm + generator.uniform(52, 66),
            generator.uniform(20, 32),
            generator.uniform(13, 20),
        ),
        gas=bool(generator.random() < 0.5),
        mottle=generator.normal(size=(24, 24)),
        fat_pad=(
            x - 0.75 * radius_mm,
            y + 0.75 * radius_mm,
            radius_mm * generator.uniform(1.3, 1.75) + 8,
        ),
    )


def paint_surroundings(scene: Surroundings, axis_mm: np.ndarray, depth: float) -> np.ndarray:
    """Signal (y, x) on the fine grid; depth runs from 0 at the base to 1 at the apex."""
    x, y = axis_mm[None, :], axis_mm[:, None]
    cx, cy, wide, high, turn = scene.body
    dx, dy = x - cx, y - cy
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / wide
    v = (-dx * np.sin(turn) + dy * np.cos(turn)) / high
    # Depth below the skin, by the mean of both half axes.
    inward = (1 - np.sqrt(u**2 + v**2)) * (wide + high) / 2
    angle = np.arctan2(v, u)
    fat = scene.fat_mm * (1 + 0.25 * np.sin(2 * angle + 0.5))
    picture = np.full(inward.shape, AIR, np.float32)
    picture[inward > 0] = SKIN_FAT
    picture[inward > fat] = WALL
    ribs = (np.sin(angle * 24) > 0.2) & (inward > fat + 4) & (inward < fat + 10)
    picture[ribs] = 0.55
    cavity = inward > fat + scene.wall_mm
    picture[cavity] = LUNG
    for vx, vy, radius, value in scene.vessels[1:]:
        spot = np.hypot(x - vx - 6 * depth, y - vy + 4 * depth) < radius
        picture[spot & cavity] = value
    level, slope, bend = scene.diaphragm
    edge = level + 8 * depth + slope * (x - cx) + bend * (x - cx + 40) ** 2
    # Fat fills the angle between heart and diaphragm as a wedge that thins out to the apex.
    px, py, reach = scene.fat_pad
    side = (x - px) / (1.5 * reach * (1 - 0.3 * depth))
    height = 1.5 * reach * (1 - depth) ** 0.7 * np.clip(1 - np.abs(side), 0, 1) ** 0.8
    picture[cavity & (y > edge - height) & (y > py - 0.4 * reach)] = 0.6
    below = cavity & (y > edge)
    picture[below] = 0.85  # fat of the abdomen
    middle = cx - 25 + 12 * depth
    liver = below & (y > edge + 2) & (x < middle + 0.25 * (y - edge))
    picture[liver] = LIVER
    sx, sy, sw, sh = scene.stomach
    stomach = ((x - sx) / sw) ** 2 + ((y - sy) / sh) ** 2
    picture[below & (stomach < 1.25)] = 0.3
    picture[below & (stomach < 1.0)] = STOMACH
    if scene.gas:
        picture[below & (stomach < 1.0) & (y < sy - 0.1 * sh)] = 0.02
    spleen = ((x - sx - 52) / 30) ** 2 + ((y - sy + 4) / 22) ** 2
    picture[below & (spleen < 1)] = SPLEEN
    picture[below & (y < edge + 1.5)] = 0.2
    ax, ay, radius, value = scene.vessels[0]
    aorta = np.hypot(x - ax, y - ay)
    picture[(aorta < radius + 8) & (inward > 0) & ~below] = 0.55
    picture[aorta < radius + 1.5] = 0.3
    picture[aorta < radius] = value
    size = len(axis_mm) / scene.mottle.shape[0]
    mottle = zoom(scene.mottle, size, order=1, mode="nearest", grid_mode=True)
    mottle = gaussian_filter(mottle, size * 0.4)[: len(axis_mm), : len(axis_mm)]
    return picture * (1 + 0.16 * mottle.astype(np.float32))
