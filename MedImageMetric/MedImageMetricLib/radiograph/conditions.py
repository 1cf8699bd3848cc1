"""Conditions judged on the detections: value, threshold, state and geometry of each.

An object fails when one of the conditions that stand for it fails, and is not assessable when
none fails and one cannot be assessed (source: chapter 1, conditions). Thresholds come from the
caller, since they may depend on the site and on the patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from MedImageLib.results import Measurement, QualityFlag, Shape
from MedImageMetricLib.radiograph.detections import Detections, ForeignObject, NotAssessable
from MedImageMetricLib.radiograph.measurements import measured
from MedImageMetricLib.radiograph.rules import Condition, RuleSet

State = Literal["satisfied", "not_satisfied", "not_assessable"]


@dataclass(frozen=True)
class Threshold:
    """A threshold and where it comes from."""

    value: float
    origin: str


@dataclass(frozen=True)
class ConditionResult:
    """One condition on one radiograph.

    value: None when nothing could be measured. signed: see `Measured`. counts: whether the
    state of its object depends on it. reason: why it is not assessable, or what was left out.
    """

    condition: Condition
    value: float | None
    threshold: Threshold
    state: State
    counts: bool = True
    signed: float | None = None
    reason: str = ""
    geometry: tuple[Shape, ...] = ()

    def sentence(self) -> str:
        """The parameter with its value and threshold, or why there is none."""
        words = self.condition.parameter
        words = words[0].upper() + words[1:]
        if self.state == "not_assessable" or self.value is None:
            return f"{words}: not assessable ({self.reason})."
        at_most = self.condition.comparison == "at_most"
        limit = "at most {} allowed" if at_most else "at least {} needed"
        unit = {"1": "", "deg": "°"}.get(self.condition.unit, f" {self.condition.unit}")
        return (
            f"{words}: {self.value:.3g}{unit}, {limit.format(f'{self.threshold.value:.3g}{unit}')}."
        )


def judge(
    found: Detections, rules: RuleSet, threshold_of: Callable[[Condition], Threshold]
) -> tuple[ConditionResult, ...]:
    """All conditions of the rule set, in its order."""
    return tuple(_judged(found, rules, one, threshold_of(one)) for one in rules.conditions)


def _judged(
    found: Detections, rules: RuleSet, condition: Condition, threshold: Threshold
) -> ConditionResult:
    counts = rules.counts(condition)
    result = measured(condition.measurement, condition.name, found, rules.least_confidence)
    if isinstance(result, NotAssessable):
        return ConditionResult(
            condition, None, threshold, "not_assessable", counts, reason=result.reason
        )
    satisfied = condition.is_satisfied(result.value, threshold.value)
    state: State = "satisfied" if satisfied else "not_satisfied"
    # What is missing can only add: a failure stands, a success does not.
    if result.is_lower_bound and satisfied == (condition.comparison == "at_most"):
        state = "not_assessable"
    return ConditionResult(
        condition,
        result.value,
        threshold,
        state,
        counts,
        result.signed,
        result.reason,
        result.geometry,
    )


def combined(states: Iterable[State]) -> State:
    """State of an object from those of its conditions; without any, not assessable."""
    given = set(states)
    if "not_satisfied" in given:
        return "not_satisfied"
    return "satisfied" if given == {"satisfied"} else "not_assessable"


def state_of(results: Iterable[ConditionResult], subject: str) -> State:
    """State of lung, scapula, spine or foreign object."""
    return combined(one.state for one in results if one.condition.subject == subject and one.counts)


def foreign_states(
    found: Detections, rules: RuleSet, result: ConditionResult
) -> tuple[State, State]:
    """States of foreign objects inside and outside of the lungs.

    result: of the condition on foreign objects. Both are not assessable without a detector.
    """
    objects = found.foreign_objects
    if isinstance(objects, NotAssessable) or result.state == "not_assessable":
        return "not_assessable", "not_assessable"
    inside: State = "satisfied"
    outside: State = "satisfied"
    for one in objects:
        if result.condition.is_satisfied(one.confidence, result.threshold.value):
            continue
        if is_inside_lungs(one, found, rules):
            inside = "not_satisfied"
        else:
            outside = "not_satisfied"
    return inside, outside


def is_inside_lungs(one: ForeignObject, found: Detections, rules: RuleSet) -> bool:
    """Whether the object's center is on a lung, or at least half of its area (rule set)."""
    lungs = found.lungs(rules.least_confidence)
    if isinstance(lungs, NotAssessable):
        return False
    rows, columns = found.shape
    i, j = (round(value) for value in one.box.center_ij)
    center = 0 <= i < columns and 0 <= j < rows and bool(lungs.mask[j, i])
    if one.mask is not None and one.mask.any():
        share = float(lungs.mask[one.mask].mean())
    else:
        left, upper = max(0, round(one.box.left + 0.5)), max(0, round(one.box.upper + 0.5))
        part = lungs.mask[upper : round(one.box.lower + 0.5), left : round(one.box.right + 0.5)]
        share = float(part.mean()) if part.size else 0.0
    by_rule = {
        "center": center,
        "half_area": share >= 0.5,
        "either": center or share >= 0.5,
    }
    return by_rule[rules.foreign_inside]


def measurements_of(results: Iterable[ConditionResult]) -> tuple[Measurement, ...]:
    """The measured values for result.json."""
    return tuple(
        Measurement(
            one.condition.name,
            one.value,
            one.condition.unit,
            text=one.reason and f"Not assessable: {one.reason}.",
            geometry=one.geometry,
        )
        for one in results
    )


def flags_of(results: Iterable[ConditionResult]) -> tuple[QualityFlag, ...]:
    """The conditions for result.json."""
    return tuple(
        QualityFlag(
            one.condition.name.replace("_", "-"),
            "not" if one.state == "not_satisfied" else one.state,
            one.sentence(),
            one.value,
            one.threshold.value,
            one.condition.unit,
        )
        for one in results
    )
