"""Which way the second contour is made, for every setting and everything that may be missing."""

from __future__ import annotations

import pytest

from AutoContourLib.contours.contour_settings import SecondContourSettings
from AutoContourLib.contours.second_contour import second_contour_choice
from AutoContourLib.registration.plan_decision import Exceeded

LARGE = (Exceeded("right_parotid", "p95_mm", 8.0, 5.0),)


def choice(way: str = "by-degree", when: str = "always", **changes):
    known = {"compared": True, "exceeded": (), "has_field": True, "drawable": True}
    return second_contour_choice(SecondContourSettings(way, when), **(known | changes))


@pytest.mark.parametrize(
    ("changes", "way", "other"),
    [
        ({}, "field", "none"),
        ({"exceeded": LARGE}, "anew", "none"),
        ({"exceeded": LARGE, "drawable": False}, "field", "none"),
        ({"exceeded": None, "drawable": False}, "field", "none"),  # an MR of the same day
        ({"exceeded": None, "has_field": False}, "anew", "none"),
        ({"exceeded": None, "has_field": False, "drawable": False}, "none", "none"),
        ({"compared": False}, "none", "none"),
        ({"way": "anew", "compared": False}, "anew", "none"),
        ({"way": "anew", "drawable": False}, "none", "none"),
        ({"way": "field", "exceeded": LARGE}, "field", "none"),
        ({"way": "field", "has_field": False}, "none", "none"),
        ({"way": "none", "exceeded": LARGE}, "none", "none"),
        ({"way": "both"}, "field", "anew"),
        ({"way": "both", "exceeded": LARGE}, "anew", "field"),
        ({"way": "both", "exceeded": LARGE, "has_field": False}, "anew", "none"),
        ({"when": "exceeded"}, "none", "none"),
        ({"when": "exceeded", "exceeded": LARGE}, "anew", "none"),
        ({"when": "exceeded", "exceeded": None, "has_field": False}, "anew", "none"),
        ({"when": "modify", "exceeded": LARGE}, "none", "none"),
        ({"when": "modify", "exceeded": LARGE, "answer": "keep"}, "none", "none"),
        ({"when": "modify", "exceeded": LARGE, "answer": "modify"}, "anew", "none"),
    ],
)
def test_the_way_follows_degree_settings_and_what_is_there(changes, way, other) -> None:
    found = choice(**changes)
    assert (found.way, found.other) == (way, other)
    assert found.reason


def test_the_reason_names_organ_degree_and_threshold() -> None:
    reason = choice(exceeded=LARGE).reason
    assert reason == "the deformation of right parotid is 8.0 mm, above its threshold of 5.0 mm"
    assert "no contour model" in choice(exceeded=LARGE, drawable=False).reason
    assert "no usable displacement field" in choice(way="field", has_field=False).reason
