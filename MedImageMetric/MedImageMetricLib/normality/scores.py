"""Scores of abnormality beside the plain likelihood, all rising with abnormality.

A likelihood likes blank, blurred and flat images. Compared here: typicality (Nalisnick et al.,
2019), the ratio to a background model (Ren et al., 2019), likelihood regret (Xiao et al., 2020)
and input complexity (Serrà et al., 2020). The distance of features is in `feature_distance`.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor

from MedImageMetricLib.normality.autoencoder import Gaussian
from MedImageMetricLib.normality.likelihood import LatentModel, importance_sampling, log_prior


def log_likelihoods(model: LatentModel, images: Tensor, samples: int = 16, seed: int = 1) -> Tensor:
    """log P(x) by importance sampling, nats, (n)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        found = importance_sampling(model, images, samples, generator)
    return torch.tensor([one.log_likelihood for one in found])


def typicality(log_likelihood: Tensor, normal_mean: float) -> Tensor:
    """Distance of log P(x) from its mean over normal images, either way, nats."""
    return (log_likelihood - normal_mean).abs()


def likelihood_ratio(log_likelihood: Tensor, background: Tensor) -> Tensor:
    """Background minus model, nats; the background model learned the same images, perturbed."""
    return background - log_likelihood


def perturbed(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Images of which a share of pixels has any gray 0 … 1; what a background model learns."""
    hit = torch.rand(images.shape, generator=generator) < share
    return torch.where(hit, torch.rand(images.shape, generator=generator), images)


def likelihood_regret(
    model: LatentModel, images: Tensor, steps: int = 30, learning_rate: float = 0.05
) -> Tensor:
    """How much the bound on log P(x) grows when q(z|x) is fitted to this image alone, nats, (n).

    Mean and deviation of q are improved from the encoder's answer with the same noise in every
    step; the best bound seen counts, so that regret is never negative.
    """
    with torch.no_grad():
        first = model.posterior(images)
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(first.mean.shape, generator=generator)
    mean = first.mean.clone().requires_grad_(True)
    half = (0.5 * first.log_variance).clone().requires_grad_(True)
    optimizer = torch.optim.Adam([mean, half], learning_rate)

    def bound() -> Tensor:
        q = Gaussian(mean, 2 * half)
        z = mean + noise * half.exp()
        return log_prior(z) + model.log_decoder(images, z) - q.log_density(z)

    with torch.no_grad():
        start = bound()
    best = start.clone()
    for _ in range(steps):
        value = bound()
        best = torch.maximum(best, value.detach())
        optimizer.zero_grad(set_to_none=True)
        (-value.sum()).backward()
        optimizer.step()
    return torch.maximum(best, bound().detach()) - start


def complexity(images: np.ndarray, levels: int = 32) -> np.ndarray:
    """Nats that a lossless compressor needs for images (n, ...) of `levels` grays, (n).

    Neighboring differences are compressed, since the compressor knows no rows.
    """
    grays = np.clip(images * levels, 0, levels - 1).astype(np.uint8)
    found = []
    for one in grays:
        difference = np.diff(one.reshape(len(one), -1), axis=-1, prepend=0)
        found.append(len(zlib.compress(difference.tobytes(), 9)) * 8 * np.log(2))
    return np.array(found)
