"""From a file of labeled samples to a folder with the profile of a site and its report."""

from __future__ import annotations

from pathlib import Path

from MedImageLib.writing.atomic import finished_folder
from MedImageMetricLib.radiograph.calibration_report import write_calibration
from MedImageMetricLib.radiograph.calibration_samples import (
    calibrated_profile,
    data_used,
    read_samples,
)
from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings
from MedImageMetricLib.radiograph.rules import load_rules
from MedImageMetricLib.radiograph.site_profile import SiteProfile, read_profile


def calibrate(
    samples_file: Path,
    folder: Path,
    settings: CalibrationSettings | None = None,
    rules_name: str = "extended",
    name: str = "",
    author: str = "",
    previous: Path | None = None,
) -> SiteProfile:
    """Calibrate thresholds on the samples and write profile and report into a new folder.

    name: of the site; that of the previous profile, or `site`, by default. previous: profile that
    this one follows. Raises InputError and SettingsError in words.
    """
    rules = load_rules(rules_name)
    samples = read_samples(samples_file, rules)
    names = [condition.name for condition in rules.conditions]
    before = read_profile(previous, names) if previous else None
    profile = calibrated_profile(
        samples,
        rules,
        settings or CalibrationSettings(),
        name=name or (before.name if before else "site"),
        author=author,
        revision=before.revision + 1 if before else 1,
        data=(data_used(samples_file, samples),),
    )
    with finished_folder(folder) as place:
        write_calibration(place, profile, rules)
    return profile


def profile_words(profile: SiteProfile) -> str:
    """Name, revision, author, and how many thresholds of how many samples are in use."""
    used = [one for one in profile.thresholds if one.used]
    by = f" by {profile.author}" if profile.author else ""
    samples = sum(one.samples for one in profile.data)
    return (
        f"{profile.name}, revision {profile.revision}{by}, {profile.created[:10]}: {len(used)} "
        f"calibrated thresholds from {samples} samples."
    )
