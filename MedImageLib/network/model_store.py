"""Stored models: weights as safetensors, a JSON that says all about them, a card made from it.

A model is loaded only when its files fit one another: SHA-256 of the weights, every tensor of
the network present and none beyond. No code is ever loaded with a model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from MedImageLib.errors import ModelError
from MedImageLib.network.folding import folded
from MedImageLib.network.framing import Framing
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings
from MedImageLib.resources import resource_path
from MedImageLib.settings import settings_from_dict, settings_to_dict
from MedImageLib.writing.atomic import finished_file

FORMAT_VERSION = 1
LARGEST_BYTES = 10 * 2**20


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model.

    labels: structure names of classes 1, 2, …. percent: ranks of the gray normalization.
    data: one entry per source with name, patients, images, licence. metrics: as evaluated, with
    the protocol in words. training: the settings as plain values. command: what made it.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    network: NetworkSettings
    framing: Framing
    percent: tuple[float, float] = (1.0, 99.0)
    licence: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    data: tuple[dict[str, Any], ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    command: str = ""


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


def save_model(folder: Path, network: MultiLevelNetwork, card: ModelCard) -> str:
    """Write weights.safetensors, model.json and MODEL_CARD.md; returns the SHA-256 of the weights.

    Raises ModelError for weights over 10 MiB: models are small by design.
    """
    digest = write_weights(folder, card.name, network.cpu().state_dict())
    values = {
        "format_version": FORMAT_VERSION,
        "weights_sha256": digest,
        **settings_to_dict(card),
        "network": card.network.as_dict(),
    }
    with finished_file(folder / "model.json") as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    with finished_file(folder / "MODEL_CARD.md") as temporary:
        temporary.write_text(card_text(card, digest, network), "utf-8")
    return digest


def load_model(name_or_folder: str | Path) -> Model:
    """A model of the product by name, or any by folder.

    Raises ModelError when files are absent, damaged or do not fit one another.
    """
    folder = model_folder(name_or_folder)
    card, digest = read_card(folder)
    network = MultiLevelNetwork(card.network)
    fill_network(network, read_weights(folder, digest), folder)
    return Model(card, folded(network.eval()), digest)


def model_folder(name_or_folder: str | Path) -> Path:
    """Folder of a model of the product by name, or the folder itself.

    Raises ModelError for a folder without model.json.
    """
    folder = Path(name_or_folder)
    if (folder / "model.json").is_file():
        return folder
    if folder.is_dir() or len(folder.parts) != 1:
        raise ModelError(f"{folder}: there is no model.json; name the folder of a model.")
    return resource_path("models", str(name_or_folder))


def write_weights(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> str:
    """Write weights.safetensors of the model `name`; returns its SHA-256.

    Raises ModelError for weights over 10 MiB.
    """
    from safetensors.torch import save_file

    with finished_file(folder / "weights.safetensors") as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)
        temporary.chmod(0o644)  # the writer leaves it readable by its owner alone
        if temporary.stat().st_size > LARGEST_BYTES:
            raise ModelError(f"{name}: the weights are larger than 10 MiB; make it smaller.")
    return _sha256(folder / "weights.safetensors")


def read_weights(folder: Path, digest: str) -> dict[str, Tensor]:
    """Tensors of weights.safetensors; ModelError when absent or not of this SHA-256."""
    from safetensors.torch import load_file

    weights = folder / "weights.safetensors"
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
    path = folder / "model.json"
    try:
        values = json.loads(path.read_text("utf-8"))
        if values.pop("format_version") != FORMAT_VERSION:
            raise ModelError(f"{path}: written by a newer version; update the program.")
        digest = values.pop("weights_sha256")
        network = NetworkSettings.from_dict(values.pop("network"))
        framing = settings_from_dict(values.pop("framing"), Framing, path.name)
        for name in ("labels", "percent", "limits", "citations", "data"):
            values[name] = tuple(values.get(name, ()))
        return ModelCard(network=network, framing=framing, **values), digest
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: no valid model description ({error}).") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card_text(card: ModelCard, digest: str, network: MultiLevelNetwork) -> str:
    """The model card as Markdown."""
    parameters = sum(p.numel() for p in network.parameters())
    lines = [
        f"# {card.name} {card.version}",
        "",
        card.intended_use or "No intended use stated.",
        "",
        f"- Labels: {', '.join(f'{n} {label}' for n, label in enumerate(card.labels, 1))}",
        f"- Network: {card.network.dimensions}-D, {card.network.levels} levels, "
        f"{parameters:,} parameters; grid {' × '.join(map(str, card.framing.size))} "
        f"({card.framing.mode})",
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
        "| source | patients | images |",
        "| --- | ---: | ---: |",
        *(f"| {d['name']} | {d['patients']} | {d['images']} |" for d in card.data),
        "",
        *(f"- {citation}" for citation in card.citations),
        "",
        "## Accuracy",
        "",
        *metric_lines(card.metrics),
    ]
    return "\n".join(lines).rstrip() + "\n"


def metric_lines(metrics: dict[str, Any]) -> list[str]:
    """Markdown of a protocol and its tables; says so when nothing was measured."""
    if not metrics:
        return ["Not measured."]
    lines = [metrics.get("protocol", ""), ""]
    for title, rows in metrics.get("tables", {}).items():
        if not rows:
            continue
        head = list(rows[0])
        lines += [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        lines += ["| " + " | ".join(str(row[key]) for key in head) + " |" for row in rows]
        lines.append("")
    return lines
