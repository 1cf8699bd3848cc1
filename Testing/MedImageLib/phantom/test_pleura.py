"""Drawn air and fluid of the pleural space: where they lie, what they do to gray, exact masks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from MedImageLib.phantom.pleura import (
    LEAST_FLUID_SHARE,
    AirSettings,
    FluidSettings,
    effusion_drawn,
    pneumothorax_drawn,
    with_air,
    with_fluid,
)


def chest(side: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Two oval lungs with markings in a gray body; labels 1 right (left in the picture), 2 left."""
    rows, columns = np.indices((side, side))
    label = np.zeros((side, side), np.uint8)
    for value, middle in ((1, 60), (2, 140)):
        oval = ((columns - middle) / 32) ** 2 + ((rows - 95) / 75) ** 2
        label[oval < 1] = value
    noise = np.random.default_rng(0).normal(0, 1, (side, side))
    markings = ndimage.gaussian_filter(noise, 1) * 0.15
    image = np.where(label > 0, 0.35 + markings, 0.75)
    return image.astype(np.float32), label


@pytest.mark.parametrize(("value", "is_right"), [(1, True), (2, False)])
def test_air_lies_lateral_and_apical_and_is_darker(value, is_right):
    image, label = chest()
    lung = label == value
    after, air = with_air(image, lung, is_right, AirSettings(width=0.3, at_base=0.3))
    assert not air[~lung].any()
    middle_row = 95
    lateral, medial = (35, 85) if is_right else (165, 115)
    assert air[middle_row, lateral]
    assert not air[middle_row, medial]
    assert air[np.flatnonzero(lung.any(1))[0] + 3].sum() > 0
    inner = ndimage.binary_erosion(air, iterations=3)
    assert after[inner].mean() < image[inner].mean() - 0.03
    assert after[inner].std() < image[inner].std()  # the markings are gone
    np.testing.assert_array_equal(after[label == 3 - value], image[label == 3 - value])


def test_a_wider_air_takes_more_of_the_lung():
    image, label = chest()
    shares = [
        with_air(image, label == 1, True, AirSettings(width=width))[1].sum()
        for width in (0.1, 0.3, 0.7)
    ]
    assert shares[0] < shares[1] < shares[2]


def test_the_pleural_line_is_brighter_than_both_sides():
    _, label = chest()
    flat = np.where(label > 0, 0.35, 0.75).astype(np.float32)
    after, air = with_air(flat, label == 1, True, AirSettings(width=0.15, at_base=1.0, line=0.1))
    row = after[95]
    border = int(np.flatnonzero(air[95])[-1])
    line = row[border - 1 : border + 3].max()
    assert line > row[border - 5] + 0.05
    assert line > row[border + 8] + 0.02


@pytest.mark.parametrize(("value", "is_right"), [(1, True), (2, False)])
def test_fluid_lies_low_climbs_at_the_wall_and_is_brighter(value, is_right):
    image, label = chest()
    lung = label == value
    after, fluid = with_fluid(image, lung, is_right, FluidSettings(height=0.4, climb=0.5))
    assert not fluid[~lung].any()
    rows = np.nonzero(fluid)[0]
    assert rows.max() == np.nonzero(lung)[0].max()
    assert rows.min() > 95
    highest = [np.flatnonzero(fluid[:, c])[0] for c in np.flatnonzero(fluid.any(0))]
    wall, middle = (highest[1], highest[len(highest) // 2])
    if not is_right:
        wall = highest[-2]
    assert wall < middle
    inner = ndimage.binary_erosion(fluid, iterations=3)
    assert after[inner].mean() > image[inner].mean() + 0.05
    assert after.max() <= max(image.max(), 1.0) + 1e-6


def test_a_higher_level_is_a_larger_share():
    image, label = chest()
    areas = [
        with_fluid(image, label == 2, False, FluidSettings(height=height))[1].sum()
        for height in (0.1, 0.3, 0.6)
    ]
    assert areas[0] < areas[1] < areas[2]


@pytest.mark.parametrize("draw", [pneumothorax_drawn, effusion_drawn])
def test_healthy_and_ill_pictures_come_by_the_generator_alone(draw):
    image, label = chest()
    results = [draw(image, label, np.random.default_rng(seed)) for seed in range(20)]
    ill = [found.any() for _, found in results]
    assert 4 < sum(ill) < 18
    for after, found in results:
        if not found.any():
            np.testing.assert_array_equal(after, image)
        assert set(np.unique(found)) <= {0, 1}
        assert not found[label == 0].any()
    again = draw(image, label, np.random.default_rng(3))
    np.testing.assert_array_equal(again[0], results[3][0])


def test_without_lungs_nothing_is_drawn():
    image, label = chest()
    for seed in range(5):
        after, found = effusion_drawn(image, 0 * label, np.random.default_rng(seed))
        assert not found.any()
        np.testing.assert_array_equal(after, image)


def test_fluid_too_little_to_be_seen_is_left_out_with_its_label():
    image, label = chest()
    lung = int((label == 1).sum())
    sizes = [
        int(effusion_drawn(image, label, np.random.default_rng(seed))[1].sum())
        for seed in range(60)
    ]
    drawn = [size for size in sizes if size]
    assert len(drawn) > 20
    assert min(drawn) >= LEAST_FLUID_SHARE * lung


def test_the_border_that_fluid_hides_leaves_no_dark_rim():
    image, label = chest()
    lung = label == 1
    rim = ndimage.binary_dilation(lung) & ~lung  # as where an outline ends short of the diaphragm
    image[rim] = 0.35
    after, fluid = with_fluid(image, lung, True, FluidSettings(height=0.5, climb=0.1))
    lowest = rim & ndimage.binary_dilation(fluid, iterations=2)
    lowest[: int(0.75 * lung.shape[0])] = False
    assert lowest.any()
    assert after[lowest].min() > 0.45
    above = rim & (np.arange(lung.shape[0])[:, None] < 60)
    np.testing.assert_array_equal(after[above], image[above])
