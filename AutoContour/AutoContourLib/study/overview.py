"""What a radiotherapy study holds, on one grid: planning CT and every other image on top of it.

Images are placed by their own patient coordinates; nothing is registered here. The body outline
on CT is classical: above a threshold, the largest part, slice-wise filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.errors import InputError, Remark
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume

BODY_ABOVE_HU = -300.0
BODY = 1


@dataclass(frozen=True, eq=False)
class StudyOverview:
    """planning: the reference image. others: the further images on their own grids.
    on_planning_grid: the same on the grid of the planning image. body: label map, 1 = body."""

    planning: Volume
    others: tuple[Volume, ...]
    on_planning_grid: tuple[Volume, ...]
    body: Volume
    body_volume_ml: float
    remarks: tuple[Remark, ...]


def study_overview(images: Sequence[Volume]) -> StudyOverview:
    """Overview of the images of one study. Raises InputError when there is no CT volume."""
    scans = [v for v in images if v.modality == "CT" and v.array.shape[0] > 1]
    if not scans:
        raise InputError("The study holds no CT volume; a planning CT is needed as reference.")
    planning = min(scans, key=lambda v: str(v.tags.get("acquisition_date") or "9999"))
    others = tuple(v for v in images if v is not planning and v.array.shape[0] > 1)
    frame = planning.tags.get("frame_of_reference_key")
    apart = [v for v in others if v.tags.get("frame_of_reference_key") != frame]
    remarks = list(planning.remarks)
    if apart:
        remarks.append(
            Remark(
                "other-frame-of-reference",
                f"{len(apart)} of {len(others)} further images have another frame of reference; "
                "they are shown by their own coordinates and may not fit until registered.",
            )
        )
    body = body_outline(planning)
    volume_ml = float(body.array.sum()) * planning.geometry.voxel_volume_mm3 / 1000
    return StudyOverview(
        planning,
        others,
        tuple(resampled(v, planning.geometry) for v in others),
        body,
        volume_ml,
        tuple(remarks),
    )


def body_outline(scan: Volume) -> Volume:
    """Label map of the body on a CT, without couch and air around."""
    dense = scan.array > BODY_ABOVE_HU
    # Opening cuts the couch off, which touches the body in a few voxels only. Beyond the scan the
    # body goes on: shoulders on the last slices are no tips to be cut off.
    worn = ndimage.binary_erosion(dense, iterations=2, border_value=1)
    opened = ndimage.binary_dilation(worn, iterations=2)
    parts, count = ndimage.label(opened)
    body = np.zeros(dense.shape, np.uint8)
    if count:
        largest = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
        grown = ndimage.binary_dilation(largest, iterations=2) & dense
        for plane in range(grown.shape[0]):
            body[plane] = ndimage.binary_fill_holes(grown[plane])
    return scan.with_array(body, is_labelmap=True, unit="", remarks=())
