"""Generated radiographs: truth that can be measured again, and projections with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.errors import SettingsError
from MedImageLib.phantom.projection import (
    Beam,
    RoundTubes,
    ellipsoid_path,
    line_samples,
    rotation,
    tube_path,
)
from MedImageLib.phantom.radiograph import LABELS, RadiographSettings, generate_radiograph

SMALL = RadiographSettings(seed=4, size_px=160)


@pytest.fixture(scope="module")
def generated():
    return {seed: generate_radiograph(replace(SMALL, seed=seed)) for seed in (4, 5, 8, 12)}


def parallel_beam(turn: np.ndarray) -> Beam:
    # A source ten kilometers away.
    return Beam((81, 81), 1.0, (0.0, 1e7, 0.0), -100.0, 0.0, turn)


@pytest.mark.parametrize("turn", [(0, 0, 0), (30, 10, -20)])
def test_ellipsoid_has_its_volume_and_its_longest_chord(turn) -> None:
    path = ellipsoid_path(
        parallel_beam(rotation(*turn)), np.array([1.0, 2, -3]), np.array([10.0, 20, 30])
    )
    assert path.sum() == pytest.approx(4 / 3 * np.pi * 6000, rel=0.01)
    if turn == (0, 0, 0):
        assert path.max() == pytest.approx(40, rel=0.01)


@pytest.mark.parametrize(("tilt", "factor"), [(0, 1.0), (60, 2.0)])
def test_tube_has_the_chord_of_a_cylinder(tilt: float, factor: float) -> None:
    angle = np.deg2rad(tilt)
    axis = np.array([np.cos(angle), np.sin(angle), 0])
    ends = np.array([-30, 30])[:, None] * axis
    points, weights, _ = line_samples(ends, 0.1)
    path = tube_path(parallel_beam(np.eye(3)), [RoundTubes(points, weights, 6.0)])
    for offset in (0, 3, 5):
        expected = 2 * np.sqrt(36 - offset**2) * factor
        assert path[40 + offset, 40] == pytest.approx(expected, rel=0.06)
    assert path.sum() == pytest.approx(np.pi * 36 * 60, rel=0.02)


def test_hollow_tube_lacks_its_bore() -> None:
    points, weights, _ = line_samples(np.array([[-30.0, 0, 0], [30, 0, 0]]), 0.1)
    tube = RoundTubes(points, weights, 8.0, bore_mm=6.0, lack=0.5)
    path = tube_path(parallel_beam(np.eye(3)), [tube, RoundTubes(points, weights, 2.0)])
    assert path.sum() == pytest.approx(np.pi * 60 * (64 - 0.5 * 36 + 4), rel=0.02)
    # Its wall is brighter than its middle where nothing else lies.
    assert path[40 + 6, 40] > path[40 + 4, 40]


def test_magnification_follows_from_the_distances() -> None:
    beam = Beam((101, 101), 1.0, (0.0, -1000.0, 0.0), 250.0, 0.0, np.eye(3))
    shadow = beam.pixels(np.array([[10.0, 0, 0], [0, 0, 10.0]])) - 50
    assert shadow == pytest.approx(np.array([[0, 12.5], [-12.5, 0]]))


def test_same_seed_same_bytes_other_seed_other_patient(generated) -> None:
    again = generate_radiograph(SMALL)
    assert again.image.array.tobytes() == generated[4].image.array.tobytes()
    assert again.settings == generated[4].settings
    assert all((again.labels[n] == generated[4].labels[n]).all() for n in LABELS)
    assert (again.image.array != generated[5].image.array).mean() > 0.5


def test_settings_filled_in_generate_the_same_picture_again(generated) -> None:
    again = generate_radiograph(generated[5].settings)
    assert again.image.array.tobytes() == generated[5].image.array.tobytes()


def test_image_is_an_upright_twelve_bit_radiograph(generated) -> None:
    for one in generated.values():
        array = one.image.array
        assert array.dtype == np.uint16
        assert array.shape == (1, 160, 160)
        assert array.max() < 4096
        assert one.image.geometry.spacing_mm[0] == pytest.approx(one.settings.field_mm / 160)
        # Lungs are dark and the heart and spine bright in MONOCHROME2.
        lungs = one.labels["right_lung"] | one.labels["left_lung"]
        spine = one.labels["spine"] & ~lungs
        assert np.median(array[spine]) > np.median(array[lungs]) + 400
        assert np.median(array[one.labels["heart"]]) > np.median(array[lungs]) + 200


def test_labels_lie_where_anatomy_puts_them(generated) -> None:
    for one in generated.values():
        masks = one.labels
        assert set(masks) == set(LABELS)
        right, left, heart = (masks[n] for n in ("right_lung", "left_lung", "heart"))
        assert not (right & left).any()
        assert not ((right | left) & heart).any()
        columns = {n: np.nonzero(m)[2].mean() for n, m in masks.items()}
        rows = {n: np.nonzero(m)[1].mean() for n, m in masks.items()}
        assert columns["right_lung"] < columns["spine"] < columns["left_lung"]
        assert columns["right_scapula"] < columns["right_lung"]
        assert columns["left_scapula"] > columns["left_lung"]
        assert rows["clavicles"] < rows["right_lung"] < rows["heart"]
        # The heart's greater part lies on the patient's left.
        assert columns["heart"] > columns["spine"]
        sizes = [m.mean() for m in (right, left, heart)]
        assert 0.06 < sizes[1] < sizes[0] < 0.3
        assert 0.04 < sizes[2] < 0.25


def test_ratio_is_that_of_the_masks_and_grows_with_the_heart(generated) -> None:
    one = generated[4]
    lungs = np.flatnonzero((one.labels["right_lung"] | one.labels["left_lung"]).any(axis=(0, 1)))
    heart = np.flatnonzero(one.labels["heart"].any(axis=(0, 1)))
    assert one.ctr == (np.ptp(heart) + 1) / (np.ptp(lungs) + 1)
    large = generate_radiograph(replace(one.settings, heart_scale=1.4))
    small = generate_radiograph(replace(one.settings, heart_scale=0.8))
    assert small.ctr < one.ctr < large.ctr
    assert 0.25 < small.ctr < large.ctr < 0.8


def test_view_changes_the_magnification_of_the_heart(generated) -> None:
    fixed = replace(
        generated[4].settings, arms="hips", rotation_deg=0.0, tilt_deg=0.0, collimated=False
    )
    widths = {}
    for view in ("PA", "AP"):
        labels = generate_radiograph(replace(fixed, view=view)).labels
        widths[view] = labels["heart"].any(axis=(0, 1)).sum()
    # Behind the heart's back lies the detector in AP: farther from it, nearer to the source.
    assert widths["AP"] > 1.06 * widths["PA"]


def test_rotation_moves_the_sternal_ends_off_the_spine(generated) -> None:
    offsets = []
    for turn in (-12.0, 12.0):
        fixed = replace(generated[4].settings, rotation_deg=turn, collimated=False, roll_deg=0.0)
        labels = generate_radiograph(fixed).labels
        middle = np.nonzero(labels["spine"][0, 20:60])[1].mean()
        offsets.append(np.nonzero(labels["clavicles"][0])[1].mean() - middle)
    assert abs(offsets[0] - offsets[1]) > 8


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingsError, match="rotation_deg"):
        RadiographSettings(rotation_deg=60)
    with pytest.raises(SettingsError, match="view"):
        RadiographSettings(view="LL")
