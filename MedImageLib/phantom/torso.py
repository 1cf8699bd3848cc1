"""A randomized thorax with the upper abdomen as solids, on the chest that radiographs use too.

LPS millimeters with the origin in the middle of the thorax; lungs, ribs, heart and diaphragm are
those of `chest` and `skeleton`.
"""

from __future__ import annotations

import numpy as np

from MedImageLib.phantom import skeleton
from MedImageLib.phantom.anatomy import Solid, ellipsoid, region, tube
from MedImageLib.phantom.chest import Chest, draw_chest

STRUCTURES = {
    "body": 1,
    "right_lung": 2,
    "left_lung": 3,
    "heart": 4,
    "spinal_cord": 5,
    "esophagus": 6,
    "liver": 7,
    "spleen": 8,
    "right_kidney": 9,
    "left_kidney": 10,
    "stomach": 11,
    "trachea": 12,
    "aorta": 13,
    "bone": 14,
}
WIDE = (-400, -250, -400)
HIGH = (400, 250, 400)
SOFT = ("soft", "muscle", "fat")


def torso(generator: np.random.Generator) -> list[Solid]:
    """Solids of one patient, in the order of painting."""
    chest = draw_chest(generator, 0.95, float(np.exp(generator.normal(0, 0.08))), True)
    fat = 6 + 8 * chest.wall_mm
    solids = [
        region("fat", WIDE, HIGH, lambda p: _skin(chest, p, 0.0), outline=True),
        region("muscle", WIDE, HIGH, lambda p: _skin(chest, p, fat), onto=("fat",)),
        region("soft", WIDE, HIGH, lambda p: _cavity(chest, p, -3.0), onto=("fat", "muscle")),
        region("fat", WIDE, HIGH, lambda p: _below(chest, p) & _cavity(chest, p, 6.0)),
    ]
    solids += _abdomen(generator, chest)
    solids += _lungs(generator, chest)
    solids += _mediastinum(chest)
    solids += _bones(chest)
    return solids


def _skin(chest: Chest, points: np.ndarray, inset: float) -> np.ndarray:
    x, y, z = points.T
    width = chest.table(chest.skin_half_width_mm, z) - inset
    depth = chest.table(chest.skin_half_depth_mm, z) - inset
    center = chest.table(chest.skin_center_y_mm, z)
    across, along = (x / width) ** 2, ((y - center) / depth) ** 2
    return (across < 1.5) & (along < 1.5) & (across + along - 0.25 * across * along < 1)


def _cavity(chest: Chest, points: np.ndarray, inset: float) -> np.ndarray:
    x, y, z = points.T
    width = np.maximum(chest.table(chest.cavity_half_width_mm, z) - inset, 1.0)
    depth = np.maximum(chest.table(chest.cavity_half_depth_mm, z) - inset, 1.0)
    center = chest.table(chest.cavity_center_y_mm, z)
    across, along = (x / width) ** 2, ((y - center) / depth) ** 2
    return (across < 1.5) & (along < 1.5) & (across + along - 0.25 * across * along < 1)


def _below(chest: Chest, points: np.ndarray) -> np.ndarray:
    return points[:, 2] < chest.dome_mm(points[:, 0], points[:, 1])


def _abdomen(generator: np.random.Generator, chest: Chest) -> list[Solid]:
    dome = chest.dome_right_mm
    left = chest.dome_left_mm

    def under(depth: float):
        return lambda p: (
            (p[:, 2] < chest.dome_mm(p[:, 0], p[:, 1]) - depth) & _cavity(chest, p, 5.0)
        )

    size = generator.normal(1, 0.06)
    result = [
        ellipsoid(
            "liver",
            dome + np.array([22, -6, -62 * size]),
            np.array([104, 92, 84]) * size,
            "liver",
            onto=("fat", "soft"),
            exponent=2.4,
            keep=under(3),
        ),
        ellipsoid(
            "spleen",
            left + np.array([30, 48, -34]),
            np.array([24, 36, 46]) * size,
            "spleen",
            onto=("fat", "soft"),
            keep=under(3),
        ),
        ellipsoid(
            "fluid",
            left + np.array([-18, -28, -40]),
            np.array([42, 36, 34]) * generator.normal(1, 0.1),
            "stomach",
            onto=("fat", "soft", "liver"),
            keep=under(3),
        ),
        # Supine, the gas lies in front.
        ellipsoid(
            "air",
            left + np.array([-18, -46, -38]),
            (26, 12, 20),
            "stomach",
            onto=("fluid",),
        ),
    ]
    for side in (-1, 1):
        z = -178 - (12 if side < 0 else 0) + generator.normal(0, 4)
        name = "left_kidney" if side > 0 else "right_kidney"
        result.append(
            ellipsoid(
                "kidney",
                (side * 58, 48, z),
                (26, 24, 52),
                name,
                onto=("fat", "soft", "liver"),
            )
        )
        result.append(ellipsoid("fat", (side * 46, 44, z), (13, 10, 22), onto=("kidney",)))
        result.append(ellipsoid("muscle", (side * 38, 62, -230), (20, 22, 70), onto=("fat",)))
    for _ in range(6):
        place = np.array([generator.uniform(-90, 90), generator.uniform(-70, -20), -225.0])
        result.append(ellipsoid("fluid", place, generator.uniform(12, 22, 3), onto=("fat",)))
    return result


