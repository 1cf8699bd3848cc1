"""The target contour from the contours of two registered images (source: paragraphs 220 to 226).

Both must be approved. It is one of them, or stitched: structures that one image shows better are
taken from it, bone from CT, soft tissue from MR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from AutoContourLib.contours.structure_set import Approval, RegionMask
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.settings import check_settings, setting

BONY = ("mandible", "bone", "spine", "spinal_canal", "ribs", "clavicles")


@dataclass(frozen=True)
class TargetSettings:
    """Where the target contour comes from."""

    source: str = setting(
        "stitched",
        help="The first contour, the second one, or both stitched.",
        choices=("first", "second", "stitched"),
    )
    bone_from: str = setting("CT", help="Modality that bone is taken from when stitched.")
    soft_from: str = setting("MR", help="Modality that soft tissue is taken from when stitched.")
    on: str = setting(
        "first", help="The image that the target contour lies on.", choices=("first", "second")
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class ContourOfImage:
    """Regions of one image, all on the grid of the image with the target, and their approval."""

    modality: str
    regions: tuple[RegionMask, ...]
    approval: Approval


@dataclass(frozen=True, eq=False)
class TargetContour:
    """Regions, from which image each was taken (`first`, `second`), and remarks."""

    regions: tuple[RegionMask, ...]
    taken_from: Mapping[str, str]
    remarks: tuple[Remark, ...] = ()


def target_contour(
    first: ContourOfImage, second: ContourOfImage, settings: TargetSettings | None = None
) -> TargetContour:
    """The target contour. A region that only one image has is taken from there, with a remark.

    Raises InputError unless both contours are approved, or when stitching knows neither image's
    modality; GeometryError when they do not share one grid.
    """
    settings = settings or TargetSettings()
    for word, one in (("first", first), ("second", second)):
        if one.approval.state != "APPROVED":
            raise InputError(
                f"The {word} contour is {one.approval.state.lower()}; a target contour is made of "
                "approved ones. Review it first."
            )
    everything = [*first.regions, *second.regions]
    if not everything:
        raise InputError("Neither contour holds a region.")
    grid = everything[0].mask.geometry
    if not all(region.mask.geometry.same_grid(grid, 0.01) for region in everything):
        raise GeometryError("The two contours lie on different grids; resample one to the other.")
    by_image = {
        "first": {_key(region): region for region in first.regions},
        "second": {_key(region): region for region in second.regions},
    }
    if settings.source != "stitched":
        chosen = by_image[settings.source]
        return TargetContour(tuple(chosen.values()), dict.fromkeys(chosen, settings.source))
    regions, taken, remarks = [], {}, []
    for key in dict.fromkeys([*by_image["first"], *by_image["second"]]):
        wanted = _image_for(key, first, second, settings)
        other = "second" if wanted == "first" else "first"
        at = wanted if key in by_image[wanted] else other
        if at != wanted:
            remarks.append(
                Remark("region-of-one-image", f"{key} is contoured on the {at} image only.")
            )
        regions.append(by_image[at][key])
        taken[key] = at
    return TargetContour(tuple(regions), taken, tuple(remarks))


def _key(region: RegionMask) -> str:
    return region.structure.key if region.structure else region.name


def _image_for(
    key: str, first: ContourOfImage, second: ContourOfImage, settings: TargetSettings
) -> str:
    modality = settings.bone_from if key in BONY else settings.soft_from
    for word, one in (("first", first), ("second", second)):
        if one.modality == modality:
            return word
    if settings.bone_from in (first.modality, second.modality) or settings.soft_from in (
        first.modality,
        second.modality,
    ):
        return "first"
    raise InputError(
        f"Stitching takes bone from {settings.bone_from} and soft tissue from "
        f"{settings.soft_from}, but the images are {first.modality or 'unknown'} and "
        f"{second.modality or 'unknown'}; choose the first or the second contour."
    )
