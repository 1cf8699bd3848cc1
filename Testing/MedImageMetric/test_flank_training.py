"""The posture is fitted on flanks that the networks have not seen, and judged by others."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageMetricLib.radiograph.flank_training import (
    FlankCase,
    fitted_posture,
    overlap_table,
)


def cases(tells: float, count: int = 200, folds: int = 5) -> list[FlankCase]:
    """Two flanks for each picture, every fifth picture marked; feature 3 and the strip tell it."""
    random = np.random.default_rng(0)
    found = []
    for picture in range(count):
        marked = picture % 5 == 0
        for _ in range(2):
            features = random.normal(size=30)
            features[3] += tells * marked
            strip = float(np.clip(random.normal(0.2 + 0.3 * marked * (tells > 0), 0.1), 0, 1))
            found.append(
                FlankCase("a", f"p{picture}", (picture // 5) % folds, marked, features, strip)
            )
    return found


def test_what_tells_the_kinds_apart_is_found_and_what_does_not_is_not():
    [told] = overlap_table(cases(4.0))
    assert (told["marked"], told["free"]) == (80, 320)
    assert told["AUROC"] > 0.97
    assert told["called, marked"] > 0.8
    assert told["called, free"] < 0.05
    [blind] = overlap_table(cases(0.0))
    assert 0.35 < blind["AUROC"] < 0.65
    assert blind["called, marked"] < 0.2


def test_probabilities_hold_on_flanks_that_were_not_fitted():
    all_cases = cases(2.0, count=400)
    posture = fitted_posture([case for case in all_cases if case.fold], without=None)
    held_out = [case for case in all_cases if not case.fold]
    evidence = np.array([float(posture.evidence(c.features, c.strip)) for c in held_out])
    chances = posture.probability(evidence, evidence)
    assert chances.mean() == pytest.approx(np.mean([c.is_marked for c in held_out]), abs=0.08)


def test_a_fold_that_is_left_out_has_no_say():
    first = cases(2.0)
    second = [
        case if case.fold != 2 else FlankCase("a", case.picture, 2, True, -case.features, 1.0)
        for case in first
    ]
    one, other = (fitted_posture(some, without=2) for some in (first, second))
    np.testing.assert_array_equal(one.weights, other.weights)
    assert (one.strip_weight, one.slope, one.intercept) == (
        other.strip_weight,
        other.slope,
        other.intercept,
    )


def test_a_source_without_marked_flanks_is_held_against_the_others():
    free = [
        FlankCase("b", f"q{n}", n % 5, False, np.random.default_rng(n).normal(size=30), 0.2)
        for n in range(50)
    ]
    _, other = overlap_table([*cases(4.0), *free])
    assert (other["source"], other["marked"], other["free"]) == ("b", 0, 50)
    assert other["called, marked"] == "-"
    assert other["AUROC"] > 0.9


@pytest.mark.parametrize("folds", [1, 2])
def test_too_few_graded_flanks_are_told(folds):
    some = [case for case in cases(2.0, folds=folds) if folds == 1 or case.is_marked]
    with pytest.raises(InputError, match="graded flanks"):
        fitted_posture(some)
