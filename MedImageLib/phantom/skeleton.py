"""Bones and branching vessels of a chest as center lines, plates and radii in patient mm.

Ribs run on the surface of the rib cage, so that their shadows crowd at the lateral wall as in a
real radiograph; scapulae are thin plates with thick borders; vessels branch from the hila.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from MedImageLib.phantom.chest import Chest

# Of ribs 1 … 12: fall from spine to front in mm, angle from the back where the bone ends.
_RIB_DROP_MM = (34, 52, 68, 82, 93, 101, 106, 108, 104, 98, 88, 76)
_RIB_END_DEG = (142, 144, 144, 142, 139, 136, 131, 125, 117, 107, 84, 58)


@dataclass(frozen=True)
class Tube:
    """A center line (N, 3) in mm with one radius per point; `shell_mm` is the cortex."""

    points_mm: np.ndarray
    radius_mm: np.ndarray
    shell_mm: float = 1.0


@dataclass(frozen=True)
class Plate:
    """A flat polygon (N, 3) in mm of a thin bone."""

    corners_mm: np.ndarray
    thickness_mm: float


def ribs(chest: Chest) -> list[Tube]:
    """Twelve ribs of each side, right first."""
    result = []
    for side in (-1, 1):
        for number in range(12):
            end = np.deg2rad(_RIB_END_DEG[number])
            angle = np.linspace(np.deg2rad(7), end, 60)
            top = chest.vertebrae_mm[3 + number] + 6
            fall = chest.rib_drop * _RIB_DROP_MM[number] * (angle / np.deg2rad(150)) ** 1.55
            z = top - fall + 5 * np.sin(np.minimum(angle * 4, np.pi)) * (number > 0)
            # The surface of the first ribs is that of the cage below the apex.
            level = np.minimum(z, 132)
            half_width = chest.table(chest.cavity_half_width_mm, level) + 4
            half_depth = chest.table(chest.cavity_half_depth_mm, level) + 4
            center = chest.table(chest.cavity_center_y_mm, level)
            x = half_width * np.sin(angle)
            y = center + half_depth * np.cos(angle)
            near = np.exp(-(((x - 20) / 14).clip(0) ** 2))
            off = near * chest.table(chest.spine_x_mm, z)
            y = (1 - near) * y + near * (chest.table(chest.spine_y_mm, z) - 4)
            x = np.maximum(x, 21)
            radius = chest.rib_radius_mm * (1.15 if number == 0 else 0.85 if number > 9 else 1.0)
            taper = np.interp(np.linspace(0, 1, 60), [0, 0.08, 0.55, 0.8, 1], [0.8, 1, 1, 0.8, 0.9])
            result.append(Tube(np.stack([side * x + off, y, z], axis=1), radius * taper, 1.0))
    return result


def clavicles(chest: Chest, generator: np.random.Generator, raised: bool) -> list[Tube]:
    """Right and left clavicle, from the manubrium to the acromion."""
    lift = generator.normal(0, 5) + (22 if raised else 0) + chest.shoulder_lift_mm
    reach = chest.table(chest.skin_half_width_mm, 112.0) - 30
    curve = np.array(
        [
            [16, -58, 94],
            [45, -66, 101],
            [82, -52, 113 + 0.4 * lift],
            [0.78 * reach, -22, 122 + 0.8 * lift],
            [reach, -6, 126 + lift],
        ]
    )
    spline = CubicSpline(np.linspace(0, 1, len(curve)), curve)(np.linspace(0, 1, 80))
    radius = np.interp(np.linspace(0, 1, 80), [0, 0.1, 0.3, 0.7, 1], [9.5, 8, 5.8, 5.8, 7.5])
    return [Tube(spline * np.array([side, 1, 1]), radius, 1.3) for side in (-1, 1)]


def scapulae(
    chest: Chest,
    generator: np.random.Generator,
    protraction_deg: tuple[float, float],
    raised: bool,
) -> list[tuple[list[Plate], list[Tube]]]:
    """Right and left scapula: blade, borders, spine with acromion, coracoid and glenoid.

    protraction_deg: how far the right and the left shoulder are rolled forward, which takes the
    blades off the lungs in a good posteroanterior radiograph.
    """
    reach = chest.table(chest.skin_half_width_mm, 112.0) - 42
    glenoid = np.array([reach, 22.0, 98.0])
    medial_top = np.array([62.0, 84.0, 116.0])
    root = np.array([56.0, 92.0, 84.0])
    inferior = np.array([84.0, 100.0, -28.0])
    neck = glenoid + np.array([-16.0, 10.0, -2.0])
    acromion = np.array([reach + 6, 12.0, 130.0])
    coracoid = glenoid + np.array([-14.0, -30.0, 14.0])
    lift = np.array([0.0, 0.0, chest.shoulder_lift_mm])
    looseness = generator.normal(2, 5)
    result = []
    for side, forward in zip((-1, 1), protraction_deg, strict=True):
        turn = Rotation.from_euler("z", -forward, degrees=True).as_matrix()
        swing = 28.0 if raised else looseness + 0.35 * forward
        # Seen from behind, the lower angle swings outward about the glenoid.
        matrix = Rotation.from_euler("y", -swing, degrees=True).as_matrix() @ turn
        mirror = np.array([side, 1.0, 1.0])

        def moved(
            *points: np.ndarray, mirror: np.ndarray = mirror, matrix: np.ndarray = matrix
        ) -> np.ndarray:
            return ((np.array(points) - glenoid) @ matrix.T + glenoid + lift) * mirror

        borders = [
            (
                moved(neck, 0.5 * (neck + inferior) + np.array([-2, 3, 4]), inferior),
                (6.0, 4.6, 4.0),
            ),
            (moved(inferior, root + np.array([0, 2, -30]), root, medial_top), (3.4, 2.0, 2.0, 2.2)),
            (
                moved(medial_top, 0.5 * (medial_top + neck) + np.array([0, 2, 6]), neck),
                (2.0, 2.2, 4.0),
            ),
            (
                moved(root, 0.45 * root + 0.55 * acromion + np.array([0, 22, 4]), acromion),
                (2.5, 4.5, 8.0),
            ),
            (moved(neck + np.array([0, -4, 8]), coracoid), (6.0, 5.0)),
            (
                moved(
                    glenoid + np.array([-4, 2, 17]),
                    glenoid + np.array([-5, 2, 0]),
                    glenoid + np.array([-4, 2, -17]),
                ),
                (7, 8, 7),
            ),
        ]
        tubes = [Tube(points, np.array(radius, float), 1.1) for points, radius in borders]
        blade = Plate(moved(medial_top, neck, inferior, root), 3.2)
        result.append(([blade], tubes))
    return result


def humeri(chest: Chest, arms: str) -> list[Tube]:
    """Right and left humerus; the shoulder's rounded head is the first part of the tube."""
    shoulder, elbow = arm_line(chest, arms)
    along = np.array([0, 0.03, 0.06, 0.1, 0.14, 0.2, 0.3, 1.0])
    radius = np.array([13.0, 20, 23, 22, 17, 13, 11.5, 11.0])
    points = shoulder + along[:, None] * (elbow - shoulder)
    return [Tube(points * np.array([side, 1, 1]), radius, 3.0) for side in (-1, 1)]


