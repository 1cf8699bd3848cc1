"""What a panel shows of the result of a radiograph: the badge, the reason, a row a condition."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.results import Measurement, Result
from MedImageMetricLib.radiograph.rules import load_conditions

# A sign beside the word, so that color is not needed.
BADGES = {
    "level-first": "✔ First level",
    "level-intermediate": "▲ Intermediate level",
    "level-second": "✖ Second level",
    "level-not-gradable": "? Not gradable",
}
COLORS = {
    "level-first": "#00613a",
    "level-intermediate": "#8a5a00",
    "level-second": "#a40000",
    "level-not-gradable": "#44505a",
}
_STATES = {
    "satisfied": "✔ met",
    "not": "✖ not met",
    "not_assessable": "– unknown",
}
_OTHER_FLAGS = (*BADGES, "frontal-chest")
_ORDER = {"not": 0, "satisfied": 1, "not_assessable": 2}
_UNITS = {"1": "", "deg": "°"}


@dataclass(frozen=True)
class ConditionRow:
    """One condition in words. measurement: with what it was measured on, or None."""

    name: str
    value: str
    threshold: str
    state: str
    sentence: str
    measurement: Measurement | None

    @property
    def texts(self) -> tuple[str, str, str, str]:
        return self.name, self.value, self.threshold, self.state


@dataclass(frozen=True)
class LevelBadge:
    """The level with a sign, its color (#rrggbb on white) and why in a sentence or two."""

    text: str
    color: str
    reason: str


def level_badge(result: Result) -> LevelBadge:
    """The level of a result of the task `metric`."""
    flag = next(one for one in result.flags if one.code in BADGES)
    findings = list(result.findings)
    measured = {one.text for one in result.values if one.text}
    reasons = [text for text in findings if text != flag.text and text not in measured]
    return LevelBadge(BADGES[flag.code], COLORS[flag.code], " ".join([flag.text, *reasons]))


def condition_rows(result: Result) -> tuple[ConditionRow, ...]:
    """All conditions: those that failed first, those that could not be assessed last."""
    comparisons = {name: one.get("comparison", "") for name, one in load_conditions().items()}
    values = {one.name: one for one in result.values}
    flags = [one for one in result.flags if one.code not in _OTHER_FLAGS]
    rows = []
    for flag in sorted(flags, key=lambda flag: _ORDER[flag.state]):
        name = flag.code.replace("-", "_")
        # A condition of a user's own rule file is shown without the sign.
        sign = {"at_most": "≤ ", "at_least": "≥ "}.get(comparisons.get(name, ""), "")
        unit = _UNITS.get(flag.unit, f" {flag.unit}")
        rows.append(
            ConditionRow(
                name.replace("_", " "),
                "" if flag.value is None else f"{flag.value:.3g}{unit}",
                "" if flag.threshold is None else f"{sign}{flag.threshold:.3g}{unit}",
                _STATES[flag.state],
                flag.text,
                values.get(name),
            )
        )
    return tuple(rows)
