"""ROC and FROC against numbers that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from MedImageLib.detection_metrics import ImageDetections, area_under_roc, froc, held_against
from MedImageLib.errors import InputError

SCORES = st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), min_size=1, max_size=8)


@settings(deadline=None)
@given(SCORES, SCORES)
def test_area_is_the_share_of_ordered_pairs(positives, negatives):
    pairs = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    assert area_under_roc(positives, negatives) == pytest.approx(np.mean(pairs))


def test_one_kind_alone_has_no_curve():
    with pytest.raises(InputError, match="both kinds"):
        area_under_roc([0.5], [])
    with pytest.raises(InputError, match="annotated"):
        froc([ImageDetections((0.5,), ())])


def test_a_center_in_a_box_hits_it_and_any_other_is_a_false_alarm():
    held = held_against(
        [(5, 5), (5.5, 5), (50, 5), (10, 10)],
        [0.6, 0.8, 0.7, 0.3],
        [(0, 0, 10, 10), (9, 9, 12, 12), (80, 80, 90, 90)],
    )
    assert held.hits == (0.8, 0.3, 0.0)
    assert held.false_alarms == (0.7,)


def test_froc_by_hand():
    """Eight images, eight objects: one false alarm is 0.125 an image, the first of the rates."""
    alarms = [0.9, 0.7, 0.5, 0.3]
    hits = [0.95, 0.8, 0.8, 0.6, 0.6, 0.4, 0.1, 0.0]
    images = [
        ImageDetections((alarms[n],) if n < len(alarms) else (), (hits[n],)) for n in range(8)
    ]
    # Allowed: 1, 2, 4, then all. Surer than the alarm after them: 0.7, 0.5, none.
    expected = np.mean([3 / 8, 5 / 8, 7 / 8, 7 / 8, 7 / 8, 7 / 8, 7 / 8])
    assert froc(images) == pytest.approx(expected)


def test_a_perfect_detector_has_one():
    images = [ImageDetections((), (0.9, 0.8)), ImageDetections((), ())]
    assert froc(images) == 1.0
