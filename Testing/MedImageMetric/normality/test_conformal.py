"""Thresholds with a guarantee: properties that hold for any scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from MedImageLib.errors import InputError
from MedImageMetricLib.normality.conformal import (
    Threshold,
    binomial_interval,
    confidence,
    conformal_threshold,
    p_value,
    two_sided_p_value,
)

SCORES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=60)
RATES = st.floats(0.005, 0.5)


@given(SCORES, RATES, st.integers(-25, 25).map(float))
def test_abnormal_means_a_p_value_within_the_promised_rate(scores, rate, score):
    threshold = conformal_threshold(scores, rate)
    assert (score >= threshold.value) == (p_value(scores, score) <= threshold.rate + 1e-12)


@given(st.lists(st.integers(-5, 5).map(float), min_size=3, max_size=40), RATES)
def test_each_taken_as_the_newest_few_are_called_abnormal(scores, rate):
    """The finite-sample guarantee itself: exchangeable scores, ties among them."""
    alarms = 0
    for n, score in enumerate(scores):
        threshold = conformal_threshold(scores[:n] + scores[n + 1 :], rate)
        alarms += score >= threshold.value
    assert alarms / len(scores) <= max(rate, 1 / len(scores)) + 1e-12


def test_too_few_scores_promise_what_they_can():
    threshold = conformal_threshold(range(50), 0.01)
    assert threshold.rate == pytest.approx(1 / 51)
    assert threshold.value > 49
    assert conformal_threshold(range(99), 0.01).rate == pytest.approx(0.01)


@pytest.mark.parametrize("scores", [[], [1.0, math.nan], [math.inf]])
def test_scores_that_cannot_calibrate_are_refused(scores):
    with pytest.raises(InputError, match="calibrat"):
        conformal_threshold(scores, 0.05)


def test_confidence_is_half_near_the_threshold_and_whole_far_from_it():
    scores = np.linspace(0, 1, 400)
    threshold = conformal_threshold(scores, 0.05)
    assert confidence(scores, 0.2, threshold) > 0.999
    assert confidence(scores, 5.0, threshold) > 0.999
    assert 0.3 < confidence(scores, threshold.value, threshold) < 0.7
    assert confidence(scores, 0.2, Threshold(0.5, None)) > 0.9


@given(SCORES)
def test_two_sided_p_values_are_small_at_both_ends(scores):
    low, high = min(scores) - 1, max(scores) + 1
    assert two_sided_p_value(scores, low) == two_sided_p_value(scores, high)
    assert two_sided_p_value(scores, low) == pytest.approx(min(1, 2 / (len(scores) + 1)))


def test_binomial_interval_is_that_of_the_tables():
    assert binomial_interval(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))
    low, high = binomial_interval(5, 100)
    assert (low, high) == (pytest.approx(0.0164, abs=1e-4), pytest.approx(0.1128, abs=1e-4))
