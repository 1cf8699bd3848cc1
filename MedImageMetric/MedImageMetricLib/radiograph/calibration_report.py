"""What a calibration leaves behind: the site profile, the accuracy curves, a page to look at."""

from __future__ import annotations

import csv
from pathlib import Path

from MedImageLib.errors import Remark
from MedImageLib.report import Picture, Report, Table, write_report
from MedImageLib.report.curves import curve_picture
from MedImageLib.results import Curve
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.radiograph.rules import RuleSet
from MedImageMetricLib.radiograph.site_profile import (
    CalibratedThreshold,
    SiteProfile,
    write_profile,
)

PROFILE_FILE = "site_profile.json"


def write_calibration(folder: Path, profile: SiteProfile, rules: RuleSet) -> None:
    """Write site_profile.json, accuracy.csv and report.html into a folder."""
    write_profile(folder / PROFILE_FILE, profile)
    with (
        finished_file(folder / "accuracy.csv") as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as stream,
    ):
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("condition", "stratum", "threshold", "accuracy"))
        for one in profile.thresholds:
            for threshold, accuracy in one.curve:
                words = one.stratum.words()
                table.writerow((one.name, words, f"{threshold:.6g}", f"{accuracy:.6g}"))
    write_report(folder / "report.html", calibration_report(profile, rules))


def calibration_report(profile: SiteProfile, rules: RuleSet) -> Report:
    """The page: which thresholds are used, how sure they are, and the curves of the whole site."""
    rows = [_row(one, rules) for one in profile.thresholds]
    used = sum(one.used for one in profile.thresholds)
    samples = sum(one.samples for one in profile.data)
    return Report(
        title=f"Calibration of the image metric: {profile.name}, revision {profile.revision}",
        summary=(
            f"{used} of {len(profile.thresholds)} thresholds are used in place of the defaults.",
            f"Calibrated on {samples} samples by {profile.author or 'a person not named'}, "
            f"{profile.created}, for the rule set {profile.rule_set}.",
        ),
        tables=(
            Table(
                "Thresholds",
                (
                    *("condition", "stratum", "used", "threshold", "95 % interval", "accuracy"),
                    *("cross-validated", "samples", "failed", "default", "note"),
                ),
                tuple(rows),
                note="A threshold is used when it is more accurate than the preset rate.",
            ),
        ),
        pictures=tuple(
            _picture(one) for one in profile.thresholds if one.curve and not one.stratum.depth
        ),
        warnings=tuple(
            Remark("not-calibrated", f"{one.name}: {one.note}")
            for one in profile.thresholds
            if not one.used and not one.stratum.depth
        ),
    )


def _row(one: CalibratedThreshold, rules: RuleSet) -> tuple[str | float | None, ...]:
    interval = f"{one.interval[0]:.4g} … {one.interval[1]:.4g}" if one.interval else "–"
    return (
        one.name,
        one.stratum.words(),
        "yes" if one.used else "no",
        one.threshold,
        interval,
        one.accuracy,
        one.cross_validated_accuracy,
        one.samples,
        one.samples - one.satisfied,
        rules.condition(one.name).threshold,
        one.note,
    )


def _picture(one: CalibratedThreshold) -> Picture:
    curve = Curve(
        "accuracy",
        tuple(accuracy for _, accuracy in one.curve),
        "1",
        tuple(threshold for threshold, _ in one.curve),
        index_name="threshold",
        index_unit="1",
    )
    marks = [(one.threshold, "chosen")] if one.threshold is not None else []
    return Picture(
        curve_picture([curve], marks, one.name.replace("_", " ")),
        f"Accuracy of every candidate threshold of {one.name}.",
    )
