"""DICOM SEG of what was found and DICOM SR (TID 1500) of what was measured on one radiograph.

The level is coded by DICOM's quality assessment (CID 6044), states of conditions and findings by
SNOMED CT; conditions, which no public scheme names, have codes of this product.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from MedImageLib.results import Shape
from MedImageLib.terminology import Code, Structure, structure
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_seg import write_dicom_masks
from MedImageLib.writing.dicom_sr import (
    AREA,
    QUALITY_ASSESSMENT,
    UNITS,
    ReportedGroup,
    ReportedNumber,
    private_code,
    write_dicom_sr,
)
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.conditions import ConditionResult
from MedImageMetricLib.radiograph.detections import Region
from MedImageMetricLib.radiograph.findings import Finding
from MedImageMetricLib.radiograph.label_map import LABELS
from MedImageMetricLib.radiograph.level import Level

SEGMENTATION_FILE = "labels.seg.dcm"
REPORT_FILE = "report.sr.dcm"
CHEST_RADIOGRAPHY = Code("SCT", "399208008", "Plain chest X-ray")
LEVELS: dict[Level, Code] = {
    "first": Code("DCM", "111237", "Usable - Meets the quality control standard"),
    "intermediate": Code("DCM", "111236", "Usable - Does not meet the quality control standard"),
    "second": Code("DCM", "111235", "Unusable - Quality renders image unusable"),
    "not_gradable": Code("SCT", "82334004", "Indeterminate"),
}
STATES = {
    "satisfied": private_code("SATISFIED", "Satisfied"),
    "not_satisfied": private_code("NOT_SATISFIED", "Not satisfied"),
    "not_assessable": private_code("NOT_ASSESSABLE", "Not assessable"),
    "present": Code("SCT", "52101004", "Present"),
    "absent": Code("SCT", "272519000", "Absent"),
    "withheld": private_code("WITHHELD", "Withheld, the level does not allow it"),
}
STATE = private_code("STATE", "State of the condition or finding")
# Code values have at most 16 characters (PS3.5 6.2), names of conditions have more.
SHORT = {"cardiothoracic_ratio": "CTR"}


def write_structured_report(folder: Path, analysis: RadiographAnalysis, source: Path) -> None:
    """Write labels.seg.dcm, where something was found, and report.sr.dcm into the folder.

    source: the DICOM file of the radiograph. Raises InputError when its header lacks what these
    objects refer to.
    """
    masks = _masks(analysis)
    segmentation = None
    if masks:
        segmentation = write_dicom_masks(
            masks, [source], folder / SEGMENTATION_FILE,
            algorithm_name="MedImage image metric", description="Chest radiograph, objects",
        )  # fmt: skip
    groups = (
        ReportedGroup(
            "Quality level", answers=((QUALITY_ASSESSMENT, LEVELS[analysis.assessment.level]),)
        ),
        *(_segment(analysis, n, one) for n, one in enumerate(masks, start=1)),
        *(_finding(analysis, one) for one in analysis.assessment.findings),
        *(_condition(number, one) for number, one in enumerate(analysis.assessment.conditions)),
    )
    write_dicom_sr(
        groups,
        source,
        folder / REPORT_FILE,
        procedure=CHEST_RADIOGRAPHY,
        segmentation=segmentation,
        description="Chest radiograph, image metric",
    )


def _masks(analysis: RadiographAnalysis) -> dict[Structure, Volume]:
    masks = {}
    for name in LABELS.values():
        region = getattr(analysis.detections, name)
        if isinstance(region, Region) and region.area_px:
            mask = analysis.as_found(region.mask)[None]
            masks[structure(name)] = analysis.volume.with_array(mask, is_labelmap=True)
    return masks


def _segment(analysis: RadiographAnalysis, number: int, entry: Structure) -> ReportedGroup:
    region = getattr(analysis.detections, entry.key)
    spacing = analysis.detections.spacing_mm
    area = region.area_px * (spacing[0] * spacing[1] if spacing else 1.0)
    size = ReportedNumber(AREA, area, "mm2" if spacing else "px")
    return ReportedGroup(entry.name, (size,), structure=entry, segment=number)


def _finding(analysis: RadiographAnalysis, one: Finding) -> ReportedGroup:
    words = one.name.replace("_", " ").capitalize()
    code = private_code(SHORT.get(one.name, one.name), words)
    numbers: tuple[ReportedNumber, ...] = ()
    if one.value is not None:
        lines = tuple(_ends(analysis, shape) for shape in one.geometry if "width" in shape.label)
        numbers = (ReportedNumber(code, one.value, "1", lines),)
    return ReportedGroup(words, numbers, ((STATE, STATES[one.state]),))


def _condition(number: int, one: ConditionResult) -> ReportedGroup:
    words = one.condition.name.replace("_", " ").capitalize()
    numbers: tuple[ReportedNumber, ...] = ()
    if one.value is not None:
        code = private_code(f"CONDITION_{number + 1}", words)
        unit = one.condition.unit if one.condition.unit in UNITS else "1"
        numbers = (ReportedNumber(code, one.value, unit),)
    return ReportedGroup(words, numbers, ((STATE, STATES[one.state]),))


def _ends(
    analysis: RadiographAnalysis, shape: Shape
) -> tuple[tuple[float, float], tuple[float, float]]:
    points = np.array(analysis.shape_as_found(shape).points_ijk)[:, :2]
    (i, j), (other_i, other_j) = points.tolist()
    return (i, j), (other_i, other_j)
