"""Pictures by which a person judges a registration: checkerboard, difference, blend, and the map
of where not to use it. Each image is shown on its own gray scale 0 … 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from AutoContourLib.registration.field_quality import MEANINGS
from AutoContourLib.registration.gray_values import body_mask, comparable
from MedImageLib.report import Picture
from MedImageLib.report.slices import slice_picture
from MedImageLib.volume import Volume

_TILE_MM = 30.0
_PLANES = (("k", "axial"), ("j", "coronal"))
_SIZE_PX = 380


def comparison_pictures(fixed: Volume, before: Volume, after: Volume) -> list[Picture]:
    """Three views of the fixed image with the moving one before and after registration, both on
    the fixed grid."""
    views = (
        ("Checkerboard", checkerboard, (0.0, 1.0)),
        ("Difference", difference, (-0.5, 0.5)),
        ("Blend of equal parts", blended, (0.0, 1.0)),
    )
    return [
        Picture(
            slice_picture(make(fixed, image), axis=axis, size_px=_SIZE_PX, window=window),
            f"{name} of fixed and moving image, {plane}, {word} registration.",
        )
        for name, make, window in views
        for axis, plane in _PLANES
        for word, image in (("before", before), ("after", after))
    ]


def map_picture(fixed: Volume, not_to_use: Volume) -> Picture:
    """The fixed image with outlines of where the field is not to be used."""
    names = {value: text for value, text in MEANINGS.items() if (not_to_use.array == value).any()}
    gray = comparable(fixed)
    middle = int(body_mask(gray).sum(axis=(0, 2)).argmax())
    picture = slice_picture(
        gray, not_to_use, axis="j", index=middle, names=names, size_px=_SIZE_PX, window=(0.0, 1.0)
    )
    return Picture(picture, "Where the displacement field is not to be used, coronal.")


def checkerboard(fixed: Volume, moved: Volume) -> Volume:
    """Tiles of both images in turn, 3 cm wide, each image on its own gray scale 0 … 1."""
    tiles = np.zeros(fixed.geometry.shape, int)
    for axis, (size, spacing) in enumerate(
        zip(fixed.geometry.shape, fixed.geometry.spacing_mm[::-1], strict=True)
    ):
        line = (np.arange(size) * spacing // _TILE_MM).astype(int)
        tiles += line.reshape([-1 if n == axis else 1 for n in range(3)])
    values = np.where(tiles % 2 == 0, comparable(fixed).array, comparable(moved).array)
    return _plain(fixed, values)


def difference(fixed: Volume, moved: Volume) -> Volume:
    """Moving minus fixed; 0 is mid-gray in the report."""
    return _plain(fixed, comparable(moved).array - comparable(fixed).array)


def blended(fixed: Volume, moved: Volume) -> Volume:
    """The mean of both."""
    return _plain(fixed, (comparable(moved).array + comparable(fixed).array) / 2)


def _plain(fixed: Volume, values: np.ndarray) -> Volume:
    return replace(fixed, array=values, modality="", unit="", remarks=(), tags={})
