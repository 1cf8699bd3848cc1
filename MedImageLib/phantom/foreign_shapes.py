"""Foreign objects as people and patients wear them on radiographs, kind by kind.

Each function draws the parts of one object of its kind at random (`foreign_parts`); sizes and
depths are those of ordinary things, materials are drawn where a kind comes in several.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MedImageLib.phantom.foreign_parts import (
    BRASS,
    SILVER,
    STEEL,
    TITANIUM,
    Generator,
    Part,
    bar,
    frame,
    ring,
    some_metal,
    wandering,
)


def button(generator: Generator) -> list[Part]:
    radius = generator.uniform(4.5, 11)
    depth = generator.uniform(0.12, 0.5) if generator.random() < 0.7 else some_metal(generator, 0.6)
    parts = [ring(radius, depth)]
    if generator.random() < 0.6:
        parts.append(ring(0.86 * radius, 0.4 * depth, 0.25 * radius))
    holes = int(generator.choice([0, 2, 4]))
    for angle in np.arange(holes) * 2 * np.pi / max(holes, 1) + generator.uniform(0, 3):
        place = (0.3 * radius * np.cos(angle), 0.3 * radius * np.sin(angle))
        parts.append(ring(0.14 * radius, -depth, center_mm=place))
    return parts


def snap(generator: Generator) -> list[Part]:
    radius = generator.uniform(3, 7)
    depth = some_metal(generator, 0.4)
    return [ring(radius, 0.4 * depth), ring(0.8 * radius, depth, 0.3 * radius)]


def coin(generator: Generator) -> list[Part]:
    flat = generator.uniform(0.15, 1)
    return [ring(generator.uniform(8, 14), BRASS * generator.uniform(1.2, 2.4), flat=flat)]


def necklace(generator: Generator) -> list[Part]:
    width, drop = generator.uniform(60, 180), generator.uniform(30, 160)
    across = np.linspace(-1, 1, int(generator.uniform(40, 110)))
    line = np.column_stack([across * width / 2, drop * (0.5 - across**2)])
    line += generator.normal(0, 0.4, line.shape)
    depth = some_metal(generator, generator.uniform(0.4, 1.2)) + 0.1
    size = generator.uniform(0.7, 2.2)
    if generator.random() < 0.5:
        parts = [Part(line, min(depth, 1.5), size)]
    else:
        parts = [ring(size, depth, center_mm=(float(x), float(y))) for x, y in line]
    if generator.random() < 0.6:
        pendant = ring(generator.uniform(3, 12), depth, center_mm=(0, drop / 2 + 4))
        parts.append(pendant)
        if generator.random() < 0.4:
            parts.append(bar((0, drop / 2), (0, drop / 2 + 25), 4, depth))
            parts.append(bar((-8, drop / 2 + 9), (8, drop / 2 + 9), 4, depth))
    return parts


def zip_fastener(generator: Generator) -> list[Part]:
    length, pitch = generator.uniform(15, 150), generator.uniform(1.8, 3)
    depth = some_metal(generator, 1.2) + 0.2
    parts = [
        bar((-2 if n % 2 else 0, y), (0 if n % 2 else 2, y), 1.2, depth)
        for n, y in enumerate(np.arange(-length / 2, length / 2, pitch))
    ]
    if generator.random() < 0.7:
        y = generator.uniform(-length / 2, length / 2)
        parts.append(bar((0, y - 4), (0, y + 4), 7, 1.5 * depth))
        parts.append(bar((0, y + 4), (generator.uniform(-8, 8), y + 22), 4, depth))
    return parts


def bra(generator: Generator) -> list[Part]:
    depth, choice = some_metal(generator, 1.0) + 0.3, generator.random()
    if choice < 0.4:  # hooks and eyes
        rows, columns = int(generator.integers(2, 5)), int(generator.integers(1, 4))
        return [
            ring(2.0, depth, 0.9, (10.0 * column, 9.0 * row), generator.uniform(0.5, 1))
            for row in range(rows)
            for column in range(columns)
        ]
    if choice < 0.7:  # slide or ring of a strap
        size = generator.uniform(9, 18)
        if generator.random() < 0.5:
            return [ring(size / 2, depth, 1.6)]
        return [
            frame(size, generator.uniform(7, 14), depth, 1.6),
            bar((-size / 2, 0), (size / 2, 0), 1.6, depth),
        ]
    angles = np.linspace(0.1, np.pi - 0.1, 30)
    radius = generator.uniform(45, 75)  # wire below the breast
    arc = np.column_stack([np.cos(angles), generator.uniform(0.6, 1) * np.sin(angles)]) * radius
    return [Part(arc - arc.mean(0), min(depth, 1.5), generator.uniform(1, 2))]


def wire(generator: Generator) -> list[Part]:
    """A lead, now and then in a bundle, with a connector."""
    line = wandering(generator, generator.uniform(60, 420), 0.35)
    depth, width = np.exp(generator.uniform(-2.2, 0.2)), generator.uniform(0.8, 2.2)
    parts = [Part(line, depth, width)]
    for _ in range(int(generator.choice([0, 0, 1, 2]))):
        beside = line + generator.normal(0, 5, 2) + generator.normal(0, 6, (1, 2))
        parts.append(Part(beside[: int(len(line) * generator.uniform(0.4, 1))], depth, width))
    if generator.random() < 0.4:
        parts.append(Part(line[:4], 2 * depth + 0.3, 2.5 * width + 2))
    return parts


def electrode(generator: Generator) -> list[Part]:
    """A disk with its snap, or the clip that grips it; often on a faint patch and with its lead."""
    if generator.random() < 0.4:
        return _gripping_clip(generator)
    parts = [ring(generator.uniform(3, 6), generator.uniform(0.3, 1.2))]
    if generator.random() < 0.6:
        parts.append(ring(generator.uniform(1, 2.5), some_metal(generator, 1) + 0.3))
    if generator.random() < 0.6:
        patch = generator.uniform(10, 24)
        faint = generator.uniform(0.04, 0.15)
        parts.append(
            ring(patch, faint)
            if generator.random() < 0.5
            else frame(2 * patch, generator.uniform(1.2, 2) * patch, faint)
        )
    if generator.random() < 0.7:
        line = wandering(generator, generator.uniform(40, 300), 0.35)
        parts.append(
            Part(line - line[0], np.exp(generator.uniform(-2, 0)), generator.uniform(0.8, 2))
        )
    return parts


def _gripping_clip(generator: Generator) -> list[Part]:
    length, width = generator.uniform(12, 30), generator.uniform(4, 9)
    plastic, metal = generator.uniform(0.1, 0.5), some_metal(generator, 1.0) + 0.3
    parts = [
        bar((-length / 2, 0), (length / 2, 0), width, plastic),
        bar((-length / 2, 0), (length * generator.uniform(-0.1, 0.4), 0), 0.4 * width, metal),
        ring(generator.uniform(2, 4.5), 0.5 * metal, center_mm=(-length / 2, 0)),
    ]
    if generator.random() < 0.5:
        parts.append(ring(1.2 * width / 2, metal, 1.2, center_mm=(-length / 4, 0)))
    if generator.random() < 0.8:
        line = wandering(generator, generator.uniform(60, 300), 0.3)
        start = np.array([length / 2, 0.0])
        parts.append(
            Part(line - line[0] + start, np.exp(generator.uniform(-1.5, 0.2)), 1.0 + plastic * 2)
        )
    return parts


def piercing(generator: Generator) -> list[Part]:
    depth = generator.choice([TITANIUM, STEEL, SILVER]) * generator.uniform(1, 2)
    if generator.random() < 0.5:
        return [ring(generator.uniform(4, 9), depth, generator.uniform(1, 1.8))]
    half = generator.uniform(4, 9)
    ends = [ring(generator.uniform(1.5, 3), 2 * depth, center_mm=(x, 0)) for x in (-half, half)]
    return [bar((-half, 0), (half, 0), 1.5, depth), *ends]


def pacemaker(generator: Generator) -> list[Part]:
    width, height = generator.uniform(35, 60), generator.uniform(35, 55)
    parts = [
        frame(width, height, generator.uniform(0.5, 1.2)),
        frame(0.9 * width, 0.4 * height, generator.uniform(0.6, 2)),
        bar((-width / 3, -height / 2 - 3), (width / 3, -height / 2 - 3), 8, 0.3),
    ]
    for _ in range(int(generator.integers(0, 3))):
        line = wandering(generator, generator.uniform(120, 300), 0.5)
        moved = line - line[0] + (0, -height / 2)
        parts += [Part(moved, generator.uniform(0.3, 1), 2), Part(moved[-4:], 2.0, 2.5)]
    return parts


def tube(generator: Generator) -> list[Part]:
    """A wide tube: two walls, often a stripe that is meant to be seen."""
    line = wandering(generator, generator.uniform(60, 350), 0.15)
    across, along = np.diff(line, axis=0, append=2 * line[-1:] - line[-2:-1]).T
    normal = np.column_stack([-along, across]) / np.hypot(across, along)[:, None]
    half, wall = generator.uniform(2, 6), generator.uniform(0.08, 0.35)
    parts = [Part(line + side * half * normal, wall, 1.2) for side in (-1, 1)]
    parts.append(Part(line, 0.3 * wall, 2 * half))
    if generator.random() < 0.7:
        beside = line + generator.uniform(-0.8, 0.8) * half * normal
        parts.append(Part(beside, generator.uniform(0.3, 1), 1.2))
    return parts


def catheter(generator: Generator) -> list[Part]:
    line = wandering(generator, generator.uniform(60, 300), 0.3)
    return [Part(line, np.exp(generator.uniform(-1.8, -0.2)), generator.uniform(1, 2.5))]


def sternal_wire(generator: Generator) -> list[Part]:
    parts: list[Part] = []
    for number in range(int(generator.integers(1, 6))):
        middle = np.array([generator.normal(0, 3), 25.0 * number])
        loop = ring(generator.uniform(5, 11), 1.0, 1.2, flat=generator.uniform(0.4, 0.9))
        parts.append(Part(loop.points_mm[: int(generator.integers(20, 33))] + middle, 1.0, 1.2))
        parts.append(Part(np.array([[-2.0, 0], [2, 3], [-1, 5]]) + middle, 1.6, 1.8))
    return parts


def clip(generator: Generator) -> list[Part]:
    """Clips left by surgery, or beads: several small dense pieces."""
    depth, spread = some_metal(generator, 1.5) + 0.4, generator.uniform(4, 20)
    parts: list[Part] = []
    for _ in range(int(generator.integers(1, 7))):
        start = generator.normal(0, spread, 2)
        end = start + generator.normal(0, 4, 2)
        parts.append(Part(np.array([start, end]), depth, generator.uniform(1.2, 3)))
    return parts


def implant(generator: Generator) -> list[Part]:
    """Rods with screws, or a plate."""
    depth, length = generator.uniform(1.2, 3), generator.uniform(30, 110)
    parts = []
    for x in (-15, 15)[: int(generator.integers(1, 3))]:
        parts.append(bar((x, -length / 2), (x, length / 2), generator.uniform(4, 9), depth))
        for y in np.arange(-length / 2 + 6, length / 2, 25):
            parts.append(bar((x, y), (0.3 * x, y + 5), 5, depth))
    return parts


def ornament(generator: Generator) -> list[Part]:
    """Letters or print of metal or thick color on clothing."""
    depth = generator.uniform(0.15, 1.0)
    parts: list[Part] = []
    for number in range(int(generator.integers(1, 7))):
        start = np.array([9.0 * number, 0])
        points = start + generator.uniform(0, 8, (int(generator.integers(2, 5)), 2))
        parts.append(Part(points, depth, generator.uniform(1.2, 2.5)))
    return parts


# Not trained on: what a detector makes of objects that it has never met.


def key(generator: Generator) -> list[Part]:
    depth, length = BRASS * generator.uniform(1.5, 2.5), generator.uniform(20, 35)
    teeth = [bar((8 + x, 0), (8 + x, 5), 2.5, 0.5 * depth) for x in np.arange(8, length, 5)]
    return [ring(9, depth), ring(3, -depth), bar((8, 0), (8 + length, 0), 5, depth), *teeth]


def safety_pin(generator: Generator) -> list[Part]:
    length, depth = generator.uniform(20, 45), STEEL * generator.uniform(0.8, 1.4)
    arms = np.array([[length, -3], [0, -4], [-4, 0], [0, 4], [length, 3]], float)
    return [Part(arms, depth, 1.1), bar((length, -4), (length, 4), 6, 0.8 * depth)]


def hairpin(generator: Generator) -> list[Part]:
    length, depth = generator.uniform(35, 60), STEEL * generator.uniform(0.6, 1.2)
    along = np.linspace(0, length, 20)
    upper = np.column_stack([along, -2 + np.sin(along / 3)])
    lower = np.column_stack([along[::-1], np.full(20, 2.0)])
    return [Part(np.concatenate([upper, lower, upper[:1]]), depth, 1.1)]


def watch(generator: Generator) -> list[Part]:
    depth, radius = STEEL * generator.uniform(1, 3), generator.uniform(12, 18)
    band = [bar((x, -6), (x, 6), 3.2, 0.5 * depth) for x in np.arange(radius + 2, radius + 40, 4)]
    return [ring(radius, 0.6 * depth), ring(radius, depth, 3), *band]


def spring(generator: Generator) -> list[Part]:
    length, turns = generator.uniform(20, 60), generator.uniform(6, 14)
    along = np.linspace(0, 1, 160)
    wave = generator.uniform(3, 6) * np.sin(2 * np.pi * turns * along)
    return [Part(np.column_stack([length * (along - 0.5), wave]), generator.uniform(0.5, 1.2), 1.0)]


Shape = Callable[[Generator], list[Part]]
TRAINED: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        *(button, snap, coin, necklace, zip_fastener, bra, wire, electrode, piercing, pacemaker),
        *(tube, catheter, sternal_wire, clip, implant, ornament),
    )
}
UNSEEN: dict[str, Shape] = {
    shape.__name__: shape for shape in (key, safety_pin, hairpin, watch, spring)
}
