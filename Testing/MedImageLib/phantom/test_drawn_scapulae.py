"""Blades laid over real lungs: how deep they reach, what they do to gray, what labels say."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.network.samples import UNKNOWN
from MedImageLib.phantom.drawn_scapulae import LEAST_PATH_MM, cast_blade, laid, scapulae_drawn

ROWS, COLUMNS = np.indices((220, 240))


def lungs() -> np.ndarray:
    """1 right (left in the picture), 2 left."""
    label = np.zeros(ROWS.shape, np.uint8)
    for value, middle in ((1, 75), (2, 165)):
        label[((COLUMNS - middle) / 38) ** 2 + ((ROWS - 110) / 80) ** 2 < 1] = value
    return label


def reach(path: np.ndarray, lung: np.ndarray, is_right: bool) -> float:
    """Mean depth of the blade in the lung at a third of its height, over the lung's width."""
    if not is_right:
        path, lung = path[:, ::-1], lung[:, ::-1]
    depths = []
    for row in range(75, 105):
        covered = np.flatnonzero(path[row] > LEAST_PATH_MM)
        depths.append(covered.max() + 1 - lung[row].argmax())
    return float(np.mean(depths)) / 76


@pytest.mark.parametrize("is_right", [True, False])
@pytest.mark.parametrize("depth", [0.0, 0.15, 0.3])
def test_a_blade_reaches_as_deep_as_asked(depth, is_right):
    label = lungs()
    lung = label == (1 if is_right else 2)
    path = laid(cast_blade(3), lung, label > 0, is_right, depth, 1.0)
    assert reach(path, lung, is_right) == pytest.approx(depth, abs=0.04)


def test_sides_are_mirror_images():
    label = lungs()
    right = laid(cast_blade(1), label == 1, label > 0, True, 0.2, 1.0)
    flipped = label[:, ::-1]
    left = laid(cast_blade(1), flipped == 1, flipped > 0, False, 0.2, 1.0)
    np.testing.assert_array_equal(left, right[:, ::-1])


def test_a_blade_has_the_length_of_a_scapula():
    blade = cast_blade(0)
    rows = np.flatnonzero((blade.path > LEAST_PATH_MM).any(1)) * 2.0
    assert 110 < np.ptp(rows) < 220
    assert 90 < blade.half_width_px * 2.0 < 180


def drawn(seeds=range(12)):
    image = np.where(lungs() > 0, 0.3, 0.7).astype(np.float32)
    return image, [scapulae_drawn(image, lungs(), np.random.default_rng(seed)) for seed in seeds]


def test_only_what_is_labeled_gets_denser():
    image, made = drawn()
    shown = [(after, label) for after, label in made if np.isin(label, (1, 2)).any()]
    assert len(shown) >= 4
    for after, label in shown:
        blade = np.isin(label, (1, 2))
        assert (after - image)[blade & (lungs() > 0)].mean() > 0.004
        # Sharpening darkens the surroundings a little; blur reaches a few pixels.
        assert np.abs(after - image)[~blade].mean() < 0.004


def test_a_picture_without_a_blade_is_as_it_was():
    image, made = drawn()
    without = [after for after, label in made if not np.isin(label, (1, 2)).any()]
    assert without
    for after in without:
        np.testing.assert_array_equal(after, image)


def test_beside_the_lungs_nothing_is_known_and_between_them_no_blade_lies():
    _, made = drawn(range(4))
    for _, label in made:
        assert set(np.unique(label)) <= {0, 1, 2, UNKNOWN}
        assert not (label[lungs() > 0] == UNKNOWN).any()
        assert (label[:, 118:122] == 0).all()
        assert (label[60, 2:20] != 0).all()


def test_the_same_generator_draws_the_same():
    _, first = drawn(range(3))
    _, second = drawn(range(3))
    for (a, la), (b, lb) in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(la, lb)


def test_lungs_that_were_not_outlined_leave_all_unknown():
    image = np.full((60, 60), 0.5, np.float32)
    for seed in range(3):
        after, label = scapulae_drawn(
            image, np.zeros((60, 60), np.uint8), np.random.default_rng(seed)
        )
        assert (label == UNKNOWN).all()
        np.testing.assert_array_equal(after, image)
