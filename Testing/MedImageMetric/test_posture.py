"""The posture of a shoulder: features, discriminant, logistic curve, and what is stored."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.errors import ModelError
from MedImageMetricLib.radiograph.flank import GRID
from MedImageMetricLib.radiograph.posture import (
    BINS,
    CELL_PX,
    POSTURE,
    Posture,
    fit_discriminant,
    fit_logistic,
    load_posture,
    posture_features,
    save_posture,
)

CELLS = tuple(len(range(CELL_PX // 2, side, CELL_PX)) for side in GRID)


def test_an_edge_is_told_by_its_orientation_and_place():
    picture = np.zeros(GRID, np.float32)
    picture[:, 60:] = 1  # gray changes across: orientation 0
    cells = posture_features(picture).reshape(BINS, *CELLS)
    column = 60 // CELL_PX
    assert cells[0, :, column].min() > 10 * cells[BINS // 2, :, column].max()
    assert cells[0, :, 0].max() < 0.01
    level = np.zeros(GRID, np.float32)
    level[70:] = 1
    cells = posture_features(level).reshape(BINS, *CELLS)
    strongest = cells[:, 70 // CELL_PX, 4]
    assert set(np.argsort(strongest)[-2:]) == {BINS // 2, BINS // 2 + 1}  # between two bins
    assert (posture_features(np.full(GRID, 0.5, np.float32)) == 0).all()


def test_the_discriminant_finds_what_tells_the_kinds_apart():
    random = np.random.default_rng(0)
    marked = np.arange(120) < 20
    features = random.normal(size=(120, 40)) + 3.0 * np.outer(marked, np.arange(40) == 7)
    weights, offset = fit_discriminant(features, marked, 10.0)
    assert np.abs(weights).argmax() == 7
    told = np.arange(200) < 100
    unseen = random.normal(size=(200, 40)) + 3.0 * np.outer(told, np.arange(40) == 7)
    scores = unseen @ weights + offset
    assert area_under_roc(scores[told], scores[~told]) > 0.9


def test_the_discriminant_does_not_depend_on_gain_and_offset_of_a_feature():
    random = np.random.default_rng(1)
    marked = np.arange(60) % 4 == 0
    features = random.normal(size=(60, 10)) + np.outer(marked, np.ones(10))
    first = features @ fit_discriminant(features, marked, 5.0)[0]
    moved = 40.0 * features + 3.0
    second = moved @ fit_discriminant(moved, marked, 5.0)[0]
    assert second - second.mean() == pytest.approx(first - first.mean(), abs=1e-3)


def test_the_logistic_curve_is_that_of_greatest_likelihood():
    random = np.random.default_rng(2)
    evidence = random.normal(size=400)
    marked = random.random(400) < 1 / (1 + np.exp(-(2.0 * evidence - 1.0)))

    def cost(found):
        linear = found[0] * evidence + found[1]
        return np.sum(np.logaddexp(0, linear) - marked * linear)

    assert fit_logistic(evidence, marked) == pytest.approx(minimize(cost, (0, 0)).x, abs=1e-3)


def test_kinds_that_are_told_perfectly_keep_the_curve_finite():
    slope, intercept = fit_logistic(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0, 0, 1, 1]) > 0)
    assert np.isfinite([slope, intercept]).all()
    assert slope > 0


def posture() -> Posture:
    return Posture(np.linspace(-1, 1, 12), 0.25, 0.5, 2.0, -1.0)


def test_each_side_has_a_say_in_the_other():
    one = posture()
    assert one.evidence(np.ones(12), 1.0) == pytest.approx(0.75)
    assert one.probability(0.5, 0.5) == pytest.approx(0.5)
    assert one.probability(0.5, 0.2) < one.probability(0.5, 0.5) < one.probability(0.5, 0.8)


def test_what_is_stored_comes_back_and_belongs_to_its_network(tmp_path):
    assert load_posture(tmp_path, "abc") is None
    save_posture(tmp_path, posture(), "abc")
    found = load_posture(tmp_path, "abc")
    assert found is not None
    np.testing.assert_array_equal(found.weights, posture().weights)
    assert (found.offset, found.strip_weight, found.slope, found.intercept) == (0.25, 0.5, 2.0, -1)
    with pytest.raises(ModelError, match="other weights"):
        load_posture(tmp_path, "def")
    (tmp_path / POSTURE).write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        load_posture(tmp_path, "abc")
