"""Fusion against arithmetic that is known exactly, and scales put together again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from AutoContourLib.registration.fusion import METHODS, FusionSettings, fuse, fusion_measure
from AutoContourLib.registration.multiscale import (
    from_pyramid,
    from_wavelet,
    levels_for,
    pyramid,
    wavelet,
)
from MedImageLib.errors import GeometryError, InputError, SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume

SHAPE = (6, 12, 16)
WHOLE = {"low_percent": 0.0, "high_percent": 100.0}


def volume(array, modality="CT", origin=(0.0, 0.0, 0.0)) -> Volume:
    return Volume(array, Geometry(array.shape, (2.0, 2.0, 3.0), origin), modality=modality)


@pytest.fixture(scope="module")
def pair():
    generator = np.random.default_rng(5)
    first, second = generator.uniform(0, 1, (2, *SHAPE))
    first.flat[:2], second.flat[:2] = (0, 1), (0, 1)
    return first, second


def fused(first, second, method, **more):
    chosen = FusionSettings(method=method, **WHOLE, **more)
    return fuse(volume(first), volume(second), chosen)


@settings(max_examples=30, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(*(st.integers(1, 13),) * 3),
        elements=st.floats(-1e4, 1e4, allow_subnormal=False),
    ),
    st.integers(0, 3),
)
def test_scales_are_put_together_without_loss(values, levels):
    np.testing.assert_allclose(from_pyramid(pyramid(values, levels)), values, atol=1e-8)
    np.testing.assert_allclose(from_wavelet(wavelet(values, levels)), values, atol=1e-8)


def test_even_images_have_no_detail():
    even = np.full((9, 10, 11), 7.0)
    assert all(np.abs(detail).max() < 1e-12 for detail in pyramid(even, 2)[:-1])
    bands = wavelet(even, 2).details
    assert all(np.abs(band).max() < 1e-12 for level in bands for band in level.values())
    assert levels_for((2, 3, 64), 9) == 4
    assert levels_for((2, 3, 4), 9) == 0


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("average", lambda a, b: (a + b) / 2),
        ("weighted", lambda a, b: 0.6 * a + 0.4 * b),
        ("larger", np.maximum),
        ("smaller", np.minimum),
    ],
)
def test_pixel_methods_are_their_arithmetic(pair, method, expected):
    np.testing.assert_allclose(
        fused(*pair, method).volume.array, expected(*pair), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("method", METHODS)
def test_an_image_fused_with_itself_stays(pair, method):
    result = fused(pair[0], pair[0], method)
    if method != "modulation":
        np.testing.assert_allclose(result.volume.array, pair[0], atol=1e-5)
    assert result.measure.coverage == 1.0
    assert result.volume.geometry.shape == SHAPE
    assert 0 <= result.volume.array.min() <= result.volume.array.max() <= 1


def test_principal_components_favor_what_varies():
    ramp = np.broadcast_to(np.linspace(0, 1, 16), SHAPE).copy()
    faint = np.zeros(SHAPE)
    faint[0, 0, 0] = 1.0
    assert fused(ramp, faint, "pca").moving_weight < 0.1
    assert fused(faint, ramp, "pca").moving_weight > 0.9
    assert fused(ramp, 1 - ramp, "pca").moving_weight == pytest.approx(0.5)


def test_modulation_raises_what_the_moving_image_shows():
    even = np.full(SHAPE, 0.5)
    even.flat[:2] = (0, 1)
    spot = np.zeros(SHAPE)
    spot[3, 6, 8] = 1.0
    array = fused(even, spot, "modulation").volume.array
    assert array[3, 6, 8] > array[3, 2, 2]


@pytest.mark.parametrize("method", ["pyramid", "wavelet"])
def test_scales_keep_the_detail_of_both(method):
    first, second = np.zeros((2, 16, 32, 32))
    first[:, 4:8, 4:8] = 1.0
    second[:, 22:26, 22:26] = 1.0
    result = fused(first, second, method)
    assert result.measure.edges_kept > fused(first, second, "average").measure.edges_kept
    array = result.volume.array[8]
    assert array[5:7, 5:7].min() > 0.5
    assert array[23:25, 23:25].min() > 0.5


def test_measures_of_images_that_are_known(pair):
    everywhere = np.ones(SHAPE, bool)
    halves = np.zeros(SHAPE)
    halves[:, :, 8:] = 1.0
    same = fusion_measure(halves, halves, halves, everywhere)
    assert same.entropy_bit == pytest.approx(1.0)
    assert same.information_fixed_bit == pytest.approx(1.0)
    assert same.edges_kept > 0.95
    lost = fusion_measure(halves, halves, np.zeros(SHAPE), everywhere)
    assert lost.information_fixed_bit == 0
    assert lost.edges_kept < 0.01


def test_outside_of_the_moving_field_the_fixed_image_stands(pair):
    chosen = FusionSettings(method="average", **WHOLE)
    moving = volume(pair[1], "MR", origin=(16.0, 0.0, 0.0))
    result = fuse(volume(pair[0]), moving, chosen)
    assert result.measure.coverage == pytest.approx(0.5)
    np.testing.assert_allclose(result.volume.array[..., :8], pair[0][..., :8], atol=1e-6)
    shift = np.eye(4)
    shift[0, 3] = 16.0
    placed = fuse(volume(pair[0]), moving, chosen, moving_from_fixed=shift)
    np.testing.assert_allclose(placed.volume.array, sum(pair) / 2, rtol=1e-4, atol=1e-5)
    assert placed.volume.modality == ""
    with pytest.raises(GeometryError, match="does not reach"):
        fuse(volume(pair[0]), volume(pair[1], origin=(900.0, 0, 0)), chosen)


def test_ct_and_mr_of_a_patient_by_all_methods():
    made = generate_patient(PatientSettings(seed=4, size=(16, 40, 40)))
    for method in METHODS:
        result = fuse(
            made.planning_ct, made.mr, FusionSettings(method=method), made.mr_from_planning
        )
        assert result.measure.information_fixed_bit > 0.05
        assert result.measure.information_moving_bit > 0.05


def test_what_cannot_be_fused_is_named(pair):
    constant = volume(np.zeros(SHAPE))
    with pytest.raises(InputError, match="moving image cannot be fused"):
        fuse(volume(pair[0]), constant)
    with pytest.raises(InputError, match="fixed image holds values"):
        fuse(volume(np.full(SHAPE, np.nan)), constant)
    with pytest.raises(SettingsError, match="method"):
        FusionSettings(method="glue")
