"""How the body lies, told by its outline alone: turned, mirrored, filled, stored, named."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageMetricLib.normality.body_pose import SIDE, body_outlines, fit_body_pose
from MedImageMetricLib.normality.guidance import ADVICE, MEANING
from MedImageMetricLib.normality.model import load_normality_model, save_normality_model

WAYS = (
    lambda planes: planes[:, :, ::-1],
    lambda planes: planes[:, ::-1],
    lambda planes: planes[:, ::-1, ::-1],
    lambda planes: planes.transpose(0, 2, 1),
    lambda planes: planes.transpose(0, 2, 1)[:, :, ::-1],
    lambda planes: planes.transpose(0, 2, 1)[:, ::-1],
    lambda planes: planes.transpose(0, 2, 1)[:, ::-1, ::-1],
)
# Which way brings a picture back that was laid that way; quarter turns undo one another.
BACK = (0, 1, 2, 3, 5, 4, 6)


def bodies(seed: int, count: int = 60) -> np.ndarray:
    """A body without any symmetry: a trunk with a shoulder to one side, with some play."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    planes = np.zeros((count, 96, 96), np.float32)
    for plane in planes:
        top, left = rng.integers(-3, 4, 2)
        plane[(y > 40 + top) & (x > 20 + left) & (x < 60 + left)] = 0.5
        plane[(y > 60 + top) & (x >= 60 + left) & (x < 84 + left)] = 0.3
    return planes + (0.01 * rng.random(planes.shape)).astype(np.float32)


def names(count: int) -> list[str]:
    return [str(n) for n in range(count)]


@pytest.fixture(scope="module")
def fitted():
    return fit_body_pose(body_outlines(bodies(0)), names(60))


@pytest.mark.parametrize("number", range(7))
def test_the_way_back_is_the_likeliest_of_a_body_that_was_laid_otherwise(fitted, number):
    laid = body_outlines(np.ascontiguousarray(WAYS[number](bodies(1, 20))))
    found = fitted[0].features(laid)[:, :7]
    assert (found.argmax(1) == BACK[number]).all()
    assert (found.max(1) > 0).all()


def test_no_other_way_is_likelier_of_a_body_as_it_should_lie(fitted):
    assert (fitted[0].features(body_outlines(bodies(1, 20)))[:, :7] < 0).all()


def test_what_is_inside_of_the_body_does_not_matter():
    hollow = bodies(1, 4)
    hollow[:, 60:80, 30:50] = 0
    brighter = np.clip(2 * bodies(1, 4) - 0.05, 0, None)
    assert (body_outlines(hollow) == body_outlines(bodies(1, 4))).all()
    assert (body_outlines(brighter) == body_outlines(bodies(1, 4))).mean() > 0.99


def test_features_of_left_out_images_are_like_those_of_fresh_ones(fitted):
    reference, left_out = fitted
    fresh = reference.features(body_outlines(bodies(2)))
    spread = fresh.std(0)
    assert (np.abs(np.median(left_out, 0) - np.median(fresh, 0)) < spread).all()


@pytest.mark.parametrize("gray", [0.0, 0.5])
def test_planes_of_one_gray_have_finite_features(fitted, gray):
    outlines = body_outlines(np.full((3, 64, 64), gray, np.float32))
    assert outlines.shape == (3, SIDE * SIDE)
    assert np.isfinite(fitted[0].features(outlines)).all()
    still, features = fit_body_pose(outlines, names(3))
    assert np.isfinite(features).all()
    assert features[:, :7] == pytest.approx(np.zeros((3, 7)))
    assert np.isfinite(still.precision).all()


def test_shipped_cardiac_mr_asks_how_the_body_lies_and_stores_it(tmp_path):
    model = load_normality_model("normality_cardiac_mr")
    assert model.body_pose is not None
    assert model.card.training["body_pose"]
    assert "body pose" in model.slice_distances
    assert "body pose" in MEANING
    assert "body pose" in ADVICE
    save_normality_model(tmp_path, model)
    again = load_normality_model(tmp_path).body_pose
    assert again is not None
    assert (again.precision == model.body_pose.precision).all()
    assert (again.center == model.body_pose.center).all()


def test_models_without_it_are_read_as_before():
    model = load_normality_model("normality_radiograph")
    assert model.body_pose is None
    assert "body pose" not in model.slice_distances
