"""From detections to level and findings: one pure function, and what it says to people.

Thresholds come from the site profile where there is one, for the stratum of the patient, else
from the rule set (source: chapter 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.results import Measurement
from MedImageMetricLib.radiograph.conditions import (
    ConditionResult,
    Threshold,
    judge,
    measurements_of,
)
from MedImageMetricLib.radiograph.detections import Detections
from MedImageMetricLib.radiograph.findings import Finding, FindingSettings, findings_of
from MedImageMetricLib.radiograph.level import (
    MEANING,
    Level,
    LevelDecision,
    ObjectStates,
    decide,
)
from MedImageMetricLib.radiograph.nearest_change import Change, nearest_change
from MedImageMetricLib.radiograph.rules import Condition, RuleSet, load_rules
from MedImageMetricLib.radiograph.site_profile import SiteProfile


@dataclass(frozen=True)
class Assessment:
    """All that is said about one radiograph; change: None when nothing simple would help."""

    conditions: tuple[ConditionResult, ...]
    states: ObjectStates
    decision: LevelDecision
    findings: tuple[Finding, ...]
    change: Change | None

    @property
    def level(self) -> Level:
        return self.decision.level

    def condition(self, name: str) -> ConditionResult:
        """The condition of that name. Raises KeyError."""
        return {one.condition.name: one for one in self.conditions}[name]

    def finding(self, name: str) -> Finding:
        """The finding of that name. Raises KeyError."""
        return {one.name: one for one in self.findings}[name]

    def explanation(self) -> tuple[str, ...]:
        """The level, its reasons, and the change that would lift it, as sentences."""
        lift = (
            (f"{self.change.text} This would give the {_level_words(self.change.level)}.",)
            if self.change
            else ()
        )
        return (MEANING[self.level], *self.decision.reasons, *lift)

    def measurements(self) -> tuple[Measurement, ...]:
        """Values of conditions and findings for result.json."""
        ratios = tuple(
            Measurement(one.name, one.value, "1", text=one.sentence(), geometry=one.geometry)
            if one.name == "cardiothoracic_ratio"
            else Measurement(
                f"{one.name}_ratio", one.value, "1", text=one.sentence(), geometry=one.geometry
            )
            for one in self.findings
        )
        return (*ratios, *measurements_of(self.conditions))


def assess(
    found: Detections,
    rules: RuleSet | None = None,
    profile: SiteProfile | None = None,
    settings: FindingSettings | None = None,
) -> Assessment:
    """Judge the conditions, decide the level, explain it, and give the findings it allows.

    rules: default the extended rule set. profile: default none.
    """
    rules = rules or load_rules()

    def threshold_of(condition: Condition) -> Threshold:
        if profile is None:
            return Threshold(condition.threshold, f"default: {condition.origin}")
        return profile.threshold(condition, found.circumstances)

    conditions = judge(found, rules, threshold_of)
    states, decision = decide(found, rules, conditions)
    return Assessment(
        conditions=conditions,
        states=states,
        decision=decision,
        findings=findings_of(found, conditions, decision.level, settings, rules.least_confidence),
        change=nearest_change(found, rules, conditions),
    )


def notification(assessment: Assessment) -> str:
    """A text that a person can read aloud: the level, what to do, and what was found."""
    sentences = {
        "first": ["The radiograph is of the first level and good enough for a finding."],
        "intermediate": ["The radiograph is of the intermediate level and can be used."],
        "second": ["The radiograph is of the second level and should be repeated."],
        "not_gradable": ["The radiograph cannot be graded."],
    }[assessment.level]
    # What is not assessable matters to a listener only where it made the level.
    sentences += [
        _spoken(reason)
        for reason in assessment.decision.reasons
        if assessment.level != "second" or not reason.startswith("Not assessable")
    ]
    if assessment.change:
        word = "To improve it" if assessment.level == "intermediate" else "When it is repeated"
        text = assessment.change.text
        sentences.append(f"{word}, {_spoken(text[0].lower() + text[1:])}")
    if assessment.level in ("second", "not_gradable") and all(
        one.state == "withheld" for one in assessment.findings
    ):
        sentences.append("No finding is given.")
    else:
        sentences += [
            _spoken(one.sentence()) for one in assessment.findings if one.value is not None
        ]
    return " ".join([*sentences, "This is research software and no medical device."])


def _spoken(text: str) -> str:
    """Without signs that are not read aloud well."""
    for sign, word in ((" mm", " millimeters"), ("°", " degrees"), (" × ", " times ")):
        text = text.replace(sign, word)
    return text.replace("(", ", ").replace(")", "").replace(" ,", ",").replace("  ", " ")


def _level_words(level: Level) -> str:
    return f"{level.replace('_', ' ')} level"
