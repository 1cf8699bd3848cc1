"""One score of all groups of features, where enough patients tell how groups go together.

Normal images that are odd are odd in several groups at once; an image that is odd in one alone is
rarer. So each group is also judged by how far it lies above what the other groups let expect. All
surprises are joined by their harmonic mean p-value (Wilson, PNAS 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from MedImageMetricLib.normality.feature_distance import (
    MOST_SURPRISE,
    SHORTEST_TAIL,
    joined,
    surprises,
)

FEWEST_PATIENTS = 50  # with fewer the covariance of the groups is their accident
RIDGE = 1.0  # variance added to each group's
LOWEST, HIGHEST = -2.0, 3.0  # deviations beyond which a group says no more of the others


@dataclass(frozen=True, eq=False)
class GroupJoining:
    """Of g groups in the order of their names: center (g) of their deviations, coupling (g, g) that
    predicts each from the others, tail (g, 3): median, ninetieth percentile and mean excess beyond
    it of what lies above the prediction, of normal images that nothing was fitted to."""

    center: np.ndarray
    coupling: np.ndarray
    tail: np.ndarray

    def scores(self, unusual: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scores (n) of deviations (n) by group; larger = more abnormal."""
        deviations = _stacked(unusual)
        above = _above(deviations, self.center, self.coupling)
        median, ninety, excess = self.tail.T
        inner = np.log(2) + np.log(5) * (above - median) / (ninety - median)
        beyond = np.log(10) + np.minimum((above - ninety) / excess, MOST_SURPRISE)
        apart = np.where(above > ninety, beyond, np.maximum(inner, 0))
        return joined(np.concatenate([surprises(deviations), apart], 1))


def fit_joining(unusual: Mapping[str, np.ndarray], patients: int) -> GroupJoining | None:
    """Fit on deviations (n) by group of normal images, by fits that do not know them.

    patients: how many the images are of; None with too few.
    """
    if patients < FEWEST_PATIENTS:
        return None
    deviations = _stacked(unusual)
    clipped = np.clip(deviations, LOWEST, HIGHEST)
    covariance = np.atleast_2d(np.cov(clipped.T)) + RIDGE * np.eye(clipped.shape[1])
    precision = np.linalg.inv(covariance)
    # Of a Gaussian the mean of one number given all others is linear in them.
    coupling = np.eye(len(precision)) - precision / np.diag(precision)
    center = clipped.mean(0)
    above = _above(deviations, center, coupling)
    median, ninety = np.quantile(above, (0.5, 0.9), axis=0)
    ninety = np.maximum(ninety, median + 0.05)
    beyond = np.where(above > ninety, above - ninety, np.nan)
    excess = np.nanmean(np.vstack([beyond, np.full(len(median), SHORTEST_TAIL)]), 0)
    tail = np.stack([median, ninety, np.maximum(excess, SHORTEST_TAIL)], 1)
    return GroupJoining(center, coupling, tail)


def _above(deviations: np.ndarray, center: np.ndarray, coupling: np.ndarray) -> np.ndarray:
    """How far each group lies above what the others let expect; quiet ones excuse nothing."""
    expected = (np.clip(deviations, LOWEST, HIGHEST) - center) @ coupling
    return deviations - center - np.maximum(expected, 0)


def _stacked(unusual: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.stack([unusual[name] for name in sorted(unusual)], 1)
