"""Measured points, lines and boxes as markups nodes: LPS millimeters here, RAS in the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk

from MedImageLib.errors import GeometryError
from MedImageLib.nodes.matrices import (
    array_of_matrix,
    flipped,
    require_node,
    vtk_matrix,
)


def add_points(scene: Any, points_mm: np.ndarray, name: str, labels: tuple[str, ...] = ()) -> Any:
    """Add a point list of LPS points (n, 3) and return its node."""
    return _with_points(scene, "vtkMRMLMarkupsFiducialNode", points_mm, name, labels)


def add_line(scene: Any, points_mm: np.ndarray, name: str) -> Any:
    """Add a line between two LPS points (2, 3), whose length the views show, and return it."""
    if np.shape(points_mm) != (2, 3):
        raise GeometryError(f"The line {name} needs two points, got shape {np.shape(points_mm)}.")
    return _with_points(scene, "vtkMRMLMarkupsLineNode", points_mm, name)


def add_curve(scene: Any, points_mm: np.ndarray, name: str, *, closed: bool) -> Any:
    """Add straight pieces through LPS points (n, 3), n ≥ 2, to be looked at, and return the node.

    closed: an outline. Its points are neither shown nor caught by the mouse.
    """
    if len(points_mm) < 2:
        raise GeometryError(f"The curve {name} needs two points or more, got {len(points_mm)}.")
    kind = "vtkMRMLMarkupsClosedCurveNode" if closed else "vtkMRMLMarkupsCurveNode"
    node = _with_points(scene, kind, points_mm, name)
    node.SetCurveTypeToLinear()
    node.SetLocked(True)
    display = node.GetDisplayNode()
    display.SetGlyphSize(0.0)
    display.UseGlyphScaleOff()
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    return node


def points_of(node: Any) -> np.ndarray:
    """The control points of a markups node in the world, LPS mm, shape (n, 3)."""
    require_node(node, "vtkMRMLMarkupsNode")
    points = np.zeros((node.GetNumberOfControlPoints(), 3))
    for number, row in enumerate(points):
        node.GetNthControlPointPositionWorld(number, row)
    return flipped(points)


def add_box(
    scene: Any,
    center_mm: np.ndarray,
    size_mm: np.ndarray,
    name: str,
    direction: np.ndarray | None = None,
) -> Any:
    """Add a region of interest and return its node.

    center_mm: LPS. size_mm: full lengths along the axes of the box. direction: 3 × 3, columns
        are the axes in LPS; the patient's axes by default.
    """
    axes = np.eye(3) if direction is None else np.asarray(direction, float)
    if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3) or np.min(size_mm) <= 0:
        raise GeometryError(f"The box {name} needs orthonormal axes and positive sizes.")
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", scene.GenerateUniqueName(name))
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([[-1.0], [-1.0], [1.0]])
    if np.linalg.det(matrix) < 0:
        # A box is the same under a reversed axis; views want a right-handed one.
        matrix[:3, 2] *= -1
    matrix[:3, 3] = flipped(center_mm)
    node.SetAndObserveObjectToNodeMatrix(vtk_matrix(matrix))
    node.SetSize(*(float(length) for length in size_mm))
    node.CreateDefaultDisplayNodes()
    return node


def box_of(node: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Center (LPS mm), full lengths (mm) and axes (3 × 3, columns in LPS) of a region node."""
    require_node(node, "vtkMRMLMarkupsROINode")
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(node.GetObjectToWorldMatrix())
    placed = array_of_matrix(matrix)
    size = np.zeros(3)
    node.GetSizeWorld(size)
    axes = placed[:3, :3] / np.linalg.norm(placed[:3, :3], axis=0)
    return flipped(placed[:3, 3]), size, axes * np.array([[-1.0], [-1.0], [1.0]])


def _with_points(
    scene: Any, kind: str, points_mm: np.ndarray, name: str, labels: tuple[str, ...] = ()
) -> Any:
    node = scene.AddNewNodeByClass(kind, scene.GenerateUniqueName(name))
    for number, point in enumerate(flipped(points_mm)):
        index = node.AddControlPoint(vtk.vtkVector3d(*point))
        if number < len(labels):
            node.SetNthControlPointLabel(index, labels[number])
    node.CreateDefaultDisplayNodes()
    return node
