"""Normalization by ranks, standardization, equalization and windows."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.intensity import equalized, normalized_by_ranks, standardized, windowed


def test_ranks_are_found_and_clipped():
    image = np.arange(101, dtype=np.float32).reshape(1, 101)
    scaled = normalized_by_ranks(image, 5, 95)
    assert scaled[0, 5] == pytest.approx(0)
    assert scaled[0, 95] == pytest.approx(1)
    assert scaled[0, 50] == pytest.approx(0.5)
    assert (scaled.min(), scaled.max()) == (0, 1)
    assert normalized_by_ranks(image, 5, 95, clip=False).max() == pytest.approx(1 + 5 / 90)


def test_zero_and_hundred_are_minimum_and_maximum():
    image = np.array([[-4.0, 0.0, 12.0]])
    assert np.allclose(normalized_by_ranks(image, 0, 100), [[0, 0.25, 1]])


def test_a_small_object_on_an_even_background_survives():
    image = np.zeros((64, 64), np.float32)
    image[3, 3] = 9
    assert normalized_by_ranks(image).max() == 1


@pytest.mark.parametrize("function", [normalized_by_ranks, standardized, equalized])
def test_constant_images_are_refused(function):
    with pytest.raises(InputError, match="constant"):
        function(np.full((8, 8), 3.0))


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="finite"):
        normalized_by_ranks(np.array([[1.0, np.nan]]))


def test_standardized_has_mean_0_and_deviation_1():
    image = np.random.default_rng(0).gamma(2, 30, (40, 40))
    result = standardized(image)
    assert result.mean() == pytest.approx(0, abs=1e-5)
    assert result.std() == pytest.approx(1, abs=1e-5)


def test_equalization_spreads_gray_values_evenly():
    image = np.random.default_rng(0).exponential(10, (200, 200))
    result = equalized(image)
    shares, _ = np.histogram(result, 10, (0, 1))
    # The first bin of 256 holds 8 % of an exponential's values, a tenth cannot be finer.
    assert shares.max() / image.size < 0.14
    assert (np.diff(result.ravel()[np.argsort(image.ravel())]) >= 0).all()


def test_window_borders():
    assert windowed(np.array([-1000, 40, 240, 3000]), 40, 400).tolist() == [0, 128, 255, 255]
    with pytest.raises(InputError, match="positive"):
        windowed(np.zeros(3), 0, 0)
