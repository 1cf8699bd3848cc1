"""RTSTRUCT files as structure sets, tolerant where planning systems are sloppy.

Whatever is wrong is a remark that calls a region by its number; no region and no contour is lost
in silence.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset

from AutoContourLib.contours.structure_set import (
    Approval,
    ApprovalState,
    Contour,
    Region,
    StructureSet,
)
from MedImageLib.errors import Remark
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_header import read_dataset
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.reading.rtstruct_check import check_rtstruct, contour_points, region_name
from MedImageLib.volume import Volume


def read_rtstruct(
    path: str | Path, images: Sequence[Volume] = (), limits: Limits = DEFAULT_LIMITS
) -> StructureSet:
    """The structure set of a file.

    images: volumes that it may lie on; references are checked against them. Raises InputError
    when the file is no RTSTRUCT or holds no region.
    """
    report = check_rtstruct(path, images, limits)
    dataset, _ = read_dataset(Path(path), limits, with_pixels=True)
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _structure_set(dataset, {r.number: r.name for r in report.regions}, report.remarks)


def _structure_set(
    dataset: Dataset, names: dict[int, str], remarks: tuple[Remark, ...]
) -> StructureSet:
    contours: dict[int, list[Contour]] = {number: [] for number in names}
    colors: dict[int, tuple[int, int, int]] = {}
    images = set()
    for item in values.items(dataset, "ROIContourSequence"):
        number = _number(item, "ReferencedROINumber")
        if number not in contours:
            continue
        color = values.decimals(item, "ROIDisplayColor")
        if color and len(color) == 3:
            red, green, blue = (min(255, max(0, round(part))) for part in color)
            colors[number] = red, green, blue
        for one in values.items(item, "ContourSequence"):
            points = contour_points(one)
            if points is None:
                continue
            named = values.items(one, "ContourImageSequence")
            uid = values.uid(named[0], "ReferencedSOPInstanceUID")[0] if named else ""
            kind = values.text(one, "ContourGeometricType").upper() or "CLOSED_PLANAR"
            images.add(uid)
            contours[number].append(Contour(points, kind, uid))
    types = {
        _number(item, "ReferencedROINumber"): values.text(item, "RTROIInterpretedType").upper()
        for item in values.items(dataset, "RTROIObservationsSequence")
    }
    regions = []
    frames = set()
    for item in values.items(dataset, "StructureSetROISequence"):
        number = _number(item, "ROINumber")
        frames.add(values.uid(item, "ReferencedFrameOfReferenceUID")[0])
        regions.append(
            Region(
                number,
                names[number],
                region_name(item),
                tuple(contours[number]),
                colors.get(number),
                values.text(item, "ROIGenerationAlgorithm").upper(),
                types.get(number, ""),
            )
        )
    for item in values.items(dataset, "ReferencedFrameOfReferenceSequence"):
        frames.add(values.uid(item, "FrameOfReferenceUID")[0])
    return StructureSet(
        values.text(dataset, "StructureSetLabel"),
        tuple(regions),
        _approval(dataset),
        frozenset(frames - {""}),
        frozenset(images - {""}),
        remarks,
    )


def _number(item: Dataset, keyword: str) -> int:
    return int(values.optional_decimal(item, keyword) or 0)


def _approval(dataset: Dataset) -> Approval:
    """Approval of the file; one that names no reviewer or date counts as none."""
    state = values.text(dataset, "ApprovalStatus").upper()
    reviewer = str(dataset.get("ReviewerName", "") or "")
    date, time = values.text(dataset, "ReviewDate"), values.text(dataset, "ReviewTime")
    if state in get_args(ApprovalState) and reviewer and date and time:
        return Approval(state, reviewer, date, time)  # type: ignore[arg-type]
    return Approval()
