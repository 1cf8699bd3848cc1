"""Labeled samples of a site: read from CSV, sorted into strata, made into a site profile.

Columns: measured values by the names of the conditions; labels `<object>_satisfied` (lung,
scapula, foreign_object, spine) or `<condition>_satisfied`, which goes before; optionally
`patient`, `age`, `sex`, `view`. Names of patients are used to form folds and never kept.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from MedImageLib import __version__
from MedImageLib.errors import InputError
from MedImageLib.results import file_sha256
from MedImageMetricLib.radiograph.calibration import Calibration, calibrate
from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings
from MedImageMetricLib.radiograph.detections import Circumstances
from MedImageMetricLib.radiograph.rules import Condition, RuleSet
from MedImageMetricLib.radiograph.site_profile import (
    SEXES,
    VIEWS,
    CalibratedThreshold,
    DataUsed,
    SiteProfile,
    Stratum,
    age_group,
)

YES = ("yes", "true", "1", "satisfied")
NO = ("no", "false", "0", "not_satisfied")


@dataclass(frozen=True)
class Sample:
    """One labeled image: values by condition, labels by object or condition."""

    values: Mapping[str, float]
    labels: Mapping[str, bool]
    circumstances: Circumstances = field(default_factory=Circumstances)
    patient: str = ""

    def label(self, condition: Condition) -> bool | None:
        """The condition's own label, else that of its object; None without one."""
        return self.labels.get(condition.name, self.labels.get(condition.subject))


def read_samples(path: Path | str, rules: RuleSet) -> list[Sample]:
    """Read a CSV of labeled samples. Raises InputError that names row and column."""
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name}: the samples cannot be read ({error}).") from error
    names = [condition.name for condition in rules.conditions]
    labels = [*names, *dict.fromkeys(one.subject for one in rules.conditions)]
    header = set(rows[0]) if rows else set()
    if not header & set(names) or not header & {f"{name}_satisfied" for name in labels}:
        raise InputError(
            f"{path.name}: found {len(rows)} rows with the columns {sorted(map(str, header))}; "
            f"expected values ({', '.join(names[:3])}, ...) and labels "
            "(scapula_satisfied, lung_satisfied, foreign_object_satisfied, spine_satisfied)."
        )
    return [
        Sample(
            values={
                name: value
                for name in names
                if (value := _number(row, name, f"{path.name}, row {number}")) is not None
            },
            labels={
                name: label
                for name in labels
                if (label := _label(row, f"{name}_satisfied", f"{path.name}, row {number}"))
                is not None
            },
            circumstances=_circumstances(row, f"{path.name}, row {number}"),
            patient=_text(row, "patient"),
        )
        for number, row in enumerate(rows, start=2)
    ]


def calibrated_profile(
    samples: Sequence[Sample],
    rules: RuleSet,
    settings: CalibrationSettings | None = None,
    name: str = "site",
    author: str = "",
    revision: int = 1,
    data: tuple[DataUsed, ...] = (),
    created: datetime | None = None,
) -> SiteProfile:
    """Calibrate all conditions that have samples, on the whole and in each stratum."""
    settings = settings or CalibrationSettings()
    outcomes = []
    for stratum in _strata(samples):
        mine = [one for one in samples if stratum.holds(one.circumstances)]
        if not mine:
            continue
        for condition in rules.conditions:
            outcome = _calibrated(mine, condition, rules, stratum, settings)
            if outcome is not None:
                outcomes.append(outcome)
    when = created or datetime.now(UTC)
    return SiteProfile(
        name=name,
        revision=revision,
        author=author,
        created=when.isoformat(timespec="seconds"),
        software_version=__version__,
        rule_set=f"{rules.name} {rules.version}",
        data=data,
        thresholds=tuple(outcomes),
    )


def data_used(path: Path | str, samples: Sequence[Sample]) -> DataUsed:
    """The file of samples as a profile remembers it."""
    return DataUsed(file_sha256(Path(path)), len(samples))


