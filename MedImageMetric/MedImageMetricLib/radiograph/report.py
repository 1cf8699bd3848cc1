"""The page of one radiograph: level, reason, picture; then conditions, findings, notification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from MedImageLib.report import Badge, Picture, Table, report_of, write_report
from MedImageLib.results import QualityFlag, Result
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.assessment import notification
from MedImageMetricLib.radiograph.chest import CHEST_DEFINITION
from MedImageMetricLib.radiograph.conditions import flags_of
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
    report = report_of(
        result, title, [Picture(picture, caption(analysis))], _tables(analysis), _reasons(analysis)
    )
    ratio = assessment.finding("cardiothoracic_ratio")
    return write_report(
        path,
        replace(
            report,
            badge=_badge(assessment.level, analysis),
            key_values=tuple(one for one in result.values if one.name == ratio.name)
            if ratio.value is not None
            else (),
            measurements=tuple(
                replace(one, text="") for one in result.values if one.name.endswith("_area")
            ),
            flags=_shown(analysis),
        ),
    )


def _badge(level: Level, analysis: RadiographAnalysis) -> Badge:
    words = "Not gradable" if level == "not_gradable" else f"{level.capitalize()} level"
    states = {"intermediate": "warning"}
    return Badge(words, ADVICE[level], states.get(level, STATE_OF_LEVEL[level]))


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


def _shown(analysis: RadiographAnalysis) -> tuple[QualityFlag, ...]:
    """What failed first, then what is satisfied; of the rest what the level needs."""
    judged = zip(
        analysis.assessment.conditions, flags_of(analysis.assessment.conditions), strict=True
    )
    order = {"not": 0, "satisfied": 1, "not_assessable": 2}
    flags = [flag for one, flag in judged if flag.state != "not_assessable" or one.condition.needed]
    return tuple(sorted(flags, key=lambda flag: order[flag.state]))


def _tables(analysis: RadiographAnalysis) -> list[Table]:
    assessment = analysis.assessment
    rows = tuple(
        (one.name.replace("_", " "), _STATES[one.state], one.value, one.sentence())
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
    read_aloud = ((notification(assessment),),)
    return [Table("Notification, to be read aloud", ("text",), read_aloud), *tables]
