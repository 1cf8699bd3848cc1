"""What the panel shows of a result, and what a learner's answers are held against."""

from __future__ import annotations

import pytest

from MedImageLib.errors import InputError
from MedImageLib.results import InputIdentity, Measurement, QualityFlag, Result, Shape
from MedImageMetricLib.radiograph.condition_rows import condition_rows, level_badge
from MedImageMetricLib.radiograph.guesses import radiograph_guesses

LINE = Shape("line", points_ijk=((0, 1), (5, 1)))
RESULT = Result(
    module="MedImageMetric",
    task="metric",
    inputs=(InputIdentity("0" * 64, "DX", (1, 9, 9), None),),
    values=(
        Measurement("cardiothoracic_ratio", 0.52, "1", text="The heart is enlarged."),
        Measurement("spine_offset", 0.2, "1", geometry=(LINE,)),
    ),
    flags=(
        QualityFlag("level-second", "not", "Second level: not to be used."),
        QualityFlag("frontal-chest", "satisfied", "Looks like a chest."),
        QualityFlag("tilt-deg", "not_assessable", "Tilt: not assessable."),
        QualityFlag("lung-margin-upper", "satisfied", "Margin.", 0.05, 0.03, "1"),
        QualityFlag("spine-offset", "not", "Spine.", 0.2, 0.1, "1"),
        QualityFlag("own-condition", "satisfied", "Own.", 3.0, 2.0, "mm"),
    ),
    findings=(
        "Second level: not to be used.",
        "The spine is off the middle.",
        "The heart is enlarged.",
    ),
)


def test_the_badge_says_why_and_leaves_findings_out():
    badge = level_badge(RESULT)
    assert badge.text == "✖ Second level"
    assert badge.reason == "Second level: not to be used. The spine is off the middle."


def test_failed_conditions_come_first_with_sign_and_unit():
    rows = condition_rows(RESULT)
    assert [row.texts for row in rows] == [
        ("spine offset", "0.2", "≤ 0.1", "✖ not met"),
        ("lung margin upper", "0.05", "≥ 0.03", "✔ met"),
        ("own condition", "3 mm", "2 mm", "✔ met"),
        ("tilt deg", "", "", "– unknown"),
    ]
    assert rows[0].measurement.geometry == (LINE,)
    assert rows[1].measurement is None


def test_answers_are_compared_with_the_result():
    level, ratio = radiograph_guesses(RESULT, "second", 0.51)
    assert level.agrees
    assert ratio.agrees
    assert ratio.difference == pytest.approx(-0.01)
    [level] = radiograph_guesses(RESULT, "first", None)
    assert not level.agrees
    with pytest.raises(InputError, match="choose one of"):
        radiograph_guesses(RESULT, "third", None)
