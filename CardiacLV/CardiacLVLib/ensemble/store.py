"""The stored ensemble: weights of all networks, a JSON that says all about them, a card.

It is loaded only when these fit one another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork, AggregationSettings
from CardiacLVLib.ensemble.conversion import TARGET_IMAGE
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.errors import ModelError
from MedImageLib.network.folding import folded
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_store import (
    FORMAT_VERSION,
    fill_network,
    metric_lines,
    model_folder,
    read_weights,
    write_weights,
)
from MedImageLib.settings import settings_from_dict, settings_to_dict
from MedImageLib.writing.atomic import finished_file

MODEL = "cine_indices"


@dataclass(frozen=True)
class EnsembleCard:
    """What is known of an ensemble.

    data: one entry per source with name, patients, images, origin of the labels. metrics: tables
    with the protocol in words. training: the settings as plain values. command: what made it.
    """

    name: str
    version: str
    members: int
    network: AggregationSettings = field(default_factory=AggregationSettings)
    framing: Framing = TARGET_IMAGE
    indices: tuple[str, ...] = INDEX_NAMES
    licence: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    data: tuple[dict[str, Any], ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    command: str = ""


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
        networks.append(ready(network))
    return Ensemble(card, tuple(networks), digest)


def ready(network: AggregationNetwork) -> AggregationNetwork:
    """A copy for inference."""
    return folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


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
    values = {"format_version": FORMAT_VERSION, "weights_sha256": digest, **settings_to_dict(card)}
    with finished_file(folder / "model.json") as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    with finished_file(folder / "MODEL_CARD.md") as temporary:
        temporary.write_text(_card_text(card, digest, networks[0]), "utf-8")
    return digest


def _read_card(folder: Path) -> tuple[EnsembleCard, str]:
    path = folder / "model.json"
    try:
        values = json.loads(path.read_text("utf-8"))
        if values.pop("format_version") != FORMAT_VERSION:
            raise ModelError(f"{path}: written by a newer version; update the program.")
        digest = values.pop("weights_sha256")
        for name, kind in (("network", AggregationSettings), ("framing", Framing)):
            values[name] = settings_from_dict(values[name], kind, path.name)
        for name in ("indices", "limits", "citations", "data"):
            values[name] = tuple(values[name])
        card = EnsembleCard(**values)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: no valid description of an ensemble ({error}).") from error
    if card.indices != INDEX_NAMES:
        raise ModelError(f"{path}: answers {card.indices}, expected {INDEX_NAMES}; train it again.")
    return card, digest


def _card_text(card: EnsembleCard, digest: str, network: AggregationNetwork) -> str:
    """The card as Markdown."""
    parameters = sum(p.numel() for p in network.parameters())
    lines = [
        f"# {card.name} {card.version}",
        "",
        card.intended_use or "No intended use stated.",
        "",
        f"- Answers: {', '.join(card.indices)}",
        f"- Networks: {card.members} deep layer aggregation networks of {parameters:,} parameters; "
        f"target image {' × '.join(map(str, card.framing.size))} at {card.framing.pixel_mm:g} mm",
        f"- Licence: {card.licence or 'not stated'}",
        f"- SHA-256 of the weights: `{digest}`",
        f"- Made by: `{card.command}`",
        "",
        "## Limits",
        *(f"- {limit}" for limit in card.limits),
        "- Research use. Not a medical device.",
        "",
        "## Training data",
        "",
        "| source | patients | images | with myocardium | labels |",
        "| --- | ---: | ---: | ---: | --- |",
        *(
            f"| {d['name']} | {d['patients']} | {d['images']} | {d['walled']} | {d['origin']} |"
            for d in card.data
        ),
        "",
        *(f"- {citation}" for citation in card.citations),
        "",
        "## Accuracy",
        "",
        *metric_lines(card.metrics),
    ]
    return "\n".join(lines).rstrip() + "\n"
