"""Questions and answers about the plan, and thresholds that move by them and never silently."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AutoContourLib.registration.deformation_degree import (
    DeformationDegree,
    FieldDegree,
    OverlapDegree,
)
from AutoContourLib.registration.plan_decision import (
    ThresholdSettings,
    after_answer,
    answered,
    ask,
    read_decision,
    read_thresholds,
    reset,
    starting_thresholds,
    write_decision,
    write_thresholds,
)
from MedImageLib.errors import InputError, SettingsError

NOW = datetime(2026, 3, 1, 12, 30)


def degree(p95_mm=8.0, overlap=0.1) -> DeformationDegree:
    field = FieldDegree("heart", 1000.0, 4.0, p95_mm, 12.0, 0.1, 0.7, 0.8, 1.3, 0.0)
    contour = OverlapDegree("lung", 1 - overlap, overlap, 2.0, 4.0, 5.0, 0.0, 1.0)
    return DeformationDegree((field,), (contour,))


def kept(thresholds, settings, answer="keep"):
    decision = ask(degree(p95_mm=1e6), thresholds, "study", NOW)
    return after_answer(thresholds, answered(decision, answer, "A. Person", NOW), settings)


def test_a_question_comes_only_above_a_threshold():
    thresholds = starting_thresholds(ThresholdSettings())
    assert ask(degree(4.9, 0.19), thresholds, "s", NOW) is None
    assert ask(degree(5.0, 0.2), thresholds, "s", NOW) is None
    asked = ask(degree(6.0, 0.4), thresholds, "s", NOW)
    assert [one.structure for one in asked.exceeded] == ["lung", "heart"]
    assert asked.answer is None


@pytest.mark.parametrize(("direction", "expected"), [("raise", 5.5), ("lower", 4.5)])
def test_no_once_moves_the_threshold_and_is_logged(direction, expected):
    settings = ThresholdSettings(answers_in_a_row=1, direction=direction)
    after = kept(starting_thresholds(settings), settings)
    assert after.p95_mm == pytest.approx(expected)
    assert after.overlap == 0.2
    assert [event.what for event in after.log] == ["kept", "moved"]
    assert "A. Person" in after.log[0].text


def test_no_must_be_said_in_a_row():
    settings = ThresholdSettings(answers_in_a_row=3)
    after = starting_thresholds(settings)
    for answer in ("keep", "keep", "modify", "keep", "keep"):
        after = kept(after, settings, answer)
        assert after.p95_mm == 5.0
    after = kept(after, settings)
    assert after.p95_mm == pytest.approx(5.5)
    assert len(after.log) == 7


@given(
    st.lists(st.sampled_from(["keep", "modify"]), max_size=25),
    st.sampled_from(["raise", "lower"]),
    st.floats(0, 1),
    st.floats(1, 4),
    st.integers(1, 3),
)
def test_thresholds_stay_in_their_bounds_and_every_move_is_logged(
    answers, direction, step, furthest, row
):
    settings = ThresholdSettings(
        direction=direction, step=step, furthest=furthest, answers_in_a_row=row
    )
    after = starting_thresholds(settings)
    for answer in answers:
        before = after
        after = kept(before, settings, answer)
        assert 5.0 / furthest - 1e-9 <= after.p95_mm <= 5.0 * furthest + 1e-9
        assert after.p95_mm > 0
        moved = [e for e in after.log[len(before.log) :] if e.what == "moved"]
        assert bool(moved) == (after.p95_mm != before.p95_mm)
        assert len(after.log) > len(before.log)


def test_the_threshold_of_overlap_stays_below_one():
    settings = ThresholdSettings(answers_in_a_row=1, overlap=0.6, step=1.0, furthest=9.0)
    thresholds = starting_thresholds(settings)
    decision = ask(degree(0.0, 0.99), thresholds, "s", NOW)
    after = after_answer(thresholds, answered(decision, "keep", "P", NOW), settings)
    assert after.overlap == 0.95


def test_a_reset_restores_the_start_and_keeps_the_log():
    settings = ThresholdSettings(answers_in_a_row=1)
    moved = kept(starting_thresholds(settings), settings)
    back = reset(moved, NOW, "B. Person")
    assert (back.p95_mm, back.overlap, back.kept_p95_mm) == (5.0, 0.2, 0)
    assert back.log[: len(moved.log)] == moved.log
    assert back.log[-1].what == "reset"


def test_files_give_back_what_was_written(tmp_path):
    settings = ThresholdSettings(answers_in_a_row=1)
    thresholds = kept(starting_thresholds(settings), settings)
    write_thresholds(tmp_path / "t.json", thresholds)
    assert read_thresholds(tmp_path / "t.json") == thresholds
    decision = ask(degree(), thresholds, "study", NOW)
    for one in (decision, answered(decision, "modify", "P", NOW, "tumor shrinks")):
        write_decision(tmp_path / "d.json", one)
        assert read_decision(tmp_path / "d.json") == one


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"exceeded": [{"x": 1}]}', '{"log": 3}'])
def test_broken_files_are_named(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    for read in (read_decision, read_thresholds):
        with pytest.raises(InputError, match=r"odd\.json"):
            read(path)


def test_answers_are_final_and_signed():
    decision = ask(degree(), starting_thresholds(ThresholdSettings()), "s", NOW)
    settings = ThresholdSettings()
    with pytest.raises(InputError, match="no answer"):
        after_answer(starting_thresholds(settings), decision, settings)
    with pytest.raises(InputError, match="Name the person"):
        answered(decision, "keep", " ", NOW)
    with pytest.raises(InputError, match="must be"):
        answered(decision, "maybe", "P", NOW)
    final = answered(decision, "keep", "P", NOW)
    with pytest.raises(InputError, match="not changed"):
        answered(final, "modify", "P", NOW)
    with pytest.raises(SettingsError, match="zero"):
        ThresholdSettings(p95_mm=0.0)
