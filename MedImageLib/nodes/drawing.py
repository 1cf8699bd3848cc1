"""The geometry of a result as markups, renewed as a whole at each run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.nodes.markups import add_box, add_curve, add_line, add_points
from MedImageLib.nodes.roles import give_role, remove_role
from MedImageLib.results import Measurement, Shape


def draw(scene: Any, values: Iterable[Measurement], geometry: Geometry, role: str) -> list[Any]:
    """Shapes of measurements on the grid they were measured on, in place of earlier ones.

    role: attribute that marks the nodes; it holds the name of the measurement.
    """
    remove_role(scene, role)
    nodes = []
    for value in values:
        for shape in value.geometry:
            points = _points_mm(shape, geometry)
            name = shape.label or value.name.replace("_", " ")
            if shape.kind == "line":
                node = add_line(scene, points, name)
            elif shape.kind == "box":
                directions = np.array(geometry.direction)
                size = np.abs(directions.T @ (points[1] - points[0]))
                size[2] = max(size[2], geometry.spacing_mm[2])
                node = add_box(scene, points.mean(0), size, name, directions)
            elif shape.kind == "point":
                node = add_points(scene, points, name, (name,))
            else:
                node = add_curve(scene, points, name, closed=shape.kind == "polygon")
            give_role([node], role, value.name)
            nodes.append(node)
    return nodes


def _points_mm(shape: Shape, geometry: Geometry) -> np.ndarray:
    if shape.points_lps_mm:
        return np.array(shape.points_lps_mm, float)
    indices = np.zeros((len(shape.points_ijk), 3))
    for row, point in zip(indices, shape.points_ijk, strict=True):
        row[: len(point)] = point  # pixels of a plane have no third index
    return geometry.points_mm(indices)
