"""Sharpness and contrast against edges, noise and shading that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from AutoContourLib.study.sharpness import (
    BY_MODE,
    SharpnessSettings,
    _toned,
    adjust,
    image_look,
    noise_spread,
)
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume


def scan(array: np.ndarray, modality: str = "CT", spacing=(1.0, 1.0, 2.0)) -> Volume:
    return Volume(array, Geometry(array.shape, spacing), modality=modality, unit="[hnsf'U]")


def blurred_edge(spread_mm: float = 2.0) -> np.ndarray:
    step = np.where(np.arange(60) < 30, -100.0, 100.0)
    row = ndimage.gaussian_filter1d(step, spread_mm)
    return np.broadcast_to(row, (6, 10, 60)).astype(np.float32).copy()


def rise_width(row: np.ndarray) -> float:
    """Pixels between a tenth and nine tenths of an edge."""
    scaled = (row - row.min()) / (row.max() - row.min())
    return float(np.interp([0.1, 0.9], scaled, np.arange(len(row))) @ [-1, 1])


def test_a_blurred_edge_gets_steeper_without_halo():
    made = adjust(scan(blurred_edge()), SharpnessSettings(sharpen=1.0, low=-210, high=290))
    row = made.adjusted.array[3, 5]
    assert rise_width(row) < 0.9 * rise_width(made.original.array[3, 5])
    assert np.diff(row).min() > -0.03 * np.ptp(row)
    flat = adjust(scan(blurred_edge()), SharpnessSettings(sharpen=0.0, low=-210, high=290))
    assert row.max() <= flat.adjusted.array.max() + 1e-6
    assert row.min() >= flat.adjusted.array.min() - 1e-6
    assert made.after.sharpness_per_mm > flat.after.sharpness_per_mm


def test_the_original_is_untouched_and_the_new_image_is_marked():
    volume = scan(blurred_edge())
    before = volume.array.copy()
    made = adjust(volume)
    assert made.original is volume
    np.testing.assert_array_equal(volume.array, before)
    assert made.adjusted.unit == ""
    assert made.adjusted.geometry == volume.geometry
    assert "adjusted-image" in {remark.code for remark in made.adjusted.remarks}


def test_noise_is_estimated_and_not_sharpened():
    noise = np.random.default_rng(0).normal(20, 12, (12, 40, 40)).astype(np.float32)
    assert noise_spread(noise) == pytest.approx(12, rel=0.05)
    window = {"low": -210.0, "high": 290.0}
    gated = adjust(scan(noise), SharpnessSettings(sharpen=1.0, noise_gate=3.0, **window))
    open_ = adjust(scan(noise), SharpnessSettings(sharpen=1.0, noise_gate=0.0, **window))
    assert gated.after.noise < 1.15 * gated.before.noise
    assert open_.after.noise > gated.after.noise


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-1000, 1000), st.floats(1, 2000), st.floats(0.3, 3), st.lists(st.floats(-4000, 4000))
)
def test_the_tone_curve_rises_and_stays_inside(low, width, curve, values):
    ordered = np.sort(np.array(values, float))
    toned = _toned(ordered, low, low + width, curve)
    assert np.all(np.diff(toned) >= 0)
    assert np.all((toned >= 0) & (toned <= 1))


def test_shading_of_mr_is_evened_out():
    tissue = np.full((10, 60, 60), 400.0)
    shaded = tissue * np.exp(np.linspace(-0.4, 0.4, 60))
    made = adjust(scan(shaded, "MR", (3.0, 3.0, 3.0)))
    straight = (shaded - made.window[0]) / (made.window[1] - made.window[0])
    assert np.ptp(made.adjusted.array[5, 30, 5:55]) < 0.7 * np.ptp(np.clip(straight, 0, 1)[5, 30])


def test_ct_and_mr_of_a_patient_gain_contrast():
    made = generate_patient(PatientSettings(seed=4, size=(20, 48, 48)))
    for volume in (made.planning_ct, made.mr):
        result = adjust(volume)
        assert result.after.sharpness_per_mm > 0
        assert 0 <= result.adjusted.array.min() <= result.adjusted.array.max() <= 1
    inside = made.planning_labels.array > 0
    ct = adjust(made.planning_ct)
    whole = made.planning_ct.array.astype(float)
    straight = (whole - whole.min()) / (whole.max() - whole.min())
    assert ct.adjusted.array[inside].std() > straight[inside].std()


def test_image_look_of_a_ramp():
    ramp = np.broadcast_to(np.linspace(0, 1, 101), (3, 4, 101))
    look = image_look(ramp, np.array([1.0, 1.0, 2.0]))
    assert look.sharpness_per_mm == pytest.approx(0.005)
    assert look.noise == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4, 5)), np.full((3, 4, 5), np.nan), np.full((3, 4, 5), np.inf)]
)
def test_images_without_contrast_are_refused(array):
    with pytest.raises(InputError):
        adjust(scan(array))


def test_what_cannot_be_adjusted_is_refused():
    with pytest.raises(InputError, match="modality US"):
        adjust(scan(blurred_edge(), "US"))
    labels = Volume(np.ones((3, 3, 3), np.uint8), Geometry((3, 3, 3)), is_labelmap=True)
    with pytest.raises(InputError, match="label map"):
        adjust(labels, BY_MODE["CT"])
    for wrong in ({"low": 1.0}, {"low": 5.0, "high": 1.0}, {"sharpen": -1.0}):
        with pytest.raises(MedImageError):
            SharpnessSettings(**wrong)
