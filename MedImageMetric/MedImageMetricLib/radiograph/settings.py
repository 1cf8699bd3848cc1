"""All choices for one radiograph: command line, batch and panel are made from these classes.

They stand apart from what uses them, so that options load quickly.
"""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.processing_settings import ModelProcessing
from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class FindingSettings:
    """Limits of the findings; a ratio at a limit is not beyond it."""

    enlarged_above: float = setting(
        0.50, help="Cardiothoracic ratio above which the heart counts as enlarged.", minimum=0.0
    )
    ratio_error: float = setting(
        0.017,
        help="Mean error of the ratio on unseen patients; nearer to the limit is borderline.",
        minimum=0.0,
    )
    high_risk_above: float = setting(
        0.40, help="Share of the lung above which air or fluid is of high risk.", maximum=1.0
    )
    self_healing_below: float = setting(
        0.10, help="Share of the lung below which it is expected to heal by itself.", minimum=0.0
    )
    research: bool = setting(
        False, help="Show findings, marked, where the level does not allow them."
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class MetricSettings(ModelProcessing, FindingSettings):
    """How a radiograph is graded and what is written."""

    rules: str = setting("extended", help="Rule set: source, extended, or a file.")
    profile: str = setting("", help="Site profile with calibrated thresholds; none: defaults.")
    models: str = setting(
        "", help="Folder whose models, by name, stand in for those of the product."
    )
    pathology: str = setting(
        "", help="Pathology that is asked for; chooses the rule set's weights."
    )
    report: bool = setting(True, help="Write report.html.")
    dicom: bool = setting(True, help="Write DICOM SEG and SR beside DICOM input.")

    def __post_init__(self) -> None:
        check_settings(self)
