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


def alarm_rows(model: NormalityModel, data: Path) -> list[dict[str, object]]:
    """Patients of one held-out fold judged by a threshold from those of the other, both ways.

    No image is read again: the model's calibration holds the scores. The rate is a mean over
    patients, since slices of a patient resemble each other, with a bootstrap interval over them.
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
                used = fold == made_from
                threshold = conformal_threshold(scores[used], rate, owner[used])
                promised.append(threshold.rate or 0.0)
                reached = scores >= threshold.value
                hits += int(reached[~used].sum())
                shares += [float(reached[owner == n].mean()) for n in np.unique(owner[~used])]
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
                }
            )
            print(rows[-1], flush=True)
    return rows


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
