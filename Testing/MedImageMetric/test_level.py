"""The level against an independent statement of its rules, its reasons, and what would lift it."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from MedImageMetricLib.radiograph.assessment import assess, notification
from MedImageMetricLib.radiograph.detections import Box, ForeignObject, NotAssessable, Region
from MedImageMetricLib.radiograph.level import ORDER, ObjectStates, level_of
from MedImageMetricLib.radiograph.rules import MinorWeights, load_rules

_spec = importlib.util.spec_from_file_location(
    "chest_masks", Path(__file__).with_name("chest_masks.py")
)
chest_masks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(chest_masks)
drawn = chest_masks.drawn

STATES = ("satisfied", "not_satisfied", "not_assessable")
ABSENT = NotAssessable("no detector for it is installed")
ON_LUNG = ForeignObject(Box(120, 100, 160, 140), 0.9, "button")
BESIDE = ForeignObject(Box(10, 10, 30, 30), 0.8, "coin")


def level_restated(lung, inside, outside, scapula, spine, picture, both_minor):
    """The precedence told the other way round: what each level requires."""
    bad, unknown = "not_satisfied", "not_assessable"
    if lung == unknown:
        return "not_gradable"
    unusable = [lung == bad, inside == bad]
    unusable.append(both_minor == "second" and scapula == spine == bad)
    if any(unusable):
        return "second"
    flawless = {lung, inside, outside, scapula, spine, picture} == {"satisfied"}
    return "first" if flawless else "intermediate"


@pytest.mark.parametrize("both_minor", ["second", "intermediate"])
def test_truth_table_of_all_combinations(both_minor):
    rules = replace(load_rules("source"), both_minor=both_minor)
    counts = dict.fromkeys(ORDER, 0)
    for states in itertools.product(STATES, repeat=6):
        level, rule = level_of(ObjectStates(*states), rules)
        assert level == level_restated(*states, both_minor), states
        assert level in {1: "not_gradable", 2: "second", 3: "second", 4: "second"}.get(
            rule, "intermediate" if rule < 7 else "first"
        )
        counts[level] += 1
    assert counts["first"] == 1
    assert counts["not_gradable"] == 3**5
    assert sum(counts.values()) == 3**6


def test_the_precedence_is_kept():
    """Where several rules apply, the earlier one is named."""
    rules = load_rules("source")
    bad, none = "not_satisfied", "not_assessable"
    for states, rule in (
        (ObjectStates(none, bad, bad, bad, bad), 1),
        (ObjectStates(bad, bad, bad, bad, bad), 2),
        (ObjectStates("satisfied", bad, bad, bad, bad), 3),
        (ObjectStates("satisfied", none, bad, bad, bad), 4),
        (ObjectStates("satisfied", none, bad, bad, none), 5),
        (ObjectStates("satisfied", none, none, "satisfied", none), 6),
        (ObjectStates(), 7),
    ):
        assert level_of(states, rules)[1] == rule


def test_weights_may_depend_on_the_pathology():
    """For a pneumothorax a scapula over the lung alone may be enough to repeat."""
    states = ObjectStates(scapula="not_satisfied")
    rules = replace(
        load_rules("source"), weights_by_pathology={"pneumothorax": MinorWeights(scapula=1.0)}
    )
    assert level_of(states, rules)[0] == "intermediate"
    assert level_of(states, replace(rules, pathology="pneumothorax"))[0] == "second"
    assert level_of(states, replace(rules, pathology="effusion"))[0] == "intermediate"


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "first", ()),
        ({"left_lung": ABSENT}, "not_gradable", ("left lung", "no detector")),
        ({"foreign_objects": (ON_LUNG,)}, "second", ("over the lungs", "0.9", "0.5")),
        ({"foreign_objects": (BESIDE,)}, "intermediate", ("outside of the lungs", "0.8")),
        ({"foreign_objects": ABSENT}, "intermediate", ("foreign objects", "at most intermediate")),
        ({"spine": ABSENT}, "intermediate", ("the spine", "at most intermediate")),
        ({"right_scapula": ABSENT}, "intermediate", ("scapulae", "right scapula")),
    ],
)
def test_levels_of_drawn_chests_and_their_reasons(changes, level, words):
    assessment = assess(drawn(**changes))
    assert assessment.level == level
    told = " ".join(assessment.explanation())
    assert all(word in told for word in words), told


def test_every_detector_may_be_absent():
    from MedImageMetricLib.radiograph.detections import Detections

    assessment = assess(Detections((100, 100)))
    assert assessment.level == "not_gradable"
    assert {one.state for one in assessment.conditions} == {"not_assessable"}
    assert {one.state for one in assessment.findings} == {"withheld"}


def test_lungs_off_the_picture_are_named_with_value_and_limit():
    assessment = assess(drawn((98, 0)))
    assert assessment.level == "second"
    reason = assessment.decision.reasons[0]
    assert "lungs" in reason
    assert "0.004" in reason
    assert "0.012" in reason


def test_further_items_cap_the_level_only_when_they_fail():
    plain = assess(drawn())
    assert plain.condition("rotation_asymmetry").state == "not_assessable"
    assert plain.level == "first"
    turned = drawn(observations={"rotation_asymmetry": 0.6})
    assert assess(turned).level == "intermediate"
    assert assess(turned, load_rules("source")).level == "first"
    supine = drawn(observations={"side_marker": 0.0})
    assert assess(supine).level == "first"


def test_the_way_to_move_is_told_in_millimeters_and_sides_of_the_patient():
    """The limit is 22.5 of 500 columns: 37 − 22.5 = 14.5, so 15 whole pixels."""
    change = assess(drawn((-37, 0), spacing_mm=(0.9, 0.9))).change
    assert change.shift_px == (15, 0)
    assert change.text == "Move the patient 14 mm to the patient's left."
    assert (
        assess(drawn((37, 0))).change.text == "Move the patient 15 pixels to the patient's right."
    )


@given(st.integers(-110, 110), st.integers(-45, 45))
@settings(max_examples=12, deadline=None)
def test_the_proposed_move_lifts_the_level_and_no_shorter_one_does(i, j):
    before = assess(drawn((i, j)))
    if before.level == "first":
        assert before.change is None
        return
    # What is cut off has no place in the mask; only whole lungs can be moved back exactly.
    assume(abs(i) <= 100 and abs(j) <= 40)
    change = before.change
    di, dj = change.shift_px
    after = assess(drawn((i + di, j + dj)))
    assert after.level == change.level
    assert ORDER.index(after.level) > ORDER.index(before.level)
    for shorter in ((di - np.sign(di), dj), (di, dj - np.sign(dj))):
        if shorter != (di, dj):
            level = assess(drawn((i + shorter[0], j + shorter[1]))).level
            assert ORDER.index(level) <= ORDER.index(before.level)


def test_a_cut_lung_makes_the_distance_a_least_one():
    change = assess(drawn((0, -60))).change
    assert change.at_least
    assert "at least" in change.text
    assert "downwards" in change.text


def test_objects_are_taken_off_as_far_as_needed():
    found = drawn(foreign_objects=(ON_LUNG, BESIDE))
    change = assess(found).change
    assert change.removed == (0,)
    assert change.level == "intermediate"
    assert "button" in change.text
    after = replace(found, foreign_objects=(BESIDE,))
    assert assess(after).level == "intermediate"


def test_scapulae_are_rolled_out():
    mask = np.zeros(drawn().shape, bool)
    mask[50:150, 100:180] = True
    found = drawn(right_scapula=Region(mask))
    change = assess(found).change
    assert change.scapulae_out
    assert assess(replace(found, right_scapula=drawn().right_scapula)).level == change.level


def test_lungs_wider_than_the_field_ask_for_a_larger_one():
    narrow = drawn((-97, 0), shape=(400, 306))
    before = assess(narrow)
    assert before.level == "second"
    wider = before.change.larger_px[0]
    assert wider == 2  # 300 columns over 1 − 2 × 0.012 are 307.4 columns
    lungs = 300
    columns = 306 + wider
    assert (columns - lungs) / 2 / columns >= 0.012
    assert (columns - 1 - lungs) / 2 / (columns - 1) < 0.012


def test_the_notification_is_a_text_to_be_read_aloud():
    text = notification(assess(drawn((-37, 0), spacing_mm=(0.9, 0.9))))
    assert text.startswith("The radiograph is of the intermediate level")
    assert "14 millimeters" in text
    assert "Cardiothoracic ratio 0.50" in text
    assert not set(text) & set("[]{}_|°×<>")
    second = notification(assess(drawn(foreign_objects=(ON_LUNG,))))
    assert "should be repeated" in second
    assert "No finding is given" in second
