"""False alarms of a normality model on patients that did not set the threshold."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from MedImageLib.settings import settings_from_dict
from MedImageMetricLib.normality.conformal import binomial_interval, conformal_threshold
from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.normal_images import is_normal_row
from MedImageMetricLib.normality.training import HELD_OUT, NormalityTraining

HALVES = 40


def alarm_rows(model: NormalityModel, data: Path) -> list[dict[str, object]]:
    """Patients of one held-out fold judged by a threshold from those of the other, both ways.

    No image is read again: the model's calibration holds the scores. The rate is a mean over
    patients, since slices of a patient resemble each other, with a bootstrap interval over them.
    A slice of a scan is judged as the product does, beside the other slices of its patient. The
    guarantee is a mean over calibrations: `halves` is the mean over random halves of all held-out
    patients, with the 5th and 95th percentile over halves.
    """
    known = model.calibration
    assert known is not None
    fold_of = _held_out_folds(model, data)
    levels = {
        "slices": (known.slice_scores, known.slice_patients),
        "scans": (known.scan_scores, known.scan_patients),
    }
    rows: list[dict[str, object]] = []
    for level, (scores, owner) in levels.items():
        if not len(scores):
            continue
        fold = fold_of[owner.astype(int)]
        for rate in (0.01, 0.05, 0.1):
            shares, promised, hits = [], [], 0
            for made_from in HELD_OUT:
                one = _judged(scores, owner, fold == made_from, rate, level)
                shares += one[0]
                promised += one[1]
                hits += one[2]
            drawn = np.random.default_rng(0).choice(shares, (2000, len(shares))).mean(1)
            low, high = np.quantile(drawn, (0.025, 0.975))
            if hits == 0:
                low, high = binomial_interval(0, len(shares))
            rows.append(
                {
                    "level": level,
                    "asked": rate,
                    "promised": round(float(np.mean(promised)), 4),
                    "patients": len(shares),
                    "n": len(scores),
                    "alarms": hits,
                    "rate": round(float(np.mean(shares)), 4),
                    "interval": f"{low:.4f}–{high:.4f}",
                    "halves": _halves(scores, owner, rate, level),
                }
            )
            print(rows[-1], flush=True)
    return rows


def _judged(
    scores: np.ndarray, owner: np.ndarray, used: np.ndarray, rate: float, level: str
) -> tuple[list[float], list[float], int]:
    """Of each patient that does not set the threshold: share of alarms, promised rate; alarms."""
    shares, promised, hits = [], [], 0
    for name in np.unique(owner[~used]):
        mine = scores[owner == name]
        own = mine if level == "slices" and len(mine) > 1 else None
        threshold = conformal_threshold(scores[used], rate, owner[used], own)
        promised.append(threshold.rate or 0.0)
        shares.append(float((mine >= threshold.value).mean()))
        hits += int((mine >= threshold.value).sum())
    return shares, promised, hits


def _halves(scores: np.ndarray, owner: np.ndarray, rate: float, level: str) -> str:
    rng = np.random.default_rng(0)
    names = np.unique(owner)
    means = []
    for _ in range(HALVES):
        half = rng.permutation(names)[: len(names) // 2]
        means.append(float(np.mean(_judged(scores, owner, np.isin(owner, half), rate, level)[0])))
    low, high = np.quantile(means, (0.05, 0.95))
    return f"{np.mean(means):.4f} ({low:.4f}–{high:.4f})"


def _held_out_folds(model: NormalityModel, data: Path) -> np.ndarray:
    """Fold of each held-out patient, in the order in which the calibration numbers them."""
    settings = settings_from_dict(model.card.training, NormalityTraining)
    fold_of: dict[str, int] = {}
    for source in settings.sources:
        with open(data / source.index, newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if is_normal_row(row, source) and int(row["fold"]) in HELD_OUT:
                    fold_of[row["patient"]] = int(row["fold"])
    return np.array([fold_of[name] for name in sorted(fold_of)])
