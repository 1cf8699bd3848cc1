"""What each package can do with a case, found by name.

A package offers a module `processing` with a tuple `PROCESSORS`; the module is imported when a
batch starts and again in each worker, and loads what is heavy inside `run`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib import __version__
from MedImageLib.batch.cases import Case
from MedImageLib.errors import MedImageError
from MedImageLib.resources import installed_models, resources_folder
from MedImageLib.results import Result, file_sha256

PROCESSING_MODULES = (
    "MedImageMetricLib.processing",
    "CardiacLVLib.processing",
    "AutoContourLib.processing",
)


@dataclass(frozen=True)
class Processor:
    """One thing that a package does with a case.

    name: lower case with hyphens; names the result folder. accepts: decides by modality, kind and
    level, without reading pixels. run: works on the case, writes its files into the folder given
    (empty, temporary) and returns the Result; the batch writes result.json and fills in `files`.
    settings: instance of a settings dataclass with the defaults, or None; `run` gets it or one
    with other values. models: names in Resources/models; a changed model makes results stale.
    screens: it says whether a scan looks normal; all others wait for it and are told (`screened`
    of their case).
    """

    name: str
    accepts: Callable[[Case], bool]
    run: Callable[[Case, Path, Any], Result]
    settings: Any = None
    models: tuple[str, ...] = ()
    version: str = __version__
    screens: bool = False


def find_processors(
    modules: Sequence[str] = PROCESSING_MODULES, screening: bool = False
) -> dict[str, tuple[str, Processor]]:
    """Module and processor by the processor's name; modules that are not installed are left out.

    screening: those of other packages that say whether a scan looks normal come with them. Raises
    MedImageError when two modules claim one name.
    """
    found: dict[str, tuple[str, Processor]] = {}
    others = [name for name in PROCESSING_MODULES if name not in modules] if screening else []
    for module in (*modules, *others):
        try:
            absent = importlib.util.find_spec(module) is None
        except ModuleNotFoundError:
            absent = True
        for processor in () if absent else importlib.import_module(module).PROCESSORS:
            if module in others and not processor.screens:
                continue
            if processor.name in found:
                raise MedImageError(f"{module}: the processor '{processor.name}' exists already.")
            found[processor.name] = (module, processor)
    return found


def processor_version(processor: Processor) -> str:
    """Its version and, where it uses models, a digest of their weights and cards."""
    if not processor.models:
        return processor.version
    digest = hashlib.sha256()
    installed = installed_models()
    for model in processor.models:
        folder = installed.get(model, resources_folder() / "models" / model)
        for name in ("weights.safetensors", "model.json"):
            path = folder / name
            digest.update((file_sha256(path) if path.is_file() else "absent").encode())
    return f"{processor.version}+{digest.hexdigest()[:12]}"
