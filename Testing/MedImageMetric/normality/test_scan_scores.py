"""Whole scans: a stored model gives the scores of the fitted one, and slices out of order show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.autoencoder import AutoencoderSettings, VariationalAutoencoder
from MedImageMetricLib.normality.building import calibrated, fit_distances
from MedImageMetricLib.normality.guidance import findings_of
from MedImageMetricLib.normality.model import (
    NormalityModel,
    load_normality_model,
    save_normality_model,
)
from MedImageMetricLib.normality.normal_images import NormalScan
from MedImageMetricLib.normality.screening import screen
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.normality.slice_scores import score_scan, score_slices
from MedImageMetricLib.normality.training import HELD_OUT, Networks, NormalityTraining
from MedImageMetricLib.normality.view import ImageView

SIDE, SLICES = 32, 12
SETTINGS = NormalityTraining(
    name="normality_cones",
    view=ImageView("cone", ("",), SIDE, volumes=True),
    autoencoder=AutoencoderSettings(side=SIDE, latent=4, channels=(8, 8, 8)),
)


def cone(seed: int) -> np.ndarray:
    """A stack of soft discs that shrink from slice to slice, with a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + rng.normal(0, 0.5)
    size = 12 + rng.normal(0, 0.5) - 0.6 * np.arange(SLICES)[:, None, None]
    planes = 0.1 + 0.7 / (1 + np.exp(np.hypot(y, x) - size))
    return (planes + rng.normal(0, 0.01, planes.shape)).clip(0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def scans() -> list[NormalScan]:
    return [NormalScan(str(n), str(n), "cones", n % 5, cone(n)) for n in range(100)]


@pytest.fixture(scope="module")
def model(scans) -> NormalityModel:
    torch.manual_seed(0)
    network = VariationalAutoencoder(SETTINGS.autoencoder)
    fitted = fit_distances(SETTINGS, Networks(network), scans)
    return calibrated(fitted, [scan for scan in scans if scan.fold in HELD_OUT])


def scored(model: NormalityModel, planes: np.ndarray) -> tuple[float, dict[str, float]]:
    return score_scan(model, planes, score_slices(model, planes))


def test_a_stored_model_scores_scans_as_the_fitted_one(model, tmp_path):
    save_normality_model(tmp_path, model)
    stored = load_normality_model(tmp_path)
    # Single precision aside; the order in which groups come must not matter.
    turned = replace(model, slice_distances=dict(reversed(model.slice_distances.items())))
    for seed in (500, 501):
        first = scored(model, cone(seed))
        for other in (scored(stored, cone(seed)), scored(turned, cone(seed))):
            assert other[0] == pytest.approx(first[0], abs=0.05)
            assert other[1] == pytest.approx(first[1], abs=0.05)


def test_fresh_scans_are_as_usual_as_those_that_were_fitted(model):
    found = [scored(model, cone(1000 + n))[1] for n in range(40)]
    assert {"slices", "profile", "neighbors"} <= found[0].keys()
    for name in found[0]:
        assert abs(np.median([one[name] for one in found])) < 0.75, name


@pytest.mark.parametrize("change", ["missing", "swapped", "repeated"])
def test_slices_out_of_order_are_found_beside_all_other_groups(model, change):
    order = {
        "missing": [0, 1, 2, 3, 7, 8, 9, 10, 11],
        "swapped": [0, 1, 8, 3, 4, 5, 6, 7, 2, 9, 10, 11],
        "repeated": [0, 1, 2, 3, 3, 3, 6, 7, 8, 9, 10, 11],
    }[change]
    usual = [scored(model, cone(2000 + n))[0] for n in range(30)]
    changed = [scored(model, cone(2000 + n)[order])[0] for n in range(30)]
    assert np.mean([[c > u for u in usual] for c in changed]) > 0.95


def test_a_scan_of_many_unusual_slices_is_not_called_normal(model):
    planes = cone(3000)
    marked = planes.copy()
    marked[:4] += np.random.default_rng(0).normal(0, 0.03, marked[:4].shape)
    # The scan as a whole may pass: what single slices say then decides.
    lenient = replace(
        model, calibration=replace(model.calibration, scan_scores=np.arange(1e4, 1e4 + 40))
    )
    settings = AnomalySettings(samples=2, likelihood_slices=1, false_alarm_rate=0.1)
    found = []
    for array in (planes, marked):
        image = Volume(array.clip(0, 1), Geometry(array.shape))
        found.append(screen(image, lenient, settings))
    assert found[0].slices_p_value > 0.1
    assert (found[1].slice_scores >= found[1].slice_threshold.value).sum() >= 4
    assert found[1].slices_p_value <= 0.1
    assert found[1].verdict == "unsure"
    assert "of 12 slices reach the threshold" in findings_of(found[1], lenient)[0]
