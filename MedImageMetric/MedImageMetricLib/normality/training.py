"""From normal scans to a model: autoencoders, distances of features, calibration.

Folds 0 and 1 train the networks, fold 2 shows how the networks answer to patients that they have
not seen, folds 3 and 4 are held out: their scores set the threshold. A run that was interrupted
goes on from its checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from MedImageLib.errors import InputError
from MedImageLib.network.fitting import FitSettings, fit
from MedImageLib.settings import check_settings, setting
from MedImageMetricLib.normality.autoencoder import (
    AutoencoderSettings,
    VariationalAutoencoder,
    on_grid,
    training_loss,
)
from MedImageMetricLib.normality.compression import (
    CompressingAutoencoder,
    CompressionSettings,
    FeatureAutoencoder,
    volume_on_grid,
)
from MedImageMetricLib.normality.normal_images import NormalScan, NormalSource
from MedImageMetricLib.normality.scores import perturbed
from MedImageMetricLib.normality.view import ImageView

TRAINED, SHOWN, HELD_OUT = (0, 1), (2,), (3, 4)


@dataclass(frozen=True)
class NormalityTraining:
    """All choices for one model; the settings file of a shipped model holds these."""

    name: str = setting("normality", help="Name of the model.")
    view: ImageView = field(default_factory=ImageView)
    sources: tuple[NormalSource, ...] = ()
    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    fitting: FitSettings = field(
        default_factory=lambda: FitSettings(steps=2500, learning_rate=2e-3, weight_decay=1e-4)
    )
    background_steps: int = setting(
        0, help="Steps of the background model; 0: none is made.", minimum=0
    )
    background_share: float = setting(
        0.15, help="Share of pixels that the background model sees perturbed.", maximum=1.0
    )
    compression: CompressionSettings | None = None
    compression_steps: int = setting(600, help="Steps of each network of volumes.", minimum=1)
    body_pose: bool = setting(
        False, help="Whether the body is also looked at in eight ways; where it has clear sides."
    )
    batch: int = setting(32, help="Images of a step.", minimum=1)
    planes_of_scan: int = setting(
        24, help="Most slices of a scan that distances are fitted to.", minimum=1
    )
    seed: int = setting(1, help="Of weights and draws.", minimum=0)
    licence: str = setting("", help="Of the weights.")
    intended_use: str = setting("", help="One or two sentences.")
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    trainer: str = setting("", help="Function that trains; read by `medimage train`.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class Networks:
    """What is trained by gradients; None where the settings ask for none."""

    autoencoder: VariationalAutoencoder
    background: VariationalAutoencoder | None = None
    compressing: CompressingAutoencoder | None = None
    features: FeatureAutoencoder | None = None


def train_networks(
    settings: NormalityTraining,
    scans: Sequence[NormalScan],
    run: Path,
    say: Callable[[str], None] = print,
) -> Networks:
    """All networks, from checkpoints in `run` where they are. Raises InputError without scans."""
    trained = [scan for scan in scans if scan.fold in TRAINED]
    if not trained:
        raise InputError("No patient fell into the folds to learn from; give more patients.")
    small = _small(settings, trained)
    autoencoder = _autoencoder(settings, small, run / "autoencoder", settings.fitting, 0.0, say)
    background = None
    if settings.background_steps:
        background = train_background(settings, trained, run, say)
    compressing, features = None, None
    if settings.compression is not None:
        compressing, features = _volume_networks(settings, trained, run, say)
    return Networks(autoencoder, background, compressing, features)


def train_background(
    settings: NormalityTraining,
    trained: Sequence[NormalScan],
    run: Path,
    say: Callable[[str], None] = print,
) -> VariationalAutoencoder:
    """The background model of `likelihood_ratio`: it learns the same scans, perturbed."""
    fitting = FitSettings(
        steps=settings.background_steps,
        learning_rate=settings.fitting.learning_rate,
        weight_decay=settings.fitting.weight_decay,
    )
    small, share = _small(settings, trained), settings.background_share
    return _autoencoder(settings, small, run / "background", fitting, share, say)


def _small(settings: NormalityTraining, scans: Sequence[NormalScan]) -> torch.Tensor:
    images = np.concatenate([scan.planes for scan in scans])
    side = settings.autoencoder.side
    return torch.cat([on_grid(torch.from_numpy(part), side) for part in _parts(images)])


def _autoencoder(
    settings: NormalityTraining,
    images: torch.Tensor,
    folder: Path,
    fitting: FitSettings,
    share: float,
    say: Callable[[str], None],
) -> VariationalAutoencoder:
    """A VAE of images (n, 1, side, side); share: of pixels that are perturbed."""
    torch.manual_seed(settings.seed)
    network = VariationalAutoencoder(settings.autoencoder)
    warm = max(1, fitting.steps // 5)

    def loss_of_step(model: VariationalAutoencoder, step: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(settings.seed * 100003 + step)
        chosen = torch.randint(len(images), (settings.batch,), generator=generator)
        batch = _moved(images[chosen], generator)
        if share:
            batch = perturbed(batch, share, generator)
        return training_loss(model, batch, min(1.0, (step + 1) / warm))

    return fit(network, loss_of_step, folder, fitting, lambda text: say(f"{folder.name}: {text}"))


def _volume_networks(
    settings: NormalityTraining,
    scans: Sequence[NormalScan],
    run: Path,
    say: Callable[[str], None],
) -> tuple[CompressingAutoencoder, FeatureAutoencoder]:
    size = settings.compression
    assert size is not None
    volumes = torch.cat([volume_on_grid(scan.planes, size.grid) for scan in scans])
    fitting = FitSettings(
        steps=settings.compression_steps, learning_rate=2e-3, weight_decay=1e-4, average=0.99
    )
    torch.manual_seed(settings.seed)

    def chosen(count: int, step: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(settings.seed * 100003 + step)
        return torch.randint(len(volumes), (count,), generator=generator)

    compressing = fit(
        CompressingAutoencoder(size),
        lambda model, step: model.loss(volumes[chosen(6, step)]),
        run / "compression",
        fitting,
        lambda text: say(f"compression: {text}"),
    )
    with torch.no_grad():
        found = torch.cat([compressing.compress(part) for part in volumes.split(16)])
    network = FeatureAutoencoder(size)
    network.standardize_by(found)
    standardized = network.standardized(found)

    def feature_loss(model: FeatureAutoencoder, step: int) -> torch.Tensor:
        batch = standardized[chosen(32, step)]
        # Few volumes: noise keeps the decoder's variance from closing in on each of them.
        return model.loss(batch + 0.2 * torch.randn(batch.shape))

    features = fit(
        network, feature_loss, run / "features", fitting, lambda text: say(f"features: {text}")
    )
    return compressing, features


def _moved(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images shifted by up to a thirtieth of their side, each its own way."""
    side = images.shape[-1]
    most = max(1, side // 30)
    padded = torch.nn.functional.pad(images, [most] * 4, mode="replicate")
    offsets = torch.randint(2 * most + 1, (len(images), 2), generator=generator).tolist()
    return torch.stack(
        [
            padded[n, :, top : top + side, left : left + side]
            for n, (top, left) in enumerate(offsets)
        ]
    )


def _parts(images: np.ndarray, size: int = 256) -> list[np.ndarray]:
    return [
        np.ascontiguousarray(images[n : n + size], np.float32) for n in range(0, len(images), size)
    ]
