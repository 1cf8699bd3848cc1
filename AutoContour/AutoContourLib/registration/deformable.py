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

# Code of the remark that no field is given, since it would explain next to nothing.
RIGID_KEPT = "rigid-offset-kept"


@dataclass(frozen=True, eq=False)
class DeformableRegistration:
    """A displacement field with its quality.

    displacement_mm: (k, j, i, 3) float32, LPS, on `geometry` (the fixed grid), the whole mapping:
        fixed point + vector = moving point.
    inverse_mm: (k, j, i, 3) on the moving grid: moving point + vector = fixed point.
    moved: the moving image on the fixed grid.
    similarity: (k, j, i) local correlation, 0 … 1. disagreement_mm: (k, j, i), how far the way
        there and an independent registration back end from the start; None when not checked or
        when the rigid offset is kept.
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

    Where a field would explain next to nothing, the rigid offset is kept and a remark says so.
    Deterministic. Images are checked by `register_rigid`, which comes first.
    """
    settings = settings or DeformableSettings()
    offset = np.asarray(moving_from_fixed, float)
    field = elastic_field(fixed, moving, offset, settings)
    displacement, stiffer = _unfolded(field, fixed, moving, offset, settings)
    found = _placed(fixed, moving, displacement)
    rigid = _placed(fixed, moving, _whole(None, fixed.geometry, offset))
    gain = _share_explained(fixed, rigid, found)
    useless = gain < settings.least_gain
    placed = rigid if useless else found
    displacement, seen, similarity = placed.displacement_mm, placed.seen, placed.similarity
    disagreement = None
    if settings.check_reverse and not useless:
        disagreement = _disagreement(fixed, moving, offset, displacement, settings)
    not_to_use, bad = map_of_use(
        fixed, seen, similarity, disagreement,
        settings.least_similarity, settings.largest_disagreement_mm,
    )  # fmt: skip
    common = body_mask(comparable(fixed)) & seen
    alike = float(similarity[common].mean()) if common.any() else 0.0
    usable, remarks = _verdict(fixed, moving, bad, alike, settings)
    if useless:
        remarks.append(_kept_rigid(gain))
    elif stiffer:
        remarks.append(
            Remark("field-stiffened", "The field would have folded and was made stiffer.")
        )
    return DeformableRegistration(
        displacement,
        inverse_displacement(displacement, fixed.geometry, offset, moving.geometry),
        fixed.geometry,
        offset,
        placed.moved,
        jacobian_report(displacement, fixed.geometry),
        similarity,
        disagreement,
        not_to_use,
        bad,
        usable,
        tuple(remarks),
    )


@dataclass(frozen=True, eq=False)
class _Placed:
    """A whole displacement (k, j, i, 3), the moving image by it, where it is seen and how alike
    both images are then."""

    displacement_mm: np.ndarray
    moved: Volume
    seen: np.ndarray
    similarity: np.ndarray


def _placed(fixed: Volume, moving: Volume, displacement_mm: np.ndarray) -> _Placed:
    moved = resampled(moving, fixed.geometry, displacement_mm=displacement_mm)
    seen = inside(moving.geometry, _points(fixed.geometry) + displacement_mm)
    return _Placed(displacement_mm, moved, seen, local_similarity(fixed, moved, seen))


def _share_explained(fixed: Volume, rigid: _Placed, found: _Placed) -> float:
    """Share of what the rigid offset leaves unlike in the common body that a field makes alike."""
    common = body_mask(comparable(fixed)) & rigid.seen & found.seen
    if not common.any():
        return 0.0
    left = 1.0 - float(rigid.similarity[common].mean())
    return 1.0 - (1.0 - float(found.similarity[common].mean())) / max(left, 1e-6)


def _kept_rigid(gain: float) -> Remark:
    return Remark(
        RIGID_KEPT,
        f"A displacement field would explain {max(gain, 0.0):.0%} only of what the rigid offset "
        "leaves unlike, so that the rigid offset is kept. Nothing bent, or the voxels are too "
        "coarse to show it.",
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
    for attempt in range(30):
        displacement = _whole(field, fixed.geometry, offset)
        if jacobian_report(displacement, fixed.geometry).minimum >= settings.least_jacobian:
            break
        if attempt < 4:
            field = stiffened(field, fixed, moving, offset, settings)
        else:
            # Ends for certain: no field at all has the Jacobian 1.
            field = replace(field, weights=0.7 * field.weights)
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


def _whole(field: ElasticField | None, geometry: Geometry, offset: np.ndarray) -> np.ndarray:
    """The mapping of a field, or of the offset alone, as vectors (k, j, i, 3) in LPS mm."""
    points = _points(geometry)
    bent = points if field is None else points + field.on(geometry)
    moved = bent @ offset[:3, :3].T + offset[:3, 3]
    whole: np.ndarray = (moved - points).astype(np.float32)
    return whole


def _points(geometry: Geometry) -> np.ndarray:
    return geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))
