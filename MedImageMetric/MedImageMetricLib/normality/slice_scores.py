"""Scores of slices and scans under a model: groups of features, their distances, one number.

A slice's score joins the groups; a scan's score joins its most unusual slices with how neighbors
fit one another and with the compressed volume, where the model has these. Larger = more abnormal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedImageMetricLib.normality.autoencoder import VariationalAutoencoder, on_grid
from MedImageMetricLib.normality.body_pose import body_outlines
from MedImageMetricLib.normality.compression import (
    CompressingAutoencoder,
    FeatureAutoencoder,
    volume_on_grid,
)
from MedImageMetricLib.normality.feature_distance import (
    GroupDistance,
    combined,
    unusual_groups,
)
from MedImageMetricLib.normality.features import neighbor_features, plane_features
from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.pose import edge_directions

BATCH = 32
FEWEST_NEIGHBORS = 5
LEARNED = ("reconstruction", "attributes")
MAP = 8  # residuals are summed over this many blocks along each side


@dataclass(frozen=True, eq=False)
class SliceScores:
    """Of the slices of a scan.

    groups: how unusual each group is, in deviations, (k) each. scores: (k). small: (k, 1, side,
    side) as the autoencoder sees them. divergence: KL of each attribute, (k, latent).
    """

    groups: Mapping[str, np.ndarray]
    scores: np.ndarray
    small: Tensor
    divergence: np.ndarray


def score_slices(model: NormalityModel, planes: np.ndarray) -> SliceScores:
    """Scores of planes (k, side, side) of the model's view."""
    small = small_images(planes, model.autoencoder.settings.side)
    learned, divergence = learned_features(model.autoencoder, small)
    plain = plane_features(planes, model.card.view.grays == "hounsfield")
    pose = model.pose.features(edge_directions(planes))
    features = {**model.anatomy.left_over(plain), **learned, "pose": pose}
    if model.body_pose is not None:
        features["body pose"] = model.body_pose.features(body_outlines(planes))
    groups = unusual_groups(model.slice_distances, features)
    scores = model.joining.scores(groups) if model.joining else combined(groups)
    return SliceScores(groups, scores, small, divergence)


def small_images(planes: np.ndarray, side: int) -> Tensor:
    """Planes as the autoencoder sees them, (k, 1, side, side)."""
    parts = [
        on_grid(torch.from_numpy(np.ascontiguousarray(planes[n : n + 256])), side)
        for n in range(0, len(planes), 256)
    ]
    return torch.cat(parts)


def learned_features(
    network: VariationalAutoencoder, small: Tensor
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Groups `reconstruction` and `attributes` (k, d), and the divergence of each attribute.

    Reconstruction: where and how much the image differs from what the network makes of it, in
    standard deviations of the decoder. Attributes: the mean of q(z|x).
    """
    found: dict[str, list[Tensor]] = {"reconstruction": [], "attributes": []}
    divergences = []
    with torch.inference_mode():
        for part in small.split(BATCH):
            posterior = network.posterior(part)
            residual = network.residual(part, network.mean_image(posterior.mean))
            squares = functional.adaptive_avg_pool2d(residual**2, MAP).flatten(1)
            signed = functional.adaptive_avg_pool2d(residual, MAP).flatten(1)
            whole = torch.log((residual**2).mean((1, 2, 3)) + 1e-3)[:, None]
            divergence = posterior.divergence()
            total = torch.log(divergence.sum(1) + 1e-3)[:, None]
            found["reconstruction"].append(torch.cat([torch.log(squares + 1e-2), signed, whole], 1))
            found["attributes"].append(torch.cat([posterior.mean, total], 1))
            divergences.append(divergence)
    groups = {name: torch.cat(parts).numpy().astype(np.float64) for name, parts in found.items()}
    return groups, torch.cat(divergences).numpy().astype(np.float64)


def scan_features(
    planes: np.ndarray,
    groups: Mapping[str, np.ndarray],
    compressing: CompressingAutoencoder | None,
    features: FeatureAutoencoder | None,
) -> dict[str, np.ndarray]:
    """Groups `profile`, `neighbors` and `volume` of one scan, (1, d) each; none for few slices.

    groups: how unusual each group of its slices is. The profile is the mean of those that no
    network answers and of their upper third: what is a little unusual everywhere. Of the neighbors
    the pairs that fit worst and best count: a step that is too long, or none at all.
    """
    if len(planes) < FEWEST_NEIGHBORS:
        return {}
    # By name, since a model that was stored gives its groups in another order than a fitted one.
    plain = [groups[name] for name in sorted(groups) if name not in LEARNED]
    profile = np.array([[values.mean(), most_unusual(values)] for values in plain]).ravel()
    neighbors = neighbor_features(planes)
    ends = np.concatenate([neighbors.min(0), neighbors.max(0)])
    found = {"profile": profile[None], "neighbors": ends[None]}
    if compressing is not None and features is not None:
        found["volume"] = volume_features(planes, compressing, features)
    return found


def volume_features(
    planes: np.ndarray, compressing: CompressingAutoencoder, features: FeatureAutoencoder
) -> np.ndarray:
    """What the VAE of compressed volumes says of one volume, (1, d).

    Error of the compression, log p(x|z) at the mean of q(z|x), divergence, and that mean.
    """
    from MedImageMetricLib.normality.likelihood import log_prior

    with torch.inference_mode():
        volume = volume_on_grid(planes, _grid(compressing))
        code = compressing.compress(volume)
        error = functional.mse_loss(compressing.expand(code), volume)
        standardized = features.standardized(code)
        posterior = features.posterior(standardized)
        likelihood = features.log_decoder(standardized, posterior.mean)
        values = torch.cat(
            [
                torch.stack([torch.log(error + 1e-6), likelihood[0] / features.dimension]),
                torch.log(posterior.divergence().sum(1) + 1e-3),
                log_prior(posterior.mean) / features.latent,
                posterior.mean[0],
            ]
        )
    return values.numpy().astype(np.float64)[None]


def most_unusual(scores: np.ndarray) -> float:
    """Mean of the third of a scan's slices that is most unusual."""
    count = max(1, -(-len(scores) // 3))
    return float(np.sort(scores)[-count:].mean())


def score_scan(
    model: NormalityModel, planes: np.ndarray, slices: SliceScores
) -> tuple[float, dict[str, float]]:
    """Score of a scan from the scores of its slices, and its groups in deviations."""
    usual = most_unusual(slices.scores)
    groups = {"slices": (usual - model.slice_center) / model.slice_spread}
    if model.card.view.volumes:
        found = scan_features(planes, slices.groups, model.compressing, model.features)
        known: dict[str, GroupDistance] = {
            name: model.scan_distances[name] for name in found if name in model.scan_distances
        }
        unusual = unusual_groups(known, found)
        groups |= {name: float(values[0]) for name, values in unusual.items()}
    return float(combined({k: np.array([v]) for k, v in groups.items()})[0]), groups


def _grid(compressing: CompressingAutoencoder) -> tuple[int, int, int]:
    halvings = sum(isinstance(m, torch.nn.Conv3d) for m in compressing.encoder)
    k, j, i = (size * 2**halvings for size in compressing.low)
    return k, j, i
