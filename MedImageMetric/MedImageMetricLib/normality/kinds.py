"""Which model fits an image: by its modality, and among several by the image itself."""

from __future__ import annotations

from pathlib import Path

from MedImageLib.errors import ModelError, Remark
from MedImageLib.resources import installed_models as all_models
from MedImageLib.volume import Volume, VolumeSequence
from MedImageMetricLib.normality.model import (
    NormalityModel,
    load_normality_model,
    read_normality_card,
)
from MedImageMetricLib.normality.slice_scores import score_slices
from MedImageMetricLib.normality.view import ImageView, planes_of

PREFIX = "normality_"
CLEARLY_BELOW_WATER = -150  # Hounsfield units; other images have no negative values


def installed_models() -> dict[str, Path]:
    """Folders of the models of this kind, by name."""
    return {name: path for name, path in all_models().items() if name.startswith(PREFIX)}


def model_for(
    image: Volume | VolumeSequence, loaded: dict[str, NormalityModel] | None = None
) -> tuple[NormalityModel, tuple[Remark, ...]]:
    """The shipped model of this kind of image.

    loaded: models by name, filled as they are read. Raises ModelError, saying what there is, when
    none fits.
    """
    loaded = {} if loaded is None else loaded
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
    for name in fitting:
        if name not in loaded:
            loaded[name] = load_normality_model(installed_models()[name])
    if len(fitting) == 1:
        return loaded[fitting[0]], ()
    best = min(fitting, key=lambda name: _distance(image, loaded[name]))
    kind = loaded[best].card.view.kind
    text = f"The file does not say what it shows; it is judged as {kind}, which it is most like."
    return loaded[best], (Remark("kind-guessed", text),)


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


def _distance(image: Volume | VolumeSequence, model: NormalityModel) -> float:
    planes, _ = planes_of(_first(image), model.card.view)
    middle = planes[len(planes) // 2 : len(planes) // 2 + 1]
    groups = score_slices(model, middle).groups
    # Anatomy tells the kind; noise and sharpness tell its quality.
    return float(sum(groups[name][0] for name in ("layout", "attributes", "edges")))


def _first(image: Volume | VolumeSequence) -> Volume:
    return image.frames[0] if isinstance(image, VolumeSequence) else image
