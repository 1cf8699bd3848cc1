"""From scores of held-out normal images to a threshold with a guarantee, p-values, confidence.

Split conformal prediction: of n + 1 exchangeable scores the newest is among the k largest with
probability at most k / (n + 1), whatever their distribution (Vovk et al., 2005). Scores rise with
abnormality.
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

    rate: the share of fresh normal images that will be called abnormal is at most this, in the
    mean over calibrations; None where a person set the value. asked_rate: what was asked for.
    """

    value: float
    rate: float | None
    asked_rate: float | None = None


def conformal_threshold(scores: Sequence[float] | np.ndarray, rate: float) -> Threshold:
    """The threshold of a false-alarm rate from scores of n held-out normal images.

    With n < 1 / rate − 1 the rate cannot be promised: the threshold lies just above the largest
    score and the attained rate is 1 / (n + 1). Ties never raise the rate. Raises InputError
    without scores.

    >>> conformal_threshold(range(1, 100), 0.05).rate
    0.05
    """
    ordered = _checked(scores)
    n = len(ordered)
    among = max(1, math.floor(rate * (n + 1) + 1e-9))
    value = float(np.nextafter(ordered[n - among], np.inf))
    return Threshold(value, among / (n + 1), rate)


def p_value(scores: Sequence[float] | np.ndarray, score: float) -> float:
    """Share of n + 1 normal scores, the new one among them, that are at least as large."""
    ordered = _checked(scores)
    return (1 + int((ordered >= score).sum())) / (len(ordered) + 1)


def two_sided_p_value(scores: Sequence[float] | np.ndarray, score: float) -> float:
    """The same for scores that are unusual at either end, such as a plain log-likelihood."""
    ordered = _checked(scores)
    upper = 1 + int((ordered >= score).sum())
    lower = 1 + int((ordered <= score).sum())
    return min(1.0, 2 * min(upper, lower) / (len(ordered) + 1))


def confidence(scores: Sequence[float] | np.ndarray, score: float, threshold: Threshold) -> float:
    """Probability that more normal scans to calibrate on would leave the side of the threshold.

    Of n calibration scores k reach the new one; the true share of normal images that do is then
    Beta(k + ½, n − k + ½) (Jeffreys). The verdict stands when that share lies on the same side of
    the false-alarm rate. Half where a person set the threshold at the very score.
    """
    from scipy.stats import beta

    ordered = _checked(scores)
    n = len(ordered)
    rate = threshold.rate
    if rate is None:
        rate = (1 + int((ordered >= threshold.value).sum())) / (n + 1)
    reached = int((ordered >= score).sum())
    below = float(beta.cdf(rate, reached + 0.5, n - reached + 0.5))
    return below if score >= threshold.value else 1.0 - below


def binomial_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper–Pearson) interval of a share; (0, 1) of nothing."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def _checked(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    ordered = np.sort(np.asarray(scores, float))
    if not len(ordered) or not np.isfinite(ordered).all():
        raise InputError(
            f"{len(ordered)} calibration scores, not all finite or none at all; calibrate on "
            "normal images that the model was not trained on."
        )
    return ordered
