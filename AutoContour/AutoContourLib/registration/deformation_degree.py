"""How much the body changed between two images: from a displacement field, or from overlap.

US 12,394,057 B2, paragraphs 117–132 and 151–156. The rigid offset is taken out first, since a
patient who lies elsewhere is not deformed. Points are LPS mm; a field maps fixed points to moving
ones: fixed point + vector = moving point, the whole mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice, surface_distances
from MedImageLib.volume import Volume

WHOLE = "whole"
# Below it a field is the rigid offset: nothing was seen to bend.
LEAST_SEEN_MM = 0.05


@dataclass(frozen=True)
class FieldDegree:
    """Deformation of one structure, or of the whole region, by the field.

    *_mm: length of the elastic displacement, rigid offset taken out. volume_change: of the
    structure from fixed to moving, 0.1 = a tenth larger. jacobian_*: of the whole mapping at the
    structure's voxels; jacobian_low and _high are its 1st and 99th percentile. folded: share of
    voxels with Jacobian ≤ 0. volume_mm3: in the fixed image.
    """

    structure: str
    volume_mm3: float
    mean_mm: float
    p95_mm: float
    max_mm: float
    volume_change: float
    jacobian_min: float
    jacobian_low: float
    jacobian_high: float
    folded: float


@dataclass(frozen=True)
class OverlapDegree:
    """Deformation of one structure from its contours on both images, on one grid.

    dice: overlap, None when both are empty. degree: 1 − dice: larger overlap, smaller degree.
    *_mm: distances between the surfaces; None where one contour is empty. volume_change: from
    first to second; None when the first is empty. shift_mm: between the centers of mass.
    """

    structure: str
    dice: float | None
    degree: float | None
    mean_mm: float | None
    p95_mm: float | None
    max_mm: float | None
    volume_change: float | None
    shift_mm: float | None


@dataclass(frozen=True)
class DeformationDegree:
    """by_field, by_overlap: one entry a structure, the whole first; either may be empty."""

    by_field: tuple[FieldDegree, ...] = ()
    by_overlap: tuple[OverlapDegree, ...] = ()
    remarks: tuple[Remark, ...] = ()


def degree_of_field(
    displacement_mm: np.ndarray,
    geometry: Geometry,
    moving_from_fixed: np.ndarray | None = None,
    labels: Volume | None = None,
    structures: Mapping[str, int] | None = None,
) -> DeformationDegree:
    """Deformation degree of the whole labeled region and of each structure.

    displacement_mm: (k, j, i, 3) on `geometry`. moving_from_fixed: 4 × 4 rigid offset to be taken
    out; None: nothing is taken out. labels: label map of the fixed image on that grid; without
    it the whole grid counts. structures: name → label value. Raises GeometryError when shapes do
    not fit or the grid has fewer than two voxels along an axis, InputError for fields that are
    not finite.
    """
    _check_field(displacement_mm, geometry)
    if labels is not None and labels.array.shape != geometry.shape:
        raise GeometryError(
            f"The label map has shape {labels.array.shape}, the field {geometry.shape}; give "
            "contours on the grid of the field."
        )
    length = np.linalg.norm(elastic_mm(displacement_mm, geometry, moving_from_fixed), axis=-1)
    jacobian = jacobian_determinant(displacement_mm, geometry)
    whole = np.ones(geometry.shape, bool) if labels is None else labels.array > 0
    masks = {WHOLE: whole}
    if labels is not None:
        masks |= {name: labels.array == value for name, value in (structures or {}).items()}
    found, remarks = [], []
    for name, mask in masks.items():
        if mask.any():
            found.append(_degree(name, length[mask], jacobian[mask], geometry))
        else:
            remarks.append(
                Remark("structure-empty", f"{name}: no voxel on the fixed image; not assessed.")
            )
    folded = [one.structure for one in found if one.folded > 0]
    if folded:
        remarks.append(
            Remark(
                "field-folds",
                f"The field folds space in {', '.join(folded)}: it is not to be trusted there.",
            )
        )
    return DeformationDegree(by_field=tuple(found), remarks=tuple(remarks))


def degree_of_overlap(
    first: Volume, second: Volume, structures: Mapping[str, int]
) -> DeformationDegree:
    """Deformation degree from contours of one structure on both images.

    first, second: label maps on one grid, the second one brought there by the rigid offset (or
    the first onto the second). structures: name → label value. Raises GeometryError for
    different grids.
    """
    if not first.geometry.same_grid(second.geometry):
        raise GeometryError(
            "The contours of the two images lie on different grids; bring one onto the grid of "
            "the other by the rigid offset first."
        )
    masks = {WHOLE: (first.array > 0, second.array > 0)}
    masks |= {n: (first.array == value, second.array == value) for n, value in structures.items()}
    found = tuple(_overlap(name, a, b, first.geometry) for name, (a, b) in masks.items())
    remarks = tuple(
        Remark("contour-missing", f"{one.structure}: drawn on one image only, or on none.")
        for one in found
        if one.p95_mm is None
    )
    return DeformationDegree(by_overlap=found, remarks=remarks)


def elastic_mm(
    displacement_mm: np.ndarray, geometry: Geometry, moving_from_fixed: np.ndarray | None = None
) -> np.ndarray:
    """What is left of the displacement when the rigid offset is undone: R⁻¹(x + u) − x, in mm."""
    if moving_from_fixed is None:
        return np.asarray(displacement_mm, float)
    matrix = np.asarray(moving_from_fixed, float)
    if matrix.shape != (4, 4) or abs(np.linalg.det(matrix[:3, :3]) - 1) > 1e-3:
        raise GeometryError("The offset must be a rigid 4 × 4 matrix in LPS mm.")
    points = _points(geometry)
    back = np.linalg.inv(matrix)
    moved = points + displacement_mm
    elastic: np.ndarray = moved @ back[:3, :3].T + back[:3, 3] - points
    return elastic


def jacobian_determinant(displacement_mm: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Determinant of the mapping's gradient (k, j, i): local volume, 1 for rigid motion.

    Central differences inside, one-sided at the border, in LPS mm whatever the grid's axes.
    """
    spacing = geometry.spacing_mm
    # Along (i, j, k), which are the array's axes in reverse.
    slopes = np.stack(
        [np.gradient(displacement_mm, spacing[n], axis=2 - n) for n in range(3)], axis=-1
    )
    # Rows are (x, y, z) of the vectors; columns turn from grid axes to patient axes.
    gradient = slopes @ np.array(geometry.direction).T + np.eye(3)
    determinant: np.ndarray = np.linalg.det(gradient)
    return determinant


