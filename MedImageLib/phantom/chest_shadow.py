"""Path lengths of X-rays through the organs and bones of a chest, and their attenuation.

Organs are sampled in slabs of constant depth, bones are drawn as the exact shadows of tubes
and plates. All paths are mm along the ray, images are (rows, columns) of the detector.
"""

from __future__ import annotations

import numpy as np

from MedImageLib.phantom import skeleton
from MedImageLib.phantom.chest import TABLE_SIZE, TABLE_STEP_MM, TABLE_TOP_MM, Chest
from MedImageLib.phantom.projection import (
    Beam,
    RoundTubes,
    ellipsoid_path,
    line_samples,
    tube_path,
)

# Effective attenuation per mm behind a filtered 110 kV beam.
SOFT, FAT, LUNG, TRABECULAR, CORTICAL = 0.0192, 0.0172, 0.0041, 0.0270, 0.0460
DEPTH_STEP_MM = 3.0
EDGE_MM = 2.4


def soft_paths(beam: Beam, chest: Chest, arms: str) -> dict[str, np.ndarray]:
    """Path lengths in mm through organs, summed over slabs of constant depth."""
    names = ("body", "flesh", "right_lung", "left_lung", "heart", "mediastinum", "abdomen", "spine")
    paths = {name: np.zeros(beam.shape, np.float32) for name in names}
    tables = np.stack(
        [
            1 / chest.skin_half_width_mm**2,
            1 / chest.skin_half_depth_mm**2,
            chest.skin_center_y_mm,
            1 / chest.cavity_half_width_mm**2,
            1 / chest.cavity_half_depth_mm**2,
            chest.cavity_center_y_mm,
            chest.mediastinum_center_x_mm,
            1 / chest.mediastinum_half_width_mm**2,
            chest.spine_y_mm,
            *_vertebral_tables(chest),
            chest.spine_x_mm,
        ]
    ).astype(np.float32)
    shoulder, elbow = skeleton.arm_line(chest, arms)
    # Rotated a little, the body reaches somewhat further along the beam.
    reach = float(chest.skin_half_depth_mm.max()) + 30
    depths = np.arange(-reach, reach, DEPTH_STEP_MM) + DEPTH_STEP_MM / 2
    oblique = beam.obliquity() * DEPTH_STEP_MM
    block = max(16, 32768 // beam.shape[1])
    for first in range(0, beam.shape[0], block):
        rows = slice(first, min(first + block, beam.shape[0]))
        for depth in depths:
            x, y, z = beam.samples(depth, rows)
            _add_sample(paths, rows, x, y, z, tables, chest, (shoulder, elbow))
        for name in names:
            paths[name][rows] *= oblique[rows]
    return paths


def _add_sample(
    paths: dict[str, np.ndarray],
    rows: slice,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    tables: np.ndarray,
    chest: Chest,
    arm: tuple[np.ndarray, np.ndarray],
) -> None:
    at = ((TABLE_TOP_MM - z) * (1 / TABLE_STEP_MM)).astype(np.int32)
    np.clip(at, 0, TABLE_SIZE - 1, out=at)

    def table(number: int) -> np.ndarray:
        return tables[number].take(at)

    skin = _oval(x * x * table(0), y - table(2), table(1))
    body = _inside(skin, 120.0)
    side = np.abs(x)
    limb = np.zeros_like(body)
    for strip in _strips(side, float(arm[0][0]) - 50):
        squared = _arm_distance_squared(side[:, strip], y[:, strip], z[:, strip], arm)
        limb[:, strip] = _inside(squared * (1 / 46.0**2), 46.0)
    np.maximum(body, limb, out=body)
    if not body.any():
        return
    paths["body"][rows] += body
    rim = 1 - (13.0 * chest.wall_mm + 2) / 122.0
    paths["flesh"][rows] += np.minimum(np.maximum(_inside(skin / rim**2, 120.0), limb * 0.8), body)
    # All that follows lies inside the rib cage.
    inner = np.flatnonzero(side.min(axis=0) < float(chest.cavity_half_width_mm.max()) + EDGE_MM)
    if not inner.size:
        return
    columns = slice(inner[0], inner[-1] + 1)
    x, y, z, at, side = (part[:, columns] for part in (x, y, z, at, side))
    place = (rows, columns)
    cavity = _inside(_oval(x * x * table(3), y - table(5), table(4)), 115.0)
    spine_offset = y - table(8)
    aside = np.abs(x - table(11))
    bone = np.clip(
        (table(9) - np.maximum(aside, np.abs(spine_offset) * 1.15)) / EDGE_MM + 0.5, 0, 1
    )
    paths["spine"][place] += bone * table(10)
    if not cavity.any():
        return
    below = np.clip((chest.dome_mm(x, y) - z) * (1 / EDGE_MM) + 0.5, 0, 1)
    abdomen = cavity * below
    paths["abdomen"][place] += abdomen
    chamber = cavity - abdomen
    heart = np.zeros_like(x)
    for center, radii, axes in chest.heart:
        np.maximum(heart, _in_ellipsoid(x, y, z, center, radii, axes), out=heart)
    paths["heart"][place] += heart
    offset = x - table(6)
    vessels = _inside(offset * offset * table(7) + ((y + 1) * (1 / 44.0)) ** 2, 27.0)
    knob = _in_ellipsoid(x, y, z, *chest.aortic_knob)
    aorta = _inside(
        ((x - chest.aorta_x_mm) ** 2 + (y - 40) ** 2) * (1 / chest.aorta_radius_mm**2), 13.0
    )
    aorta *= z < chest.aortic_knob[0][2]
    column = _inside(aside * aside * (1 / 22.0**2) + (spine_offset * (1 / 25.0)) ** 2, 22.0)
    middle = np.maximum(np.maximum(vessels, knob), np.maximum(aorta, column))
    paths["mediastinum"][place] += np.maximum(vessels, np.maximum(knob, aorta)) * chamber
    np.maximum(middle, heart, out=middle)
    lung = chamber * (1 - middle)
    right = x < 0
    paths["right_lung"][place] += lung * right
    paths["left_lung"][place] += lung * ~right


def _oval(across: np.ndarray, offset: np.ndarray, inverse_square: np.ndarray) -> np.ndarray:
    """A form that is 1 on a somewhat squared ellipse, as trunks and rib cages are."""
    # Bounded, since the mixed term would fall again far outside.
    across = np.minimum(across, 2)
    along = np.minimum(offset * offset * inverse_square, 2)
    return across + along - 0.25 * across * along


def _inside(quadratic: np.ndarray, size_mm: float) -> np.ndarray:
    """Occupancy 0 … 1 of a form that is 1 on the surface of a solid of about that radius."""
    return np.clip((1 - quadratic) * (size_mm / (2 * EDGE_MM)) + 0.5, 0, 1)


def _in_ellipsoid(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    center: np.ndarray,
    radii: np.ndarray,
    axes: np.ndarray,
) -> np.ndarray:
    scale = (axes / radii).T.astype(np.float32)
    shift = (scale @ center).astype(np.float32)
    form = np.zeros_like(x)
    for (a, b, c), offset in zip(scale, shift, strict=True):
        part = a * x + b * y
        part += c * z - offset
        form += part * part
    return _inside(form, float(np.min(radii)))


def _strips(side: np.ndarray, beyond: float) -> list[slice]:
    """Columns at the left and right edge whose rays come farther out than `beyond` mm."""
    outer = np.flatnonzero(side.max(axis=0) > beyond)
    breaks = np.flatnonzero(np.diff(outer) > 1)
    return [slice(part[0], part[-1] + 1) for part in np.split(outer, breaks + 1) if part.size]


def _arm_distance_squared(
    side: np.ndarray, y: np.ndarray, z: np.ndarray, arm: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    shoulder, elbow = (end.astype(np.float32) for end in arm)
    line = elbow - shoulder
    dx, dy, dz = side - shoulder[0], y - shoulder[1], z - shoulder[2]
    t = np.clip((dx * line[0] + dy * line[1] + dz * line[2]) / (line @ line), 0, 1)
    return (dx - t * line[0]) ** 2 + (dy - t * line[1]) ** 2 + (dz - t * line[2]) ** 2


def _vertebral_tables(chest: Chest) -> tuple[np.ndarray, np.ndarray]:
    """Half width of the vertebral bodies, and how much bone is at each height (discs: none)."""
    z = TABLE_TOP_MM - TABLE_STEP_MM * np.arange(TABLE_SIZE)
    number = np.interp(-z, -chest.vertebrae_mm, np.arange(len(chest.vertebrae_mm)))
    gap = np.interp(-z, -chest.vertebrae_mm[:-1], -np.diff(chest.vertebrae_mm))
    from_middle = np.abs(number - np.round(number)) * gap
    half_height = gap / 2 - 2.4
    width = 11.5 + 0.62 * number
    waist = width * (0.9 + 0.12 * (from_middle / half_height) ** 2)
    bone = np.clip((half_height - from_middle) / 1.5 + 0.5, 0, 1)
    endplate = 1 + 0.9 * np.exp(-(((from_middle - half_height + 1) / 1.0) ** 2))
    return waist, bone * endplate


def bone_paths(
    beam: Beam,
    chest: Chest,
    arms: str,
    protraction_deg: tuple[float, float],
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Path lengths in mm through bone as compact as cortex, less what the marrow lacks.

    protraction_deg: of the right and the left shoulder.
    """
    raised = arms == "up"
    result = {"ribs": _tubes(beam, skeleton.ribs(chest), flatness=0.9)}
    result["clavicles"] = _tubes(beam, skeleton.clavicles(chest, generator, raised))
    result |= scapula_paths(beam, chest, protraction_deg, raised, generator)
    result["humeri"] = _tubes(beam, skeleton.humeri(chest, arms))
    result["arches"] = _tubes(beam, skeleton.vertebral_arches(chest), flatness=0.24)
    return result


def scapula_paths(
    beam: Beam,
    chest: Chest,
    protraction_deg: tuple[float, float],
    raised: bool,
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """As `bone_paths`, of `right_scapula` and `left_scapula` alone."""
    result = {}
    blades = skeleton.scapulae(chest, generator, protraction_deg, raised)
    for name, (plates, tubes) in zip(("right_scapula", "left_scapula"), blades, strict=True):
        path = _tubes(beam, tubes)
        for plate in plates:
            path = np.maximum(path, _plate_path(beam, plate))
        result[name] = path
    return result


def _tubes(beam: Beam, tubes: list[skeleton.Tube], flatness: float = 1.0) -> np.ndarray:
    """Equivalent path in cortical bone of hollow tubes, grouped by radius."""
    marrow = (CORTICAL - TRABECULAR) / (CORTICAL - SOFT)
    step = beam.pixel_mm * 0.6
    groups: dict[tuple[float, float], list[tuple[np.ndarray, np.ndarray]]] = {}
    for tube in tubes:
        points, weights, radii = line_samples(tube.points_mm, step, tube.radius_mm)
        # Radii rounded to 12 % are few enough to share one convolution each.
        steps = np.round(np.log(np.maximum(radii, 0.2)) / 0.12)
        for value in np.unique(steps):
            chosen = steps == value
            key = (float(np.exp(0.12 * value)), tube.shell_mm)
            groups.setdefault(key, []).append((points[chosen], weights[chosen]))
    round_tubes = [
        RoundTubes(
            np.concatenate([part[0] for part in parts]),
            np.concatenate([part[1] for part in parts]),
            radius,
            max(radius - shell, 0.0),
            marrow if shell > 0 else 0.0,
        )
        for (radius, shell), parts in groups.items()
    ]
    return tube_path(beam, round_tubes) * flatness


def _plate_path(beam: Beam, plate: skeleton.Plate) -> np.ndarray:
    from PIL import Image, ImageDraw

    corners = beam.pixels(plate.corners_mm)
    factor = 3
    canvas = Image.new("L", (beam.shape[1] * factor, beam.shape[0] * factor), 0)
    outline = [(float(c + 0.5) * factor, float(r + 0.5) * factor) for r, c in corners]
    ImageDraw.Draw(canvas).polygon(outline, fill=255)
    cover = np.asarray(canvas.resize(beam.shape[::-1], Image.Resampling.BOX), float) / 255
    world = plate.corners_mm @ beam.world_from_patient.T
    normal = np.cross(world[1] - world[0], world[2] - world[0])
    slant = abs(normal[1]) / np.linalg.norm(normal)
    return cover * plate.thickness_mm / max(slant, 0.15)


def attenuation(
    beam: Beam,
    chest: Chest,
    paths: dict[str, np.ndarray],
    bones: dict[str, np.ndarray],
    breasts: float,
    generator: np.random.Generator,
) -> np.ndarray:
    lungs = paths["right_lung"] + paths["left_lung"]
    density = LUNG * generator.normal(1, 0.12)
    total = FAT * paths["body"] + (SOFT - FAT) * paths["flesh"] - (SOFT - density) * lungs
    total += 0.0006 * paths["heart"]
    bone = sum(bones.values()) * (CORTICAL - SOFT)
    bone = bone + paths["spine"] * (TRABECULAR - SOFT) * 0.4
    total += chest.bone_density * bone
    airways = skeleton.airways(chest)
    total -= SOFT * 1.2 * np.minimum(_tubes(beam, airways), paths["body"] - lungs)
    vessels = _tubes(beam, skeleton.vessels(chest, generator, generator.uniform(0.8, 1.2)))
    in_lung = np.clip(lungs / 60, 0, 1)
    total += (SOFT - density) * np.minimum(vessels, 0.5 * lungs + 1) * in_lung
    for center, radii in _bubbles(chest, generator):
        gas = np.minimum(ellipsoid_path(beam, center, radii), paths["abdomen"])
        total -= SOFT * 0.9 * gas
    total += FAT * _breasts(beam, chest, breasts)
    return np.maximum(total, 0)


def _bubbles(chest: Chest, generator: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Gas in the stomach below the left dome and in the bowel."""
    top = chest.dome_left_mm
    size = generator.uniform(0.5, 1.25)
    result = [
        (
            top + np.array([generator.normal(-12, 8), -20, -12 - 17 * size]),
            np.array([27.0 * generator.uniform(0.8, 1.3), 24, 15]) * size,
        )
    ]
    for _ in range(generator.integers(0, 5)):
        place = np.array([generator.uniform(0, 45), generator.uniform(-40, 0), -60.0])
        spread = np.array([0, 0, generator.uniform(-50, 10)])
        result.append((top + place + spread, generator.uniform(8, 20, 3)))
    return result


def _breasts(beam: Beam, chest: Chest, size: float) -> np.ndarray:
    total = np.zeros(beam.shape)
    if size <= 0:
        return total
    for side in (-1, 1):
        radii = np.array([66.0, 46.0 * size + 14, 62.0]) * (0.75 + 0.3 * size)
        surface = chest.table(chest.skin_half_depth_mm, -60.0) * -0.78
        center = np.array([side * 82.0, surface, -52.0 - 22 * size])
        # Half of the ellipsoid lies in the chest wall already counted, and its upper part
        # passes into the wall without an edge.
        row, _ = beam.pixels(center)
        rise = (row - np.arange(beam.shape[0])) * beam.pixel_mm / radii[2]
        fade = np.clip(0.55 - 0.75 * rise, 0.0, 1) ** 1.3
        total += 0.55 * fade[:, None] * ellipsoid_path(beam, center, radii)
    return total
