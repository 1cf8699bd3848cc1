"""Volumes brought onto other grids, exactly through geometry and transforms.

Transforms map points of the target (fixed) grid to points of the source (moving) volume, in LPS
millimeters. Label maps keep their labels: nearest neighbor only. The work is SimpleITK's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from MedImageLib.errors import GeometryError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

if TYPE_CHECKING:
    import SimpleITK as sitk


def resampled(
    volume: Volume,
    geometry: Geometry,
    moving_from_fixed: np.ndarray | None = None,
    displacement_mm: np.ndarray | None = None,
    fill: float | None = None,
) -> Volume:
    """The volume as seen from another grid.

    moving_from_fixed: 4 × 4, LPS mm. displacement_mm: (k, j, i, 3) on the target grid, vectors
    (x, y, z); fixed point + vector = moving point, the whole mapping. At most one of both.
    fill: value where the source does not reach: 0 for label maps, else the source's minimum.
    Linear for images, nearest for label maps. Raises GeometryError for both transforms at once
    or a field of another shape.
    """
    import SimpleITK as sitk

    if moving_from_fixed is not None and displacement_mm is not None:
        raise GeometryError("Give a matrix or a displacement field, not both.")
    if fill is None:
        fill = 0.0 if volume.is_labelmap else float(volume.array.min())
    array = volume.array
    if array.dtype == bool:
        array = array.astype(np.uint8)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    filter_ = sitk.ResampleImageFilter()
    filter_.SetReferenceImage(_empty_image(geometry))
    filter_.SetDefaultPixelValue(fill)
    filter_.SetInterpolator(sitk.sitkNearestNeighbor if volume.is_labelmap else sitk.sitkLinear)
    filter_.SetTransform(_transform(geometry, moving_from_fixed, displacement_mm))
    moved = filter_.Execute(image_of(volume.with_array(array)))
    result = sitk.GetArrayFromImage(moved)
    return replace(volume, array=result.astype(volume.array.dtype, copy=False), geometry=geometry)


def with_spacing(geometry: Geometry, spacing_mm: tuple[float, float, float]) -> Geometry:
    """A grid over the same extent, border to border, with other spacing (i, j, k)."""
    old = np.array(geometry.spacing_mm)
    count = np.array(geometry.shape[::-1])
    new = np.array(spacing_mm, float)
    sizes = np.maximum(1, np.round(count * old / new)).astype(int)
    # The middle stays where it is, so that nothing drifts by half a voxel.
    shift = (count - 1) / 2 * old - (sizes - 1) / 2 * new
    origin = np.array(geometry.origin_mm) + np.array(geometry.direction) @ shift
    return replace(
        geometry,
        shape=tuple(sizes[::-1].tolist()),
        spacing_mm=tuple(new.tolist()),
        origin_mm=tuple(origin.tolist()),
    )


def image_of(volume: Volume) -> sitk.Image:
    """The volume as a SimpleITK image."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(volume.array)
    _place(image, volume.geometry)
    return image


def geometry_of(image: sitk.Image) -> Geometry:
    """The grid of a three-dimensional SimpleITK image."""
    return Geometry(
        shape=tuple(image.GetSize()[::-1]),
        spacing_mm=image.GetSpacing(),
        origin_mm=image.GetOrigin(),
        direction=tuple(map(tuple, np.array(image.GetDirection()).reshape(3, 3))),
    )


def _place(image: sitk.Image, geometry: Geometry) -> None:
    image.SetSpacing(geometry.spacing_mm)
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection([value for row in geometry.direction for value in row])


def _empty_image(geometry: Geometry) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.Image([int(n) for n in geometry.shape[::-1]], sitk.sitkUInt8)
    _place(image, geometry)
    return image


def _transform(
    geometry: Geometry, moving_from_fixed: np.ndarray | None, displacement_mm: np.ndarray | None
) -> sitk.Transform:
    import SimpleITK as sitk

    if displacement_mm is not None:
        if displacement_mm.shape != (*geometry.shape, 3):
            raise GeometryError(
                f"A displacement field of shape {displacement_mm.shape} does not fit a grid of "
                f"{geometry.shape}; expected {(*geometry.shape, 3)}."
            )
        field = sitk.GetImageFromArray(displacement_mm.astype(np.float64), isVector=True)
        _place(field, geometry)
        return sitk.DisplacementFieldTransform(field)
    transform = sitk.AffineTransform(3)
    if moving_from_fixed is not None:
        matrix = np.asarray(moving_from_fixed, float)
        transform.SetMatrix(matrix[:3, :3].ravel().tolist())
        transform.SetTranslation(matrix[:3, 3].tolist())
    return transform
