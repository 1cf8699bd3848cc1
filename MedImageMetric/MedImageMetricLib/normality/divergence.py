"""How far q(z|x) lies from N(0, 1), attribute by attribute (chapter 2.3).

The divergence is given in closed form and from samples; from it follow the match likelihood
(higher = more likely normal) and the Gaussian compliance in percent.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from MedImageMetricLib.normality.autoencoder import Gaussian


def divergences(posterior: Gaussian) -> Tensor:
    """KL(q ‖ N(0, 1)) of each attribute in closed form, nats, (n, d)."""
    return posterior.divergence()


def sampled_divergences(
    posterior: Gaussian, samples: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """The same as means of log q − log p over draws, and their standard errors, (n, d) each."""
    logs = []
    for _ in range(samples):
        z = posterior.sample(generator)
        of_q = -0.5 * ((z - posterior.mean) ** 2 / posterior.log_variance.exp())
        logs.append(of_q - 0.5 * posterior.log_variance + 0.5 * z**2)
    stacked = torch.stack(logs)
    return stacked.mean(0), stacked.std(0) / math.sqrt(samples)


def match_likelihood(image: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """How well divergences (n, d) match those of normal images, of mean and deviation (d).

    Mean over attributes of the two-sided tail of a standard normal: 1 where every attribute has
    the usual divergence, toward 0 where none has.
    """
    z = (image - mean) / spread.clamp_min(1e-6)
    return torch.erfc(z.abs() / math.sqrt(2)).mean(-1)


def gaussian_compliance(posterior: Gaussian, draws: int = 256) -> Tensor:
    """Percent of each attribute's draws that fit N(0, 1), (n, d).

    100 times the overlap of q with N(0, 1): the integral of the smaller of both densities, on an
    even grid that covers both.
    """
    deviation = (0.5 * posterior.log_variance).exp()
    low = torch.minimum(posterior.mean - 5 * deviation, torch.tensor(-5.0))
    high = torch.maximum(posterior.mean + 5 * deviation, torch.tensor(5.0))
    # Dense where q is: a narrow q would fall between the points of an even grid.
    even = torch.linspace(0, 1, draws)
    near = posterior.mean[..., None] + deviation[..., None] * (10 * even - 5)
    wide = low[..., None] + (high - low)[..., None] * even
    points = torch.cat([near, wide], -1).sort(-1).values
    of_q = _density(points, posterior.mean[..., None], deviation[..., None])
    of_prior = _density(points, torch.tensor(0.0), torch.tensor(1.0))
    return 100 * torch.trapezoid(torch.minimum(of_q, of_prior), points, dim=-1)


def _density(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return torch.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
