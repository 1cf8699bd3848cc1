"""Displacement fields as files: a vector image (NRRD) and an ITK transform that Slicer loads.

Vectors are LPS mm on the fixed grid: fixed point + vector = moving point, the whole mapping.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.writing.atomic import finished_file


def write_displacement(displacement_mm: np.ndarray, geometry: Geometry, path: Path | str) -> Path:
    """Write vectors (k, j, i, 3) as a float32 vector image (.nrrd, .nii.gz or .mha).

    Raises GeometryError for a field of another shape, InputError for another suffix.
    """
    import SimpleITK as sitk

    path = Path(path)
    if not path.name.endswith((".nrrd", ".nii.gz", ".mha")):
        raise InputError(f"{path.name}: a displacement field ends in .nrrd, .nii.gz or .mha.")
    with finished_file(path) as temporary:
        sitk.WriteImage(_image(displacement_mm, geometry, np.float32), str(temporary), True)
    return path


def write_displacement_transform(
    displacement_mm: np.ndarray, geometry: Geometry, path: Path | str
) -> Path:
    """Write vectors (k, j, i, 3) as an ITK displacement field transform (.h5)."""
    import SimpleITK as sitk

    path = Path(path)
    if path.suffix != ".h5":
        raise InputError(f"{path.name}: a displacement transform ends in .h5.")
    transform = sitk.DisplacementFieldTransform(_image(displacement_mm, geometry, np.float64))
    with finished_file(path) as temporary:
        sitk.WriteTransform(transform, str(temporary))
    return path


def _image(displacement_mm: np.ndarray, geometry: Geometry, kind: type) -> Any:
    import SimpleITK as sitk

    if displacement_mm.shape != (*geometry.shape, 3):
        raise GeometryError(
            f"A displacement field of shape {displacement_mm.shape} does not fit a grid of "
            f"{geometry.shape}; expected {(*geometry.shape, 3)}."
        )
    field = sitk.GetImageFromArray(displacement_mm.astype(kind), isVector=True)
    field.SetSpacing(geometry.spacing_mm)
    field.SetOrigin(geometry.origin_mm)
    field.SetDirection([value for row in geometry.direction for value in row])
    return field
