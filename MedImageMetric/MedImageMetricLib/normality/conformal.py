"""From scores of held-out normal images to a threshold with a guarantee, p-values, confidence.

Split conformal prediction: of n + 1 exchangeable scores the newest is among the k largest with
probability at most k / (n + 1), whatever their distribution (Vovk et al., 2005). Slices of one
patient are not exchangeable with those of others; patients are. Each patient then counts once,
shared among the patient's slices (Lee, Barber and Willett, 2023). Of a whole scan the new patient's
other slices are known, too, and are counted as they are instead of all as abnormal, so that the
rate is not only kept but attained. Scores rise with abnormality.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import InputError


@dataclass(frozen=True)
class Threshold:
    """Scores at or above `value` are abnormal.

    rate: a fresh normal image is called abnormal with at most this probability, in the mean over
    calibrations; None where a person set the value. asked_rate: what was asked for. patients: on
    how many it rests.
    """

    value: float
    rate: float | None
    asked_rate: float | None = None
    patients: int = 0

    @property
    def promised(self) -> bool:
        """Whether the rate that was asked for is kept, or a person set the value."""
        return self.rate is None or self.asked_rate is None or self.rate <= self.asked_rate + 1e-9


def conformal_threshold(
    scores: Sequence[float] | np.ndarray,
    rate: float,
    patients: Sequence[object] | np.ndarray | None = None,
    own: Sequence[float] | np.ndarray | None = None,
) -> Threshold:
    """The least threshold of a false-alarm rate, from scores of held-out normal images.

    patients: whom each score belongs to; None: all to different ones. A fresh patient's image,
    drawn at random from the patient's images, then scores that high with probability at most
    (1 + mean share of images that do × K) / (K + 1) of K patients. With K < 1 / rate − 1 the rate
    cannot be promised: the threshold lies just above the largest score and the attained rate is
    1 / (K + 1). Ties never raise the rate.

    own: scores of all slices of the scan to judge; the slices of all K + 1 patients then set the
    threshold together, and since it is the same whichever of them is the new one, the mean share
    of a fresh patient's slices that reach it is the share of all. Raises InputError without scores.

    >>> conformal_threshold(range(1, 100), 0.05).rate
    0.05
    """
    if own is not None:
        return _threshold_with(scores, rate, patients, own)
    ordered, weights, count = _weighted(scores, patients)
    # From the largest down: patients, in parts, that a threshold at this score would call abnormal.
    reached = np.cumsum(weights[::-1])
    allowed = int(np.searchsorted(reached, rate * (count + 1) - 1 + 1e-9, side="right"))
    allowed = min(allowed, len(ordered) - 1)
    value = float(np.nextafter(ordered[len(ordered) - 1 - allowed], np.inf))
    above = float(weights[ordered >= value].sum())
    # Without ties the rate that was counted; with them fewer reach the value.
    kept = max(above, float(reached[allowed - 1]) if allowed else 0.0)
    return Threshold(value, (1 + kept) / (count + 1), rate, count)


def _threshold_with(
    scores: Sequence[float] | np.ndarray,
    rate: float,
    patients: Sequence[object] | np.ndarray | None,
    own: Sequence[float] | np.ndarray,
) -> Threshold:
    others = np.arange(len(scores)) if patients is None else np.asarray(patients)
    known = np.unique(others, return_inverse=True)[1]
    owner = np.concatenate([known, np.full(len(own), -1)])
    ordered, weights, count = _weighted(np.concatenate([scores, own]), owner)
    reached = np.cumsum(weights[::-1])
    allowed = int(np.searchsorted(reached, rate * count + 1e-9, side="right"))
    if allowed == len(ordered):
        allowed -= 1
    value = float(np.nextafter(ordered[len(ordered) - 1 - allowed], np.inf))
    return Threshold(value, float(weights[ordered >= value].sum()) / count, rate, count - 1)


def p_value(
    scores: Sequence[float] | np.ndarray,
    score: float,
    patients: Sequence[object] | np.ndarray | None = None,
) -> float:
    """Share of normal images that score at least as high, the new one among them; every patient
    counts once."""
    ordered, weights, count = _weighted(scores, patients)
    return min(1.0, (1 + float(weights[ordered >= score].sum())) / (count + 1))


def two_sided_p_value(scores: Sequence[float] | np.ndarray, score: float) -> float:
    """The same for scores that are unusual at either end, such as a plain log-likelihood."""
    ordered, _, _ = _weighted(scores, None)
    upper = 1 + int((ordered >= score).sum())
    lower = 1 + int((ordered <= score).sum())
    return min(1.0, 2 * min(upper, lower) / (len(ordered) + 1))


def confidence(
    scores: Sequence[float] | np.ndarray,
    score: float,
    threshold: Threshold,
    patients: Sequence[object] | np.ndarray | None = None,
) -> float:
    """Probability that more normal scans to calibrate on would leave the side of the threshold.

    Of K patients k, in parts, reach the new score; the true share of normal images that do is then
    Beta(k + ½, K − k + ½) (Jeffreys). The verdict stands when that share lies on the same side of
    the false-alarm rate. Half where a person set the threshold at the very score.
    """
    from scipy.stats import beta

    ordered, weights, count = _weighted(scores, patients)
    rate = threshold.rate
    if rate is None:
        rate = (1 + float(weights[ordered >= threshold.value].sum())) / (count + 1)
    reached = min(float(weights[ordered >= score].sum()), float(count))
    below = float(beta.cdf(rate, reached + 0.5, count - reached + 0.5))
    return below if score >= threshold.value else 1.0 - below


def binomial_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper–Pearson) interval of a share; (0, 1) of nothing."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def fewest_patients(rate: float) -> int:
    """How many it takes to promise a false-alarm rate.

    >>> fewest_patients(0.05)
    19
    """
    return math.ceil(1 / rate - 1 - 1e-9)


def _weighted(
    scores: Sequence[float] | np.ndarray, patients: Sequence[object] | np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores in rising order, the part of a patient that each stands for, number of patients."""
    values = np.asarray(scores, float)
    if not len(values) or not np.isfinite(values).all():
        raise InputError(
            f"{len(values)} calibration scores, not all finite or none at all; calibrate on "
            "normal images that the model was not trained on."
        )
    order = np.argsort(values, kind="stable")
    if patients is None:
        return values[order], np.ones(len(values)), len(values)
    _, owner, counts = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    return values[order], (1 / counts[owner])[order], len(counts)
