"""The variational autoencoder of normal images: q(z|x) and p(x|z), both diagonal Gaussians.

Images are (n, 1, side, side) on the gray scale of their `ImageView`, about 0 … 1, so that the
standard deviation of the decoder means a share of that range. Log-likelihoods are in nats over
all D = side² pixels (chapter 2.1, equation 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedImageLib.settings import check_settings, setting

LOG_2PI = math.log(2 * math.pi)
SMALLEST_LOG_VARIANCE = math.log(0.02**2)  # below that a pixel would decide alone


@dataclass(frozen=True)
class AutoencoderSettings:
    """Size of the network and kind of its decoder's covariance."""

    side: int = setting(64, help="Side of the square images.", unit="px", minimum=16)
    latent: int = setting(32, help="Attributes: dimensions of z.", minimum=1)
    channels: tuple[int, ...] = setting(
        (8, 16, 32, 64), help="Channels of the encoder's halvings.", minimum=1
    )
    covariance: Literal["identity", "learned"] = setting(
        "learned", help="Decoder variance: one fixed value, or one of each pixel, learned."
    )
    sigma: float = setting(
        0.1, help="Standard deviation of a pixel: fixed, or at the start.", minimum=1e-3
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Diagonal Gaussians: mean and log_variance of equal shape (n, d)."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(self.mean.shape, generator=generator)
        return self.mean + noise * (0.5 * self.log_variance).exp()

    def log_density(self, z: Tensor) -> Tensor:
        """Nats, summed over the last axis; z (..., d) is broadcast."""
        squares = (z - self.mean) ** 2 / self.log_variance.exp()
        return -0.5 * (squares + self.log_variance + LOG_2PI).sum(-1)

    def divergence(self) -> Tensor:
        """KL from N(0, 1) of each dimension, nats, shape (n, d)."""
        return 0.5 * (self.mean**2 + self.log_variance.exp() - 1 - self.log_variance)


class VariationalAutoencoder(nn.Module):
    """Convolutions with stride 2 down to q(z|x), and back up to the mean of p(x|z)."""

    def __init__(self, settings: AutoencoderSettings) -> None:
        super().__init__()
        self.settings = settings
        widths = settings.channels
        self.low = settings.side // 2 ** len(widths)
        down: list[nn.Module] = []
        for before, after in zip((1, *widths), widths, strict=False):
            down += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(4, after), nn.SiLU()]
        self.encoder = nn.Sequential(*down, nn.Flatten())
        features = widths[-1] * self.low**2
        self.posterior_head = nn.Linear(features, 2 * settings.latent)
        self.decoder_head = nn.Linear(settings.latent, features)
        up: list[nn.Module] = []
        for before, after in zip(widths[::-1], (*widths[-2::-1], widths[0]), strict=True):
            up += [
                nn.Upsample(scale_factor=2),
                nn.Conv2d(before, after, 3, 1, 1),
                nn.GroupNorm(4, after),
                nn.SiLU(),
            ]
        self.decoder = nn.Sequential(*up, nn.Conv2d(widths[0], 1, 3, 1, 1))
        start = torch.full((settings.side, settings.side), 2 * math.log(settings.sigma))
        if settings.covariance == "learned":
            self.pixel_log_variance: Tensor = nn.Parameter(start)
        else:
            self.register_buffer("pixel_log_variance", start)

    @property
    def dimension(self) -> int:
        """D, the number of pixels."""
        return self.settings.side**2

    @property
    def latent(self) -> int:
        return self.settings.latent

    def posterior(self, images: Tensor) -> Gaussian:
        """q(z|x) of images (n, 1, side, side)."""
        mean, log_variance = self.posterior_head(self.encoder(images)).chunk(2, dim=1)
        return Gaussian(mean, log_variance.clamp(-10.0, 4.0))

    def mean_image(self, z: Tensor) -> Tensor:
        """Mean of p(x|z), (n, 1, side, side), of z (n, latent)."""
        features = self.decoder_head(z).reshape(len(z), -1, self.low, self.low)
        return self.decoder(features)

    def log_variance(self) -> Tensor:
        """Of every pixel, (side, side)."""
        return self.pixel_log_variance.clamp_min(SMALLEST_LOG_VARIANCE)

    def residual(self, images: Tensor, means: Tensor) -> Tensor:
        """(x − mean) / standard deviation of every pixel, shape of the images."""
        return (images - means) * (-0.5 * self.log_variance()).exp()

    def log_decoder(self, images: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats, shape (n), of n images and as many z."""
        squares = self.residual(images, self.mean_image(z)) ** 2
        constant = (self.log_variance() + LOG_2PI).sum()
        return -0.5 * (squares.flatten(1).sum(1) + constant)


def objective(model: VariationalAutoencoder, images: Tensor, draws: int = 1) -> Tensor:
    """L of equation 1 in nats, shape (n): E_q[log p(x|z)] − KL(q(z|x) ‖ N(0, I)).

    The expectation is a mean over `draws` of z from torch's own generator.
    """
    posterior = model.posterior(images)
    likelihood = torch.stack(
        [model.log_decoder(images, posterior.sample()) for _ in range(draws)]
    ).mean(0)
    return likelihood - posterior.divergence().sum(1)


def training_loss(
    model: VariationalAutoencoder, images: Tensor, divergence_weight: float = 1.0
) -> Tensor:
    """Mean of −L per pixel: reconstruction loss and divergence loss, changed together.

    divergence_weight: below 1 while training begins, so that z is used at all.
    """
    posterior = model.posterior(images)
    reconstruction = -model.log_decoder(images, posterior.sample())
    divergence = posterior.divergence().sum(1)
    return (reconstruction + divergence_weight * divergence).mean() / model.dimension


def on_grid(planes: Tensor, side: int) -> Tensor:
    """Planes (n, rows, columns) as images (n, 1, side, side), smoothed where made coarser."""
    images = planes[:, None]
    if images.shape[-2:] == (side, side):
        return images
    return functional.interpolate(
        images, (side, side), mode="bilinear", antialias=True, align_corners=False
    )
