"""A randomized head and neck as solids; origin in front of the second and third cervical vertebra.

LPS millimeters: x to the patient's left, y posterior, z superior.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from MedImageLib.phantom.anatomy import Solid, ellipsoid, region, tube

STRUCTURES = {
    "body": 1,
    "brainstem": 2,
    "spinal_cord": 3,
    "right_parotid": 4,
    "left_parotid": 5,
    "esophagus": 6,
    "larynx": 7,
    "mandible": 8,
    "bone": 9,
    "right_lung": 10,
    "left_lung": 11,
}
SOFT = ("soft", "muscle", "fat")


def head_and_neck(generator: np.random.Generator) -> list[Solid]:
    """Solids of one patient, in the order of painting."""
    wide, deep = generator.normal(1, 0.04, 2).clip(0.9, 1.1)
    fat = generator.uniform(4, 10)
    solids = _skin(wide, deep, fat)
    solids += _muscles(wide, deep)
    solids += _skull(wide, deep)
    solids += _face(generator, wide)
    solids += _spine(generator)
    solids += _neck(generator, wide)
    return solids


def _skin(wide: float, deep: float, fat: float) -> list[Solid]:
    def outline(less: float, tissue: str) -> list[Solid]:
        first = not less
        onto = () if first else ("fat",)
        parts = [
            ((0, 2, 92), (77 * wide, 98 * deep, 112), 2.2),
            ((0, -42, 28), (56 * wide, 52 * deep, 56), 2.3),
            ((0, 22, -40), (59 * wide, 62, 130), 2.6),
            ((0, 24, -172), (212 * wide, 92, 98), 2.3),
        ]
        result = [
            ellipsoid(tissue, c, np.array(r) - less, onto=onto, exponent=p, outline=first)
            for c, r, p in parts
        ]
        if first:
            result.append(ellipsoid(tissue, (0, -97 * deep, 60), (13, 17, 20), outline=True))
            for side in (-1, 1):
                ear = (side * 79 * wide, 12, 62)
                result.append(ellipsoid(tissue, ear, (6, 16, 28), outline=True))
        return result

    return outline(0.0, "fat") + outline(fat, "soft")


def _muscles(wide: float, deep: float) -> list[Solid]:
    result = [
        ellipsoid("muscle", (0, 62, -40), (44 * wide, 24, 110), onto=("soft",), exponent=2.5),
        ellipsoid("fat", (0, 2, -50), (45 * wide, 44, 40), onto=("soft",)),
    ]
    for side in (-1, 1):
        line = np.array([[side * 62, 24, 42], [side * 48, 0, -40], [side * 16, -34, -110]]) * [
            wide,
            1,
            1,
        ]
        result.append(tube("muscle", [line], [11.0], onto=SOFT))
        masseter = (side * 56 * wide, -22, 20)
        result.append(ellipsoid("muscle", masseter, (8, 17, 28), onto=SOFT))
        result.append(
            ellipsoid("muscle", (side * 110, 55, -130), (85, 30, 50), onto=("soft", "fat"))
        )
    return result


def _skull(wide: float, deep: float) -> list[Solid]:
    outer = np.array([70 * wide, 91 * deep, 100])
    center = (0, 5, 98)
    above = 52.0

    # The base rises from behind to the front; each layer begins a little higher.
    def over(height: float):
        return lambda p: p[:, 2] > above + height - 0.17 * p[:, 1]

    result = [
        ellipsoid("bone", center, outer, "bone", keep=over(0)),
        ellipsoid("marrow", center, outer - 2.2, "bone", keep=over(9)),
        ellipsoid("bone", center, outer - 4.8, "bone", keep=over(3)),
        ellipsoid("csf", center, outer - 7, "", keep=over(5)),
        ellipsoid("brain", center, outer - 9, "", keep=over(7)),
    ]
    for side in (-1, 1):
        result.append(
            ellipsoid("csf", (side * 12, -6, 118), (6, 32, 13), onto=("brain",))  # ventricles
        )
        result.append(ellipsoid("bone", (side * 54 * wide, 22, 48), (13, 20, 24), "bone"))
        result.append(ellipsoid("air", (side * 55 * wide, 24, 45), (6, 9, 10)))
        result.append(tube("air", [np.array([[side * 46, 8, 56], [side * 84, 8, 58]])], [3.0]))
    result.append(ellipsoid("csf", (0, 22, 72), (19, 18, 34), onto=("brain", "bone")))
    result.append(
        ellipsoid("nerve", (0, 22, 76), (14.5, 12.5, 27), "brainstem", keep=lambda p: p[:, 2] > 50)
    )
    return result


def _face(generator: np.random.Generator, wide: float) -> list[Solid]:
    drop = generator.normal(0, 2.5)
    half = np.array(
        [[50, -6, 44], [49, -10, 26], [46, -18, 4], [33, -52, -4 + drop], [14, -79, -5 + drop]]
    )
    half[:, 0] *= wide
    jaw = np.concatenate([half * [-1, 1, 1], half[::-1]])
    path = CubicSpline(np.linspace(0, 1, len(jaw)), jaw)(np.linspace(0, 1, 120))
    angle = np.linspace(-1.15, 1.15, 40)
    arch = np.stack([30 * wide * np.sin(angle), -28 - 44 * np.cos(angle), 0 * angle], axis=1)
    result = [
        ellipsoid("fat", (0, -30, 66), (52 * wide, 46, 26), onto=("soft", "muscle")),
        tube("bone", [path], [6.2], "mandible", squash=(0.85, 0.85, 1.7)),
        tube("marrow", [path], [3.4], "mandible", onto=("bone",), squash=(0.8, 0.8, 1.7)),
        ellipsoid("muscle", (0, -44, 6), (25, 30, 19), onto=SOFT),  # tongue
        tube("tooth", [arch + np.array((0, 0, 14))], [3.8], "bone", squash=(1, 1, 1.6)),
        tube("tooth", [arch * [0.96, 0.97, 1] + [0, 0, 4]], [3.4], "bone", squash=(1, 1, 1.5)),
        tube("bone", [arch + np.array((0, 0, 25))], [6.0], "bone"),
        ellipsoid("bone", (0, -66, 42), (17, 24, 22), "bone", onto=("soft", "fat", "muscle")),
        ellipsoid("air", (0, -62, 46), (13, 28, 18)),
        ellipsoid("bone", (0, -62, 46), (1.3, 27, 18), "bone", onto=("air",)),
        ellipsoid("air", (0, -16, 62), (10, 9, 8)),
    ]
    for side in (-1, 1):
        orbit = (side * 32 * wide, -64, 80)
        result += [
            ellipsoid("fat", orbit, (18, 24, 17)),
            ellipsoid("fluid", (side * 32 * wide, -77, 80), (12, 12, 12)),
            ellipsoid("bone", (side * 29 * wide, -50, 47), (17, 19, 18), "bone"),
            ellipsoid("air", (side * 29 * wide, -50, 47), (15, 17, 16)),
            tube(
                "bone",
                [np.array([[side * 48, -62, 56], [side * 66, -40, 58], [side * 66, -6, 56]])],
                [4.0],
                "bone",
            ),
            ellipsoid(
                "gland",
                (side * 57 * wide, 3 + generator.normal(0, 2), 20 + generator.normal(0, 3)),
                np.array([14, 20, 25]) * generator.normal(1, 0.07),
                "left_parotid" if side > 0 else "right_parotid",
                onto=("soft", "fat", "muscle"),
            ),
            ellipsoid("gland", (side * 28 * wide, -38, -16), (10, 14, 11), onto=SOFT),
        ]
    return result


def _spine(generator: np.random.Generator) -> list[Solid]:
    bend = generator.normal(1, 0.25)

    def middle(z: np.ndarray | float) -> np.ndarray:
        return 14 + 6 * bend * (((np.asarray(z, float) + 35) / 75) ** 2 - 0.4)

    result: list[Solid] = []
    heights = 34 - np.cumsum([0, 17, 17, 17, 17, 17.5, 18, 19.5, 20.5, 21.5, 22])
    back = 24.0
    for number, z in enumerate(heights):
        y = float(middle(z))
        size = 0.86 + 0.035 * number
        result += [
            ellipsoid("bone", (0, y, z), (16 * size, 12 * size, 7.8 * size), "bone", exponent=4),
            ellipsoid("marrow", (0, y, z), (14 * size, 10 * size, 6.3 * size), "bone", exponent=4),
            ellipsoid("bone", (0, y + back, z), (19 * size, 16 * size, 6.5), "bone", exponent=2.5),
            tube(
                "bone",
                [np.array([[0, y + back + 12, z], [0, y + back + 34 * size, z - 12]])],
                [3.6],
                "bone",
            ),
            tube(
                "bone",
                [np.array([[-26 * size, y + 12, z], [0, y + 18, z + 1], [26 * size, y + 12, z]])],
                [5.2],
                "bone",
            ),
        ]
    z = np.linspace(50, -190, 60)
    canal = np.stack([0 * z, middle(z) + back, z], axis=1)
    result.append(tube("csf", [canal], [9.5]))
    result.append(tube("nerve", [canal[canal[:, 2] < 50.5]], [5.6], "spinal_cord", onto=("csf",)))
    return result


def _neck(generator: np.random.Generator, wide: float) -> list[Solid]:
    larynx_z = -52 + generator.normal(0, 5)
    airway = np.array(
        [
            [0, -20, 58],
            [0, -19, 20],
            [0, -18, -20],
            [0, -30, larynx_z],
            [0, -24, -85],
            [0, -10, -190],
        ]
    )
    gullet = np.array([[0, -11, larynx_z - 22], [2, -7, -95], [5, 4, -190]])
    result: list[Solid] = []
    for side in (-1, 1):
        apex = (side * 52 * wide, 22, -168 + generator.normal(0, 4))
        name = "left_lung" if side > 0 else "right_lung"
        result += [
            ellipsoid("lung", apex, (40, 56, 72), name, onto=(*SOFT, "bone")),
            tube(
                "blood",
                [np.array([[side * 25, 2, 40], [side * 28, -6, -30], [side * 22, -8, -150]])],
                [3.6],
                onto=SOFT,
            ),
            tube(
                "blood",
                [np.array([[side * 32, 8, 40], [side * 36, 0, -30], [side * 30, -14, -150]])],
                [5.5],
                onto=SOFT,
            ),
            tube(
                "bone",
                [
                    np.array(
                        [
                            [side * 14, -42, -126],
                            [side * 60, -48, -112],
                            [side * 110, -18, -100],
                            [side * 150 * wide, 6, -98],
                        ]
                    )
                ],
                [6.0],
                "bone",
            ),
            ellipsoid("bone", (side * 168 * wide, 18, -126), (24, 24, 24), "bone"),
            ellipsoid("marrow", (side * 168 * wide, 18, -126), (21, 21, 21), "bone"),
            tube(
                "bone",
                [np.array([[side * 60, 96, -190], [side * 80, 92, -130], [side * 142, 34, -112]])],
                [5.5],
                "bone",
            ),
            ellipsoid("gland", (side * 17, -22, larynx_z - 30), (8, 9, 19), onto=SOFT),
        ]
        for rib in range(3):
            angle = np.linspace(0.25, 2.5, 40)
            top = -112 - 22 * rib
            reach, depth = 46 + 13 * rib, 48 + 10 * rib
            line = np.stack(
                [
                    side * (10 + reach * np.sin(angle)),
                    20 + depth * np.cos(angle),
                    top - 16 * angle,
                ],
                axis=1,
            )
            result.append(tube("bone", [line], [5.0], "bone"))
    larynx = (0, -29, larynx_z)
    result += [
        ellipsoid("cartilage", larynx, (19, 18, 22), "larynx", onto=SOFT),
        ellipsoid("soft", larynx, (16, 15, 22), "larynx", onto=("cartilage",)),
        tube("soft", [airway[3:]], [12.0], onto=("fat", "muscle")),
        tube("air", [airway], [np.array([9, 8, 8.5, 6.0, 8.5, 8.5])], squash=(1.15, 0.85, 1)),
        tube("muscle", [gullet], [6.8], "esophagus", onto=(*SOFT, "blood", "gland")),
    ]
    return result


def couch(top_mm: float) -> list[Solid]:
    """The tabletop, which does not move with the patient: a shell around foam."""
    lower, upper = (-230, top_mm, -1000), (230, top_mm + 26, 1000)

    def board(inset: float) -> Solid:
        def inside(points: np.ndarray) -> np.ndarray:
            x, y = points[:, 0], points[:, 1]
            return (np.abs(x) < 230 - inset) & (y > top_mm + inset) & (y < top_mm + 26 - inset)

        return region("couch", lower, upper, inside, outline=True)

    return [board(0.0)]
