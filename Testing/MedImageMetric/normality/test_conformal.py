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
    fewest_patients,
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


@given(
    st.lists(
        st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=6), min_size=3, max_size=20
    ),
    RATES,
)
def test_each_patient_taken_as_the_newest_has_few_alarms(stacks, rate):
    """The guarantee for a fresh patient's slice: patients are exchangeable, slices are not."""
    share = 0.0
    for n, own in enumerate(stacks):
        others = [(score, k) for k, stack in enumerate(stacks) if k != n for score in stack]
        scores, patients = zip(*others, strict=True)
        threshold = conformal_threshold(scores, rate, patients)
        share += float(np.mean(np.array(own) >= threshold.value))
        assert threshold.promised == (threshold.rate <= rate + 1e-9)
    assert share / len(stacks) <= max(rate, 1 / len(stacks)) + 1e-9


@given(
    st.lists(
        st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=6), min_size=3, max_size=20
    ),
    RATES,
)
def test_with_all_slices_of_the_newest_the_rate_is_kept_and_attained(stacks, rate):
    """Every patient taken as the newest gets the same threshold, so that its rate is theirs."""
    share, found = 0.0, []
    for n, own in enumerate(stacks):
        others = [(score, k) for k, stack in enumerate(stacks) if k != n for score in stack]
        scores, patients = zip(*others, strict=True)
        found.append(conformal_threshold(scores, rate, patients, own))
        share += float(np.mean(np.array(own) >= found[-1].value))
    assert len({one.value for one in found}) == 1
    assert share / len(stacks) <= rate + 1e-9
    assert found[0].rate == pytest.approx(share / len(stacks), abs=1e-9)


def test_a_scan_abnormal_all_through_meets_the_threshold_of_a_single_slice():
    rng = np.random.default_rng(0)
    scores, patients = rng.normal(size=4000), np.repeat(np.arange(40), 100)
    alone = conformal_threshold(scores, 0.05, patients)
    bad = conformal_threshold(scores, 0.05, patients, np.full(30, 9.0))
    usual = conformal_threshold(scores, 0.05, patients, rng.normal(size=100))
    assert bad.value == alone.value
    assert usual.value < alone.value
    assert usual.rate == pytest.approx(0.05, abs=0.0003)


def test_slices_that_resemble_one_another_break_the_rate_unless_patients_count():
    """Nine patients of a hundred slices; the tenth is one in ten that is different all through."""
    rng = np.random.default_rng(0)
    alarms = {"slices": [], "patients": []}
    for _ in range(300):
        level = rng.normal(size=15)
        scores = level[:, None] + 0.05 * rng.normal(size=(15, 100))
        owner = np.repeat(np.arange(14), 100)
        for name, patients in (("slices", None), ("patients", owner)):
            threshold = conformal_threshold(scores[:14].ravel(), 0.1, patients)
            alarms[name].append((scores[14] >= threshold.value).mean())
    # Fourteen draws set a quantile of patients, however many slices there are.
    assert np.mean(alarms["patients"]) <= 0.1 + 0.03
    assert np.mean(alarms["slices"]) > np.mean(alarms["patients"]) + 0.02


def test_patients_with_one_score_each_are_the_plain_case():
    scores = [3.0, 1.0, 2.0, 2.0, 7.0] * 8
    plain = conformal_threshold(scores, 0.1)
    assert conformal_threshold(scores, 0.1, range(40)) == plain
    assert p_value(scores, 2.5, range(40)) == p_value(scores, 2.5)


@pytest.mark.parametrize(("rate", "patients"), [(0.05, 19), (0.01, 99), (0.5, 1)])
def test_as_many_patients_as_are_asked_for_promise_the_rate(rate, patients):
    assert fewest_patients(rate) == patients
    assert conformal_threshold(range(patients), rate).promised
    if patients > 1:
        assert not conformal_threshold(range(patients - 1), rate).promised


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
