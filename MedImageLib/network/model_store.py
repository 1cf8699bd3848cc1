"""Stored models: weights as safetensors, a JSON that says all about them, a card made from it.

A model is loaded only when its files fit one another: SHA-256 of the weights, every tensor of
the network present and none beyond. No code is ever loaded with a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from MedImageLib.errors import ModelError
from MedImageLib.network.folding import fold
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_card import (
    DESCRIPTION,
    CardFacts,
    read_description,
    write_description,
)
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings
from MedImageLib.resources import model_path
from MedImageLib.results import ModelUsed
from MedImageLib.settings import settings_from_dict
from MedImageLib.writing.atomic import finished_file

WEIGHTS = "weights.safetensors"
LARGEST_BYTES = 10 * 2**20


@dataclass(frozen=True, kw_only=True)
class ModelCard(CardFacts):
    """What is known of a multi-level network.

    labels: structure names of classes 1, 2, …. percent: ranks of the gray normalization.
    """

    labels: tuple[str, ...]
    network: NetworkSettings
    framing: Framing
    percent: tuple[float, float] = (1.0, 99.0)


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model; the network is ready for inference (normalization folded)."""

    card: ModelCard
    network: MultiLevelNetwork
    weights_sha256: str

    @property
    def structures(self) -> dict[int, str]:
        """Label value → structure name."""
        return dict(enumerate(self.card.labels, start=1))

    @property
    def used(self) -> ModelUsed:
        """What a result says of it."""
        return ModelUsed(self.card.name, self.card.version, self.weights_sha256)


def save_model(folder: Path, network: MultiLevelNetwork, card: ModelCard) -> str:
    """Write weights.safetensors, model.json and MODEL_CARD.md; returns the SHA-256 of the weights.

    Raises ModelError for weights over 10 MiB: models are small by design.
    """
    digest = write_weights(folder, card.name, network.cpu().state_dict())
    write_description(folder, card, digest, _facts(card, network))
    return digest


def load_model(name_or_folder: str | Path) -> Model:
    """A model of the product by name, or any by folder.

    Raises ModelError when files are absent, damaged or do not fit one another.
    """
    folder = model_folder(name_or_folder)
    card, digest = read_card(folder)
    network = MultiLevelNetwork(card.network)
    fill_network(network, read_weights(folder, digest), folder)
    return Model(card, fold(network), digest)


def trained_tensors(name_or_folder: str | Path) -> dict[str, Tensor]:
    """Weights as they were trained, to go on from; raises as `load_model` does."""
    folder = model_folder(name_or_folder)
    return read_weights(folder, read_card(folder)[1])


def model_folder(name_or_folder: str | Path) -> Path:
    """Folder of an installed model by name, or the folder itself.

    Raises ModelError for a folder without model.json.
    """
    folder = Path(name_or_folder)
    if (folder / "model.json").is_file():
        return folder
    if folder.is_dir() or len(folder.parts) != 1:
        raise ModelError(f"{folder}: there is no model.json; name the folder of a model.")
    return model_path(str(name_or_folder))


def write_weights(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> str:
    """Write weights.safetensors of the model `name`; returns its SHA-256.

    Raises ModelError for weights over 10 MiB.
    """
    from safetensors.torch import save_file

    with finished_file(folder / WEIGHTS) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)
        temporary.chmod(0o644)  # the writer leaves it readable by its owner alone
        if temporary.stat().st_size > LARGEST_BYTES:
            raise ModelError(f"{name}: the weights are larger than 10 MiB; make it smaller.")
    return _sha256(folder / WEIGHTS)


def read_weights(folder: Path, digest: str) -> dict[str, Tensor]:
    """Tensors of weights.safetensors; ModelError when absent or not of this SHA-256."""
    from safetensors.torch import load_file

    weights = folder / WEIGHTS
    if not weights.is_file():
        raise ModelError(f"{weights}: the weights are not there; train or copy the model again.")
    if weights.stat().st_size > LARGEST_BYTES or _sha256(weights) != digest:
        raise ModelError(f"{weights}: damaged or exchanged, its SHA-256 is not that of model.json.")
    try:
        return load_file(weights)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{weights}: cannot be read ({error}).") from error


def fill_network(network: nn.Module, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Give a network its tensors; ModelError unless every one is there and none beyond."""
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise ModelError(f"{folder}: does not fit the network of model.json ({error}).") from error


def read_card(folder: Path) -> tuple[ModelCard, str]:
    """The card and the SHA-256 that the weights must have; weights are not loaded."""
    values, digest = read_description(folder)
    try:
        values["network"] = NetworkSettings.from_dict(values["network"])
        values["framing"] = settings_from_dict(values["framing"], Framing, DESCRIPTION)
        for name in ("labels", "percent"):
            values[name] = tuple(values[name])
        return ModelCard(**values), digest
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder / DESCRIPTION}: no valid description ({error}).") from error


def _facts(card: ModelCard, network: MultiLevelNetwork) -> list[str]:
    parameters = sum(p.numel() for p in network.parameters())
    return [
        f"Labels: {', '.join(f'{n} {label}' for n, label in enumerate(card.labels, 1))}",
        f"Network: {card.network.dimensions}-D, {card.network.levels} levels, "
        f"{parameters:,} parameters; grid {' × '.join(map(str, card.framing.size))} "
        f"({card.framing.mode})",
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