def _strata(samples: Sequence[Sample]) -> list[Stratum]:
    """The whole, and all combinations of age group, sex and view that occur."""
    ages = sorted({age_group(one.circumstances.age_years) for one in samples} | {""})
    sexes = sorted({one.circumstances.sex for one in samples} | {""})
    views = sorted({one.circumstances.view for one in samples} | {""})
    return [Stratum(*one) for one in itertools.product(ages, sexes, views)]


def _calibrated(
    samples: Sequence[Sample],
    condition: Condition,
    rules: RuleSet,
    stratum: Stratum,
    settings: CalibrationSettings,
) -> CalibratedThreshold | None:
    chosen = [
        one
        for one in samples
        if condition.name in one.values
        and one.label(condition) is not None
        and not _spoiled_by_another(one, condition, rules)
    ]
    if not chosen:
        return None
    labels = np.array([bool(one.label(condition)) for one in chosen])
    good = int(labels.sum())
    small = _too_small(good, len(chosen) - good, settings) if stratum.depth else ""
    if small:
        found = Calibration(None, False, None, len(chosen), good, note=small)
    else:
        values = np.array([one.values[condition.name] for one in chosen])
        told = all(one.patient for one in chosen)
        groups = [one.patient for one in chosen] if told else None
        found = calibrate(values, labels, condition, settings, groups)
    return CalibratedThreshold(
        name=condition.name,
        stratum=stratum,
        used=found.accepted and found.threshold is not None,
        threshold=found.threshold,
        accuracy=found.accuracy,
        cross_validated_accuracy=found.cross_validated_accuracy,
        interval=found.interval,
        samples=found.samples,
        satisfied=found.satisfied,
        curve=found.curve,
        note=found.note,
    )


def _too_small(good: int, bad: int, settings: CalibrationSettings) -> str:
    """Why a stratum has no thresholds of its own; empty when it may have them.

    Distances of good images alone serve the whole site only: the whole may know failed ones.
    """
    if good + bad < settings.least_in_stratum:
        return f"{good + bad} samples; {settings.least_in_stratum} are needed."
    if min(good, bad) < settings.least_per_label:
        return f"{good} satisfied and {bad} failed; {settings.least_per_label} of each are needed."
    return ""


def _spoiled_by_another(sample: Sample, condition: Condition, rules: RuleSet) -> bool:
    """Whether a failed label of the lungs belongs to another edge.

    'The lungs fail' says nothing of the edges that are free: of a sample that has no label of
    its own for the edge, only the edge with the smallest share of its default is charged.
    """
    if condition.subject != "lung" or condition.name in sample.labels or sample.label(condition):
        return False
    shares = {
        one.name: sample.values[one.name] / one.threshold
        for one in rules.conditions
        if one.subject == "lung" and one.name in sample.values
    }
    return condition.name != min(shares, key=lambda name: shares[name])


def _text(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


def _number(row: Mapping[str, str | None], column: str, place: str) -> float | None:
    text = _text(row, column)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{place}: {column} is {text!r}; give a number or leave it empty.")
    return value


def _label(row: Mapping[str, str | None], column: str, place: str) -> bool | None:
    text = _text(row, column).lower()
    if text in (*YES, *NO):
        return text in YES
    if text:
        raise InputError(f"{place}: {column} is {text!r}; give yes, no, or leave it empty.")
    return None


def _circumstances(row: Mapping[str, str | None], place: str) -> Circumstances:
    known = Circumstances(age_years=_number(row, "age", place))
    sex, view = _text(row, "sex").upper(), _text(row, "view").upper()
    for text, allowed, column in ((sex, SEXES, "sex"), (view, VIEWS, "view")):
        if text and text not in allowed:
            raise InputError(
                f"{place}: {column} is {text!r}; give one of {', '.join(allowed)}, or leave it "
                "empty."
            )
    return replace(known, sex=sex, view=view)  # type: ignore[arg-type]
