"""Differences, limits and flags of two ways to the same indices."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from CardiacLVLib.measures.cross_check import IndexLimits, cross_check, limits_from
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.errors import GeometryError, SettingsError
from MedImageLib.settings import settings_from_dict, settings_to_dict


def indices(frames=4, slices=3):
    return np.tile([1500.0, 1200, 45, 44, 43, 8, 8, 8, 8, 8, 8], (frames, slices, 1))


def test_limits_have_the_names_of_the_indices():
    assert tuple(field.name for field in dataclasses.fields(IndexLimits)) == INDEX_NAMES
    assert IndexLimits().table().shape == (11, 2)


def test_what_differs_is_named_with_both_values():
    measured, regressed = indices(), indices()
    regressed[2, 1, 3] += 7
    regressed[0, 0, 0] -= 240
    found = cross_check(measured, regressed, np.full(measured.shape, 0.5))
    (flag,) = found.flagged
    assert (flag.frame, flag.slice_number, flag.index) == (2, 1, "dim2_mm")
    assert (flag.measured, flag.regressed, flag.spread) == (44, 51, 0.5)
    assert "Frame 2, slice 1: dim2 measured 44.0 mm, regressed 51.0 ± 0.5 mm" in flag.text
    assert found.flagged_pictures() == ((2, 1),)
    assert found.compared == 12
    assert found.difference[0, 0, 0] == -240
    assert found.remarks[0].code == "indices-disagree"


def test_what_is_not_told_is_not_compared():
    measured, regressed = indices(), indices()
    measured[1] = np.nan
    regressed[3, :, 5:] = np.nan
    found = cross_check(measured, regressed)
    assert found.compared == 9
    assert not found.flagged
    assert not found.remarks
    with pytest.raises(GeometryError, match="both must be"):
        cross_check(measured, regressed[:2])


def test_limits_of_a_normal_law_and_their_robustness():
    rng = np.random.default_rng(0)
    differences = rng.normal(2.0, 3.0, (4000, 11))
    differences[:200] = 1e4
    differences[::3, 7] = np.nan
    limits = limits_from(differences).table()
    np.testing.assert_allclose(limits[:, 0], 2 - 1.96 * 3, atol=0.5)
    np.testing.assert_allclose(limits[:, 1], 2 + 1.96 * 3, atol=0.9)


def test_few_differences_keep_the_default():
    differences = np.full((30, 11), np.nan)
    differences[:, 0] = np.linspace(-10, 10, 30)
    limits = limits_from(differences)
    assert limits.rwt1_mm == IndexLimits().rwt1_mm
    assert abs(limits.cavity_area_mm2[1]) < 20


def test_limits_are_settings():
    limits = limits_from(np.random.default_rng(1).normal(size=(50, 11)))
    assert settings_from_dict(settings_to_dict(limits), IndexLimits) == limits
    with pytest.raises(SettingsError):
        IndexLimits(dim1_mm=("a", 3))
