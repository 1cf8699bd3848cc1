"""The page of one radiograph: level, reason, picture; then conditions, findings, notification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from MedImageLib.report import Badge, Picture, Table, report_of, write_report
from MedImageLib.report.page import unit_text
from MedImageLib.results import QualityFlag, Result
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.assessment import notification
from MedImageMetricLib.radiograph.chest import CHEST_DEFINITION
from MedImageMetricLib.radiograph.conditions import ConditionResult, flags_of
from MedImageMetricLib.radiograph.level import MEANING, Level
from MedImageMetricLib.radiograph.pictures import caption
from MedImageMetricLib.radiograph.result import STATE_OF_LEVEL

ADVICE: dict[Level, str] = {
    "first": "Good enough for a finding",
    "intermediate": "Usable, with limits",
    "second": "Not to be used: repeat the exposure",
    "not_gradable": "Cannot be graded",
}
_STATES = {
    "present": "present",
    "absent": "absent",
    "not_assessable": "not assessable",
    "withheld": "withheld",
}


def write_radiograph_report(
    path: Path, analysis: RadiographAnalysis, result: Result, picture: bytes
) -> Path:
    """Write the page."""
    assessment = analysis.assessment
    title = "Chest radiograph: quality level and findings"
    summary = (*_reasons(analysis), *_told_findings(analysis))
    report = report_of(
        result, title, [Picture(picture, caption(analysis))], _tables(analysis, result), summary
    )
    return write_report(
        path,
        replace(
            report,
            badge=_badge(assessment.level),
            measurements=(),  # each stands with its condition or finding
            flags=_shown(analysis),
        ),
    )


def _badge(level: Level) -> Badge:
    words = "Not gradable" if level == "not_gradable" else f"{level.capitalize()} level"
    return Badge(
        words, ADVICE[level], "warning" if level == "intermediate" else STATE_OF_LEVEL[level]
    )


def _reasons(analysis: RadiographAnalysis) -> tuple[str, ...]:
    """What decided, in short: the level itself stands in the badge."""
    assessment = analysis.assessment
    told = [one for one in assessment.explanation() if one not in MEANING.values()]
    missing = [one for one in told if one.startswith("Not assessable: ")]
    told = [one for one in told if one not in missing]
    if missing:
        objects = [one.removeprefix("Not assessable: ").split(" (")[0] for one in missing]
        reasons = {one.partition(" (")[2].partition("). ")[0] for one in missing}
        why = f" ({reasons.pop()})" if len(reasons) == 1 else ""
        capped = "; the level is at most intermediate" if assessment.level != "second" else ""
        told.append(f"Not assessable: {', '.join(objects)}{why}{capped}.")
    return tuple(told) or ("All conditions that were assessed are satisfied.",)


def _told_findings(analysis: RadiographAnalysis) -> tuple[str, ...]:
    """Findings with a value; that others were withheld is said by the level."""
    return tuple(one.sentence() for one in analysis.assessment.findings if one.value is not None)


def _shown(analysis: RadiographAnalysis) -> tuple[QualityFlag, ...]:
    """What failed first, then what is satisfied; of the rest what the level needs."""
    judged = zip(
        analysis.assessment.conditions, flags_of(analysis.assessment.conditions), strict=True
    )
    order = {"not": 0, "satisfied": 1, "not_assessable": 2}
    flags = [
        replace(flag, text=_condition_words(one))
        for one, flag in judged
        if flag.state != "not_assessable" or one.condition.needed
    ]
    return tuple(sorted(flags, key=lambda flag: order[flag.state]))


def _condition_words(one: ConditionResult) -> str:
    """Parameter and reason; value and threshold have columns of their own."""
    words = one.condition.parameter[0].upper() + one.condition.parameter[1:]
    return f"{words} ({one.reason})" if one.reason else words


def _tables(analysis: RadiographAnalysis, result: Result) -> list[Table]:
    assessment = analysis.assessment
    rows = tuple(
        (one.name.replace("_", " "), _STATES[one.state], _rounded(one.value), one.sentence())
        for one in assessment.findings
    )
    left_out = [
        one.condition.parameter.partition(" (")[0]
        for one in assessment.conditions
        if one.state == "not_assessable" and not one.condition.needed
    ]
    note = CHEST_DEFINITION if analysis.is_chest else ""
    tables = [Table("Findings", ("finding", "state", "ratio", "what it means"), rows, note)]
    origins = tuple(
        (one.condition.parameter, one.threshold.value, one.threshold.origin)
        for one in assessment.conditions
        if one.state != "not_assessable"
    )
    if origins:
        also = f"Not assessed, without effect on the level: {'; '.join(left_out)}."
        tables.append(
            Table(
                "Where the thresholds come from",
                ("condition", "threshold", "origin"),
                origins,
                also if left_out else "",
            )
        )
    sizes = tuple(
        (one.name.removesuffix("_area").replace("_", " "), one.value, unit_text(one.unit))
        for one in result.values
        if one.name.endswith("_area")
    )
    if sizes:
        tables.append(Table("Areas", ("object", "area", "unit"), sizes))
    read_aloud = ((notification(assessment),),)
    return [Table("Notification, to be read aloud", ("",), read_aloud), *tables]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
