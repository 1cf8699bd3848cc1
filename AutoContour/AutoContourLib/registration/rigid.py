"""Rigid registration: a start from far away, refinement by scales, and an honest verdict.

US 12,394,057 B2, paragraphs 103–108. Refinement maximizes mutual information (Mattes et al., 2003,
as in SimpleITK) and, for images of one modality, ends with least squares of gray values. The
result is never worse than what it began with, by one measure taken at fixed points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.least_squares import refined_by_least_squares
from AutoContourLib.registration.mutual_information import by_information, flipped_score
from AutoContourLib.registration.offset import RigidOffset, offset_of
from AutoContourLib.registration.rigid_channels import refined_by_channels
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.rigid_start import starts
from AutoContourLib.registration.similarity import Judge, Similarity, similarity_at
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.volume import Volume

PARTIAL_BELOW = 0.6
LARGEST_SPACING_MM = 40.0
# A body is nearly its own mirror image, so that a flip shows by little.
FLIP_GAIN = 1.05
_FLIPPED = Remark(
    "flipped-left-right",
    "The moving image fits better when mirrored left to right: one of both is likely flipped. "
    "Do not use the registration; check the orientation at the source.",
)


@dataclass(frozen=True, eq=False)
class RigidRegistration:
    """offset: six numbers about the middle of the fixed image. before, after: similarity at the
    given start and at the end. usable: False where the images do not overlap or do not fit;
    remarks say which."""

    offset: RigidOffset
    before: Similarity
    after: Similarity
    usable: bool
    remarks: tuple[Remark, ...]

    @property
    def moving_from_fixed(self) -> np.ndarray:
        return self.offset.moving_from_fixed


def register_rigid(
    fixed: Volume,
    moving: Volume,
    settings: RigidSettings | None = None,
    start: np.ndarray | None = None,
) -> RigidRegistration:
    """The offset that takes fixed points to moving ones.

    start: 4 × 4, LPS mm; default the images' own coordinates. Deterministic. Raises InputError
    for label maps, single slices, constant images and values that are not finite, GeometryError
    for grids without known spacing.
    """
    settings = settings or RigidSettings()
    for name, image in (("fixed", fixed), ("moving", moving)):
        _check(name, image)
    begin = np.eye(4) if start is None else np.asarray(start, float)
    still, free = comparable(fixed), comparable(moving)
    judge = similarity_at(still, free, settings.samples, settings.seed)
    before = judge(begin)
    end = _found(fixed, moving, begin, judge, settings) if settings.refine else begin
    after = judge(end)
    usable, remarks = _verdict(fixed, moving, after, settings)
    if settings.check_flip and settings.refine:
        flipped = flipped_score(still, free, end, settings)
        if flipped > FLIP_GAIN * after.score:
            usable = False
            remarks.insert(0, _FLIPPED)
    return RigidRegistration(
        offset_of(end, fixed.geometry.center_mm), before, after, usable, tuple(remarks)
    )


def _found(
    fixed: Volume, moving: Volume, begin: np.ndarray, judge: Judge, settings: RigidSettings
) -> np.ndarray:
    """The best offset from the given start and, if wanted, from a search."""
    still, free = comparable(fixed), comparable(moving)
    coarser, finer = settings.spacings_mm[:1], settings.spacings_mm[1:]
    candidates = [begin]
    if settings.search:
        candidates += [
            one.moving_from_fixed
            for one in starts(still, free, settings.search_spacing_mm, settings.turn_step_deg)
        ]
    coarse = [by_information(still, free, one, settings, coarser) for one in candidates]
    end = max([*coarse, *candidates], key=lambda one: judge(one).score)
    end = _not_worse(judge, end, by_information(still, free, end, settings, finer))
    if fixed.modality == moving.modality:
        exact = refined_by_least_squares(still, free, end, settings.samples, settings.seed)
        end = _not_worse(judge, end, exact)
    if "PT" not in (fixed.modality, moving.modality):
        spacings = (2.0,) if fixed.modality == moving.modality else (4.0, 2.0)
        end = _not_worse(judge, end, refined_by_channels(fixed, moving, end, spacings))
    return end if judge(end).score >= judge(begin).score else begin


def least_agreement(fixed: Volume, moving: Volume, settings: RigidSettings) -> float:
    """Agreement of edges that these two images must reach."""
    one_mode = bool(fixed.modality) and fixed.modality == moving.modality
    return settings.least_agreement if one_mode else settings.least_agreement_modes


def _check(name: str, image: Volume) -> None:
    if image.is_labelmap:
        raise InputError(f"The {name} image is a label map; give an image.")
    if min(image.array.shape) < 4:
        raise InputError(
            f"The {name} image has {image.array.shape} voxels; at least 4 along each axis are "
            "needed for a rotation in space."
        )
    if not image.geometry.spacing_known:
        raise GeometryError(f"The spacing of the {name} image is not known; set it first.")
    if max(image.geometry.spacing_mm) > LARGEST_SPACING_MM:
        raise GeometryError(
            f"The {name} image has voxels of {max(image.geometry.spacing_mm):g} mm; at most "
            f"{LARGEST_SPACING_MM:g} mm are expected of a patient. Check its spacing."
        )
    if not np.isfinite(image.array).all():
        raise InputError(f"The {name} image holds values that are not finite.")
    if image.array.min() == image.array.max():
        raise InputError(f"The {name} image is constant; nothing can be registered on it.")


def _not_worse(judge: Judge, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The later offset, unless it is clearly worse.

    The measure wavers by less than a hundredth where the exact offset is a fraction of a voxel
    away, so that a slightly lower score is no reason against the finer step.
    """
    return after if judge(after).score >= 0.99 * judge(before).score else before


def _verdict(
    fixed: Volume, moving: Volume, after: Similarity, settings: RigidSettings
) -> tuple[bool, list[Remark]]:
    if after.overlap < settings.least_overlap:
        return False, [
            Remark(
                "no-overlap",
                f"Only {after.overlap:.0%} of the smaller body is common: the images show other "
                "regions, or no offset was found. Do not use it.",
            )
        ]
    if after.agreement < least_agreement(fixed, moving, settings):
        return False, [
            Remark(
                "images-do-not-fit",
                f"Edges agree by {after.agreement:.2f} only (one third is chance): another "
                "patient, another region, or a failed registration. Do not use it unchecked.",
            )
        ]
    if after.overlap < PARTIAL_BELOW:
        text = f"{after.overlap:.0%} of the smaller body is common; outside nothing is known."
        return True, [Remark("partial-overlap", text)]
    return True, []
