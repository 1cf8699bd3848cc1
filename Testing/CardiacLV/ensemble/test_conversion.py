"""Target images: the map and its inverse, scale, direction, gray values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from CardiacLVLib.ensemble.conversion import (
    TARGET_IMAGE,
    converted,
    crop,
    image_index,
    target_frame,
    target_index,
)
from MedImageLib.errors import InputError

SPACINGS = st.floats(0.5, 3.0)
ANGLES = st.floats(-180, 180)
TURNS = st.sampled_from([-1, 1])


@given(
    st.tuples(st.floats(-50, 400), st.floats(-50, 400)),
    st.tuples(SPACINGS, SPACINGS),
    ANGLES,
    TURNS,
)
def test_the_way_back_is_exact(center, spacing, insertion, turn):
    frame = target_frame(center, spacing, insertion, turn)
    points = np.array([[0.0, 0.0], [79.0, 3.5], [12.25, 60.0]])
    np.testing.assert_allclose(target_index(frame, image_index(frame, points)), points, atol=1e-9)
    np.testing.assert_allclose(image_index(frame, np.array([39.5, 39.5])), center, atol=1e-9)


@given(st.tuples(SPACINGS, SPACINGS), ANGLES, TURNS)
def test_insertion_is_up_and_septum_left_at_the_stated_scale(spacing, insertion, turn):
    center = np.array([100.0, 120.0])
    frame = target_frame(center, spacing, insertion, turn)
    for angle, expected in ((insertion, [-1, 0]), (insertion + 90 * turn, [0, -1])):
        radians = np.deg2rad(angle)
        at = center + 30 * np.array([np.sin(radians), np.cos(radians)]) / spacing
        moved = target_index(frame, at) - 39.5
        np.testing.assert_allclose(
            moved * TARGET_IMAGE.pixel_mm, 30 * np.array(expected), atol=1e-9
        )


def smooth_image(rows: int = 200, columns: int = 220) -> np.ndarray:
    j, i = np.mgrid[:rows, :columns]
    return (np.sin(i / 17) + np.cos(j / 23) + 0.3 * np.sin((i + 2 * j) / 31)).astype(np.float32)


@pytest.mark.parametrize("corner", [(100, 110), (5, 215), (0, 0)])
def test_a_crop_is_the_image_at_the_mapped_places(corner):
    frame = target_frame(corner, (1.5, 1.5), -75.0)
    rows, columns = np.mgrid[:80, :80]
    places = image_index(frame, np.stack([rows, columns], -1))
    inside = ((places >= 0) & (places <= [199, 219])).all(-1)
    j, i = places[..., 0], places[..., 1]
    truth = np.sin(i / 17) + np.cos(j / 23) + 0.3 * np.sin((i + 2 * j) / 31)
    assert inside.any()
    assert np.abs(crop(smooth_image(), frame) - truth)[inside].max() < 0.01


def test_a_mirrored_image_gives_the_same_target_image():
    image = smooth_image()
    usual = converted(image, target_frame((90, 100), (1.4, 1.4), -100, -1))
    mirrored = converted(image[:, ::-1], target_frame((90, 119), (1.4, 1.4), -80, 1))
    np.testing.assert_allclose(mirrored, usual, atol=1e-3)


@pytest.mark.parametrize("change", [lambda x: 7 * x + 300, np.exp, lambda x: (x + 3) ** 3])
def test_scanners_with_other_gray_curves_give_the_same_target_image(change):
    frame = target_frame((90, 100), (1.4, 1.4), -100)
    usual = converted(smooth_image(), frame)
    assert np.abs(converted(change(smooth_image()), frame) - usual).max() < 0.03
    assert usual.min() < 0.02
    assert usual.max() == pytest.approx(1.0)


def test_a_crop_that_shows_nothing_is_refused():
    image = np.zeros((256, 256), np.float32)
    image[:20] = 1.0
    with pytest.raises(InputError, match="constant"):
        converted(image, target_frame((180, 128), (1.4, 1.4), -100))
