"""Conditions and rule sets as data, read from Resources/radiograph or from a user's own file.

`source` holds the items a to f of the source and no more; `extended`, the default, adds items
after the ACR–SPR and European criteria for chest radiographs (source: chapter 1, conditions).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.errors import SettingsError
from MedImageLib.resources import resource_path
from MedImageLib.settings import (
    check_settings,
    read_settings_file,
    setting,
    settings_from_dict,
)

RULE_SETS = ("extended", "source")
SUBJECTS = ("lung", "foreign_object", "scapula", "spine", "picture")


@dataclass(frozen=True)
class Condition:
    """One condition: what is measured on which object, and when it is satisfied."""

    name: str = setting(help="Stable name; also of the column.")
    item: str = setting(help="Letter of the source, or a plus sign for further items.")
    subject: str = setting(help="Object that it belongs to.", choices=SUBJECTS)
    parameter: str = setting(help="What is measured, in words.")
    measurement: str = setting(help="Name of the measurement.")
    comparison: str = setting(
        help="Side of the threshold that satisfies, equality included.",
        choices=("at_most", "at_least"),
    )
    threshold: float = setting(help="Default before calibration.")
    candidates: tuple[float, float] = setting(help="Range in which calibration looks.")
    origin: str = setting(help="Where the default comes from.")
    unit: str = setting("1", help="UCUM unit.")
    preset_accuracy: float = setting(
        0.90, help="A calibrated threshold must be more accurate.", minimum=0.0, maximum=1.0
    )
    consequence: str = setting(
        "level",
        help="For items of the picture: caps the level at intermediate, or is told only.",
        choices=("level", "intermediate", "caution"),
    )
    needed: bool = setting(
        True, help="Whether the level is capped at intermediate when it is not assessable."
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.candidates[0] > self.candidates[1]:
            raise SettingsError(
                f"Condition {self.name}: candidates go from {self.candidates[0]:g} to "
                f"{self.candidates[1]:g}; give the smaller number first."
            )
        if (self.subject == "picture") == (self.consequence == "level"):
            raise SettingsError(
                f"Condition {self.name}: consequence '{self.consequence}' does not suit the "
                f"subject '{self.subject}'; 'level' is for organs and foreign objects, "
                "'intermediate' and 'caution' are for the picture."
            )

    def is_satisfied(self, value: float, threshold: float) -> bool:
        """Equality satisfies (claim 6), also after rounding of the last digits."""
        slack = 1e-9
        if self.comparison == "at_most":
            return value <= threshold + slack
        return value >= threshold - slack


@dataclass(frozen=True)
class MinorWeights:
    """Weight of each minor failure; from a sum of 1 on, the picture is of the second level."""

    scapula: float = setting(0.5, help="Scapula fails.", minimum=0.0, maximum=1.0)
    spine: float = setting(0.5, help="Spine fails.", minimum=0.0, maximum=1.0)
    foreign_outside: float = setting(
        0.0, help="A foreign object fails outside of the lungs.", minimum=0.0, maximum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class RuleSet:
    """Which conditions count and how they make a level."""

    name: str = setting(help="Name of the rule set.")
    version: str = setting(help="Version of the rule set.")
    conditions: tuple[Condition, ...] = setting(help="Conditions that are measured.")
    scapula_stands_on: tuple[str, ...] = setting(
        ("scapula_lung_ratio", "scapula_lung_chest_ratio"),
        help="Conditions that must hold for the scapula to satisfy; others are reported only.",
    )
    foreign_inside: str = setting(
        "either",
        help="A foreign object is inside of the lungs by its center, half of its area, or either.",
        choices=("center", "half_area", "either"),
    )
    both_minor: str = setting(
        "second",
        help="Level when scapula and spine both fail; intermediate is claim 10 read alone.",
        choices=("second", "intermediate"),
    )
    minor_weights: MinorWeights = setting(
        help="Weights of minor failures.", default_factory=MinorWeights
    )
    weights_by_pathology: Mapping[str, MinorWeights] = setting(
        help="Weights when a pathology is asked for.", default_factory=dict
    )
    pathology: str = setting("", help="Pathology that is asked for; empty = none.")
    least_confidence: float = setting(
        0.5,
        help="A region found with less confidence is not assessable.",
        minimum=0.0,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        names = [condition.name for condition in self.conditions]
        if len(set(names)) < len(names):
            raise SettingsError(f"Rule set {self.name}: a condition is listed twice; list it once.")
        scapular = [one.name for one in self.conditions if one.subject == "scapula"]
        unknown = sorted(set(self.scapula_stands_on) - set(scapular))
        if unknown or not self.scapula_stands_on:
            raise SettingsError(
                f"Rule set {self.name}: scapula_stands_on is {list(self.scapula_stands_on)}; "
                f"choose at least one of {', '.join(scapular)}."
            )

    def condition(self, name: str) -> Condition:
        """The condition of that name. Raises KeyError."""
        return {condition.name: condition for condition in self.conditions}[name]

    def counts(self, condition: Condition) -> bool:
        """Whether the state of its object depends on the condition."""
        return condition.subject != "scapula" or condition.name in self.scapula_stands_on

    def weights(self) -> MinorWeights:
        """Weights for the pathology that is asked for, else the general ones."""
        return self.weights_by_pathology.get(self.pathology, self.minor_weights)


def load_conditions() -> dict[str, dict[str, Any]]:
    """Plain values of all conditions that are shipped, by name."""
    values = read_settings_file(resource_path("radiograph", "conditions.toml"))
    return {one["name"]: one for one in values["conditions"]}


def load_rules(name_or_path: Path | str = RULE_SETS[0]) -> RuleSet:
    """A shipped rule set by name, or one of a .toml or .json file.

    A file lists its conditions by name, or in full where they are its own. Raises InputError for
    files that cannot be read and SettingsError for unknown names and wrong values.
    """
    if name_or_path in RULE_SETS:
        return _read(resource_path("radiograph", f"rules_{name_or_path}.toml"))
    return _read.__wrapped__(Path(name_or_path))


@functools.cache
def _read(path: Path) -> RuleSet:
    values = read_settings_file(path)
    known = load_conditions()
    listed = values.get("conditions")
    if not isinstance(listed, list):
        raise SettingsError(
            f"{path.name}: 'conditions' is {listed!r}; give a list of names or of tables."
        )
    expanded = []
    for one in listed:
        if isinstance(one, str) and one not in known:
            raise SettingsError(
                f"{path.name}: condition '{one}' is not known. Known: {', '.join(known)}."
            )
        expanded.append(known[one] if isinstance(one, str) else one)
    return settings_from_dict({**values, "conditions": expanded}, RuleSet, path.name)
