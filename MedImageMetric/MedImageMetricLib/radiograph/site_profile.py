"""The thresholds of one site: a versioned JSON file with its origin, curves and certainty.

It says who calibrated when on which data, by hash; of patients it holds counts alone. A stratum
(age group, sex, view) that is too small has no thresholds of its own and falls back to a wider
one, which the origin of the threshold tells (source: chapter 1, calibration).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.errors import SettingsError
from MedImageLib.settings import (
    check_settings,
    read_settings_file,
    setting,
    settings_from_dict,
    settings_to_dict,
)
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.radiograph.conditions import Threshold
from MedImageMetricLib.radiograph.detections import Circumstances
from MedImageMetricLib.radiograph.rules import Condition, load_conditions

FORMAT_VERSION = "1.0"
AGE_GROUPS = ("child", "adult", "older")
SEXES = ("F", "M", "O")
VIEWS = ("PA", "AP")


def age_group(age_years: float | None) -> str:
    """child below 15 years, adult below 65, else older; empty when not known.

    >>> age_group(14.9), age_group(15), age_group(65), age_group(None)
    ('child', 'adult', 'older', '')
    """
    if age_years is None:
        return ""
    return "child" if age_years < 15 else "adult" if age_years < 65 else "older"


@dataclass(frozen=True)
class Stratum:
    """Patients alike; what is empty is not looked at, all empty is the whole site."""

    age_group: str = setting("", help="Age group.", choices=("", *AGE_GROUPS))
    sex: str = setting("", help="Sex.", choices=("", *SEXES))
    view: str = setting("", help="View.", choices=("", *VIEWS))

    def __post_init__(self) -> None:
        check_settings(self)

    def holds(self, known: Circumstances) -> bool:
        """Whether a patient belongs to it."""
        pairs = (
            (self.age_group, age_group(known.age_years)),
            (self.sex, known.sex),
            (self.view, known.view),
        )
        return all(not wanted or wanted == given for wanted, given in pairs)

    @property
    def depth(self) -> int:
        return sum(bool(one) for one in (self.age_group, self.sex, self.view))

    def words(self) -> str:
        """For people: `child, AP`, or `the whole site`."""
        return ", ".join(filter(None, (self.age_group, self.sex, self.view))) or "the whole site"


@dataclass(frozen=True)
class CalibratedThreshold:
    """The outcome of one condition in one stratum, see `calibration.Calibration`.

    used: accepted, so that it replaces the default.
    """

    name: str = setting(help="Condition.")
    stratum: Stratum = setting(help="Stratum.", default_factory=Stratum)
    used: bool = setting(False, help="Whether it replaces the default.")
    threshold: float | None = setting(None, help="Threshold.")
    accuracy: float | None = setting(None, help="Accuracy on all samples.", minimum=0, maximum=1)
    cross_validated_accuracy: float | None = setting(
        None, help="Accuracy on patients left out.", minimum=0, maximum=1
    )
    interval: tuple[float, float] | None = setting(None, help="95 % interval, bootstrapped.")
    samples: int = setting(0, help="Samples.", minimum=0)
    satisfied: int = setting(0, help="Samples labeled as satisfied.", minimum=0)
    curve: tuple[tuple[float, float], ...] = setting((), help="Threshold and accuracy.")
    note: str = setting("", help="What to know.")

    def __post_init__(self) -> None:
        check_settings(self)
        if self.used and self.threshold is None:
            raise SettingsError(f"Threshold {self.name}: used is true, but there is no threshold.")


@dataclass(frozen=True)
class DataUsed:
    """A file of samples by its content; its name may name patients and is not kept."""

    sha256: str = setting(help="SHA256 of the file.")
    samples: int = setting(0, help="Rows.", minimum=0)

    def __post_init__(self) -> None:
        check_settings(self)
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise SettingsError(f"Data: sha256 is {self.sha256!r}; give 64 hexadecimal digits.")


@dataclass(frozen=True)
class SiteProfile:
    """A site's thresholds; revision counts up when a site calibrates again."""

    format_version: str = setting(FORMAT_VERSION, help="Version of this format.")
    name: str = setting("site", help="Name of the site or device.")
    revision: int = setting(1, help="Counts up.", minimum=1)
    author: str = setting("", help="Who calibrated.")
    created: str = setting("", help="When, ISO 8601.")
    software_version: str = setting("", help="What calibrated.")
    rule_set: str = setting("", help="Rule set that it was made for.")
    data: tuple[DataUsed, ...] = setting((), help="What it was calibrated on.")
    thresholds: tuple[CalibratedThreshold, ...] = setting((), help="Outcomes.")

    def __post_init__(self) -> None:
        check_settings(self)
        if self.format_version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
            raise SettingsError(
                f"Site profile: format_version is {self.format_version}; this software reads "
                f"{FORMAT_VERSION}. Calibrate again."
            )
        keys = [(one.name, one.stratum) for one in self.thresholds]
        if len(set(keys)) < len(keys):
            raise SettingsError("Site profile: a condition has two thresholds in one stratum.")

    def threshold(self, condition: Condition, known: Circumstances) -> Threshold:
        """The threshold of the narrowest stratum that the patient belongs to, else the default."""
        mine = [
            one
            for one in self.thresholds
            if one.name == condition.name and one.stratum.holds(known)
        ]
        used = [one for one in mine if one.used and one.threshold is not None]
        if not used:
            why = f" ({mine[0].note})" if mine and mine[0].note else ""
            return Threshold(
                condition.threshold, f"default: {condition.origin}; not calibrated here{why}"
            )
        best = max(used, key=lambda one: (one.stratum.depth, one.samples))
        assert best.threshold is not None
        narrower = [one for one in mine if one.stratum.depth > best.stratum.depth and not one.used]
        fallback = "".join(
            f"; {one.stratum.words()} not used: {one.note}" for one in narrower if one.note
        )
        return Threshold(
            best.threshold,
            f"site profile {self.name}, revision {self.revision}, {best.stratum.words()} "
            f"({best.samples} samples){fallback}",
        )


def write_profile(path: Path | str, profile: SiteProfile) -> Path:
    """Write the profile; it appears by rename. Equal profiles give equal bytes."""
    text = json.dumps(settings_to_dict(profile), indent=1, ensure_ascii=False, allow_nan=False)
    with finished_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
    return Path(path)


def read_profile(path: Path | str, known: Sequence[str] | None = None) -> SiteProfile:
    """Read and check a profile; known: names of conditions, default all that are shipped.

    Raises InputError when it is no JSON and SettingsError for unknown names and wrong values.
    """
    path = Path(path)
    values: dict[str, Any] = read_settings_file(path)
    profile = settings_from_dict(values, SiteProfile, path.name)
    names = set(known if known is not None else load_conditions())
    for one in profile.thresholds:
        if one.name not in names:
            raise SettingsError(
                f"{path.name}: condition '{one.name}' is not known. "
                f"Known: {', '.join(sorted(names))}."
            )
    return profile
