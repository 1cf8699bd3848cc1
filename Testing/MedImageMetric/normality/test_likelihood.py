"""The three estimators on a model whose P(x) is known: x = W z + b + noise, z from N(0, I)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from MedImageLib.errors import InputError
from MedImageMetricLib.normality.autoencoder import (
    LOG_2PI,
    AutoencoderSettings,
    Gaussian,
    VariationalAutoencoder,
    objective,
)
from MedImageMetricLib.normality.chains import ChainSettings, posterior_chains
from MedImageMetricLib.normality.likelihood import (
    LikelihoodSettings,
    importance_sampling,
    likelihoods,
    log_prior,
    markov_chain,
    monte_carlo,
)

DIMENSION, LATENT, SIGMA = 12, 3, 0.5


@dataclass
class LinearGaussian:
    """p(x|z) = N(W z + b, σ² I) with a diagonal q(z|x), as wide as the true posterior times
    `widened`."""

    w: torch.Tensor
    b: torch.Tensor
    widened: float = 1.2

    latent = LATENT
    dimension = DIMENSION

    def exact_posterior(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        precision = torch.eye(LATENT) + self.w.T @ self.w / SIGMA**2
        covariance = torch.linalg.inv(precision)
        return (images - self.b) @ self.w @ covariance / SIGMA**2, covariance

    def posterior(self, images: torch.Tensor) -> Gaussian:
        mean, covariance = self.exact_posterior(images)
        variance = self.widened**2 * torch.diagonal(covariance)
        return Gaussian(mean, variance.log().expand_as(mean))

    def log_decoder(self, images: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        squares = ((images - z @ self.w.T - self.b) / SIGMA) ** 2
        return -0.5 * (squares + 2 * math.log(SIGMA) + LOG_2PI).sum(1)

    def log_marginal(self, images: torch.Tensor) -> np.ndarray:
        covariance = self.w @ self.w.T + SIGMA**2 * torch.eye(DIMENSION)
        known = multivariate_normal(self.b.numpy(), covariance.numpy())
        return np.atleast_1d(known.logpdf(images.numpy()))

    def log_expectation_under_q(self, images: torch.Tensor) -> np.ndarray:
        """log E_q[p(x|z)] = log N(x; W m + b, W S Wᵀ + σ² I)."""
        q = self.posterior(images)
        spread = torch.diag(q.log_variance[0].exp())
        covariance = (self.w @ spread @ self.w.T + SIGMA**2 * torch.eye(DIMENSION)).numpy()
        means = (q.mean @ self.w.T + self.b).numpy()
        return np.array(
            [
                multivariate_normal(mean, covariance).logpdf(x)
                for mean, x in zip(means, images.numpy(), strict=True)
            ]
        )


@pytest.fixture(scope="module")
def case() -> tuple[LinearGaussian, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    model = LinearGaussian(
        torch.randn(DIMENSION, LATENT, generator=generator),
        torch.randn(DIMENSION, generator=generator),
    )
    z = torch.randn(4, LATENT, generator=generator)
    noise = SIGMA * torch.randn(4, DIMENSION, generator=generator)
    return model, z @ model.w.T + model.b + noise


def deviations(estimates, truth) -> np.ndarray:
    return np.array(
        [
            (one.log_likelihood - t) / one.standard_error
            for one, t in zip(estimates, truth, strict=True)
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_importance_sampling_finds_the_known_likelihood(case, seed):
    model, images = case
    generator = torch.Generator().manual_seed(seed)
    found = importance_sampling(model, images, 4000, generator)
    assert np.abs(deviations(found, model.log_marginal(images))).max() < 3
    assert max(one.standard_error for one in found) < 0.05
    assert min(one.effective_samples for one in found) > 400


@pytest.mark.parametrize("seed", range(3))
def test_markov_chains_find_the_known_likelihood(case, seed):
    model, images = case
    settings = LikelihoodSettings(chains=16, warm_up=40, fitted=100, fresh=150)
    found = markov_chain(model, images, settings, torch.Generator().manual_seed(seed))
    assert np.abs(deviations(found, model.log_marginal(images))).max() < 3
    assert max(one.standard_error for one in found) < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_monte_carlo_finds_its_own_expectation_and_not_the_likelihood(case, seed):
    model, images = case
    found = monte_carlo(model, images, 4000, torch.Generator().manual_seed(seed))
    assert np.abs(deviations(found, model.log_expectation_under_q(images))).max() < 3
    assert deviations(found, model.log_marginal(images)).min() > 10


def test_chains_have_the_mean_and_spread_of_the_posterior(case):
    model, images = case
    repeated = images.repeat_interleave(16, 0)
    mean, covariance = model.exact_posterior(images)
    draws, joints = posterior_chains(
        lambda z: log_prior(z) + model.log_decoder(repeated, z),
        mean.repeat_interleave(16, 0),
        torch.diagonal(covariance).sqrt().expand(len(repeated), -1),
        16,
        ChainSettings(warm_up=40, steps=200),
        torch.Generator().manual_seed(0),
    )
    assert joints.shape == draws.shape[:2]
    flat = draws.reshape(200, len(images), 16, LATENT).permute(1, 0, 2, 3).flatten(1, 2)
    assert torch.allclose(flat.mean(1), mean, atol=0.03)
    assert torch.allclose(torch.cov(flat[0].T), covariance, atol=0.1 * float(covariance.max()))


def test_extreme_images_neither_overflow_nor_underflow(case):
    model, images = case
    far = images + 1e4
    found = likelihoods(model, far, LikelihoodSettings(samples=8, chains=2, fitted=4, fresh=4))
    for three in found:
        for one in (three.monte_carlo, three.importance):
            assert math.isfinite(one.log_likelihood)
            assert one.log_likelihood < -1e6
    with pytest.raises(InputError, match="not finite"):
        likelihoods(model, images * float("nan"))


def test_the_bound_lies_below_the_likelihood():
    torch.manual_seed(0)
    settings = AutoencoderSettings(side=16, latent=2, channels=(8, 8), sigma=1.0)
    model = VariationalAutoencoder(settings).eval().requires_grad_(False)
    images = torch.rand(3, 1, 16, 16)
    found = importance_sampling(model, images, 500, torch.Generator().manual_seed(0))
    bound = objective(model, images, draws=500)
    for one, low in zip(found, bound, strict=True):
        assert float(low) < one.log_likelihood + 3 * one.standard_error


@pytest.mark.parametrize("covariance", ["identity", "learned"])
def test_decoder_density_is_that_of_independent_normals(covariance):
    settings = AutoencoderSettings(
        side=16, latent=2, channels=(8, 8), sigma=0.3, covariance=covariance
    )
    model = VariationalAutoencoder(settings).eval().requires_grad_(False)
    z, images = torch.randn(2, 2), torch.rand(2, 1, 16, 16)
    mean = model.mean_image(z).numpy()
    expected = multivariate_normal(np.zeros(256), 0.09 * np.eye(256)).logpdf(
        (images.numpy() - mean).reshape(2, 256)
    )
    assert model.log_decoder(images, z).numpy() == pytest.approx(expected, rel=1e-4)
