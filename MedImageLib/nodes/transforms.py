"""Linear transforms and displacement fields to transform nodes and back.

Inside, a registration is `moving_from_fixed`: it takes an LPS point of the fixed image to the LPS
point of the moving image, as resampling needs it. In MRML the node that a moving volume is put
under moves the volume to the fixed one, so that this mapping is the node's transform *from*
parent: to parent = fixed from moving.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.nodes.matrices import (
    array_of_image,
    array_of_matrix,
    changed_handedness,
    flipped,
    geometry_of_ras_matrix,
    require_node,
    vtk_image_of,
    vtk_matrix,
)


def add_linear_transform(scene: Any, moving_from_fixed: np.ndarray, name: str) -> Any:
    """Add a linear transform node for a 4 × 4 LPS matrix and return it.

    Put the moving volume under the node to see it in the place of the fixed one.
    Raises GeometryError for a matrix that is not an invertible affine one.
    """
    matrix = np.asarray(moving_from_fixed, float)
    if matrix.shape != (4, 4) or not np.allclose(matrix[3], (0, 0, 0, 1)):
        raise GeometryError(f"The transform {name} is no affine 4 × 4 matrix: {matrix.tolist()}.")
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise GeometryError(f"The transform {name} cannot be inverted: {matrix.tolist()}.")
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", scene.GenerateUniqueName(name))
    set_moving_from_fixed(node, matrix)
    return node


def set_moving_from_fixed(node: Any, moving_from_fixed: np.ndarray) -> None:
    """Give a linear transform node another 4 × 4 LPS matrix."""
    matrix = np.asarray(moving_from_fixed, float)
    node.SetMatrixTransformFromParent(vtk_matrix(changed_handedness(matrix)))


def moving_from_fixed_of(node: Any) -> np.ndarray:
    """The 4 × 4 LPS matrix `moving_from_fixed` of a linear transform node.

    Raises InputError for a node of another kind or one that holds a deformable transform.
    """
    require_node(node, "vtkMRMLTransformNode")
    if not node.IsLinear():
        raise InputError(
            f"The transform {node.GetName()} is deformable; expected a linear one. "
            "Read it as a displacement field."
        )
    matrix = vtk.vtkMatrix4x4()
    node.GetMatrixTransformFromParent(matrix)
    return changed_handedness(array_of_matrix(matrix))


def add_displacement_field(
    scene: Any, displacement_mm: np.ndarray, geometry: Geometry, name: str
) -> Any:
    """Add a grid transform node for a displacement field and return it.

    displacement_mm: shape (k, j, i, 3), LPS millimeters on the fixed grid `geometry`: the point
        x of the fixed image is at x + displacement in the moving image.

    Raises GeometryError when the field does not fit the grid or is not finite.
    """
    import slicer

    field = np.asarray(displacement_mm, np.float64)
    if field.shape != (*geometry.shape, 3):
        raise GeometryError(
            f"The displacement field {name} has shape {field.shape}; its grid needs "
            f"{(*geometry.shape, 3)}."
        )
    if not np.isfinite(field).all():
        raise GeometryError(f"The displacement field {name} holds values that are not finite.")
    image = vtk_image_of(flipped(field))
    ras_from_index = geometry.ras_from_index
    image.SetOrigin(*ras_from_index[:3, 3])
    image.SetSpacing(*geometry.spacing_mm)
    direction = np.eye(4)
    direction[:3, :3] = ras_from_index[:3, :3] / np.array(geometry.spacing_mm)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(image)
    transform.SetGridDirectionMatrix(vtk_matrix(direction))
    transform.SetInterpolationModeToLinear()
    node = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", scene.GenerateUniqueName(name))
    node.SetAndObserveTransformFromParent(transform)
    return node


def displacement_field_of(
    node: Any, geometry: Geometry | None = None
) -> tuple[np.ndarray, Geometry]:
    """Displacements (k, j, i, 3) in LPS mm, and the fixed grid they are given on.

    geometry: the fixed grid. By default the node's own grid, which gives its values exactly;
        a node that is no grid transform in this direction is only read with a grid named.

    Raises InputError when the grid is needed and not given.
    """
    require_node(node, "vtkMRMLTransformNode")
    if geometry is None:
        return _own_grid(node)
    points = geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))
    return moved_points_mm(node, points) - points, geometry


def moved_points_mm(node: Any, fixed_points_mm: np.ndarray) -> np.ndarray:
    """Where LPS points (..., 3) of the fixed image lie in the moving image."""
    require_node(node, "vtkMRMLTransformNode")
    transform = vtk.vtkGeneralTransform()
    node.GetTransformFromWorld(transform)
    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    before.SetDataTypeToDouble()
    after.SetDataTypeToDouble()
    before.SetData(numpy_to_vtk(flipped(fixed_points_mm).reshape(-1, 3), deep=True))
    transform.TransformPoints(before, after)
    return flipped(vtk_to_numpy(after.GetData())).reshape(np.shape(fixed_points_mm))


def _own_grid(node: Any) -> tuple[np.ndarray, Geometry]:
    # Asked for as it is stored: the computed inverse of a field has no grid of its own.
    grid = node.GetTransformFromParentAs("vtkOrientedGridTransform", False, True)
    if grid is None or grid.GetInverseFlag() or grid.GetDisplacementGrid() is None:
        raise InputError(
            f"The transform {node.GetName()} holds no displacement field from the fixed image; "
            "name the grid on which its displacements are wanted."
        )
    image = grid.GetDisplacementGrid()
    field = array_of_image(image) * grid.GetDisplacementScale() + grid.GetDisplacementShift()
    direction = grid.GetGridDirectionMatrix()
    axes = np.eye(3) if direction is None else array_of_matrix(direction)[:3, :3]
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    shape = image.GetDimensions()[::-1]
    return flipped(field), geometry_of_ras_matrix(matrix, shape, node.GetName())
