"""Non-rigid registration of two images whose rigid offset is known, and how far to trust it.

US 12,394,057 B2, paragraphs 109–114. The mapping is x → R (x + u(x)): a smooth field u, then the
rigid offset R, so that editing the offset asks for a new field. Fields that would fold are made
stiffer until the Jacobian is positive at every voxel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.field_optimization import (
    ElasticField,
    elastic_field,
    stiffened,
)
from AutoContourLib.registration.field_quality import (
    JacobianReport,
    inside,
    inverse_displacement,
    jacobian_report,
    local_similarity,
    map_of_use,
    sampled_field,
)
from AutoContourLib.registration.gray_values import body_mask, comparable
from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume


@dataclass(frozen=True, eq=False)
class DeformableRegistration:
    """A displacement field with its quality.

    displacement_mm: (k, j, i, 3) float32, LPS, on `geometry` (the fixed grid), the whole mapping:
        fixed point + vector = moving point.
    inverse_mm: (k, j, i, 3) on the moving grid: moving point + vector = fixed point.
    moved: the moving image on the fixed grid.
    similarity: (k, j, i) local correlation, 0 … 1. disagreement_mm: (k, j, i), how far the way
        there and an independent registration back end from the start; None when not checked.
    not_to_use: label map by `field_quality.MEANINGS`; bad_share: of the common body.
    """

    displacement_mm: np.ndarray
    inverse_mm: np.ndarray
    geometry: Geometry
    moving_from_fixed: np.ndarray
    moved: Volume
    jacobian: JacobianReport
    similarity: np.ndarray
    disagreement_mm: np.ndarray | None
    not_to_use: Volume
    bad_share: float
    usable: bool
    remarks: tuple[Remark, ...]


def register_deformable(
    fixed: Volume,
    moving: Volume,
    moving_from_fixed: np.ndarray,
    settings: DeformableSettings | None = None,
) -> DeformableRegistration:
    """The field that follows from two images and their rigid offset (4 × 4, LPS mm).

    Deterministic. Images are checked by `register_rigid`, which comes first.
    """
    settings = settings or DeformableSettings()
    offset = np.asarray(moving_from_fixed, float)
    field = elastic_field(fixed, moving, offset, settings)
    displacement, stiffer = _unfolded(field, fixed, moving, offset, settings)
    moved = resampled(moving, fixed.geometry, displacement_mm=displacement)
    points = _points(fixed.geometry)
    seen = inside(moving.geometry, points + displacement)
    similarity = local_similarity(fixed, moved, seen)
    disagreement = None
    if settings.check_reverse:
        disagreement = _disagreement(fixed, moving, offset, displacement, settings)
    not_to_use, bad = map_of_use(
        fixed, seen, similarity, disagreement,
        settings.least_similarity, settings.largest_disagreement_mm,
    )  # fmt: skip
    common = body_mask(comparable(fixed)) & seen
    alike = float(similarity[common].mean()) if common.any() else 0.0
    usable, remarks = _verdict(fixed, moving, bad, alike, settings)
    if stiffer:
        remarks.append(
            Remark("field-stiffened", "The field would have folded and was made stiffer.")
        )
    return DeformableRegistration(
        displacement,
        inverse_displacement(displacement, fixed.geometry, offset, moving.geometry),
        fixed.geometry,
        offset,
        moved,
        jacobian_report(displacement, fixed.geometry),
        similarity,
        disagreement,
        not_to_use,
        bad,
        usable,
        tuple(remarks),
    )


def _verdict(
    fixed: Volume, moving: Volume, bad: float, alike: float, settings: DeformableSettings
) -> tuple[bool, list[Remark]]:
    """Whether the field may be used: bad share of the body, mean local similarity."""
    one_mode = fixed.modality == moving.modality == "CT"
    least = settings.least_mean_similarity if one_mode else settings.least_mean_similarity_modes
    if alike < least:
        text = (
            f"After registration the images agree by {alike:.2f} only, {least:.2f} is expected of "
            "one patient: another patient or another region. Do not use the displacement field."
        )
        return False, [Remark("images-stay-unlike", text)]
    if bad > settings.largest_bad_share:
        text = (
            f"In {bad:.0%} of the common body the images stay unlike or both directions disagree: "
            "do not use the displacement field."
        )
        return False, [Remark("field-not-usable", text)]
    if bad > 0.01:
        text = f"Do not use the field in {bad:.0%} of the common body; the map shows where."
        return True, [Remark("field-not-usable-in-places", text)]
    return True, []


def _unfolded(
    field: ElasticField,
    fixed: Volume,
    moving: Volume,
    offset: np.ndarray,
    settings: DeformableSettings,
) -> tuple[np.ndarray, bool]:
    """The whole displacement with a Jacobian above the least one, and whether that took effort."""
    stiffer = settings
    for attempt in range(30):
        displacement = _whole(field, fixed.geometry, offset)
        if jacobian_report(displacement, fixed.geometry).minimum >= settings.least_jacobian:
            break
        if attempt < 4:
            stiffer = replace(stiffer, stiffness=4 * stiffer.stiffness)
            field = stiffened(field, fixed, moving, offset, stiffer)
        else:
            # Ends for certain: no field at all has the Jacobian 1.
            field = ElasticField(field.grid, 0.7 * field.weights)
    return displacement, attempt > 0


def _disagreement(
    fixed: Volume,
    moving: Volume,
    offset: np.ndarray,
    displacement: np.ndarray,
    settings: DeformableSettings,
) -> np.ndarray:
    """Distance (k, j, i) in mm between each fixed voxel and where it ends after there and back."""
    count = max(1, len(settings.field_spacings_mm) - 1)
    coarse = replace(
        settings,
        field_spacings_mm=settings.field_spacings_mm[:count],
        field_steps=settings.field_steps[:count],
    )
    back = np.linalg.inv(offset)
    field = elastic_field(moving, fixed, back, coarse)
    returning = _whole(field, moving.geometry, back)
    points = _points(fixed.geometry)
    there = points + displacement
    # What the way back adds to the rigid offset is smooth enough for linear interpolation.
    rigid = there @ back[:3, :3].T + back[:3, 3]
    grid = _points(moving.geometry)
    added = grid + returning - (grid @ back[:3, :3].T + back[:3, 3])
    again = rigid + sampled_field(added, moving.geometry, there)
    distance: np.ndarray = np.linalg.norm(again - points, axis=-1).astype(np.float32)
    return distance


def _whole(field: ElasticField, geometry: Geometry, offset: np.ndarray) -> np.ndarray:
    points = _points(geometry)
    moved = (points + field.on(geometry)) @ offset[:3, :3].T + offset[:3, 3]
    whole: np.ndarray = (moved - points).astype(np.float32)
    return whole


def _points(geometry: Geometry) -> np.ndarray:
    return geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))
