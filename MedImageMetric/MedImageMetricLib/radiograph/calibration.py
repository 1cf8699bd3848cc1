"""Thresholds from labeled samples: accuracy of every candidate, the best plateau, its certainty.

A candidate threshold decides every sample; the share of decisions that agree with the labels is
its accuracy. It is accepted above a preset rate, the most accurate wins, and of a plateau its
middle (source: chapter 1, calibration). Intervals are bootstrapped over samples, and accuracy is
cross-validated over patients where they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings
from MedImageMetricLib.radiograph.rules import Condition

CURVE_POINTS = 101


@dataclass(frozen=True)
class Calibration:
    """The outcome for one condition.

    threshold: the found one, None when it could not be searched. accepted: more accurate than
    the preset rate. interval: 95 %, bootstrapped. plateau: thresholds of equal accuracy. curve:
    (threshold, accuracy). note: why there is none, or what to know.
    """

    threshold: float | None
    accepted: bool
    accuracy: float | None
    samples: int
    satisfied: int
    interval: tuple[float, float] | None = None
    plateau: tuple[float, float] | None = None
    cross_validated_accuracy: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    note: str = ""


def accuracy_of(
    values: np.ndarray, labels: np.ndarray, threshold: float, condition: Condition
) -> float:
    """Share of samples on whose side of the threshold their label is."""
    decided = [condition.is_satisfied(float(value), threshold) for value in values]
    return float(np.mean(np.equal(decided, labels)))


def best_plateau(
    values: np.ndarray, labels: np.ndarray, condition: Condition
) -> tuple[float, float, float]:
    """(low, high, accuracy) of the most accurate thresholds within the condition's candidates.

    values: (n,). labels: (n,) bool, True = satisfied. Accuracy changes only at the values, so
    that all thresholds are tried. Of equally accurate plateaus the widest is taken.
    """
    low, high = condition.candidates
    sign = 1.0 if condition.comparison == "at_most" else -1.0
    start, end = (low, high) if sign > 0 else (-high, -low)
    # In this form a sample is satisfied when its value is at most the threshold.
    order = np.argsort(sign * values, kind="stable")
    sorted_values, sorted_labels = (sign * values)[order], labels[order]
    edges = np.unique(
        np.concatenate([[start], sorted_values[(sorted_values > start) & (sorted_values <= end)]])
    )
    count = np.searchsorted(sorted_values, edges, side="right")
    good_before = np.concatenate([[0], np.cumsum(sorted_labels)])
    bad_before = np.arange(len(labels) + 1) - good_before
    correct = good_before[count] + (bad_before[-1] - bad_before[count])
    best = correct == correct.max()
    borders = np.append(edges, end)
    plateaus, place = [], 0
    while place < len(edges):
        if best[place]:
            last = place
            while last + 1 < len(edges) and best[last + 1]:
                last += 1
            plateaus.append((borders[place], borders[last + 1]))
            place = last
        place += 1
    first, final = max(plateaus, key=lambda pair: pair[1] - pair[0])
    ends = sorted((sign * float(first), sign * float(final)))
    return ends[0], ends[1], float(correct.max()) / len(labels)


def calibrate(
    values: np.ndarray,
    labels: np.ndarray,
    condition: Condition,
    settings: CalibrationSettings | None = None,
    groups: Sequence[str] | None = None,
) -> Calibration:
    """Calibrate one condition. values: (n,); labels: (n,) bool, True = satisfied.

    groups: patient of each sample; a patient is never in two folds. With too few failed samples,
    distances of the lungs take the lower end of the middle part of those of good images; other
    conditions are not calibrated then, and the note says so.
    """
    settings = settings or CalibrationSettings()
    values, labels = np.asarray(values, float), np.asarray(labels, bool)
    good, bad = int(labels.sum()), int((~labels).sum())
    if min(good, bad) < settings.least_per_label:
        return _from_good_ones(values, labels, condition, settings)
    low, high, accuracy = best_plateau(values, labels, condition)
    threshold = (low + high) / 2
    rng = np.random.default_rng(settings.seed)
    return Calibration(
        threshold=threshold,
        accepted=accuracy > condition.preset_accuracy,
        accuracy=accuracy,
        samples=len(values),
        satisfied=good,
        interval=_bootstrapped(values, labels, condition, settings, rng),
        plateau=(low, high),
        cross_validated_accuracy=_cross_validated(values, labels, condition, settings, groups, rng),
        curve=accuracy_curve(values, labels, condition),
        note=""
        if accuracy > condition.preset_accuracy
        else f"No candidate is more accurate than the preset rate {condition.preset_accuracy:.2f}.",
    )


def accuracy_curve(
    values: np.ndarray, labels: np.ndarray, condition: Condition
) -> tuple[tuple[float, float], ...]:
    """Accuracy at evenly spaced candidates."""
    candidates = np.linspace(*condition.candidates, CURVE_POINTS)
    return tuple(
        (float(one), accuracy_of(values, labels, float(one), condition)) for one in candidates
    )


def _from_good_ones(
    values: np.ndarray, labels: np.ndarray, condition: Condition, settings: CalibrationSettings
) -> Calibration:
    good, bad = int(labels.sum()), int((~labels).sum())
    lacking = (
        f"{good} satisfied and {bad} failed samples; {settings.least_per_label} of each are needed."
    )
    if condition.subject != "lung" or good < settings.least_per_label:
        return Calibration(None, False, None, len(values), good, note=f"Not calibrated: {lacking}")
    threshold = float(np.percentile(values[labels], settings.good_low_percent))
    low, high = condition.candidates
    threshold = min(max(threshold, low), high)
    accuracy = accuracy_of(values, labels, threshold, condition)
    return Calibration(
        threshold,
        accuracy > condition.preset_accuracy,
        accuracy,
        len(values),
        good,
        curve=accuracy_curve(values, labels, condition),
        note=f"From the distances of good images alone: {lacking}",
    )


def _bootstrapped(
    values: np.ndarray,
    labels: np.ndarray,
    condition: Condition,
    settings: CalibrationSettings,
    rng: np.random.Generator,
) -> tuple[float, float] | None:
    found = []
    for _ in range(settings.resamples):
        drawn = rng.integers(0, len(values), len(values))
        if labels[drawn].all() or not labels[drawn].any():
            continue
        low, high, _ = best_plateau(values[drawn], labels[drawn], condition)
        found.append((low + high) / 2)
    if not found:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _cross_validated(
    values: np.ndarray,
    labels: np.ndarray,
    condition: Condition,
    settings: CalibrationSettings,
    groups: Sequence[str] | None,
    rng: np.random.Generator,
) -> float | None:
    """Share of right decisions on samples whose patients took no part in the search."""
    names = np.asarray(groups if groups is not None else np.arange(len(values)).astype(str))
    patients = rng.permutation(np.unique(names))
    right, count = 0.0, 0
    for fold in range(settings.folds):
        held = np.isin(names, patients[fold :: settings.folds])
        if not held.any() or labels[~held].all() or not labels[~held].any():
            continue
        low, high, _ = best_plateau(values[~held], labels[~held], condition)
        held_accuracy = accuracy_of(values[held], labels[held], (low + high) / 2, condition)
        right += held_accuracy * held.sum()
        count += int(held.sum())
    return right / count if count else None