def arm_line(chest: Chest, arms: str) -> tuple[np.ndarray, np.ndarray]:
    """Shoulder and elbow of the left arm: on the hips, hanging down or raised."""
    reach = chest.table(chest.skin_half_width_mm, 112.0) - 20
    shoulder = np.array([reach, 10.0, 116.0 + chest.shoulder_lift_mm])
    spread = chest.arm_spread_mm
    elbow = {
        "hips": np.array([reach + 95 + spread, 18.0, -150.0]),
        "down": np.array([reach + 30 + 0.5 * spread, 22.0, -200.0]),
        "up": np.array([reach + 80 + spread, -12.0, 410.0]),
    }[arms]
    return shoulder, elbow


def vertebral_arches(chest: Chest) -> list[Tube]:
    """Pedicles, spinous and transverse processes of the vertebrae that a radiograph shows."""
    result = []
    for number, z in enumerate(chest.vertebrae_mm):
        y = float(chest.table(chest.spine_y_mm, z))
        off = float(chest.table(chest.spine_x_mm, z))
        size = 0.78 + 0.022 * number
        behind = y + 30 * size
        result.append(
            Tube(
                np.array([[off, behind, z - 2], [off, behind + 24 * size, z - 20 * size]]),
                np.array([2.6, 2.2]) * size,
                0.7,
            )
        )
        for side in (-1, 1):
            x = off + side * 13.5 * size
            result.append(
                Tube(
                    np.array([[x, y + 10, z + 3], [x, behind, z + 3]]),
                    np.array([4.2, 4.2]) * size,
                    1.4,
                )
            )
            result.append(
                Tube(
                    np.array([[x, behind, z + 3], [off + side * 32 * size, behind + 8, z + 5]]),
                    np.array([4.0, 4.6]) * size,
                )
            )
    return result


