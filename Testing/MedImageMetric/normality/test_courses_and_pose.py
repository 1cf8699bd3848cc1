"""Faint lines that repeat along a course, lines of k-space, and the way in which an image lies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedImageMetricLib.normality.line_features import course_features, k_space_features
from MedImageMetricLib.normality.pose import fit_pose, left_out_features

SIDE = 128


def noise(seed: int = 0, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.5 + 0.02 * rng.normal(size=(count, SIDE, SIDE))).astype(np.float32)


def faint(course: str) -> np.ndarray:
    """Noise with a line weaker than the noise of a pixel, along one course."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    away = {"rows": y - 20.5, "columns": x + 11.5, "circles": np.hypot(y, x) - 30.5}[course]
    return noise() + (0.018 * (np.abs(away) < 0.6)).astype(np.float32)


@pytest.mark.parametrize("course", ["rows", "columns", "circles"])
def test_a_line_weaker_than_noise_stands_out_in_its_own_course_alone(course):
    usual = course_features(torch.from_numpy(noise())).numpy()
    found = course_features(torch.from_numpy(faint(course))).numpy()
    # Of each course: strongest, third and mean strength, these over the level, median over it.
    change = (found - usual).mean(0)[:21].reshape(3, 7)
    place = ["rows", "columns", "circles"].index(course)
    assert change[place, 0] > 0.3
    assert change[np.arange(3) != place, 0].max() < 0.15


def test_an_edge_that_covers_a_part_of_a_row_does_not_count():
    planes = noise()
    planes[:, 40, 50:62] += 0.3
    usual = course_features(torch.from_numpy(noise())).numpy()[:, 0]
    found = course_features(torch.from_numpy(planes)).numpy()[:, 0]
    assert found == pytest.approx(usual, abs=0.25)


def test_every_third_line_of_k_space_weaker_is_seen_along_its_axis():
    planes = noise()
    spectrum = np.fft.fft2(planes)
    spectrum[:, 3::3] *= 0.6
    weak = np.fft.ifft2(spectrum).real.astype(np.float32)
    usual, found = k_space_features(planes), k_space_features(weak)
    # Of each axis: greatest, least, spread twice, then the strongest rhythm, relative and plain.
    assert (found[:, 7] - usual[:, 7]).min() > 0.5
    assert np.abs(found[:, 16] - usual[:, 16]).max() < 0.5


@pytest.mark.parametrize("planes", [np.zeros((2, 64, 64)), np.full((2, 96, 96), 0.3)])
def test_blank_planes_have_finite_features(planes):
    planes = planes.astype(np.float32)
    assert np.isfinite(k_space_features(planes)).all()
    assert np.isfinite(course_features(torch.from_numpy(planes)).numpy()).all()


def test_padding_does_not_change_the_lines_of_k_space():
    planes = noise()
    padded = np.zeros((4, 200, 160), np.float32)
    padded[:, 36 : 36 + SIDE, 16 : 16 + SIDE] = planes
    assert k_space_features(padded) == pytest.approx(k_space_features(planes), abs=1e-5)


def layouts(seed: int, count: int) -> np.ndarray:
    """A bright blob off the middle, below and to the right, with some play, as 12 × 12 blocks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:12, :12]
    top, left = 8 + rng.normal(0, 0.4, (2, count, 1, 1))
    blob = np.exp(-((y - top) ** 2 + (x - left) ** 2) / 8)
    return (blob + 0.05 * rng.normal(size=blob.shape)).reshape(count, -1)


def test_the_way_in_which_images_lie_is_the_likeliest_where_the_anatomy_has_sides():
    density = fit_pose(layouts(0, 150), ["a"] * 150)
    found = density.features(layouts(1, 50))
    # Mirrored about the diagonal on which it lies, the blob is what it was.
    with_sides = [0, 1, 2, 4, 5, 6]
    assert (found[:, [0, 1, 2]] > 0.5).all()
    assert np.abs(np.median(found[:, 3])) < 0.2
    mirrored = layouts(1, 50).reshape(-1, 12, 12)[:, :, ::-1].reshape(50, -1)
    assert (density.features(mirrored)[:, 0] < -0.5).all()
    assert np.median(found, 0)[with_sides].min() > np.median(found[:, 3])


def test_features_of_left_out_images_are_like_those_of_fresh_ones():
    names = [str(n) for n in range(150)]
    seen = left_out_features(layouts(0, 150), ["a"] * 150, names)
    fresh = fit_pose(layouts(0, 150), ["a"] * 150).features(layouts(2, 150))
    assert np.median(seen, 0) == pytest.approx(np.median(fresh, 0), abs=0.2)
