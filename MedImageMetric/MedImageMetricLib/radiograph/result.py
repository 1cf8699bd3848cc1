"""The result of one radiograph: level, conditions, findings, and where each was measured.

All shapes are in pixels of the input as it was read, also where it was turned for measuring.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from MedImageLib.results import (
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Timing,
    input_identity,
)
from MedImageLib.settings import settings_to_dict
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.conditions import flags_of
from MedImageMetricLib.radiograph.detections import ABNORMAL_PARTS, ORGANS, Region
from MedImageMetricLib.radiograph.level import Level
from MedImageMetricLib.radiograph.segmentation import MODEL
from MedImageMetricLib.radiograph.settings import MetricSettings

STATE_OF_LEVEL: dict[Level, Literal["satisfied", "not", "not_assessable"]] = {
    "first": "satisfied",
    "intermediate": "not",
    "second": "not",
    "not_gradable": "not_assessable",
}


def result_of(analysis: RadiographAnalysis, settings: MetricSettings) -> Result:
    """The result without its files.

    Its first flag is `level-first`, `-intermediate`, `-second` or `-not-gradable`; its findings
    are the level with its reasons, then what was found.
    """
    assessment = analysis.assessment
    values = [
        replace(one, geometry=tuple(analysis.shape_as_found(shape) for shape in one.geometry))
        for one in (*assessment.measurements(), *_sizes(analysis))
    ]
    told = tuple(one.sentence() for one in assessment.findings)
    return Result(
        module="MedImageMetric",
        task="metric",
        inputs=(input_identity(analysis.volume),),
        values=tuple(values),
        flags=(_level_flag(analysis), _chest_flag(analysis), *flags_of(assessment.conditions)),
        findings=(*assessment.explanation(), *told),
        warnings=analysis.remarks,
        models=tuple(
            ModelUsed(one.card.name, one.card.version, one.weights_sha256)
            for one in analysis.models
        ),
        timings=analysis.timings,
        settings=_plain_settings(analysis, settings),
    )


def with_step(result: Result, step: str, seconds: float) -> Result:
    """The result with the time of one more step."""
    return replace(result, timings=(*result.timings, Timing(step, seconds)))


def _level_flag(analysis: RadiographAnalysis) -> QualityFlag:
    level = analysis.assessment.level
    return QualityFlag(
        f"level-{level.replace('_', '-')}",
        STATE_OF_LEVEL[level],
        analysis.assessment.explanation()[0],
    )


def _chest_flag(analysis: RadiographAnalysis) -> QualityFlag:
    if not any(one.card.name == MODEL for one in analysis.models):
        return QualityFlag("frontal-chest", "not_assessable", "No detector of lungs is installed.")
    if analysis.is_chest:
        return QualityFlag("frontal-chest", "satisfied", "Looks like a frontal chest radiograph.")
    return QualityFlag("frontal-chest", "not", "Does not look like a frontal chest radiograph.")


def _sizes(analysis: RadiographAnalysis) -> list[Measurement]:
    """Area and confidence of every object that was found, mm² where the spacing is known."""
    found, values = analysis.detections, []
    spacing = found.spacing_mm
    for name in (*ORGANS, *ABNORMAL_PARTS):
        region = getattr(found, name)
        if not isinstance(region, Region):
            continue
        pixel_mm2 = spacing[0] * spacing[1] if spacing else None
        values.append(
            Measurement(
                f"{name}_area",
                region.area_px * (pixel_mm2 or 1.0),
                "mm2" if pixel_mm2 else "{px}2",
            )
        )
        if region.confidence is not None:
            values.append(Measurement(f"{name}_confidence", region.confidence, "1"))
    return values


def _plain_settings(analysis: RadiographAnalysis, settings: MetricSettings) -> dict[str, Any]:
    """Names and versions instead of paths, which may name a person."""
    profile = analysis.profile
    return {
        **settings_to_dict(settings),
        "rules": f"{analysis.rules.name} {analysis.rules.version}",
        "profile": f"{profile.name}, revision {profile.revision}" if profile else "",
        "models": Path(settings.models).name,
    }
