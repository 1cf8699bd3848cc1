"""Faint lines along courses, lines of k-space, soft tissue, outlines, and how an image lies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedImageMetricLib.normality.line_features import COURSES, course_features, k_space_features
from MedImageMetricLib.normality.outline_features import outline_features
from MedImageMetricLib.normality.pose import edge_directions, fit_pose
from MedImageMetricLib.normality.tissue_features import tissue_features

SIDE = 128


def noise(seed: int = 0, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.5 + 0.02 * rng.normal(size=(count, SIDE, SIDE))).astype(np.float32)


def faint(course: str) -> np.ndarray:
    """Noise with a line weaker than the noise of a pixel, along one course."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    away = {"rows": y - 20.5, "columns": x + 11.5, "circles": np.hypot(y, x) - 30.5}[course]
    return noise() + (0.018 * (np.abs(away) < 0.6)).astype(np.float32)


def courses(planes: np.ndarray) -> np.ndarray:
    """(n, 3, 6): of rows, columns and circles, at one step."""
    found = course_features(torch.from_numpy(planes), torch.from_numpy(planes > 0), (3,), 24)
    return found.numpy().reshape(len(planes), 3, 6)


@pytest.mark.parametrize("course", COURSES)
def test_a_line_weaker_than_noise_stands_out_in_its_own_course_alone(course):
    change = (courses(faint(course)) - courses(noise())).mean(0)
    place = COURSES.index(course)
    # Twelve parts that agree reach 4.9 deviations at most; noise alone reaches about 2.5.
    assert change[place, 0] > 1.2
    assert np.abs(change[np.arange(3) != place, 0]).max() < 0.5


def test_an_edge_that_covers_a_part_of_a_row_does_not_count():
    planes = noise()
    planes[:, 40, 50:62] += 0.3
    assert courses(planes)[:, 0, 0] == pytest.approx(courses(noise())[:, 0, 0], abs=1.0)
    whole = noise()
    whole[:, 40] += 0.3
    assert (courses(whole)[:, 0, 0] > courses(planes)[:, 0, 0] + 1.5).all()


def test_courses_of_noise_are_as_strong_as_chance_makes_them():
    """Mean squares of sums over their expected deviation are one, whatever the noise."""
    for size in (0.01, 0.1):
        planes = (0.5 + size * np.random.default_rng(5).normal(size=(6, SIDE, SIDE))).astype("f4")
        mean_square = np.exp(courses(planes)[..., 2]) - 0.1
        assert mean_square.mean(0) == pytest.approx(np.ones(3), abs=0.35)


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
    assert np.isfinite(courses(planes)).all()
    assert np.isfinite(edge_directions(planes)).all()
    assert np.isfinite(outline_features(planes)).all()
    assert all(np.isfinite(values).all() for values in tissue_features(planes).values())


def test_padding_does_not_change_the_lines_of_k_space():
    planes = noise()
    padded = np.zeros((4, 200, 160), np.float32)
    padded[:, 36 : 36 + SIDE, 16 : 16 + SIDE] = planes
    assert k_space_features(padded) == pytest.approx(k_space_features(planes), abs=1e-5)


