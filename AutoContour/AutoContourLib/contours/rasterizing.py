"""Contours of a structure set as masks on the grid of an image.

Contours are filled at the centers of voxels. Nested ones are holes, keyholes close of
themselves; slices without contours between two with are interpolated by distance maps, scattered
points by a closed curve, as far as the settings allow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import ndimage

from AutoContourLib.contours.contour_settings import RasterSettings
from AutoContourLib.contours.planar import crosses_itself, filled, patch
from AutoContourLib.contours.structure_set import Contour, Rasterized, Region, StructureSet
from MedImageLib.errors import InputError, Remark
from MedImageLib.volume import Volume

_SAME_PLANE = 0.25  # slices; contours nearer than that lie on one plane
_LONG_STEP_PX = 4.0


def rasterized(
    structures: StructureSet, image: Volume, settings: RasterSettings | None = None
) -> Rasterized:
    """Masks of all regions that have a voxel on the image, the names of those that have none.

    Raises InputError when the structures lie in another frame of reference than the image.
    """
    settings = settings or RasterSettings()
    _same_frame(structures, image, settings)
    masks: dict[str, Volume] = {}
    remarks = list(structures.remarks)
    empty = []
    for region in structures.regions:
        array, found = region_mask(region, image, settings)
        remarks.extend(found)
        if array.any():
            masks[region.name] = image.with_array(
                array, is_labelmap=True, modality="SEG", unit="", remarks=()
            )
        else:
            empty.append(region.name)
            if region.contours:
                remarks.append(_remark("region-not-on-image", region, "has no voxel on the image"))
    return Rasterized(masks, tuple(dict.fromkeys(remarks)), tuple(empty))


def region_mask(
    region: Region, image: Volume, settings: RasterSettings
) -> tuple[np.ndarray, list[Remark]]:
    """Bool mask (k, j, i) of one region, and remarks."""
    depth, rows, columns = image.array.shape
    mask = np.zeros(image.array.shape, bool)
    remarks: list[Remark] = []
    planes: dict[float, list[np.ndarray]] = defaultdict(list)
    exclusive = any(contour.kind == "CLOSEDPLANAR_XOR" for contour in region.contours)
    for contour in region.contours:
        index = _closed(region, contour, image, settings, remarks)
        if index is None:
            continue
        level = float(index[:, 2].mean())
        near = next((one for one in planes if abs(one - level) < _SAME_PLANE), level)
        planes[near].append(index[:, :2])
    drawn: dict[float, np.ndarray] = {}
    for level in sorted(planes):
        drawn[level] = _plane(region, planes[level], (rows, columns), exclusive, remarks)
    outside = [level for level in drawn if not -0.5 <= level < depth - 0.5]
    if outside:
        remarks.append(
            _remark("contours-outside", region, f"has {len(outside)} planes beyond the image")
        )
    _placed(mask, drawn, region, settings.fill_gaps, remarks)
    return mask, remarks


def _same_frame(structures: StructureSet, image: Volume, settings: RasterSettings) -> None:
    source = image.tags.get("dicom_source")
    here = source.frame_of_reference_uid if source else ""
    named = structures.frame_of_reference_uids
    if here and named and here not in named and not settings.other_frame:
        raise InputError(
            "The structures lie in another frame of reference than the image; expected those of "
            "the same. Register first, or accept them as they are (other_frame, --other-frame)."
        )


def _closed(
    region: Region,
    contour: Contour,
    image: Volume,
    settings: RasterSettings,
    remarks: list[Remark],
) -> np.ndarray | None:
    """Indices (n, 3) in order (i, j, k) of a contour that bounds an area, else None."""
    index = image.geometry.indices(contour.points_mm)
    if contour.kind == "POINT" or len(index) < 3:
        remarks.append(_remark("points-left-out", region, "holds points, which have no area"))
        return None
    gap_mm = float(np.linalg.norm(contour.points_mm[0] - contour.points_mm[-1]))
    if contour.kind.startswith("OPEN"):
        if gap_mm > settings.close_gap_mm:
            remarks.append(_remark("open-contour", region, "has open contours, which are left out"))
            return None
        remarks.append(_remark("open-contour-closed", region, "has open contours, now closed"))
    if np.ptp(index[:, 2]) > 2 * _SAME_PLANE:
        remarks.append(
            _remark("contour-not-planar", region, "has contours across slices, which are left out")
        )
        return None
    if crosses_itself(index[:, :2], image.array.shape[1:]):
        remarks.append(
            _remark("contour-crosses-itself", region, "has contours that cross themselves")
        )
    if settings.points == "curve":
        index = _curve(index)
    beyond = (index[:, :2] < -0.5) | (index[:, :2] > np.array(image.array.shape[:0:-1]) - 0.5)
    if beyond.any():
        remarks.append(_remark("contours-outside", region, "reaches beyond the image, cut there"))
    return index


def _curve(index: np.ndarray) -> np.ndarray:
    """Scattered points joined by a closed cubic curve through all of them."""
    from scipy.interpolate import CubicSpline

    closed = np.concatenate([index, index[:1]])
    steps = np.linalg.norm(np.diff(closed[:, :2], axis=0), axis=1)
    closed, steps = closed[np.append(True, steps > 1e-6)], steps[steps > 1e-6]
    if len(steps) < 4 or steps.max() < _LONG_STEP_PX:
        return index
    # Centripetal parameters keep the curve from looping where points lie unevenly.
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(steps))])
    closed[-1] = closed[0]
    curve = CubicSpline(along, closed, bc_type="periodic")
    count = int(np.ceil(2 * steps.sum()))
    return curve(np.linspace(0, along[-1], count, endpoint=False))


def _plane(
    region: Region,
    contours: Sequence[np.ndarray],
    shape: tuple[int, int],
    exclusive: bool,
    remarks: list[Remark],
) -> np.ndarray:
    """All contours of a plane: inside of another one = hole, apart = one more part."""
    if exclusive or len(contours) == 1:
        return filled(contours, shape)
    parts = sorted((patch(one, shape) for one in contours), key=lambda part: -part[1].sum())
    depth = np.zeros(shape, np.int32)
    mask = np.zeros(shape, bool)
    seen = set()
    for place, part in parts:
        key = (place[0].start, place[1].start, part.shape, part.tobytes())
        if key in seen:
            remarks.append(_remark("contour-repeated", region, "has a contour twice"))
            continue
        seen.add(key)
        below = depth[place][part]
        if not below.size:
            continue
        # Larger ones come first: inside of one is a hole, inside of a hole an island.
        if below.min() == below.max():
            mask[place] ^= part
        else:
            remarks.append(
                _remark("contours-overlap", region, "has contours that overlap, now joined")
            )
            mask[place] |= part
        depth[place] += part
    return mask


def _placed(
    mask: np.ndarray,
    drawn: dict[float, np.ndarray],
    region: Region,
    fill_gaps: float,
    remarks: list[Remark],
) -> None:
    """Planes onto the slices, and slices between two planes filled in place."""
    depth = len(mask)
    levels = sorted(drawn)
    for level in levels:
        k = round(level)
        if 0 <= k < depth and (abs(level - k) <= _SAME_PLANE or len(levels) == 1):
            mask[k] = drawn[level]
    if len(levels) < 2:
        return
    usual = max(1.0, float(np.median(np.diff(levels))))
    filled_in = 0
    for low, high in pairwise(levels):
        inside = [
            k
            for k in range(max(0, int(np.floor(low))), min(depth, int(np.ceil(high)) + 1))
            if low + _SAME_PLANE < k < high - _SAME_PLANE
        ]
        if not inside:
            continue
        if high - low > fill_gaps * usual + 1e-3:
            remarks.append(
                _remark("slices-without-contours", region, "has gaps that were not filled")
            )
            continue
        near, far = (_signed_distance(drawn[level]) for level in (low, high))
        for k in inside:
            share = (k - low) / (high - low)
            mask[k] = (1 - share) * near + share * far < 0
            filled_in += 1
    # Contours between slices, with none of their own on either side.
    for level in (levels[0], levels[-1]):
        k = round(level)
        if 0 <= k < depth and not mask[k].any():
            mask[k] = drawn[level]
    if filled_in:
        remarks.append(
            _remark("slices-interpolated", region, f"was interpolated on {filled_in} slices")
        )


def _signed_distance(mask: np.ndarray) -> np.ndarray:
    """Distance to the border in pixels, negative inside; far away for an empty plane."""
    if not mask.any():
        return np.full(mask.shape, float(sum(mask.shape)))
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    return outside - inside


def _remark(code: str, region: Region, text: str) -> Remark:
    return Remark(code, f"Region {region.number} {text}.")
