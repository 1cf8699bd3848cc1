"""Divergence, match likelihood and compliance against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from MedImageMetricLib.normality.autoencoder import Gaussian
from MedImageMetricLib.normality.divergence import (
    divergences,
    gaussian_compliance,
    match_likelihood,
    sampled_divergences,
)

POSTERIOR = Gaussian(torch.tensor([[0.0, 1.5, -3.0, 0.2]]), torch.tensor([[0.0, -1.0, -4.0, 0.7]]))


def test_the_standard_normal_has_no_divergence():
    same = Gaussian(torch.zeros(2, 3), torch.zeros(2, 3))
    assert torch.equal(divergences(same), torch.zeros(2, 3))


def test_samples_agree_with_the_closed_form():
    found, error = sampled_divergences(POSTERIOR, 4000, torch.Generator().manual_seed(0))
    away = (found - divergences(POSTERIOR)).abs() / error.clamp_min(1e-6)
    assert float(away.max()) < 3.5


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0, 8.0])
def test_compliance_of_a_shifted_normal_is_its_overlap(shift):
    q = Gaussian(torch.tensor([[shift]]), torch.zeros(1, 1))
    expected = 100 * 2 * norm.cdf(-shift / 2)
    assert float(gaussian_compliance(q)) == pytest.approx(expected, abs=0.1)


def test_compliance_of_a_narrow_posterior_is_not_lost_between_grid_points():
    narrow = Gaussian(torch.zeros(1, 1), torch.full((1, 1), -10.0))
    deviation = np.exp(-5)
    x = np.sqrt(-2 * np.log(deviation) / (1 / deviation**2 - 1))  # where both densities meet
    expected = 100 * (2 * norm.cdf(x) - 1 + 2 * norm.sf(x / deviation))
    assert float(gaussian_compliance(narrow)) == pytest.approx(expected, abs=0.1)


def test_match_likelihood_is_one_at_the_mean_and_falls():
    mean, spread = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.5])
    found = [
        float(match_likelihood(mean + n * spread, mean, spread)) for n in (0.0, 1.0, 2.0, 10.0)
    ]
    assert found[0] == pytest.approx(1.0)
    assert found[1] == pytest.approx(2 * norm.sf(1), abs=1e-6)
    assert found == sorted(found, reverse=True)
    assert found[3] < 1e-6