def blobs(seed: int, count: int) -> np.ndarray:
    """A bright blob off the middle, below and to the right, with some play."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    top, left = 66 + rng.normal(0, 2, (2, count, 1, 1))
    blob = np.exp(-((y - top) ** 2 + (x - left) ** 2) / 500)
    return (blob + 0.01 * rng.normal(size=blob.shape)).astype(np.float32)


def names(count: int) -> list[str]:
    return [str(n) for n in range(count)]


WAYS = (
    lambda planes: planes[:, :, ::-1],
    lambda planes: planes[:, ::-1],
    lambda planes: planes[:, ::-1, ::-1],
    lambda planes: planes.transpose(0, 2, 1),
    lambda planes: planes.transpose(0, 2, 1)[:, :, ::-1],
    lambda planes: planes.transpose(0, 2, 1)[:, ::-1],
    lambda planes: planes.transpose(0, 2, 1)[:, ::-1, ::-1],
)


@pytest.mark.parametrize("number", range(7))
def test_directions_of_another_way_are_those_of_the_picture_laid_that_way(number):
    planes = np.random.default_rng(number).random((3, 96, 96)).astype(np.float32)
    laid = np.ascontiguousarray(WAYS[number](planes))
    references, _ = fit_pose(edge_directions(laid), names(3))
    exact = references.features(edge_directions(planes))
    # Laid that way, each picture is one of the references: no other way comes near.
    assert (exact[:, :7].argmin(1) == number).all()


def test_the_way_in_which_images_lie_is_the_likeliest_where_the_anatomy_has_sides():
    references, _ = fit_pose(edge_directions(blobs(0, 60)), names(60))
    found = references.features(edge_directions(blobs(1, 30)))
    # Mirrored about the diagonal on which it lies, the blob is what it was.
    assert (found[:, [0, 1, 2]] > 0.4).all()
    assert np.abs(np.median(found[:, 3])) < 0.1
    mirrored = np.ascontiguousarray(blobs(1, 30)[:, :, ::-1])
    laid_otherwise = references.features(edge_directions(mirrored))
    assert (laid_otherwise[:, 0] < -0.4).all()
    assert laid_otherwise[:, 8].min() > found[:, 8].max() + 10


def test_contrast_hardly_changes_how_an_image_lies():
    references, _ = fit_pose(edge_directions(blobs(0, 60)), names(60))
    usual = references.features(edge_directions(blobs(1, 20)))
    pale = references.features(edge_directions(0.3 + 0.5 * blobs(1, 20)))
    assert (pale[:, [0, 1, 2]] > 0.3).all()
    assert (usual[:, [0, 1, 2]] > 0.3).all()


def test_features_of_left_out_images_are_like_those_of_fresh_ones():
    described = edge_directions(blobs(0, 80))
    references, seen = fit_pose(described, names(80))
    fresh = references.features(edge_directions(blobs(2, 80)))
    usual = np.median(seen, 0), np.median(fresh, 0)
    assert usual[0][:8] == pytest.approx(usual[1][:8], abs=0.1)
    assert usual[0][8] == pytest.approx(usual[1][8], abs=fresh[:, 8].std())
    # An image that finds itself among the references would be nearer than any fresh one.
    assert np.median(references.features(described)[:, 7]) < np.median(seen[:, 7]) - 0.05


def body(hounsfield: float = 40.0) -> np.ndarray:
    """A disk of soft tissue in air with a little noise, on the scale of CT."""
    y, x = np.mgrid[:96, :96] - 47.5
    rng = np.random.default_rng(0)
    units = np.where(np.hypot(y, x) < 35, hounsfield + 8 * rng.normal(size=y.shape), -1000.0)
    return ((units + 1000) / 2000).astype(np.float32)


def test_trends_of_soft_tissue_are_those_that_were_put_in():
    y, x = np.mgrid[:96, :96] - 47.5
    radius = np.hypot(y, x)
    depth = np.clip((35 - radius) / 35, 0, 1)
    plain, cupped = body(), body() - (0.04 * depth * (radius < 35)).astype(np.float32)
    leaning = body() + (0.02 * x / 24 * (radius < 35)).astype(np.float32)
    found = tissue_features(np.stack([plain, cupped, leaning]))["tissue trends"]
    # Hundreds of Hounsfield units; the first surface is offset, depth, y, x, y², x², xy, with y and
    # x in quarters of the side. Depth and y² + x² share what is common to them.
    assert found[0, 0] == pytest.approx(0.4, abs=0.1)
    assert found[0, 3] == pytest.approx(0, abs=0.03)
    assert found[2, 3] == pytest.approx(0.4, abs=0.06)
    middles = found[:, [14, 17, 20, 23]]
    assert np.abs(np.diff(middles[0])).max() < 0.08
    assert middles[1, 0] - middles[1, 3] == pytest.approx(0.8 * 0.75, abs=0.15)


def test_detail_of_soft_tissue_is_that_of_its_noise():
    found = tissue_features(np.stack([body(), body()[::-1]]))["tissue detail"]
    # The mask of second differences keeps the deviation of noise: 8 units, median of 0.674.
    assert np.exp(found[0, 1]) - 0.02 == pytest.approx(0.08 * 0.674, abs=0.008)
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_a_ring_that_no_pixel_shows_stands_out_and_a_part_of_it_does_not():
    """The ring is as strong as the deviation of the noise, 8 Hounsfield units."""
    y, x = np.mgrid[:96, :96] - 47.5
    ring = np.abs(np.hypot(y, x) - 20.25) < 0.75
    arc = ring & (y > 0) & (np.abs(x) < 8)
    planes = [body() + np.float32(0.004) * shape for shape in (0 * ring, ring, arc)]
    plain, whole, part = tissue_features(np.stack(planes))["tissue rings"]
    # Strongest difference from the circles beside it, in deviations of chance.
    assert whole[2] > plain[2] + 2
    assert whole[2] > 5
    assert abs(part[2] - plain[2]) < 1
    # Its height: what is left above a neighborhood of 1.5 pixels, in hundreds of units.
    assert np.exp(whole[5]) - 0.02 == pytest.approx(0.08 * 0.6, rel=0.35)


def test_a_step_of_the_anatomy_is_no_ring():
    y, x = np.mgrid[:96, :96] - 47.5
    halves = body() + (0.06 * (x > 3.3) * (np.hypot(y, x) < 35)).astype(np.float32)
    ring = body() + np.float32(0.004) * (np.abs(np.hypot(y, x) - 20.25) < 0.75)
    step, faint = tissue_features(np.stack([halves, ring.astype(np.float32)]))["tissue rings"]
    # Fifteen times as high as the ring, but on one side alone.
    assert step[2] < 0.7 * faint[2]


def test_planes_without_soft_tissue_have_no_rings():
    empty = np.stack([np.zeros((96, 96), np.float32), np.full((96, 96), 1.5, np.float32)])
    assert (tissue_features(empty)["tissue rings"] == 0).all()


def test_a_body_that_is_cut_off_begins_with_a_long_line():
    whole, cut = body(), body()
    cut[:30] = 0
    found = outline_features(np.stack([whole, cut]))
    # Of each side: place, length of three lines, gray; the first side is the top.
    assert found[1, 0] > found[0, 0] + 0.2
    assert found[1, 1] > 0.8
    assert found[0, 1] < 0.3
    assert found[0, 5:20] == pytest.approx(found[1, 5:20], abs=0.6)
    dirty = body() + 0.004
    assert (outline_features(dirty[None])[0, 20:] > found[0, 20:] + 0.5).all()
