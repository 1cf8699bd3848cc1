"""Drawn foreign objects: attenuation by Beer and Lambert, place and size in mm, exact masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from MedImageLib.phantom.foreign_objects import (
    Look,
    line_integrals,
    objects_drawn,
    shown,
    with_letters,
    with_objects,
)
from MedImageLib.phantom.foreign_parts import bar, ring
from MedImageLib.phantom.foreign_shapes import TRAINED, UNSEEN

GRAY = np.full((120, 160), 0.4, np.float32)


def test_a_disc_has_its_area_and_place():
    absorbed = line_integrals([ring(10.0, 0.7)], GRAY.shape, (70.0, 50.0), pixel_mm=0.5)
    assert absorbed.max() == pytest.approx(0.7)
    area_mm2 = absorbed.sum() / 0.7 * 0.25
    assert area_mm2 == pytest.approx(np.pi * 100, rel=0.03)
    rows, columns = np.indices(absorbed.shape)
    assert (absorbed * columns).sum() / absorbed.sum() == pytest.approx(70, abs=0.2)
    assert (absorbed * rows).sum() / absorbed.sum() == pytest.approx(50, abs=0.2)


def test_a_thin_wire_keeps_what_it_absorbs_in_all():
    absorbed = line_integrals([bar((-20, 0), (20, 0), 0.5, 1.0)], GRAY.shape, (80, 60), 1.0)
    assert absorbed.sum() == pytest.approx(40 * 0.5, rel=0.1)


def test_turned_by_90_degrees_a_bar_lies_upright():
    lying = line_integrals([bar((-20, 0), (20, 0), 4, 1.0)], GRAY.shape, (80, 60), 1.0)
    upright = line_integrals([bar((-20, 0), (20, 0), 4, 1.0)], GRAY.shape, (80, 60), 1.0, 90)
    assert np.ptp(np.nonzero(lying)[1]) > 5 * np.ptp(np.nonzero(lying)[0])
    assert np.ptp(np.nonzero(upright)[0]) > 5 * np.ptp(np.nonzero(upright)[1])


def test_holes_leave_nothing_behind():
    absorbed = line_integrals([ring(10, 0.7), ring(4, -0.7)], GRAY.shape, (70, 50), 0.5)
    assert absorbed[50, 70] == pytest.approx(0, abs=1e-6)
    assert absorbed.min() >= 0


def test_thin_objects_raise_the_gray_by_gain_times_attenuation():
    look = Look(gain=0.3, scatter=0.0, ceiling=10.0, blur_px=0.0)
    result = shown(GRAY, np.full(GRAY.shape, 0.02, np.float32), look)
    np.testing.assert_allclose(result - GRAY, 0.3 * 0.02, rtol=0.01)


def test_scatter_fills_the_shadow_of_what_lets_nothing_through():
    look = Look(gain=0.1, scatter=0.25, ceiling=50.0, blur_px=0.0)
    result = shown(GRAY, np.full(GRAY.shape, 50.0, np.float32), look)
    np.testing.assert_allclose(result - GRAY, 0.1 * np.log(1.25 / 0.25), rtol=0.01)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 20), st.floats(0, 20), st.floats(0.05, 1), st.floats(0, 0.5))
def test_more_metal_is_never_darker_and_never_beyond_the_ceiling(a, b, gain, scatter):
    look = Look(gain=gain, scatter=scatter, ceiling=1.0, blur_px=0.0)
    thin, thick = (
        shown(GRAY, np.full(GRAY.shape, depth, np.float32), look)[0, 0] for depth in sorted((a, b))
    )
    assert GRAY[0, 0] - 1e-6 <= thin <= thick + 1e-6
    assert thick <= 1.0 + 1e-6


@pytest.mark.parametrize("kind", [*TRAINED, *UNSEEN])
def test_every_kind_is_seen_somewhere(kind):
    generator = np.random.default_rng(3)
    shapes = {kind: {**TRAINED, **UNSEEN}[kind]}
    plane = np.full((256, 256), 0.3, np.float32)
    seen = [with_objects(plane, shapes, 1, generator) for _ in range(25)]
    masks = [one.mask for _, objects in seen for one in objects]
    assert masks
    for image, objects in seen:
        if objects:  # what shines is covered; the dark halo of the sharpening is not
            assert not (image - plane > 0.06)[~np.any([one.mask for one in objects], axis=0)].any()


def test_no_kind_is_both_trained_and_kept_for_the_proof():
    assert not set(TRAINED) & set(UNSEEN)


def test_the_frame_around_a_picture_stays_black():
    plane = np.zeros((200, 200), np.float32)
    plane[40:160] = 0.5
    for seed in range(8):
        image, label = objects_drawn(plane, np.zeros_like(plane), np.random.default_rng(seed))
        assert not label[:36].any()
        assert not label[164:].any()
        assert np.abs(image[:36]).max() < 0.02


def test_letters_are_no_objects():
    image, letters = with_letters(GRAY, np.random.default_rng(0))
    assert letters.any()
    assert image[letters].mean() > 0.6


def test_the_same_generator_gives_the_same_picture():
    first, second = (
        objects_drawn(GRAY, np.zeros_like(GRAY), np.random.default_rng(11)) for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
