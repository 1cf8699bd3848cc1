"""Parts of foreign objects on radiographs: outlines and lines in mm, and what materials absorb.

An object is a list of flat parts, each with the attenuation of its depth (line integral, no unit)
at about 60 keV, the effective energy behind a patient. Points are (across, down) in mm about the
object's own middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Generator = np.random.Generator

# Attenuation per mm at 60 keV.
ALUMINIUM = 0.075
TITANIUM, STEEL, BRASS, SILVER = 0.35, 0.95, 1.4, 6.0
METALS = (ALUMINIUM, TITANIUM, STEEL, BRASS, SILVER)


@dataclass(frozen=True, eq=False)
class Part:
    """One piece of even depth.

    points_mm: (point, 2), across and down. attenuation: line integral through it; negative where
    something is cut out of what lies there. width_mm: of the line through the points; 0 = the
    points are the outline of a filled piece.
    """

    points_mm: np.ndarray
    attenuation: float
    width_mm: float = 0.0


def ring(
    radius_mm: float,
    attenuation: float,
    width_mm: float = 0.0,
    center_mm: tuple[float, float] = (0.0, 0.0),
    flat: float = 1.0,
) -> Part:
    """A disc, or with a width a circle; flat: height over breadth."""
    angles = np.linspace(0, 2 * np.pi, 33)
    points = np.column_stack([np.cos(angles), flat * np.sin(angles)]) * radius_mm
    return Part(points + center_mm, attenuation, width_mm)


def bar(start: tuple[float, float], end: tuple[float, float], width: float, depth: float) -> Part:
    """A straight piece between two points; depth: its attenuation."""
    return Part(np.array([start, end], float), depth, width)


def frame(width_mm: float, height_mm: float, attenuation: float, wire_mm: float = 0.0) -> Part:
    """A box with cut corners, filled or as a wire."""
    w, h, cut = width_mm / 2, height_mm / 2, 0.2 * min(width_mm, height_mm)
    corners = [(-w, cut - h), (cut - w, -h), (w - cut, -h), (w, cut - h)]
    points = [*corners, *[(-x, -y) for x, y in corners], corners[0]]
    return Part(np.array(points, float), attenuation, wire_mm)


def wandering(generator: Generator, length_mm: float, bend: float) -> np.ndarray:
    """A smooth line (point, 2) about its middle; bend: turns per length, standard deviation."""
    steps = max(8, int(length_mm / 4))
    knots = generator.normal(0, bend, 5)
    turn = np.interp(np.linspace(0, 4, steps), np.arange(5), knots) * 2 * np.pi / steps
    heading = generator.uniform(0, 2 * np.pi) + np.cumsum(turn)
    line = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]), 0) * length_mm / steps
    return line - line.mean(0)


def some_metal(generator: Generator, depth_mm: float) -> float:
    """Attenuation of a metal that is drawn at random, of that depth."""
    return float(generator.choice(METALS)) * depth_mm
