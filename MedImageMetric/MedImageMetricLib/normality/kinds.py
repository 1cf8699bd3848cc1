"""Which model fits an image: by its modality, and among several by the image itself.

An image whose anatomy no model knows, a photograph or another body part, is said to be of an
unsure kind, and so is one that is like two kinds.
"""

from __future__ import annotations

import functools
from pathlib import Path

from MedImageLib.errors import ModelError, Remark
from MedImageLib.resources import installed_models as all_models
from MedImageLib.volume import Volume, VolumeSequence
from MedImageMetricLib.normality.feature_distance import combined
from MedImageMetricLib.normality.model import (
    NormalityModel,
    load_normality_model,
    read_normality_card,
)
from MedImageMetricLib.normality.slice_scores import score_slices
from MedImageMetricLib.normality.view import ImageView, planes_of

PREFIX = "normality_"
UNSURE_KIND = "kind-unsure"
ANATOMY = ("layout", "attributes", "pose")
STRANGE = 4.6  # nats of rarity, one in a hundred, from which an image is of no known kind
APART = 2.0  # nats by which a second kind must be less likely
CLEARLY_BELOW_WATER = -150  # Hounsfield units; other images have no negative values


def installed_models() -> dict[str, Path]:
    """Folders of the models of this kind, by name."""
    return {name: path for name, path in all_models().items() if name.startswith(PREFIX)}


def model_for(image: Volume | VolumeSequence) -> tuple[NormalityModel, tuple[Remark, ...]]:
    """The shipped model of this kind of image, loaded once.

    Raises ModelError, saying what there is, when none fits.
    """
    modality = modality_of(image)
    fitting = []
    for name, folder in installed_models().items():
        card, _ = read_normality_card(folder)
        if modality in card.view.modalities and (
            len(_first(image).array) == 1 or _stacks(card.view)
        ):
            fitting.append(name)
    if not fitting:
        kinds = {read_normality_card(path)[0].view.kind for path in installed_models().values()}
        raise ModelError(
            f"There is no model for this kind of image (modality {modality or 'unknown'}, "
            f"{len(_first(image).array)} slices); there are models for "
            f"{', '.join(sorted(kinds)) or 'nothing'}. Train one with `medimage anomaly train`."
        )
    loaded = {name: _loaded(installed_models()[name]) for name in fitting}
    strange = {name: strangeness(image, loaded[name]) for name in fitting}
    order = sorted(fitting, key=lambda name: strange[name])
    best = loaded[order[0]]
    kind = best.card.view.kind
    remarks = []
    if len(fitting) > 1:
        text = (
            f"The file does not say what it shows; it is judged as {kind}, which it is most like."
        )
        remarks.append(Remark("kind-guessed", text))
    if strange[order[0]] >= STRANGE:
        remarks.append(
            Remark(
                UNSURE_KIND,
                f"The image is unlike any {kind} that the model has learned from: it may show "
                "another body part, lie differently, or be no scan at all (a photograph, a page).",
            )
        )
    elif len(order) > 1 and strange[order[1]] - strange[order[0]] < APART:
        other = loaded[order[1]].card.view.kind
        remarks.append(
            Remark(UNSURE_KIND, f"It cannot be told whether this is a {kind} or a {other}.")
        )
    return best, tuple(remarks)


def strangeness(image: Volume | VolumeSequence, model: NormalityModel) -> float:
    """How unlike a model's kind the anatomy of the middle slice is, in nats of rarity."""
    planes, _ = planes_of(_first(image), model.card.view)
    groups = score_slices(model, planes[len(planes) // 2 : len(planes) // 2 + 1]).groups
    # Anatomy tells the kind; noise and sharpness tell its quality.
    return float(combined({name: groups[name] for name in ANATOMY})[0])


def _loaded(folder: Path) -> NormalityModel:
    return _read(folder, (folder / "model.json").stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _read(folder: Path, changed: int) -> NormalityModel:
    """changed: time of the last change, so that a model trained again is read anew."""
    return load_normality_model(folder)


def modality_of(image: Volume | VolumeSequence) -> str:
    """DICOM Modality; CT where none is recorded and values lie far below zero."""
    volume = _first(image)
    if volume.modality:
        return volume.modality
    array = volume.array
    below_water = array.dtype.kind in "if" and array.min(initial=0) <= CLEARLY_BELOW_WATER
    return "CT" if volume.unit == "[hnsf'U]" or below_water else ""


def _stacks(view: ImageView) -> bool:
    # A radiograph is one image; stacks are slices of MR and CT.
    return "radiograph" not in view.kind


def _first(image: Volume | VolumeSequence) -> Volume:
    return image.frames[0] if isinstance(image, VolumeSequence) else image
