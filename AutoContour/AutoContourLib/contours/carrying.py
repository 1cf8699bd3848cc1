"""Contours of one image carried over to a registered other one by the displacement field.

Every voxel of the other image asks the field where it lies on the first one; masks are asked there
between their voxels, so that borders stay finer than the field. What the field cannot know is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from AutoContourLib.contours.ct_grid import box_on, interpolated, part_of
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import geometry_of
from MedImageLib.volume import Volume

FORWARD_FILE, INVERSE_FILE, REFUSED_FILE = (
    "displacement.nrrd",
    "inverse_displacement.nrrd",
    "not_to_use.nrrd",
)
# A smaller share of an organ in refused voxels is a seam, not a doubt.
_DOUBTFUL_SHARE = 0.1
_MOST_ASKED = 20_000
_MOST_FINE_VOXELS = 4_000_000


@dataclass(frozen=True, eq=False)
class CarryingField:
    """How points of the image that gets the contours map to the image that has them.

    displacement_mm: (k, j, i, 3) LPS vectors on `geometry`, a grid of the getting image: point +
    vector = point of the image that has the contours. refused: label map of where registration
    says not to use the field (0 = usable), or None; refused_on_source: it lies on the image that
    has the contours.
    """

    displacement_mm: np.ndarray
    geometry: Geometry
    refused: Volume | None = None
    refused_on_source: bool = True

    def __post_init__(self) -> None:
        if self.displacement_mm.shape != (*self.geometry.shape, 3):
            raise GeometryError(
                f"The displacement field has shape {self.displacement_mm.shape}; its grid needs "
                f"{(*self.geometry.shape, 3)}."
            )


def read_carrying_field(registration: Path, *, to_first: bool = False) -> CarryingField:
    """The field of a registration's folder that carries contours of its fixed image to the moving
    one, or with `to_first` those of the moving image to the fixed one.

    Raises InputError when the folder holds none, as where the registration was not usable.
    """
    path = registration / (FORWARD_FILE if to_first else INVERSE_FILE)
    field, geometry = _read_field(path)
    refused = None
    if (registration / REFUSED_FILE).is_file():
        from MedImageLib.reading import read_image

        refused = read_image(registration / REFUSED_FILE)
    # The map lies on the fixed image, which has the contours unless they come to it.
    return CarryingField(field, geometry, refused, not to_first)


def carried(
    masks: Mapping[str, np.ndarray], source: Geometry, target: Geometry, field: CarryingField
) -> tuple[dict[str, np.ndarray], tuple[Remark, ...]]:
    """Bool masks (k, j, i) of the source grid on the target grid, and remarks on each in doubt.

    source: grid of the masks. target: grid of the image that gets them. Structures of which
    nothing arrives are left out with a remark.
    """
    index = _source_index(source, field)
    arrived: dict[str, np.ndarray] = {}
    remarks: list[Remark] = []
    for name, mask in masks.items():
        if mask.shape != source.shape:
            raise GeometryError(
                f"{name}: a mask of shape {mask.shape} is not on the grid {source.shape}."
            )
        placed = _placed(mask, index, field.geometry, target)
        words = name.replace("_", " ").capitalize()
        if not placed.any():
            text = f"{words} lies outside of what the other image shows; it was not carried over."
            remarks.append(Remark("organ-not-carried", text))
            continue
        arrived[name] = placed
        seen = (mask, source) if field.refused_on_source else (placed, target)
        doubt = _refused_share(*seen, field.refused)
        if doubt > _DOUBTFUL_SHARE:
            text = f"In {doubt:.0%} of {words.lower()} registration says not to use the field."
            remarks.append(Remark("carried-in-doubt", text))
    return arrived, tuple(remarks)


def _read_field(path: Path) -> tuple[np.ndarray, Geometry]:
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(
            f"{path}: no displacement field can be read; contours are carried over by a usable "
            "non-rigid registration only."
        ) from error
    return sitk.GetArrayFromImage(image), geometry_of(image)


def _source_index(source: Geometry, field: CarryingField) -> np.ndarray:
    """Continuous source indices (3, k, j, i), order (k, j, i), float32, of the field's voxels."""
    matrix = source.index_from_lps
    result = np.empty((3, *field.geometry.shape), np.float32)
    rows, columns = np.indices(field.geometry.shape[1:])
    for k, vectors in enumerate(field.displacement_mm):
        here = np.stack([columns, rows, np.full_like(rows, k)], -1)
        points = field.geometry.points_mm(here) + vectors
        moved = points @ matrix[:3, :3].T + matrix[:3, 3]
        result[:, k] = moved[..., ::-1].transpose(2, 0, 1)
    return result


def _shares(mask: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Share 0 … 1 of a mask at the indices, float32; nothing beyond the mask's own grid."""
    shares = np.zeros(index.shape[1:], np.float32)
    box = ndimage.find_objects(mask.astype(np.uint8))
    if not box:
        return shares
    near = np.ones(index.shape[1:], bool)
    for axis, part in enumerate(box[0]):
        low, high = max(part.start - 1.0, -0.5), min(part.stop + 0.0, mask.shape[axis] - 0.5)
        near &= (index[axis] >= low) & (index[axis] <= high)
    start = np.array([part.start for part in box[0]], np.float32)
    # Padded by air, but by itself where the scan ends, so that nothing fades there.
    ends = [
        (int(part.start > 0), int(part.stop < n))
        for part, n in zip(box[0], mask.shape, strict=True)
    ]
    cut = np.pad(mask[box[0]].astype(np.float32), ends)
    at = index[:, near] - (start - [low for low, _ in ends])[:, None].astype(np.float32)
    shares[near] = ndimage.map_coordinates(cut, at, order=1, mode="nearest", output=np.float32)
    return shares


def _placed(mask: np.ndarray, index: np.ndarray, coarse: Geometry, target: Geometry) -> np.ndarray:
    """The mask on the target grid; index: of the source, on the field's grid."""
    shares = _shares(mask, index)
    if coarse.same_grid(target):
        return shares > 0.5
    result = np.zeros(target.shape, bool)
    box = box_on(target, coarse, shares > 0)
    if box is None:
        return result
    grid = part_of(target, box)
    if np.prod(grid.shape) > _MOST_FINE_VOXELS:
        result[box] = interpolated(shares, coarse, grid) > 0.5
    else:
        # A field is smoother than a mask: where there is time, it is what is interpolated.
        fine = np.stack([interpolated(axis, coarse, grid) for axis in index])
        result[box] = _shares(mask, fine) > 0.5
    return result


def _refused_share(mask: np.ndarray, grid: Geometry, refused: Volume | None) -> float:
    """Share of a structure in voxels that registration refuses."""
    if refused is None:
        return 0.0
    found = np.argwhere(mask)
    found = found[:: max(1, len(found) // _MOST_ASKED)]
    index = np.round(refused.geometry.indices(grid.points_mm(found[:, ::-1]))).astype(int)
    inside = ((index >= 0) & (index < refused.geometry.shape[::-1])).all(1)
    i, j, k = index[inside].T
    bad = int((refused.array[k, j, i] != 0).sum()) + int((~inside).sum())
    return bad / max(1, len(found))
