"""Views, features and distances on images that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.anatomy import fit_anatomy, left_out_features
from MedImageMetricLib.normality.feature_distance import combined, fit_group
from MedImageMetricLib.normality.features import neighbor_features, plane_features
from MedImageMetricLib.normality.view import HEAD_NECK_CT, RADIOGRAPH, planes_of, stored_range


def volume_of(array: np.ndarray, spacing: float = 1.0, modality: str = "") -> Volume:
    return Volume(array, Geometry(array.shape, (spacing, spacing, 2.0)), modality=modality)


def test_pictures_keep_their_grays_so_that_flat_ones_stay_flat():
    flat = np.full((1, 100, 80), 51, np.uint8)
    planes, remarks = planes_of(volume_of(flat), RADIOGRAPH)
    assert planes.shape == (1, 256, 256)
    assert not remarks
    inside = planes[0, :, 26:230]
    assert np.allclose(inside, 0.2, atol=1e-6)
    assert planes[0, :, :25].max() == 0


def test_hounsfield_units_become_shares_and_fine_pixels_their_means():
    array = np.full((3, 256, 256), -1000, np.int16)
    array[:, 64:192, 64:192] = 0
    planes, _ = planes_of(volume_of(array, 1.0, "CT"), HEAD_NECK_CT)
    assert planes.shape == (3, 96, 96)
    assert planes.max() == pytest.approx(0.5)
    # 128 mm of water are 32 pixels of 4 mm, in the middle of the grid.
    assert (planes[1] > 0.25).sum() == 32 * 32
    assert (planes[1, 32:64, 32:64] > 0.49).all()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[7]], np.uint8), 255),
        (np.array([[4000]], np.uint16), 4095),
        (np.array([[0.5]]), 1.0),
    ],
)
def test_range_of_stored_values(array, expected):
    assert stored_range(array) == expected


@pytest.mark.parametrize("array", [np.zeros((1, 4, 40), np.uint8), np.full((1, 32, 32), np.nan)])
def test_what_cannot_be_looked_at_is_refused(array):
    with pytest.raises(InputError):
        planes_of(volume_of(array), RADIOGRAPH)


@pytest.mark.parametrize("kind", ["blank", "noise", "point"])
def test_features_are_finite_on_anything(kind):
    planes = np.zeros((2, 64, 64), np.float32)
    if kind == "noise":
        planes = np.random.default_rng(0).random((2, 64, 64)).astype(np.float32)
    elif kind == "point":
        planes[:, 10, 20] = 1
    for hounsfield in (False, True):
        for name, values in plane_features(planes, hounsfield).items():
            assert values.shape[0] == 2, name
            assert np.isfinite(values).all(), name


def test_features_know_nothing_of_the_order_of_planes():
    planes = np.random.default_rng(1).random((5, 64, 64)).astype(np.float32)
    whole = plane_features(planes, batch=2)
    single = plane_features(planes[3:4])
    for name in whole:
        assert whole[name][3] == pytest.approx(single[name][0], abs=1e-4)


def test_exchanged_slices_stand_out():
    k, j, i = np.mgrid[:20, :48, :48].astype(np.float32)
    volume = (np.hypot(j - 24, i - 24) < 5 + k * 0.6).astype(np.float32)
    order = np.arange(20)
    order[[5, 15]] = order[[15, 5]]
    usual, mixed = neighbor_features(volume), neighbor_features(volume[order])
    assert set(np.argsort(-mixed[:, 2])[:6]) & {4, 5, 6} == {4, 5, 6} or mixed[5, 1] > 1
    assert mixed[:, 0].max() > usual[:, 0].max() + 1


def test_distance_of_left_out_normals_is_usual_and_of_others_is_not():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(12, 12))
    sources = ["a"] * 150 + ["b"] * 150
    offset = np.where(np.array(sources)[:, None] == "a", 0.0, 30.0)
    normal = rng.normal(size=(300, 12)) @ mix + offset
    distance = fit_group(normal, sources, [str(n) for n in range(300)])
    fresh = rng.normal(size=(400, 12)) @ mix + 30.0
    between = rng.normal(size=(400, 12)) @ mix + 15.0
    assert abs(np.median(distance.unusual(fresh))) < 0.8
    assert distance.unusual(between).min() > distance.unusual(fresh).max()


@pytest.mark.parametrize("size", [5, 40, 200])
def test_distances_stay_when_stored_in_single_precision(size):
    rng = np.random.default_rng(size)
    normal = rng.normal(size=(100, size)) * np.geomspace(0.01, 100, size) + 50
    distance = fit_group(normal, ["a"] * 100, [str(n) for n in range(100)])
    arrays = ("scale", "centers", "basis", "variance", "log_mean", "log_spread", "tail")
    stored = replace(
        distance, **{name: np.float32(getattr(distance, name)).astype(float) for name in arrays}
    )
    assert stored.unusual(normal) == pytest.approx(distance.unusual(normal), abs=1e-2)
    fresh = rng.normal(size=(100, size)) * np.geomspace(0.01, 100, size) + 50
    assert np.median(distance.unusual(fresh)) < 2


def test_few_images_cannot_be_fitted():
    with pytest.raises(InputError, match="at least 20"):
        fit_group(np.zeros((5, 3)), ["a"] * 5, list("abcde"))


def test_what_the_layout_predicts_is_taken_away():
    rng = np.random.default_rng(0)
    layout = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 30))
    other = np.stack([layout[:, 0] * 2 + 1, rng.normal(size=1000)], 1)
    left = fit_anatomy({"layout": layout, "other": other}).left_over(
        {"layout": layout, "other": other}
    )
    assert left["other"][:, 0].std() < 0.1 * other[:, 0].std()
    assert left["other"][:, 1].std() == pytest.approx(1, abs=0.1)
    assert left["layout"] is layout


def test_fresh_normals_are_as_unusual_as_normal_deviates():
    rng = np.random.default_rng(3)
    mix = rng.normal(size=(12, 12))
    normal = rng.normal(size=(600, 12)) @ mix
    distance = fit_group(normal, ["a"] * 600, [str(n) for n in range(600)])
    found = distance.unusual(rng.normal(size=(4000, 12)) @ mix)
    for bound in (0.0, 1.28, 2.0):
        expected = 0.5 * math.erfc(bound / math.sqrt(2))
        assert (found > bound).mean() == pytest.approx(expected, rel=0.5)


def test_one_feature_that_the_others_do_not_predict_is_found():
    """A small deviation in one of many features that vary together: no mean of squares shows it."""
    rng = np.random.default_rng(4)
    common = rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 100))
    normal = common + 0.3 * rng.normal(size=common.shape)
    distance = fit_group(normal[:600], ["a"] * 600, [str(n) for n in range(600)])
    changed = normal[600:].copy()
    changed[:, 17] += 2.4
    usual = distance.unusual(normal[600:])
    assert np.median(distance.unusual(changed)) > np.quantile(usual, 0.99)


def test_one_very_unusual_group_suffices():
    calm = {name: np.zeros(1) for name in "abcde"}
    assert combined(calm)[0] == pytest.approx(math.log(2))
    assert combined(calm | {"c": np.array([5.0])})[0] > 9
    assert np.isfinite(combined(calm | {"c": np.array([1e9])})[0])


def test_what_is_left_over_of_left_out_images_is_like_that_of_fresh_ones():
    rng = np.random.default_rng(1)

    def drawn(count: int) -> dict[str, np.ndarray]:
        layout = rng.normal(size=(count, 6)) * [4, 2, 1, 0.5, 0.2, 0.1]
        other = np.sin(layout[:, :1] / 2) + 0.3 * rng.normal(size=(count, 1))
        return {"layout": layout, "other": other}

    known, fresh = drawn(1200), drawn(1200)
    patients = [str(n // 4) for n in range(1200)]
    seen = left_out_features(known, patients)["other"]
    found = fit_anatomy(known).left_over(fresh)["other"]
    assert seen.std() == pytest.approx(found.std(), rel=0.1)
    assert found.std() < 0.6 * fresh["other"].std()


def test_few_images_predict_nothing():
    groups = {"layout": np.random.default_rng(0).normal(size=(60, 5)), "other": np.ones((60, 2))}
    anatomy = fit_anatomy(groups)
    assert not anatomy.weights
    assert anatomy.left_over(groups)["other"] is groups["other"]
