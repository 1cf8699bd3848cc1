"""The stored ensemble: weights of all networks, a JSON that says all about them, a card.

It is loaded only when these fit one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork, AggregationSettings
from CardiacLVLib.ensemble.conversion import TARGET_IMAGE
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.errors import ModelError
from MedImageLib.network.folding import fold, folded
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_card import (
    DATA_COLUMNS,
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
from MedImageLib.settings import settings_from_dict

MODEL = "cine_indices"
COLUMNS = {**DATA_COLUMNS, "walled": "with myocardium", "origin": "labels"}


@dataclass(frozen=True, kw_only=True)
class EnsembleCard(CardFacts):
    """What is known of an ensemble; entries of `data` also say how many images have a wall
    (`walled`) and how their labels came about (`origin`)."""

    members: int
    network: AggregationSettings = field(default_factory=AggregationSettings)
    framing: Framing = TARGET_IMAGE
    indices: tuple[str, ...] = INDEX_NAMES


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Loaded networks, ready for inference (normalization folded)."""

    card: EnsembleCard
    networks: tuple[AggregationNetwork, ...]
    weights_sha256: str


def load_ensemble(name_or_folder: str | Path = MODEL) -> Ensemble:
    """The ensemble of the product, or any by folder.

    Raises ModelError when files are absent, damaged or do not fit one another.
    """
    folder = model_folder(name_or_folder)
    card, digest = _read_card(folder)
    tensors = read_weights(folder, digest)
    networks = []
    for member in range(card.members):
        prefix = f"{member}."
        own = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
        network = AggregationNetwork(card.network)
        fill_network(network, own, folder)
        networks.append(fold(network))
    return Ensemble(card, tuple(networks), digest)


def ready(network: AggregationNetwork) -> AggregationNetwork:
    """A copy for inference."""
    return folded(network)


def save_ensemble(folder: Path, networks: Sequence[AggregationNetwork], card: EnsembleCard) -> str:
    """Write weights.safetensors, model.json and MODEL_CARD.md; returns the SHA-256 of the weights.

    Raises ModelError for weights over 10 MiB in all.
    """
    tensors = {
        f"{member}.{name}": value
        for member, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    digest = write_weights(folder, card.name, tensors)
    write_description(folder, card, digest, _facts(card, networks[0]), COLUMNS)
    return digest


def _read_card(folder: Path) -> tuple[EnsembleCard, str]:
    values, digest = read_description(folder)
    try:
        for name, kind in (("network", AggregationSettings), ("framing", Framing)):
            values[name] = settings_from_dict(values[name], kind, DESCRIPTION)
        values["indices"] = tuple(values["indices"])
        card = EnsembleCard(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder / DESCRIPTION}: no valid description ({error}).") from error
    if card.indices != INDEX_NAMES:
        raise ModelError(f"{folder}: answers {card.indices}, expected {INDEX_NAMES}; train again.")
    return card, digest


def _facts(card: EnsembleCard, network: AggregationNetwork) -> list[str]:
    parameters = sum(p.numel() for p in network.parameters())
    return [
        f"Answers: {', '.join(card.indices)}",
        f"Networks: {card.members} deep layer aggregation networks of {parameters:,} parameters; "
        f"target image {' × '.join(map(str, card.framing.size))} at {card.framing.pixel_mm:g} mm",
    ]
