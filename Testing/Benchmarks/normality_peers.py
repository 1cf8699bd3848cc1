"""Peers of the normality models, that learn the same training slices.

Mahalanobis distance of seven plain features; where PyOD and scikit-learn are installed in the
Python that runs the benchmark, an Isolation Forest of the same features and PyOD's VAE of pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from MedImageLib.settings import settings_from_dict
from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.normal_images import read_normal_sources
from MedImageMetricLib.normality.slice_scores import small_images
from MedImageMetricLib.normality.training import NormalityTraining


def peers_of(model: NormalityModel, data: Path) -> dict[str, Callable[[np.ndarray], float]]:
    """Scores of planes (k, side, side) by name, of the first one; larger = more abnormal."""
    settings = settings_from_dict(model.card.training, NormalityTraining)
    scans = read_normal_sources(data, settings.sources, model.card.view)
    learned = [scan.planes[:: max(1, len(scan.planes) // 8)] for scan in scans if scan.fold < 3]
    features = np.stack([_seven(plane) for part in learned for plane in part])
    mean, inverse = features.mean(0), np.linalg.pinv(np.cov(features.T))

    def mahalanobis(planes: np.ndarray) -> float:
        away = _seven(planes[0]) - mean
        return float(away @ inverse @ away)

    peers = {"7-feature Mahalanobis": mahalanobis}
    try:
        from pyod.models.vae import VAE
        from sklearn.ensemble import IsolationForest
    except ImportError:
        return peers
    forest = IsolationForest(n_estimators=200, random_state=0).fit(features)
    pixels = np.concatenate([_pixels(part) for part in learned])
    network = VAE(
        epoch_num=40, batch_size=32, latent_dim=16, random_state=0, verbose=0,
        encoder_neuron_list=[256, 64], decoder_neuron_list=[64, 256],
    )  # fmt: skip
    network.fit(pixels)
    return peers | {
        "Isolation Forest": lambda planes: -float(forest.score_samples(_seven(planes[0])[None])[0]),
        "PyOD VAE": lambda planes: float(network.decision_function(_pixels(planes[:1]))[0]),
    }


def _pixels(planes: np.ndarray) -> np.ndarray:
    """Planes (n, side, side) as rows of 32 × 32 pixels."""
    small = small_images(np.ascontiguousarray(planes, np.float32), 32)
    return small.flatten(1).numpy().astype(float)


def _seven(plane: np.ndarray) -> np.ndarray:
    """Mean, deviation, share of dark, gradient, fine detail, entropy, symmetry."""
    down, across = np.gradient(plane)
    slope = np.hypot(down, across)
    detail = np.abs(np.diff(plane, 2, axis=0)).mean() + np.abs(np.diff(plane, 2, axis=1)).mean()
    share = np.histogram(plane, 32, (0, 1.5))[0] / plane.size
    entropy = -(share * np.log(share + 1e-9)).sum()
    symmetry = np.abs(plane - plane[:, ::-1]).mean()
    dark = (plane < 0.05).mean()
    return np.array([plane.mean(), plane.std(), dark, slope.mean(), detail, entropy, symmetry])
