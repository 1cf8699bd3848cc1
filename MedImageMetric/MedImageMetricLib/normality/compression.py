"""Volumes in a few numbers: a separate autoencoder compresses, a VAE of vectors models them.

The compressing autoencoder is trained first, by squared error alone; the VAE then learns its
features, standardized by mean and deviation of the training volumes (chapter 2.1, second input).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from MedImageLib.settings import check_settings, setting
from MedImageMetricLib.normality.autoencoder import LOG_2PI, Gaussian


@dataclass(frozen=True)
class CompressionSettings:
    """Grid of the volume and size of both networks."""

    grid: tuple[int, int, int] = setting(
        (32, 48, 48), help="Volume grid (k, j, i), multiples of 8.", minimum=8
    )
    channels: tuple[int, ...] = setting((8, 16, 24), help="Channels of the halvings.", minimum=1)
    features: int = setting(48, help="Numbers that stand for a volume.", minimum=1)
    latent: int = setting(12, help="Attributes of the VAE of features.", minimum=1)
    hidden: int = setting(96, help="Width of the VAE of features.", minimum=1)

    def __post_init__(self) -> None:
        check_settings(self)


class CompressingAutoencoder(nn.Module):
    """Volumes (n, 1, *grid) to features (n, features) and back."""

    def __init__(self, settings: CompressionSettings) -> None:
        super().__init__()
        widths = settings.channels
        self.low = tuple(size // 2 ** len(widths) for size in settings.grid)
        self.width = widths[-1]
        cells = widths[-1] * math.prod(self.low)
        down: list[nn.Module] = []
        for before, after in zip((1, *widths), widths, strict=False):
            down += [nn.Conv3d(before, after, 3, 2, 1), nn.GroupNorm(4, after), nn.SiLU()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(cells, settings.features))
        self.head = nn.Linear(settings.features, cells)
        up: list[nn.Module] = []
        for before, after in zip(widths[::-1], (*widths[-2::-1], widths[0]), strict=True):
            up += [
                nn.Upsample(scale_factor=2),
                nn.Conv3d(before, after, 3, 1, 1),
                nn.GroupNorm(4, after),
                nn.SiLU(),
            ]
        self.decoder = nn.Sequential(*up, nn.Conv3d(widths[0], 1, 3, 1, 1))

    def compress(self, volumes: Tensor) -> Tensor:
        return self.encoder(volumes)

    def expand(self, features: Tensor) -> Tensor:
        return self.decoder(self.head(features).reshape(-1, self.width, *self.low))

    def loss(self, volumes: Tensor) -> Tensor:
        """Mean squared error of the volumes brought back."""
        return functional.mse_loss(self.expand(self.compress(volumes)), volumes)


class FeatureAutoencoder(nn.Module):
    """A VAE of standardized feature vectors (n, d); its decoder variance is learned."""

    feature_mean: Tensor
    feature_spread: Tensor

    def __init__(self, settings: CompressionSettings) -> None:
        super().__init__()
        size, hidden, self.latent = settings.features, settings.hidden, settings.latent
        self.encoder = nn.Sequential(
            nn.Linear(size, hidden), nn.SiLU(), nn.Linear(hidden, 2 * self.latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(self.latent, hidden), nn.SiLU(), nn.Linear(hidden, size)
        )
        self.feature_log_variance = nn.Parameter(torch.zeros(size))
        self.register_buffer("feature_mean", torch.zeros(size))
        self.register_buffer("feature_spread", torch.ones(size))
        self.dimension = size

    def standardize_by(self, features: Tensor) -> None:
        """Keep mean and deviation of training features (n, d)."""
        self.feature_mean.copy_(features.mean(0))
        self.feature_spread.copy_(features.std(0).clamp_min(1e-6))

    def standardized(self, features: Tensor) -> Tensor:
        return (features - self.feature_mean) / self.feature_spread

    def posterior(self, features: Tensor) -> Gaussian:
        """q(z|x) of standardized features."""
        mean, log_variance = self.encoder(features).chunk(2, dim=1)
        return Gaussian(mean, log_variance.clamp(-10.0, 4.0))

    def log_decoder(self, features: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats of standardized features, shape (n)."""
        log_variance = self.feature_log_variance.clamp_min(-4.0)
        squares = (features - self.decoder(z)) ** 2 / log_variance.exp()
        return -0.5 * (squares + log_variance + LOG_2PI).sum(1)

    def loss(self, features: Tensor) -> Tensor:
        """Mean of −L per feature."""
        posterior = self.posterior(features)
        likelihood = self.log_decoder(features, posterior.sample())
        return (posterior.divergence().sum(1) - likelihood).mean() / self.dimension


def volume_on_grid(planes: np.ndarray, grid: tuple[int, int, int]) -> Tensor:
    """Planes (k, j, i) of a view as a volume (1, 1, *grid)."""
    volume = torch.from_numpy(np.ascontiguousarray(planes))[None, None]
    return functional.adaptive_avg_pool3d(_at_least(volume, grid), grid)


def _at_least(volume: Tensor, grid: tuple[int, int, int]) -> Tensor:
    size = [max(have, need) for have, need in zip(volume.shape[2:], grid, strict=True)]
    if tuple(volume.shape[2:]) == tuple(size):
        return volume
    return functional.interpolate(volume, size, mode="trilinear", align_corners=False)
