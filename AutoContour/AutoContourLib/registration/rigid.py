"""Rigid registration: a start from far away, refinement by scales, and an honest verdict.

US 12,394,057 B2, paragraphs 103–108. Refinement maximizes mutual information (Mattes et al., 2003,
as in SimpleITK) and, for images of one modality, ends with least squares of gray values. The
result is never worse than what it began with, by one measure taken at fixed points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.least_squares import refined_by_least_squares
from AutoContourLib.registration.mutual_information import (
    all_by_information,
    by_information,
    flipped_score,
)
from AutoContourLib.registration.offset import RigidOffset, mean_offset, offset_of
from AutoContourLib.registration.rigid_channels import refined_by_channels
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.rigid_stability import UPTAKE_SPACING_MM, Stability, stability_of
from AutoContourLib.registration.rigid_start import starts
from AutoContourLib.registration.rigid_uptake import refined_by_uptake
from AutoContourLib.registration.similarity import Judge, Similarity, similarity_at
from AutoContourLib.registration.start_network import learned_start, load_start_model
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.volume import Volume

Verdict = Literal["usable", "check", "do not use"]
USABLE: Verdict = "usable"
CHECK: Verdict = "check"
DO_NOT_USE: Verdict = "do not use"
PARTIAL_BELOW = 0.6
LARGEST_SPACING_MM = 40.0
# A body is nearly its own mirror image, so that a flip shows by little.
FLIP_GAIN = 1.05
_APART_MM = 6.0
_PLAINLY = 0.95
_MOST_LEADERS = 3
_FLIPPED = Remark(
    "flipped-left-right",
    "The moving image fits better when mirrored left to right: one of both is likely flipped. "
    "Do not use the registration; check the orientation at the source.",
)


@dataclass(frozen=True, eq=False)
class RigidRegistration:
    """offset: six numbers about the middle of the fixed image. before, after: similarity at the
    given start and at the end. verdict: `usable`; `check` where the answer is not stable, so that
    a person must look; `do not use` where the images do not overlap or do not fit. remarks say
    why. stability: None where it was not asked for or where nothing fits."""

    offset: RigidOffset
    before: Similarity
    after: Similarity
    verdict: Verdict
    remarks: tuple[Remark, ...]
    stability: Stability | None = None

    @property
    def usable(self) -> bool:
        return self.verdict == USABLE

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
    end, rivals = begin, list[tuple[np.ndarray, float]]()
    if settings.refine:
        end, rivals = _found(fixed, moving, begin, judge, settings)
    after = judge(end)
    verdict, remarks = _verdict(fixed, moving, after, settings)
    stability: Stability | None = None
    # Two images of one modality are judged by the field that follows; a patient who bent in
    # between is no reason to doubt them.
    modes = not _one_mode(fixed, moving)
    if settings.check_stability and settings.refine and modes and verdict != DO_NOT_USE:
        stability = stability_of(fixed, moving, end, [(end, after.score), *rivals])
        doubt = _doubted(stability, settings.largest_doubt_mm)
        if doubt is not None:
            hopeless = stability.doubt_mm > settings.hopeless_doubt_mm
            verdict = DO_NOT_USE if hopeless else CHECK
            remarks.insert(0, doubt)
    if settings.check_flip and settings.refine:
        flipped = flipped_score(still, free, end, settings)
        if flipped > FLIP_GAIN * after.score:
            verdict = DO_NOT_USE
            remarks.insert(0, _FLIPPED)
    return RigidRegistration(
        offset_of(end, fixed.geometry.center_mm), before, after, verdict, tuple(remarks), stability
    )


def _found(
    fixed: Volume, moving: Volume, begin: np.ndarray, judge: Judge, settings: RigidSettings
) -> tuple[np.ndarray, list[tuple[np.ndarray, float]]]:
    """The best offset from the given start and, if wanted, from a search; and the other places
    that fit nearly as well, refined alike, with their scores."""
    still, free = comparable(fixed), comparable(moving)
    coarser, finer = settings.spacings_mm[:1], settings.spacings_mm[1:]
    candidates = [begin]
    coarse = all_by_information(still, free, candidates, settings, coarser)
    if settings.search and not _fits_plainly(fixed, moving, judge(coarse[0])):
        candidates += [
            one.moving_from_fixed
            for one in starts(still, free, settings.search_spacing_mm, settings.turn_step_deg)
        ]
        if settings.learned:
            learned = learned_start(still, free, load_start_model())
            candidates += [] if learned is None else [learned]
        coarse += all_by_information(still, free, candidates[1:], settings, coarser)
    ranked = sorted([*coarse, *candidates], key=lambda one: -_worth(judge(one)))
    # On a coarse grid another place may seem the best; two CT tell theirs clearly.
    leaders = ranked[:1] if _one_mode(fixed, moving) else _leaders(ranked, judge, still)
    ends = [
        _not_worse(judge, before, after)
        for before, after in zip(
            leaders, all_by_information(still, free, leaders, settings, finer), strict=True
        )
    ]
    best = max(range(len(ends)), key=lambda n: _worth(judge(ends[n])))
    uptake = "PT" in (fixed.modality, moving.modality)
    exact = _last_steps(fixed, moving, ends[best], judge, settings)
    # Self-similarity and uptake see more of two modalities than the score does, and may cost some.
    share = 0.99 if _one_mode(fixed, moving) else 0.85 if uptake else 0.95
    end = _not_worse(judge, ends[best], exact, share)
    end = end if judge(end).score >= judge(begin).score else begin
    rivals = [(one, judge(one).score) for n, one in enumerate(ends) if n != best]
    return end, rivals


def _worth(found: Similarity) -> float:
    """Of equal scores the one over more of the smaller body is the safer."""
    return found.score * float(found.overlap**0.25)


def _one_mode(fixed: Volume, moving: Volume) -> bool:
    return bool(fixed.modality) and fixed.modality == moving.modality


def _fits_plainly(fixed: Volume, moving: Volume, near: Similarity) -> bool:
    """Whether an offset fits so well that no other place can fit better.

    Edges of one modality that lie on one another agree by 0.97 and more, 9 mm away by less than
    0.9, farther away by less than 0.8.
    """
    return _one_mode(fixed, moving) and near.agreement >= _PLAINLY and near.overlap >= PARTIAL_BELOW


def _leaders(ranked: list[np.ndarray], judge: Judge, still: Volume) -> list[np.ndarray]:
    """The best of ranked places and at most two others that lie apart and fit nearly as well."""
    middle = np.append(still.geometry.center_mm, 1.0)
    kept = [ranked[0]]
    for one in ranked[1:]:
        if len(kept) == _MOST_LEADERS or _worth(judge(one)) < 0.85 * _worth(judge(ranked[0])):
            break
        parts = [one - other for other in kept]
        if all(
            np.abs(part @ middle).max() + 50 * np.abs(part[:3, :3]).max() > _APART_MM
            for part in parts
        ):
            kept.append(one)
    return kept


def _last_steps(
    fixed: Volume, moving: Volume, end: np.ndarray, judge: Judge, settings: RigidSettings
) -> np.ndarray:
    """The exact offset near to one that is right within some mm, by what the modalities allow."""
    if {fixed.modality, moving.modality} == {"CT", "PT"}:
        return refined_by_uptake(fixed, moving, end)
    if "PT" in (fixed.modality, moving.modality):
        return _of_several_measures(fixed, moving, end, settings)
    if fixed.modality != moving.modality:
        return refined_by_channels(fixed, moving, end, (4.0, 2.0))
    exact = refined_by_least_squares(fixed, moving, end)
    # A slab alone leaves the turns open, which the images read without blur settle better.
    if fixed.modality == "CT" and judge(exact).overlap >= PARTIAL_BELOW:
        return exact
    return refined_by_channels(fixed, moving, exact, (2.0,))


def _of_several_measures(
    fixed: Volume, moving: Volume, end: np.ndarray, settings: RigidSettings
) -> np.ndarray:
    """The mean of what mutual information at two sets of points and the channels end at.

    Uptake is blurred and noisy, so that each of them wavers by a good part of a voxel.
    """
    still, free = comparable(fixed), comparable(moving)
    other = replace(settings, seed=settings.seed + 17)
    ends = [
        end,
        by_information(still, free, end, other, settings.spacings_mm[1:]),
        refined_by_channels(fixed, moving, end, (UPTAKE_SPACING_MM,)),
    ]
    return mean_offset(ends, fixed.geometry.center_mm)


def least_agreement(fixed: Volume, moving: Volume, settings: RigidSettings) -> float:
    """Agreement of edges that these two images must reach."""
    one_mode = _one_mode(fixed, moving)
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


def _not_worse(
    judge: Judge, before: np.ndarray, after: np.ndarray, share: float = 0.99
) -> np.ndarray:
    """The later offset, unless its score is below a share of the earlier one's.

    The measure wavers by less than a hundredth where the exact offset is a fraction of a voxel
    away, so that a slightly lower score is no reason against the finer step.
    """
    return after if judge(after).score >= share * judge(before).score else before


def _verdict(
    fixed: Volume, moving: Volume, after: Similarity, settings: RigidSettings
) -> tuple[Verdict, list[Remark]]:
    if after.overlap < settings.least_overlap:
        return DO_NOT_USE, [
            Remark(
                "no-overlap",
                f"Only {after.overlap:.0%} of the smaller body is common: the images show other "
                "regions, or no offset was found. Do not use it.",
            )
        ]
    if after.agreement < least_agreement(fixed, moving, settings):
        return DO_NOT_USE, [
            Remark(
                "images-do-not-fit",
                f"Edges agree by {after.agreement:.2f} only (one third is chance): another "
                "patient, another region, or a failed registration. Do not use it unchecked.",
            )
        ]
    if after.overlap < PARTIAL_BELOW:
        text = f"{after.overlap:.0%} of the smaller body is common; outside nothing is known."
        return USABLE, [Remark("partial-overlap", text)]
    return USABLE, []


def _doubted(stability: Stability, most_mm: float) -> Remark | None:
    """Why the answer is not stable enough, or None."""
    if stability.doubt_mm <= most_mm:
        return None
    parts = float(np.mean(stability.parts_mm)) if stability.parts_mm else 0.0
    rival = f", another place fits as well {stability.rival_mm:.0f} mm away"
    return Remark(
        "offset-not-stable",
        f"The offset is not certain to {most_mm:g} mm: halves of the body by themselves end "
        f"{parts:.1f} mm away, another measure {stability.measure_mm:.1f} mm"
        f"{rival if stability.rival_mm else ''}. Check it by eye before use.",
    )
