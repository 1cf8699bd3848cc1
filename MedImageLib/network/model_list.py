"""The models that are installed, and bringing in or taking out a user's own.

An imported model of the name of a shipped one takes its place until it is removed; results name
version and SHA-256 of what was used.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.errors import ModelError
from MedImageLib.network.model_card import CARD, DESCRIPTION, read_description
from MedImageLib.network.model_store import WEIGHTS, read_weights
from MedImageLib.resources import imported_models_folder, installed_models
from MedImageLib.writing.atomic import finished_folder

_FILES = (DESCRIPTION, CARD, "*.safetensors")  # some models have more than one file of numbers


@dataclass(frozen=True)
class InstalledModel:
    """One line of the list.

    origin: `shipped` or `imported`. accuracy: first line of its first table, in words. fault: why
    it cannot be used, or empty.
    """

    name: str
    version: str
    task: str
    licence: str
    size_mb: float
    sha256: str
    accuracy: str
    origin: str
    fault: str


def list_models() -> list[InstalledModel]:
    """All installed models by name; damaged ones too, with what is wrong."""
    return [_line(name, folder) for name, folder in installed_models().items()]


def import_model(folder: Path, replace: bool = False) -> InstalledModel:
    """Check a model folder and copy it to the user's models, whole or not at all.

    Raises ModelError when its files do not fit one another, when its name could not be a folder,
    or when it is there already and `replace` is False.
    """
    values, digest = read_description(folder)
    read_weights(folder, digest)
    name = str(values.get("name", ""))
    if not name.isidentifier():
        raise ModelError(f"{folder / DESCRIPTION}: the name {name!r} cannot name a folder.")
    target = imported_models_folder() / name
    if target.exists() and not replace:
        raise ModelError(f"The model {name} was imported before; remove it first, or replace it.")
    with finished_folder(target, replace=replace) as temporary:
        for pattern in _FILES:
            for file in folder.glob(pattern):
                shutil.copyfile(file, temporary / file.name)
    return _line(name, target)


def remove_model(name: str) -> None:
    """Remove an imported model; a shipped one of its name is in use again.

    Raises ModelError when no model of this name was imported.
    """
    target = imported_models_folder() / name
    if installed_models().get(name) != target:
        raise ModelError(f"No model {name} was imported; shipped models cannot be removed.")
    shutil.rmtree(target)


def _line(name: str, folder: Path) -> InstalledModel:
    origin = "imported" if folder.parent == imported_models_folder() else "shipped"
    weights = folder / WEIGHTS
    size_mb = weights.stat().st_size / 1e6 if weights.is_file() else 0.0
    try:
        values, digest = read_description(folder)
        read_weights(folder, digest)
    except ModelError as error:
        return InstalledModel(name, "", "", "", size_mb, "", "", origin, str(error))
    return InstalledModel(
        name,
        values.get("version", ""),
        values.get("intended_use", ""),
        values.get("licence", ""),
        size_mb,
        digest,
        _accuracy(values.get("metrics", {})),
        origin,
        "",
    )


def _accuracy(metrics: Mapping[str, Any]) -> str:
    for title, rows in metrics.get("tables", {}).items():
        if rows:
            return f"{title}: " + ", ".join(f"{key} {value}" for key, value in rows[0].items())
    return "not measured"
