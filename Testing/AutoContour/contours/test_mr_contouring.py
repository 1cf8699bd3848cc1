"""Contours of MR: made-up contrasts, gray values of any scale, refusals, the word experimental."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from AutoContourLib.contours.by_modality import contour_by_modality
from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.ct_cases import CtCase
from AutoContourLib.contours.ct_views import CtAugmentation, random_ct_view
from AutoContourLib.contours.mr_contouring import contour_mr
from AutoContourLib.contours.mr_views import foreground, gray_of_mr, mr_body, mr_like
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

GRID = Geometry((48, 52, 52), (2.0, 2.0, 2.0))


def head() -> np.ndarray:
    """A ball of muscle with a rind of fat and a core of bone, HU."""
    k, j, i = np.indices(GRID.shape)
    distance = np.sqrt((k - 24) ** 2 + (j - 26) ** 2 + (i - 26) ** 2) * 2
    return np.select([distance < 14, distance < 36, distance < 46], [1200.0, 40.0, -110.0], -1000.0)


def scan(seed: int = 0) -> Volume:
    signal = 900 * mr_like(head(), np.random.default_rng(seed))
    return Volume(signal.astype(np.uint16), GRID, modality="MR")


@pytest.mark.parametrize("seed", range(5))
def test_air_and_dense_bone_are_dark_whatever_the_contrast(seed: int) -> None:
    hu = head()
    signal = mr_like(hu, np.random.default_rng(seed))
    assert signal.min() >= 0
    assert signal.dtype == np.float32
    dark = max(np.median(signal[hu == -1000]), np.median(signal[hu == 1200]))
    assert dark < min(np.median(signal[hu == 40]), np.median(signal[hu == -110]))
    assert (signal == mr_like(hu, np.random.default_rng(seed))).all()


def test_fat_or_muscle_is_the_brighter_one() -> None:
    hu = head()
    brighter = []
    for seed in range(20):
        signal = mr_like(hu, np.random.default_rng(seed))
        brighter.append(np.median(signal[hu == -110]) > np.median(signal[hu == 40]))
    assert 0 < sum(brighter) < 20


@pytest.mark.parametrize("factor", [0.01, 37.0])
def test_the_scale_of_the_scanner_does_not_matter(factor: float) -> None:
    signal = mr_like(head(), np.random.default_rng(1))
    np.testing.assert_allclose(gray_of_mr(factor * signal), gray_of_mr(signal), atol=1e-4)
    inside = gray_of_mr(signal)[foreground(signal)]
    assert abs(float(inside.mean())) < 0.2
    assert 0.5 < float(inside.std()) < 1.1
    assert (gray_of_mr(np.zeros((3, 3, 3))) == -2).all()


def test_the_body_is_found_and_filled() -> None:
    found = mr_body(scan().array, 2.0)
    wanted = head() > -1000
    assert found[wanted].mean() > 0.99
    assert not (found & ~ndimage.binary_dilation(wanted, iterations=3)).any()
    assert found[24, 26, 26]  # the dark core is part of it
    assert not mr_body(np.zeros(GRID.shape), 4.0).any()


def test_views_in_mr_contrast_keep_place_and_labels() -> None:
    hu = head()
    labels = (hu == 1200).astype(np.uint8)
    case = CtCase("c", "s", 0, hu.astype(np.int16), labels, (2.0,) * 3, (1,), (1,))
    views = [
        random_ct_view(
            case, 1, (32, 40, 40), 2.0, CtAugmentation(mr_share=share), {}, np.random.default_rng(4)
        )
        for share in (0.0, 1.0)
    ]
    (ct, one, _), (mr, other, _) = views
    assert torch.equal(one, other)
    assert ct[one == 1].mean() > ct[one == 0].mean()
    assert mr[one == 1].mean() < mr[(one == 0) & (ct > -1)].mean()


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"array": head().astype(np.int16)}, ContourSettings(), "none by its gray values"),
        ({"array": np.full(GRID.shape, 7)}, ContourSettings(), "none by its gray values"),
        ({}, ContourSettings(organs=False), "organs were switched off"),
    ],
)
def test_what_cannot_be_contoured_is_refused(change, settings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        contour_mr(replace(scan(), **change), settings)


def test_a_grid_without_size_or_slices_is_refused() -> None:
    with pytest.raises(GeometryError, match="spacing"):
        contour_mr(replace(scan(), geometry=replace(GRID, spacing_known=False)))
    few = Volume(scan().array[:4], replace(GRID, shape=(4, 52, 52)), modality="MR")
    with pytest.raises(GeometryError, match="4 slices"):
        contour_mr(few)


def test_an_mr_is_told_to_be_experimental_and_gets_no_organ_that_is_not_there() -> None:
    found = contour_by_modality(scan())
    assert found.remarks[0].code == "experimental"
    assert found.model is not None
    assert found.model[0] == "mr_head_neck"
    assert not {"body", "bone"} & set(found.masks)
    assert sum(mask.any() for mask in found.masks.values()) <= 1