def _lungs(generator: np.random.Generator, chest: Chest) -> list[Solid]:
    result = []
    for side, name in ((-1, "right_lung"), (1, "left_lung")):

        def inside(points: np.ndarray, side: int = side) -> np.ndarray:
            x, y, z = points.T
            spine = chest.table(chest.spine_y_mm, z)
            column = (x / 23) ** 2 + ((y - spine) / 27) ** 2 < 1
            center = chest.table(chest.mediastinum_center_x_mm, z)
            half = chest.table(chest.mediastinum_half_width_mm, z)
            vessels = ((x - center) / half) ** 2 + ((y + 1) / 38) ** 2 < 1
            free = ~column & ~vessels & (np.abs(x) > 4) & (x * side > 0)
            return free & _cavity(chest, points, 0.0) & ~_below(chest, points)

        result.append(
            region("lung", (-160, -140, -220), (160, 140, 160), inside, name, onto=("soft", "fat"))
        )
    tubes = skeleton.vessels(chest, generator, 0.9)
    thick = [t for t in tubes if t.radius_mm.max() > 1.3]
    for side, name in ((-1, "right_lung"), (1, "left_lung")):
        own = [t for t in thick if t.points_mm[:, 0].mean() * side > 0]
        result.append(
            tube(
                "blood",
                [t.points_mm for t in own],
                [t.radius_mm for t in own],
                name,
                onto=("lung",),
            )
        )
    return result


def _mediastinum(chest: Chest) -> list[Solid]:
    everything = ("soft", "fat", "lung", "blood")
    result = []
    for center, radii, axes in chest.heart:
        result.append(ellipsoid("fat", center, radii + 4, "", onto=("soft", "lung"), axes=axes))
    for center, radii, axes in chest.heart:
        result.append(ellipsoid("muscle", center, radii, "heart", onto=everything, axes=axes))
    for center, radii, axes in chest.heart[:2]:
        result.append(
            ellipsoid("blood", center, radii * 0.72, "heart", onto=("muscle",), axes=axes)
        )
    arch_x, arch_z = chest.aortic_knob[0][0], chest.aortic_knob[0][2]
    aorta = np.array(
        [
            [-4, -22, arch_z - 75],
            [-8, -24, arch_z - 20],
            [2, -16, arch_z + 6],
            [arch_x - 4, 12, arch_z + 8],
            [chest.aorta_x_mm, 34, arch_z - 12],
            [chest.aorta_x_mm, 40, -60],
            [chest.aorta_x_mm - 10, 36, -140],
            [4, 34, -330],
        ]
    )
    onto = (*everything, "muscle")
    result.append(tube("blood", [aorta], [chest.aorta_radius_mm - 0.5], "aorta", onto=onto))
    cava = np.array([[-26, -8, 110], [-26, -10, 20], [-24, -4, -60], [-20, 12, -330]])
    result.append(tube("blood", [cava], [9.5], "", onto=("soft", "fat", "lung", "liver")))
    gullet = np.array([[3, 26, 200], [4, 30, 60], [0, 32, -20], [6, 18, -90], [22, -4, -118]])
    result.append(tube("muscle", [gullet], [7.0], "esophagus", onto=("soft", "fat", "lung")))
    air = skeleton.airways(chest)
    walls = ("soft", "fat", "lung", "blood", "muscle")
    lines = [t.points_mm for t in air]
    result.append(tube("air", lines, [t.radius_mm for t in air], "trachea", onto=walls))
    return result


def _bones(chest: Chest) -> list[Solid]:
    ribs = skeleton.ribs(chest)
    lines = [t.points_mm for t in ribs]
    onto = ("soft", "muscle", "fat")
    result = [
        tube("bone", lines, [t.radius_mm * 0.92 for t in ribs], "bone", onto=onto),
        tube("marrow", lines, [t.radius_mm * 0.5 for t in ribs], "bone", onto=("bone",)),
        ellipsoid("bone", (0, -92, 60), (22, 6, 34), "bone", exponent=3),
        ellipsoid("marrow", (0, -92, 60), (19, 3.5, 31), "bone", exponent=3),
        ellipsoid("bone", (0, -101, -25), (15, 6, 62), "bone", exponent=3),
        ellipsoid("marrow", (0, -101, -25), (12, 3.5, 59), "bone", exponent=3),
    ]
    heights = np.array([z for z in chest.vertebrae_mm if z > -320])
    for number, z in enumerate(heights):
        y = float(chest.table(chest.spine_y_mm, z))
        size = 0.8 + 0.032 * number
        half = 0.5 * abs(np.diff(heights)[min(number, len(heights) - 2)]) - 2
        result += [
            ellipsoid("bone", (0, y, z), (17.5 * size, 14 * size, half), "bone", exponent=4),
            ellipsoid(
                "marrow", (0, y, z), (15.5 * size, 12 * size, half - 1.6), "bone", exponent=4
            ),
            ellipsoid("bone", (0, y + 27, z), (18 * size, 15 * size, 7), "bone", exponent=2.6),
            tube("bone", [np.array([[0, y + 40, z], [0, y + 64, z - 18]])], [3.8], "bone"),
            tube(
                "bone",
                [np.array([[-34 * size, y + 34, z], [0, y + 28, z], [34 * size, y + 34, z]])],
                [5.0],
                "bone",
            ),
        ]
    z = np.linspace(200, -330, 90)
    canal = np.stack([0 * z, chest.table(chest.spine_y_mm, z) + 26, z], axis=1)
    result.append(tube("csf", [canal], [9.5]))
    result.append(tube("nerve", [canal], [5.2], "spinal_cord", onto=("csf",)))
    return result
