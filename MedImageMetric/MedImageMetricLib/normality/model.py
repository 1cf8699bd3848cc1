"""A stored model of normal images: networks, distances, calibration; safetensors, JSON, card.

Everything a verdict needs is in one weights file; model.json says what it is. It is loaded only
when both fit one another, and no code is loaded with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from MedImageLib.errors import ModelError
from MedImageLib.network.model_card import (
    DESCRIPTION,
    CardFacts,
    read_description,
    write_description,
)
from MedImageLib.network.model_store import (
    fill_network,
    model_folder,
    read_weights,
    write_weights,
)
from MedImageLib.results import ModelUsed
from MedImageLib.settings import settings_from_dict
from MedImageMetricLib.normality.anatomy import Anatomy
from MedImageMetricLib.normality.autoencoder import AutoencoderSettings, VariationalAutoencoder
from MedImageMetricLib.normality.body_pose import BodyPose
from MedImageMetricLib.normality.compression import (
    CompressingAutoencoder,
    CompressionSettings,
    FeatureAutoencoder,
)
from MedImageMetricLib.normality.feature_distance import GroupDistance
from MedImageMetricLib.normality.joining import GroupJoining
from MedImageMetricLib.normality.pose import PoseReferences
from MedImageMetricLib.normality.view import ImageView

_ANATOMY_FIELDS = ("center", "axes", "anchors")
_POSE_FIELDS = ("references", "center", "precision")
_BODY_POSE_FIELDS = ("center", "precision")
_JOINING_FIELDS = ("center", "coupling", "tail")
_DISTANCE_FIELDS = ("scale", "centers", "basis", "variance", "log_mean", "log_spread", "tail")


@dataclass(frozen=True, kw_only=True)
class NormalityCard(CardFacts):
    """What is known of a model; compression: None where there is no path for volumes."""

    view: ImageView
    autoencoder: AutoencoderSettings
    compression: CompressionSettings | None = None


@dataclass(frozen=True, eq=False)
class Calibration:
    """What normal images are like that no part of the model was fitted to.

    slice_scores, scan_scores: of held-out slices and of scans of several slices, larger = more
    abnormal. likelihoods: log P(x) of some of them by importance sampling, nats.
    divergence_mean, divergence_spread: of each attribute's KL. slice_patients, scan_patients: the
    number of the patient of each score.
    """

    slice_scores: np.ndarray
    scan_scores: np.ndarray
    likelihoods: np.ndarray
    divergence_mean: np.ndarray
    divergence_spread: np.ndarray
    match_likelihoods: np.ndarray
    slice_patients: np.ndarray
    scan_patients: np.ndarray

    @property
    def patients(self) -> int:
        """How many patients the slices come from."""
        return len(np.unique(self.slice_patients))


@dataclass(frozen=True, eq=False)
class NormalityModel:
    """A loaded model.

    anatomy: what of a slice's features its layout predicts. pose: normal images that tell
    how a slice lies. slice_distances, scan_distances: by group of features. joining: how the groups
    of slices go together, None with too few patients. slice_center, slice_spread: of the mean over
    a scan's most unusual slices, in usual scans. body_pose: normal outlines of the body, None where
    they tell nothing.
    """

    card: NormalityCard
    autoencoder: VariationalAutoencoder
    compressing: CompressingAutoencoder | None
    features: FeatureAutoencoder | None
    anatomy: Anatomy
    pose: PoseReferences
    slice_distances: Mapping[str, GroupDistance]
    scan_distances: Mapping[str, GroupDistance]
    slice_center: float
    slice_spread: float
    calibration: Calibration | None
    joining: GroupJoining | None = None
    body_pose: BodyPose | None = None
    weights_sha256: str = ""

    @property
    def used(self) -> ModelUsed:
        """What a result says of it."""
        return ModelUsed(self.card.name, self.card.version, self.weights_sha256)


def save_normality_model(folder: Path, model: NormalityModel) -> str:
    """Write weights.safetensors, model.json and MODEL_CARD.md; returns the SHA-256 of the weights.

    Raises ModelError for models without calibration and weights over 10 MiB.
    """
    if model.calibration is None:
        raise ModelError(f"{model.card.name}: calibrate it on held-out normal images first.")
    tensors: dict[str, Tensor] = {}
    for prefix, network in _networks(model).items():
        for key, value in network.state_dict().items():
            tensors[f"{prefix}.{key}"] = value
    for kind in ("slice", "scan"):
        for name, distance in getattr(model, f"{kind}_distances").items():
            for key in _DISTANCE_FIELDS:
                tensors[f"{kind}_distance.{name}.{key}"] = _tensor(getattr(distance, key))
            residual = np.array([distance.residual_variance])
            tensors[f"{kind}_distance.{name}.residual"] = _tensor(residual)
    for key in _ANATOMY_FIELDS:
        tensors[f"anatomy.{key}"] = _tensor(getattr(model.anatomy, key))
    for name, weights in model.anatomy.weights.items():
        tensors[f"anatomy.weights.{name}"] = _tensor(weights)
    for key in _POSE_FIELDS:
        tensors[f"pose.{key}"] = _tensor(getattr(model.pose, key))
    for key in _BODY_POSE_FIELDS if model.body_pose else ():
        tensors[f"body_pose.{key}"] = _tensor(getattr(model.body_pose, key))
    for key in _JOINING_FIELDS if model.joining else ():
        tensors[f"joining.{key}"] = _tensor(getattr(model.joining, key))
    for one in fields(Calibration):
        tensors[f"calibration.{one.name}"] = _tensor(getattr(model.calibration, one.name))
    plain = [model.slice_center, model.slice_spread, model.anatomy.width]
    tensors["plain"] = _tensor(np.array(plain))
    digest = write_weights(folder, model.card.name, tensors)
    write_description(folder, model.card, digest, _facts(model))
    return digest


def load_normality_model(name_or_folder: str | Path) -> NormalityModel:
    """A model of the product by name, or any by folder.

    Raises ModelError when files are absent, damaged or do not fit one another.
    """
    folder = model_folder(name_or_folder)
    card, digest = read_normality_card(folder)
    tensors = read_weights(folder, digest)
    try:
        autoencoder = VariationalAutoencoder(card.autoencoder)
        fill_network(autoencoder, _below(tensors, "autoencoder"), folder)
        compressing = features = None
        if card.compression is not None:
            compressing = CompressingAutoencoder(card.compression)
            fill_network(compressing, _below(tensors, "compressing"), folder)
            features = FeatureAutoencoder(card.compression)
            fill_network(features, _below(tensors, "features"), folder)
        center, spread, width = tensors["plain"].tolist()
        calibration = {k: _array(v) for k, v in _below(tensors, "calibration").items()}
        body_pose = {k: _array(v) for k, v in _below(tensors, "body_pose").items()}
        joining = {k: _array(v) for k, v in _below(tensors, "joining").items()}
        return NormalityModel(
            card,
            autoencoder.eval().requires_grad_(False),
            compressing.eval().requires_grad_(False) if compressing else None,
            features.eval().requires_grad_(False) if features else None,
            Anatomy(
                **{key: _array(tensors[f"anatomy.{key}"]) for key in _ANATOMY_FIELDS},
                width=width,
                weights={k: _array(v) for k, v in _below(tensors, "anatomy.weights").items()},
            ),
            PoseReferences(**{key: _array(tensors[f"pose.{key}"]) for key in _POSE_FIELDS}),
            _distances(tensors, "slice_distance"),
            _distances(tensors, "scan_distance"),
            center,
            spread,
            Calibration(**calibration),
            GroupJoining(**joining) if joining else None,
            BodyPose(**body_pose) if body_pose else None,
            digest,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: parts of the model are missing ({error}).") from error


def read_normality_card(folder: Path) -> tuple[NormalityCard, str]:
    """The card and the SHA-256 that the weights must have. Raises ModelError."""
    values, digest = read_description(folder)
    kinds: dict[str, type] = {
        "view": ImageView,
        "autoencoder": AutoencoderSettings,
        "compression": CompressionSettings,
    }
    try:
        for name, kind in kinds.items():
            if values[name] is not None:
                values[name] = settings_from_dict(values[name], kind, DESCRIPTION)
        return NormalityCard(**values), digest
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder / DESCRIPTION}: no description of a normality model ({error})."
        ) from error


def _facts(model: NormalityModel) -> list[str]:
    card, known = model.card, model.calibration
    assert known is not None
    parameters = sum(
        p.numel() for network in _networks(model).values() for p in network.parameters()
    )
    volume = "" if card.compression is None else ", with a path for compressed volumes"
    return [
        f"Kind of image: {card.view.kind}; grid {card.view.side} × {card.view.side}",
        f"Networks: variational autoencoder {card.autoencoder.side} × {card.autoencoder.side}, "
        f"{card.autoencoder.latent} attributes, decoder covariance {card.autoencoder.covariance}"
        f"{volume}; {parameters:,} parameters",
        f"Groups of features: {', '.join((*model.slice_distances, *model.scan_distances))}",
        f"Calibrated on {len(known.slice_scores)} held-out images of {known.patients} patients",
        "A diseased organ is not a bad scan, and a normal verdict is no diagnosis",
    ]


def _networks(model: NormalityModel) -> dict[str, torch.nn.Module]:
    all_ = {
        "autoencoder": model.autoencoder,
        "compressing": model.compressing,
        "features": model.features,
    }
    return {name: network for name, network in all_.items() if network is not None}


def _distances(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, GroupDistance]:
    grouped: dict[str, dict[str, np.ndarray]] = {}
    for key, value in _below(tensors, prefix).items():
        name, _, part = key.rpartition(".")
        grouped.setdefault(name, {})[part] = _array(value)
    made = {}
    for name, parts in grouped.items():
        residual = float(parts.pop("residual")[0])
        made[name] = GroupDistance(**parts, residual_variance=residual)
    return made


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.double().numpy()


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