def airways(chest: Chest) -> list[Tube]:
    """Trachea and main bronchi: tubes of air."""
    carina = np.array([3.0, 12.0, 40.0])
    return [
        Tube(np.array([[0, 4.0, 260], [0, 2.0, 180], [1, 8.0, 100], carina]), np.full(4, 8.5), 0),
        Tube(np.array([carina, [-20, 14, 20], [-40, 16, -6]]), np.array([7.5, 6.5, 4.5]), 0),
        Tube(np.array([carina, [24, 16, 24], [50, 20, 4]]), np.array([6.5, 5.5, 4.0]), 0),
    ]


def vessels(chest: Chest, generator: np.random.Generator, richness: float) -> list[Tube]:
    """Pulmonary vessels of both lungs as branching tubes that thin out to the periphery."""
    result: list[Tube] = []
    for side, hilum_z in ((-1, 2.0), (1, 14.0)):
        hilum = np.array([side * 33.0, 2.0, hilum_z])
        result.append(
            Tube(
                np.array(
                    [
                        hilum + np.array([side * -8, 0, 12]),
                        hilum + np.array([side * 6, 0, 4]),
                        hilum + np.array([side * 14, 6, -32]),
                    ]
                ),
                np.array([9.0, 9.5, 6.5]),
                0,
            )
        )
        for _ in range(int(18 * richness)):
            polar = generator.uniform(-2.5, 2.3)
            lean = generator.normal(0, 0.55)
            heading = np.array(
                [side * abs(np.cos(polar / 1.65)) + side * 0.15, lean, np.sin(polar / 1.65)]
            )
            start = hilum + np.array([side * 4, 0, 12 * np.sin(polar / 1.65) - 6])
            _branch(result, generator, start, heading, generator.uniform(3.2, 4.6), 0)
    return result


def _branch(
    result: list[Tube],
    generator: np.random.Generator,
    start: np.ndarray,
    heading: np.ndarray,
    radius: float,
    depth: int,
) -> None:
    if depth > 6 or radius < 0.4:
        return
    heading = heading / np.linalg.norm(heading)
    length = generator.uniform(16, 30) * (0.93**depth)
    points = [start]
    for _ in range(3):
        heading = heading + generator.normal(0, 0.11, 3)
        heading /= np.linalg.norm(heading)
        points.append(points[-1] + heading * length / 3)
    thin = radius * 0.86
    result.append(Tube(np.array(points), np.linspace(radius, thin, 4), 0))
    for share, spread in ((generator.uniform(0.8, 0.92), 0.28), (generator.uniform(0.5, 0.8), 0.7)):
        _branch(
            result,
            generator,
            points[-1],
            heading + generator.normal(0, spread, 3),
            thin * share,
            depth + 1,
        )