def _check_field(displacement_mm: np.ndarray, geometry: Geometry) -> None:
    if displacement_mm.shape != (*geometry.shape, 3):
        raise GeometryError(
            f"The displacement field has shape {displacement_mm.shape}; its grid needs "
            f"{(*geometry.shape, 3)}."
        )
    if min(geometry.shape) < 2:
        raise GeometryError(f"A field on {geometry.shape} voxels has no gradient; 2 are needed.")
    if not np.isfinite(displacement_mm).all():
        raise InputError("The displacement field holds values that are not finite.")


def _points(geometry: Geometry) -> np.ndarray:
    return geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))


def _degree(name: str, length: np.ndarray, jacobian: np.ndarray, geometry: Geometry) -> FieldDegree:
    low, high = np.percentile(jacobian, (1, 99))
    return FieldDegree(
        name,
        float(length.size * geometry.voxel_volume_mm3),
        float(length.mean()),
        float(np.percentile(length, 95)),
        float(length.max()),
        # The integral of the Jacobian over the structure is its volume after the mapping.
        float(jacobian.mean() - 1.0),
        float(jacobian.min()),
        float(low),
        float(high),
        float((jacobian <= 0).mean()),
    )


def _overlap(name: str, first: np.ndarray, second: np.ndarray, geometry: Geometry) -> OverlapDegree:
    overlap = dice(first, second)
    spacing = geometry.spacing_mm[::-1]
    distances = surface_distances(first, second, spacing)
    shift = None
    if distances is not None:
        centers = [np.argwhere(mask).mean(axis=0) * spacing for mask in (first, second)]
        shift = float(np.linalg.norm(centers[1] - centers[0]))
    volume = int(first.sum())
    return OverlapDegree(
        name,
        overlap,
        None if overlap is None else 1.0 - overlap,
        None if distances is None else distances.mean_mm(),
        None if distances is None else distances.percentile_mm(95),
        None if distances is None else distances.percentile_mm(100),
        int(second.sum()) / volume - 1.0 if volume else None,
        shift,
    )
