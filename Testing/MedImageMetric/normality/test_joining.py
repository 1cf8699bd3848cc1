"""Groups joined by what goes together in normal images: rates, and what becomes sharper."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageMetricLib.normality.feature_distance import combined
from MedImageMetricLib.normality.joining import FEWEST_PATIENTS, fit_joining

NAMES = tuple("abcdefgh")


def drawn(count: int, seed: int) -> dict[str, np.ndarray]:
    """Deviations of groups that have one cause in common, each of unit variance."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=count)
    return {name: np.sqrt(0.6) * cause + np.sqrt(0.4) * rng.normal(size=count) for name in NAMES}


@pytest.fixture(scope="module")
def joining():
    return fit_joining(drawn(2000, 0), FEWEST_PATIENTS)


def area(normal: np.ndarray, abnormal: np.ndarray) -> float:
    return float((abnormal[:, None] > normal).mean())


def test_one_odd_group_among_quiet_ones_is_found_better_than_without(joining):
    normal, odd = drawn(800, 1), drawn(800, 2)
    odd["c"] = odd["c"] + 2.0
    better = area(joining.scores(normal), joining.scores(odd))
    assert better > area(combined(normal), combined(odd)) + 0.04


def test_an_image_that_is_odd_in_all_groups_stays_odd(joining):
    normal = joining.scores(drawn(800, 1))
    odd = joining.scores({name: values + 4.0 for name, values in drawn(100, 3).items()})
    assert area(normal, odd) > 0.99


def test_the_score_rises_with_each_group_and_stays_finite(joining):
    calm = {name: np.zeros(4) for name in NAMES}
    rising = joining.scores(calm | {"d": np.array([1.0, 3.0, 9.0, 1e9])})
    assert (np.diff(rising) > 0).all()
    assert np.isfinite(rising).all()
    assert np.isfinite(joining.scores({name: np.full(1, -1e9) for name in NAMES})).all()


def test_the_order_of_groups_does_not_matter(joining):
    one = drawn(20, 4)
    other = dict(reversed(one.items()))
    assert joining.scores(other) == pytest.approx(joining.scores(one))


def test_few_patients_and_groups_that_never_vary():
    assert fit_joining(drawn(2000, 0), FEWEST_PATIENTS - 1) is None
    still = fit_joining({name: np.zeros(60) for name in NAMES}, 60)
    assert still is not None
    assert np.isfinite(still.scores({name: np.ones(3) for name in NAMES})).all()
