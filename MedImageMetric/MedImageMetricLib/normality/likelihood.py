"""Three estimators of log P(x) of an image under a latent model, in nats (chapter 2.2).

All work on logarithms, so that nothing under- or overflows, and each gives a standard error of its
logarithm and an effective sample size. Monte Carlo from q(z|x), as the source writes it, is no
estimate of P(x): its expectation is E_q[p(x|z)], which is larger wherever z explains x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from MedImageLib.errors import InputError
from MedImageLib.settings import check_settings, setting
from MedImageMetricLib.normality.autoencoder import LOG_2PI, Gaussian
from MedImageMetricLib.normality.chains import ChainSettings, posterior_chains


class LatentModel(Protocol):
    """What the estimators need: x of shape (n, ...), z of shape (n, latent)."""

    @property
    def latent(self) -> int: ...

    @property
    def dimension(self) -> int: ...

    def posterior(self, images: Tensor) -> Gaussian: ...

    def log_decoder(self, images: Tensor, z: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class LikelihoodSettings:
    """How much is drawn."""

    samples: int = setting(
        64, help="Draws of z for Monte Carlo and importance sampling.", minimum=2
    )
    chains: int = setting(8, help="Markov chains of each image.", minimum=2)
    warm_up: int = setting(20, help="Steps that find the step size and are left out.", minimum=1)
    fitted: int = setting(20, help="Steps of each chain that the density is fitted to.", minimum=2)
    fresh: int = setting(20, help="Further steps of each chain that are averaged.", minimum=2)
    seed: int = setting(1, help="Of all draws.", minimum=0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Estimate:
    """log P(x) of one image.

    log_likelihood, standard_error: nats over all D dimensions. effective_samples: of the draws,
    how many equal ones would be as good; for chains the number of chains bounds what is known.
    per_dimension: nats per dimension.
    """

    log_likelihood: float
    standard_error: float
    effective_samples: float
    dimension: int

    @property
    def per_dimension(self) -> float:
        return self.log_likelihood / self.dimension


@dataclass(frozen=True)
class Likelihoods:
    """The three estimates of one image."""

    monte_carlo: Estimate
    importance: Estimate
    markov_chain: Estimate


def monte_carlo(
    model: LatentModel, images: Tensor, samples: int, generator: torch.Generator | None = None
) -> list[Estimate]:
    """Equation 2: the mean of p(x|z) over z from q(z|x). See the module on its bias."""
    posterior = model.posterior(images)
    logs = [model.log_decoder(images, posterior.sample(generator)) for _ in range(samples)]
    return _means(torch.stack(logs), model.dimension)


def importance_sampling(
    model: LatentModel, images: Tensor, samples: int, generator: torch.Generator | None = None
) -> list[Estimate]:
    """Equation 3: the mean of p(z) p(x|z) / q(z|x) over z from q(z|x).

    Unbiased for P(x); its logarithm is too small in the mean (Jensen), by about half of the
    squared standard error. Few effective samples: q does not cover the posterior.
    """
    posterior = model.posterior(images)
    logs = []
    for _ in range(samples):
        z = posterior.sample(generator)
        joint = log_prior(z) + model.log_decoder(images, z)
        logs.append(joint - posterior.log_density(z))
    return _means(torch.stack(logs), model.dimension)


def markov_chain(
    model: LatentModel,
    images: Tensor,
    settings: LikelihoodSettings,
    generator: torch.Generator | None = None,
) -> list[Estimate]:
    """Equation 4: one over the mean of q(z) / (p(z) p(x|z)) over z from the posterior by MCMC.

    q is a Gaussian fitted to earlier draws, so that it is not fitted to what it is averaged over.
    The logarithm is too large in the mean where q has heavier tails than the posterior. The
    standard error comes from the spread between chains, which are independent.
    """
    posterior = model.posterior(images)
    count, chains = len(images), settings.chains
    repeated = images.repeat_interleave(chains, 0)

    def log_joint(z: Tensor) -> Tensor:
        return log_prior(z) + model.log_decoder(repeated, z)

    spread = (0.5 * posterior.log_variance).exp().repeat_interleave(chains, 0)
    start = Gaussian(
        posterior.mean.repeat_interleave(chains, 0),
        posterior.log_variance.repeat_interleave(chains, 0),
    ).sample(generator)
    steps = ChainSettings(warm_up=settings.warm_up, steps=settings.fitted + settings.fresh)
    draws, joints = posterior_chains(log_joint, start, spread, chains, steps, generator)
    shaped = draws.reshape(len(draws), count, chains, -1).double()
    joint = joints.reshape(len(joints), count, chains).double()
    estimates = []
    for n in range(count):
        density = _fitted_density(shaped[: settings.fitted, n].flatten(0, 1))
        fresh = shaped[settings.fitted :, n]
        logs = density.log_prob(fresh) - joint[settings.fitted :, n]  # (fresh, chains)
        means = torch.logsumexp(logs, 0) - math.log(len(logs))
        whole = torch.logsumexp(means, 0) - math.log(chains)
        relative = (means - whole).exp()
        error = float(relative.std() / math.sqrt(chains))
        flat = logs.flatten()
        effective = float((2 * torch.logsumexp(flat, 0) - torch.logsumexp(2 * flat, 0)).exp())
        estimates.append(Estimate(-float(whole), error, min(effective, len(flat)), model.dimension))
    return estimates


def likelihoods(
    model: LatentModel, images: Tensor, settings: LikelihoodSettings | None = None
) -> list[Likelihoods]:
    """All three of every image. Raises InputError for images that are not finite."""
    settings = settings or LikelihoodSettings()
    if not torch.isfinite(images).all():
        raise InputError("The image holds values that are not finite; it has no likelihood.")
    generator = torch.Generator().manual_seed(settings.seed)
    with torch.no_grad():
        first = monte_carlo(model, images, settings.samples, generator)
        second = importance_sampling(model, images, settings.samples, generator)
        third = markov_chain(model, images, settings, generator)
    return [Likelihoods(*three) for three in zip(first, second, third, strict=True)]


def log_prior(z: Tensor) -> Tensor:
    """log N(z; 0, I) in nats, summed over the last axis."""
    return -0.5 * (z**2 + LOG_2PI).sum(-1)


def _means(logs: Tensor, dimension: int) -> list[Estimate]:
    """Logarithm of the mean of exp(logs) over axis 0, with the delta method's error."""
    count = len(logs)
    logs = logs.double()
    log_sum = torch.logsumexp(logs, 0)
    effective = (2 * log_sum - torch.logsumexp(2 * logs, 0)).exp().clamp(1.0, count)
    variance = (count / effective - 1).clamp_min(0) / (count - 1)
    return [
        Estimate(float(total) - math.log(count), math.sqrt(float(v)), float(ess), dimension)
        for total, v, ess in zip(log_sum, variance, effective, strict=True)
    ]


def _fitted_density(draws: Tensor) -> torch.distributions.MultivariateNormal:
    """A Gaussian of the draws (n, d); correlations are shrunk where draws are few."""
    count, size = draws.shape
    covariance = torch.atleast_2d(torch.cov(draws.T))
    kept = count / (count + 2.0 * size)
    diagonal = torch.diag(torch.diagonal(covariance).clamp_min(1e-8))
    mixed = kept * covariance + (1 - kept) * diagonal
    return torch.distributions.MultivariateNormal(draws.mean(0), mixed)
