"""Conditions on drawn chests whose ratios, margins and offsets are known."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from MedImageLib.errors import InputError, SettingsError
from MedImageMetricLib.radiograph.assessment import assess
from MedImageMetricLib.radiograph.chest import chest_region, clipped_share, field_of
from MedImageMetricLib.radiograph.conditions import is_inside_lungs
from MedImageMetricLib.radiograph.detections import Box, ForeignObject, NotAssessable, Region
from MedImageMetricLib.radiograph.measurements import USUAL_INCLINE_DEG, spine_center_line
from MedImageMetricLib.radiograph.rules import Condition, MinorWeights, load_rules

_spec = importlib.util.spec_from_file_location(
    "chest_masks", Path(__file__).with_name("chest_masks.py")
)
chest_masks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(chest_masks)
drawn = chest_masks.drawn

LUNGS, CHEST = 2 * 120 * 320, 420 * 320
FAILED = NotAssessable("the detector failed")


def values(found, rules=None) -> dict[str, float | None]:
    return {one.condition.name: one.value for one in assess(found, rules).conditions}


def over_lungs(pixels: int) -> Region:
    mask = drawn().right_lung.mask.copy()
    rows, columns = np.nonzero(mask)
    mask[:] = False
    mask[rows[:pixels], columns[:pixels]] = True
    return Region(mask)


def test_values_of_a_drawn_chest():
    measured = values(drawn())
    assert measured["scapula_chest_ratio"] == pytest.approx(800 / CHEST)
    assert measured["scapula_lung_ratio"] == measured["scapula_lung_chest_ratio"] == 0
    assert measured["lung_margin_left"] == measured["lung_margin_right"] == pytest.approx(100 / 500)
    assert measured["lung_margin_upper"] == measured["lung_margin_lower"] == pytest.approx(40 / 400)
    assert measured["foreign_object_confidence"] == 0
    # The middle of an even picture lies between two pixels, as does that of the spine.
    assert measured["spine_offset"] == pytest.approx(0)
    # The spine stands upright; the lungs lack the usual incline, and count for half.
    assert measured["tilt_deg"] == pytest.approx(USUAL_INCLINE_DEG / 2)


def test_the_whole_blade_is_not_judged_by_its_part_over_the_lungs():
    part = replace(over_lungs(3000), over_lungs=True)
    nothing = Region(np.zeros_like(part.mask), over_lungs=True)
    found = replace(drawn(), right_scapula=part, left_scapula=nothing)
    measured = {one.condition.name: one for one in assess(found).conditions}
    assert measured["scapula_lung_ratio"].value == pytest.approx(3000 / LUNGS)
    assert measured["scapula_lung_chest_ratio"].value == pytest.approx(3000 / CHEST)
    assert measured["scapula_chest_ratio"].state == "not_assessable"
    assert "over the lungs" in measured["scapula_chest_ratio"].reason


def test_every_condition_of_a_good_chest_has_its_state_and_geometry():
    assessment = assess(drawn(), load_rules("source"))
    assert {one.state for one in assessment.conditions} == {"satisfied"}
    kinds = {one.condition.name: {s.kind for s in one.geometry} for one in assessment.conditions}
    assert kinds["scapula_chest_ratio"] == {"polygon"}
    assert kinds["lung_margin_left"] == {"box", "line"}
    assert kinds["spine_offset"] == {"polyline", "line"}
    left = assessment.condition("lung_margin_left").geometry[1].points_ijk
    assert left[0][0] == 99.5
    assert left[1][0] == -0.5


@given(st.integers(-39, 39), st.integers(-35, 35))
@settings(max_examples=8, deadline=None)
def test_shifting_the_patient_moves_margins_and_spine_and_no_ratio(i, j):
    before, after = values(drawn()), values(drawn((i, j)))
    assert after["lung_margin_left"] == pytest.approx(before["lung_margin_left"] + i / 500)
    assert after["lung_margin_right"] == pytest.approx(before["lung_margin_right"] - i / 500)
    assert after["lung_margin_upper"] == pytest.approx(before["lung_margin_upper"] + j / 400)
    assert after["lung_margin_lower"] == pytest.approx(before["lung_margin_lower"] - j / 400)
    assert after["spine_offset"] == pytest.approx(abs(i) / 500)
    for name in ("scapula_chest_ratio", "scapula_lung_ratio", "tilt_deg"):
        assert after[name] == pytest.approx(before[name])
    assert assess(drawn((i, j))).condition("spine_offset").signed == pytest.approx(i / 500)


def _mapped(found, change, shape):
    regions = {
        name: Region(change(getattr(found, name).mask))
        for name in (
            *("right_lung", "left_lung", "heart", "spine", "right_scapula", "left_scapula"),
            *("pneumothorax", "pleural_effusion", "chest"),
        )
    }
    return replace(found, shape=shape, **regions)


@given(st.integers(1, 4))
@settings(max_examples=4, deadline=None)
def test_a_larger_grid_changes_no_ratio(factor):
    found = drawn((17, -9), right_scapula=over_lungs(900))
    large = _mapped(
        found,
        lambda mask: np.kron(mask, np.ones((factor, factor), bool)),
        (400 * factor, 500 * factor),
    )
    assert values(large) == pytest.approx(values(found))
    heart = assess(large).finding("cardiothoracic_ratio").value
    assert heart == pytest.approx(assess(found).finding("cardiothoracic_ratio").value)


@given(st.tuples(*[st.integers(0, 60)] * 4))
@settings(max_examples=10, deadline=None)
def test_padding_changes_neither_heart_nor_scapulae(pads):
    upper, lower, left, right = pads
    found = drawn(right_scapula=over_lungs(900))
    padded = _mapped(
        found,
        lambda mask: np.pad(mask, ((upper, lower), (left, right))),
        (400 + upper + lower, 500 + left + right),
    )
    before, after = values(found), values(padded)
    for name in ("scapula_chest_ratio", "scapula_lung_ratio", "scapula_lung_chest_ratio"):
        assert after[name] == pytest.approx(before[name])
    research = assess(padded).finding("cardiothoracic_ratio")
    assert research.value == pytest.approx(0.5)
    assert after["lung_margin_left"] == pytest.approx((100 + left) / (500 + left + right))


@pytest.mark.parametrize(
    ("value", "comparison", "satisfied"),
    [
        (0.018, "at_most", True),
        (0.1 + 0.2 - 0.282, "at_most", True),
        (0.0181, "at_most", False),
        (0.018, "at_least", True),
        (0.0179, "at_least", False),
    ],
)
def test_equality_satisfies(value, comparison, satisfied):
    condition = Condition("x", "a", "lung", "x", "x", comparison, 0.018, (0.0, 1.0), "here")
    assert condition.is_satisfied(value, 0.018) is satisfied


def test_pixels_decide_at_the_threshold():
    """Exactly 1.8 % of the chest is 2419.2 pixels."""
    for pixels, state in ((2419, "satisfied"), (2420, "not_satisfied")):
        found = drawn(right_scapula=over_lungs(pixels))
        assert assess(found).condition("scapula_lung_chest_ratio").state == state


def test_a_missing_scapula_leaves_only_failures_certain():
    cases = ((over_lungs(100), "not_assessable"), (over_lungs(9000), "not_satisfied"))
    for region, state in cases:
        found = drawn(right_scapula=region, left_scapula=FAILED)
        one = assess(found).condition("scapula_lung_ratio")
        assert one.state == state
        assert "left scapula" in one.reason
    both = drawn(right_scapula=FAILED, left_scapula=FAILED)
    assert assess(both).condition("scapula_lung_ratio").value is None


def test_unsure_regions_are_not_assessable():
    found = drawn(spine=Region(drawn().spine.mask, confidence=0.3))
    one = assess(found).condition("spine_offset")
    assert one.state == "not_assessable"
    assert "0.30" in one.reason


def test_a_part_that_is_not_reported_only_does_not_fail_the_scapula():
    """Large scapulae beside the lungs fail item a, which stands for nothing by default."""
    mask = drawn().chest.mask & ~drawn().lungs().mask
    found = drawn(right_scapula=Region(mask & (np.arange(500) < 250)))
    assert assess(found).condition("scapula_chest_ratio").state == "not_satisfied"
    assert assess(found).states.scapula == "satisfied"
    every = replace(
        load_rules(),
        scapula_stands_on=("scapula_chest_ratio", "scapula_lung_ratio", "scapula_lung_chest_ratio"),
    )
    assert assess(found, every).states.scapula == "not_satisfied"


@pytest.mark.parametrize(
    ("box", "center", "half_area", "either"),
    [
        (Box(120, 100, 160, 140), True, True, True),  # whole on the right lung
        (Box(60, 100, 145, 140), True, False, True),  # center at 102, 46 of 85 columns on it
        (Box(60, 100, 135, 140), False, False, False),
        (Box(240, 100, 260, 140), False, False, False),  # between the lungs
        (Box(180, 100, 320, 140), False, True, True),  # across both, center between them
    ],
)
def test_inside_of_the_lungs(box, center, half_area, either):
    one = ForeignObject(box, 0.9)
    rows, columns = (
        slice(round(box.upper), round(box.lower)),
        slice(round(box.left), round(box.right)),
    )
    share = drawn().lungs().mask[rows, columns].mean()
    expected = {"center": center, "half_area": bool(share >= 0.5), "either": either or share >= 0.5}
    for rule, inside in expected.items():
        rules = replace(load_rules(), foreign_inside=rule)
        assert is_inside_lungs(one, drawn(), rules) == inside


def test_center_line_of_a_slanted_spine():
    mask = np.zeros((50, 80), bool)
    for row in range(10, 40):
        mask[row, row : row + 9] = True
    points = spine_center_line(mask)
    assert len(points) == 30
    np.testing.assert_allclose(points[:, 0], points[:, 1] + 4)


@pytest.mark.parametrize("degrees", [-12, -3, 5, 15])
def test_tilt_of_a_turned_chest(degrees):
    from scipy import ndimage

    found = drawn()
    turned = _mapped(
        found,
        lambda mask: ndimage.rotate(mask.astype(float), -degrees, reshape=False, order=1) > 0.5,
        found.shape,
    )
    before, after = (assess(one).condition("tilt_deg").signed for one in (found, turned))
    assert after - before == pytest.approx(-degrees, abs=0.5)


def test_tilt_without_a_spine_rests_on_the_lungs():
    found = replace(drawn(), spine=FAILED)
    assert assess(found).condition("tilt_deg").signed == pytest.approx(-USUAL_INCLINE_DEG)


def test_the_chest_leaves_out_air_beside_the_body_and_the_margins_of_the_field():
    found = drawn()
    body = np.zeros(found.shape, bool)
    body[:, 60:440] = True
    plane = np.where(body, 150.0, 5.0)
    plane[found.lungs().mask] = 60.0
    plane += np.random.default_rng(0).normal(0, 1, plane.shape)
    chest = chest_region(plane, found.lungs())
    truth = body.copy()
    truth[:40] = truth[360:] = False
    assert np.count_nonzero(chest.mask ^ truth) < 0.02 * np.count_nonzero(truth)
    narrow = chest_region(plane, found.lungs(), field_of((slice(0, 400), slice(80, 420))))
    assert narrow.box.left == 79.5
    assert isinstance(chest_region(plane, FAILED), NotAssessable)


def test_clipped_share_counts_both_ends():
    plane = np.linspace(0, 1, 200 * 200).reshape(200, 200)
    chest = Region(np.ones((200, 200), bool))
    assert clipped_share(plane, chest) == 0
    assert clipped_share(np.clip(plane, 0.2, 0.9), chest) == pytest.approx(0.3, abs=0.01)


def test_masks_on_another_grid_are_refused():
    with pytest.raises(InputError, match="spine"):
        drawn(spine=Region(np.zeros((10, 10), bool)))


def test_rule_sets():
    source, extended = load_rules("source"), load_rules("extended")
    assert [one.item for one in source.conditions] == [*"abcddddef"]
    assert {one.item for one in extended.conditions} == {*"abcdef", "+"}
    assert set(source.conditions) < set(extended.conditions)
    with pytest.raises(SettingsError, match="scapula_stands_on"):
        replace(source, scapula_stands_on=("spine_offset",))


def test_a_file_of_the_user_is_a_rule_set(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text(
        'name = "ours"\nversion = "3"\nconditions = ["scapula_lung_ratio", "spine_offset"]\n'
        'scapula_stands_on = ["scapula_lung_ratio"]\npathology = "pneumothorax"\n'
        "[weights_by_pathology.pneumothorax]\nscapula = 1.0\n"
    )
    rules = load_rules(path)
    assert rules.weights() == MinorWeights(scapula=1.0)
    path.write_text('name = "ours"\nversion = "3"\nconditions = ["spine_ofset"]\n')
    with pytest.raises(SettingsError, match="spine_ofset"):
        load_rules(path)
