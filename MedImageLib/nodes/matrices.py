"""4 × 4 matrices, VTK images and parent transforms at the border between LPS arrays and MRML."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import RAS_FROM_LPS, Geometry


def vtk_matrix(matrix: np.ndarray) -> vtk.vtkMatrix4x4:
    """A VTK matrix of a 4 × 4 array."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, float).ravel())
    return result


def array_of_matrix(matrix: vtk.vtkMatrix4x4) -> np.ndarray:
    """A 4 × 4 array of a VTK matrix."""
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


def changed_handedness(matrix: np.ndarray) -> np.ndarray:
    """A 4 × 4 transform of LPS points as one of RAS points, or the other way round."""
    return RAS_FROM_LPS @ np.asarray(matrix, float) @ RAS_FROM_LPS


def flipped(points_mm: np.ndarray) -> np.ndarray:
    """LPS points (..., 3) as RAS points, or the other way round; a new array."""
    return np.asarray(points_mm, float) * (-1.0, -1.0, 1.0)


def vtk_image_of(array: np.ndarray) -> vtk.vtkImageData:
    """A VTK image at origin 0 and spacing 1 that holds a copy of an array (k, j, i[, component]).

    Types that VTK lacks are widened without loss: bool to uint8, float16 to float32.
    """
    if array.dtype == bool:
        array = array.astype(np.uint8)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    components = array.shape[3] if array.ndim == 4 else 1
    image = vtk.vtkImageData()
    image.SetDimensions(*array.shape[2::-1])
    scalars = numpy_to_vtk(array.reshape(-1, components), deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image


def array_of_image(image: vtk.vtkImageData) -> np.ndarray:
    """A copy of the values of a VTK image, shape (k, j, i) or (k, j, i, component)."""
    scalars = image.GetPointData().GetScalars()
    values = vtk_to_numpy(scalars)
    shape = image.GetDimensions()[::-1]
    if scalars.GetNumberOfComponents() > 1:
        shape = (*shape, scalars.GetNumberOfComponents())
    return values.reshape(shape).copy()


def ras_world_from_node(node: Any) -> np.ndarray:
    """4 × 4 matrix from the node's own RAS to the RAS of the world, through its parents.

    Raises GeometryError when a parent transform is not linear: voxels then lie on no grid.
    """
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise GeometryError(
            f"The node {node.GetName()} is under the deformable transform {parent.GetName()}; "
            "its voxels lie on no regular grid. Harden the transform first."
        )
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return array_of_matrix(matrix)


def geometry_of_ras_matrix(
    ras_from_index: np.ndarray, shape: tuple[int, int, int], node_name: str, **changes: Any
) -> Geometry:
    """Geometry of a matrix from index (i, j, k) to RAS mm; errors name the node."""
    try:
        return Geometry.from_lps_matrix(RAS_FROM_LPS @ ras_from_index, shape, **changes)
    except GeometryError as error:
        raise GeometryError(
            f"The node {node_name} is no regular grid in millimeters: {error} "
            "Resample it to an orthogonal grid (module Resample Scalar/Vector/DWI Volume)."
        ) from error


def oriented_image_of(array: np.ndarray, ras_from_index: np.ndarray) -> Any:
    """A vtkOrientedImageData of an array (k, j, i) at its place in RAS."""
    import slicer

    image = slicer.vtkOrientedImageData()
    image.DeepCopy(vtk_image_of(array))
    image.SetImageToWorldMatrix(vtk_matrix(ras_from_index))
    return image


def require_node(node: Any, class_name: str) -> None:
    """Raise InputError unless the node is one of this MRML class."""
    if node is None:
        raise InputError(f"No node was given; expected a {class_name}. Select one.")
    if not node.IsA(class_name):
        raise InputError(
            f"The node {node.GetName()} is a {node.GetClassName()}; expected a {class_name}."
        )
