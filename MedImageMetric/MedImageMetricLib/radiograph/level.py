"""Quality level of a radiograph from the states of its objects, with the reasons.

The seven rules are asked in their order (source: chapter 1, level); the first that applies
decides. First: sufficient confidence for a finding. Intermediate: usable. Second: not to be
used, the exposure is repeated. Without assessable lungs there is no level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from MedImageMetricLib.radiograph.conditions import (
    ConditionResult,
    State,
    combined,
    foreign_states,
    state_of,
)
from MedImageMetricLib.radiograph.detections import Detections
from MedImageMetricLib.radiograph.rules import RuleSet

Level = Literal["first", "intermediate", "second", "not_gradable"]
ORDER: tuple[Level, ...] = ("not_gradable", "second", "intermediate", "first")  # worst first
MEANING: dict[Level, str] = {
    "first": "First level: sufficient confidence for a finding.",
    "intermediate": "Intermediate level: usable, with the limits named below.",
    "second": "Second level: not to be used; repeat the exposure.",
    "not_gradable": "Not gradable: the lungs could not be assessed.",
}
FAILED_WORDS = {
    "lung": "The lungs are not located within the allowed range of the picture",
    "foreign_inside": "A foreign object lies over the lungs",
    "foreign_outside": "A foreign object lies outside of the lungs",
    "scapula": "The scapulae cover too much",
    "spine": "The spine is off the middle of the picture",
    "picture": "The picture does not satisfy a further criterion",
}
UNKNOWN_WORDS = {
    "foreign_object": "foreign objects",
    "scapula": "the scapulae",
    "spine": "the spine",
    "picture": "a further criterion",
}


@dataclass(frozen=True)
class ObjectStates:
    """States that a level is made from; picture: the further items that can cap the level."""

    lung: State = "satisfied"
    foreign_inside: State = "satisfied"
    foreign_outside: State = "satisfied"
    scapula: State = "satisfied"
    spine: State = "satisfied"
    picture: State = "satisfied"


@dataclass(frozen=True)
class LevelDecision:
    """The level, the number of the rule that decided (1 … 7) and the reasons as sentences."""

    level: Level
    rule: int
    reasons: tuple[str, ...] = ()


def object_states(
    found: Detections, rules: RuleSet, results: Sequence[ConditionResult]
) -> ObjectStates:
    """States of all objects; a rule set without a condition on foreign objects ignores them."""
    foreign = [one for one in results if one.condition.subject == "foreign_object"]
    inside: State = "satisfied"
    outside: State = "satisfied"
    if foreign:
        inside, outside = foreign_states(found, rules, foreign[0])
    subjects = {one.condition.subject for one in results}
    return ObjectStates(
        lung=state_of(results, "lung"),
        foreign_inside=inside,
        foreign_outside=outside,
        scapula=state_of(results, "scapula") if "scapula" in subjects else "satisfied",
        spine=state_of(results, "spine") if "spine" in subjects else "satisfied",
        picture=picture_state(results),
    )


def picture_state(results: Sequence[ConditionResult]) -> State:
    """State of the further items that can cap the level; satisfied when there are none."""
    capping = [
        one.state
        for one in results
        if one.condition.consequence == "intermediate"
        and (one.condition.needed or one.state != "not_assessable")
    ]
    return combined(capping) if capping else "satisfied"


def level_of(states: ObjectStates, rules: RuleSet) -> tuple[Level, int]:
    """The level and the rule that decided it."""
    if states.lung == "not_assessable":
        return "not_gradable", 1
    if states.lung == "not_satisfied":
        return "second", 2
    if states.foreign_inside == "not_satisfied":
        return "second", 3
    if minor_weight(states, rules) >= 1.0 - 1e-9 and rules.both_minor == "second":
        return "second", 4
    minor = (states.scapula, states.spine, states.foreign_outside, states.picture)
    if "not_satisfied" in minor:
        return "intermediate", 5
    if "not_assessable" in (*minor, states.foreign_inside):
        return "intermediate", 6
    return "first", 7


def minor_weight(states: ObjectStates, rules: RuleSet) -> float:
    """Sum of the weights of the minor failures."""
    weights = rules.weights()
    failing = (
        (states.scapula, weights.scapula),
        (states.spine, weights.spine),
        (states.foreign_outside, weights.foreign_outside),
    )
    return sum(weight for state, weight in failing if state == "not_satisfied")


def decide(
    found: Detections, rules: RuleSet, results: Sequence[ConditionResult]
) -> tuple[ObjectStates, LevelDecision]:
    """States, level and explanation: each failing object and parameter with value and limit."""
    states = object_states(found, rules, results)
    level, rule = level_of(states, rules)
    return states, LevelDecision(level, rule, _reasons(states, results, level))


def _reasons(
    states: ObjectStates, results: Sequence[ConditionResult], level: Level
) -> tuple[str, ...]:
    sentences = []
    for name, words in FAILED_WORDS.items():
        if getattr(states, name) != "not_satisfied":
            continue
        subject = "foreign_object" if name.startswith("foreign") else name
        told = [
            one.sentence()
            for one in results
            if one.condition.subject == subject and one.state == "not_satisfied" and one.counts
        ]
        sentences.append(" ".join([f"{words}.", *told]))
    if states.lung == "not_assessable":
        why = next((r.reason for r in results if r.condition.subject == "lung" and r.reason), "")
        sentences.append(f"The lungs are not assessable{f' ({why})' if why else ''}.")
    for subject, words in UNKNOWN_WORDS.items():
        unknown = [
            one
            for one in results
            if one.condition.subject == subject
            and one.state == "not_assessable"
            and one.counts
            and one.condition.needed
        ]
        if unknown:
            sentences.append(
                f"Not assessable: {words} ({unknown[0].reason}). The level is at most intermediate."
            )
    return tuple(sentences)
