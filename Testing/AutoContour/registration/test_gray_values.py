"""Gray values for registration: what is CT, the ramp, the body, one scale for two modalities."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from AutoContourLib.registration.feature_images import matched, self_similarity
from AutoContourLib.registration.gray_values import body_mask, comparable, with_modality
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume


@pytest.fixture
def scan():
    generator = np.random.default_rng(0)
    values = np.full((20, 40, 40), -1000.0)
    values[:, 8:32, 10:30] = 40
    values[:, 14:20, 14:20] = 900
    values += generator.normal(0, 10, values.shape)
    return Volume(values.astype(np.int16), Geometry(values.shape), modality="CT")


def test_hounsfield_units_name_a_ct_and_nothing_else_is_named(scan):
    nameless = dataclasses.replace(scan, modality="")
    found = with_modality(nameless)
    assert found.modality == "CT"
    assert found.remarks[-1].code == "modality-from-pixels"
    other = nameless.with_array(nameless.array.astype(np.float32) + 3000)
    assert with_modality(other).modality == ""
    assert with_modality(scan) is scan


def test_the_ramp_rises_and_the_body_is_found(scan):
    values = np.linspace(-1200, 1500, 800).reshape(8, 10, 10)
    gray = comparable(Volume(values, Geometry((8, 10, 10)), modality="CT")).array.ravel()
    assert (np.diff(gray) >= 0).all()
    assert gray[0] == 0.0
    assert gray[-1] == 1.0
    body = body_mask(comparable(scan))
    assert body.sum() == pytest.approx(20 * 24 * 20, rel=0.05)


def test_another_gray_scale_is_brought_to_the_first(scan):
    still = torch.from_numpy(comparable(scan).array)
    free = torch.from_numpy(np.interp(still.numpy(), [0, 0.5, 1], [0.1, 0.9, 0.3]).astype("f"))
    one, other = matched(still, free, torch.ones_like(still))
    assert float((still - free).abs().mean()) > 0.05
    assert float((one - other).abs().mean()) < 0.02


def test_self_similarity_does_not_see_gray_scales(scan):
    gray = torch.from_numpy(comparable(scan).array)
    first, second = self_similarity(gray), self_similarity(0.3 - 0.7 * gray)
    assert first.shape == (12, *gray.shape)
    torch.testing.assert_close(first, second, atol=1e-3, rtol=1e-3)


def test_self_similarity_is_the_definition_at_single_voxels():
    generator = np.random.default_rng(3)
    values = generator.random((7, 8, 9))
    found = self_similarity(torch.from_numpy(values.astype(np.float32))).double().numpy()
    steps = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]])
    last = np.array(values.shape) - 1

    def patch(middle: np.ndarray) -> np.ndarray:
        """3 × 3 × 3 values around a place, those of the border beyond it."""
        around = np.stack(np.meshgrid(*([[-1, 0, 1]] * 3), indexing="ij"), axis=-1) + middle
        return values[tuple(np.moveaxis(np.clip(around, 0, last), -1, 0))]

    pairs = [(a, b) for a in range(6) for b in range(a + 1, 6) if (steps[a] + steps[b]).any()]
    raw = np.empty((12, *values.shape))
    for place in np.ndindex(values.shape):
        for number, (a, b) in enumerate(pairs):
            one, other = (patch(np.array(place) + steps[n]) for n in (a, b))
            raw[(number, *place)] = np.square(one - other).mean()
    raw -= raw.min(axis=0)
    spread = raw.mean(axis=0)
    expected = np.exp(-raw / np.clip(spread, 0.001 * spread.mean(), 1000 * spread.mean()))
    np.testing.assert_allclose(found, expected, atol=2e-4)
