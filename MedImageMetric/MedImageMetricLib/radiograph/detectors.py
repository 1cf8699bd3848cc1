"""Sub-models by the objects that they find; each may be absent, replaced or retrained alone.

A sub-model is a folder of models in the product's resources, or in a folder that the user names.
It looks at the upright plane (j, i), bright where dense, and answers for its objects; where it is
absent or damaged, its objects are not assessable and nothing else is touched (source: chapter 1,
detections).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from MedImageLib.errors import ModelError
from MedImageLib.network.inference import InferenceSettings, segment_plane
from MedImageLib.network.model_store import Model, load_model
from MedImageLib.resources import installed_models as all_models
from MedImageMetricLib.radiograph.detections import (
    LEAST_PROBABILITY,
    NO_DETECTOR,
    Box,
    ForeignObject,
    NotAssessable,
    Region,
)
from MedImageMetricLib.radiograph.object_parts import object_parts, weak_parts
from MedImageMetricLib.radiograph.scapulae import load_flank_model, scapulae_over_lungs
from MedImageMetricLib.radiograph.segmentation import MODEL, content_box, labels_of_plane

WEAKEST_PROBABILITY = 0.001  # of a foreign object that at most ranks pictures
MOST_WEAK = 8  # of such objects of a kind on a picture
MOST_OVERLAP = 0.5  # of two boxes, intersection over union: beyond it the weaker one is dropped
LEAST_SPINE_CONFIDENCE = 0.80  # out of fold, the lowest of 682 radiographs with a spine has 0.87
LEAST_SCAPULA_CONFIDENCE = 0.60  # a probability; between 0.4 and 0.6 either may be true
SMALLEST_PART_SHARE = 0.005  # of the picture: about a twenty-fifth of a lung
DRAWN_ALONE = "the model learned from drawn cases alone and was proven on no real one"

Found = Region | NotAssessable | tuple[ForeignObject, ...]
Detect = Callable[..., Mapping[str, Found]]
LUNGS = ("right_lung", "left_lung")
SCAPULAE = "radiograph_scapulae"


@dataclass(frozen=True)
class SubModel:
    """A model by the name of its folder, the fields of `Detections` that it fills, and how.

    detect: of plane, model and inference settings, and by name what `takes` says was found before.
    least_confidence: regions found with less are not assessable, whatever the rule set allows.
    """

    name: str
    objects: tuple[str, ...]
    detect: Detect
    least_confidence: float = 0.0
    takes: tuple[str, ...] = ()


def largest_of_each(labels: np.ndarray) -> np.ndarray:
    """The largest connected part of each label; organs are in one piece."""
    result = np.zeros_like(labels)
    for value in np.unique(labels[labels > 0]):
        parts, _ = ndimage.label(labels == value)
        result[parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())] = value
    return result


def detect_organs(
    plane: np.ndarray, model: Model, settings: InferenceSettings | None = None
) -> dict[str, Found]:
    """Regions by the labels of the model (`right scapula` fills `right_scapula`)."""
    answer = labels_of_plane(plane, model, settings, largest_of_each)
    return {_field(name): answer.region(value) for value, name in model.structures.items()}


def detect_scapulae(
    plane: np.ndarray,
    model: Model,
    settings: InferenceSettings | None = None,
    *,
    right_lung: Found = NO_DETECTOR,
    left_lung: Found = NO_DETECTOR,
) -> dict[str, Found]:
    """The part of each lung that a shoulder blade covers; an empty region where none does.

    A model that knows whole blades by their sides is asked for these.
    """
    if "right scapula" in model.structures.values():
        return detect_organs(plane, model, settings)
    given = {"right": right_lung, "left": left_lung}
    masks = {
        side: lung.mask for side, lung in given.items() if isinstance(lung, Region) and lung.area_px
    }
    found: dict[str, Found] = {
        f"{side}_scapula": one
        for side, one in scapulae_over_lungs(plane, masks, model, settings).items()
    }
    for side, lung in given.items():
        if side not in masks:
            reason = lung.reason if isinstance(lung, NotAssessable) else "it was not found"
            found[f"{side}_scapula"] = NotAssessable(f"{side} lung: {reason}")
    return found


def detect_abnormal_parts(
    plane: np.ndarray, model: Model, settings: InferenceSettings | None = None
) -> dict[str, Found]:
    """Regions by the labels of the model, which may lie in several parts.

    That nothing is there is said only by a model that has seen real cases.
    """
    answer = labels_of_plane(plane, model, settings, without_specks)
    found: dict[str, Found] = {}
    for value, name in model.structures.items():
        region = answer.region(value)
        if learned_from_drawn_alone(model):
            found[_field(name)] = (
                replace(region, caution=DRAWN_ALONE)
                if region.area_px
                else NotAssessable(f"nothing was found, but {DRAWN_ALONE}")
            )
        else:
            found[_field(name)] = region
    return found


def learned_from_drawn_alone(model: Model) -> bool:
    """Whether every source of the training had what is to be found drawn into it."""
    sources = model.card.training.get("sources", ())
    return bool(sources) and all(one.get("change") for one in sources)


def without_specks(labels: np.ndarray) -> np.ndarray:
    """The label map without parts so small that no reader would call them air or fluid."""
    result = np.zeros_like(labels)
    for value in np.unique(labels[labels > 0]):
        parts, _ = ndimage.label(labels == value)
        kept = np.bincount(parts.ravel()) >= SMALLEST_PART_SHARE * labels.size
        kept[0] = False
        result[kept[parts]] = value
    return result


def detect_foreign_objects(
    plane: np.ndarray, model: Model, settings: InferenceSettings | None = None
) -> dict[str, Found]:
    """Parts of what the model takes for an object (see `object_parts`), without doubles.

    All labels of the model are kinds of objects. Parts of less than LEAST_PROBABILITY fail no
    condition and have no mask; the surest few are told, because pictures without any surer object
    differ by them.
    """
    box = content_box(plane)
    answer = segment_plane(
        model.network, plane[box], model.card.framing, settings, percent=model.card.percent
    )
    assert answer.probabilities is not None
    objects: list[ForeignObject] = []
    weak: list[ForeignObject] = []
    for value, kind in model.structures.items():
        probability = np.zeros(plane.shape, np.float32)
        probability[box] = answer.probabilities[value]
        objects += object_parts(probability, kind, LEAST_PROBABILITY)
        between = (WEAKEST_PROBABILITY, LEAST_PROBABILITY)
        weak += weak_parts(probability, kind, between, MOST_WEAK)
    return {"foreign_objects": (*suppressed(objects), *weak)}


SUB_MODELS = (
    SubModel("radiograph_spine", ("spine",), detect_organs, LEAST_SPINE_CONFIDENCE),
    SubModel(
        SCAPULAE,
        ("right_scapula", "left_scapula"),
        detect_scapulae,
        LEAST_SCAPULA_CONFIDENCE,
        LUNGS,
    ),
    SubModel("radiograph_foreign_objects", ("foreign_objects",), detect_foreign_objects),
    SubModel("radiograph_pneumothorax", ("pneumothorax",), detect_abnormal_parts),
    SubModel("radiograph_pleural_effusion", ("pleural_effusion",), detect_abnormal_parts),
)
MODEL_NAMES = (MODEL, *(one.name for one in SUB_MODELS))


def detect_all(
    plane: np.ndarray,
    models: Mapping[str, Model | NotAssessable],
    settings: InferenceSettings | None = None,
    organs: Mapping[str, Found] | None = None,
) -> dict[str, Found]:
    """What all sub-models but that of lungs and heart answer, by the fields of `Detections`.

    models: see `installed_models`. organs: what that model found; some look at it only. An object
    that a model does not know is not assessable.
    """
    found: dict[str, Found] = {}
    for one in SUB_MODELS:
        model = models.get(one.name, NO_DETECTOR)
        if isinstance(model, NotAssessable):
            found |= dict.fromkeys(one.objects, model)
            continue
        taken = {name: (organs or {}).get(name, NO_DETECTOR) for name in one.takes}
        answer = one.detect(plane, model, settings, **taken)
        unknown = NotAssessable(f"the model {one.name} does not know it")
        for name in one.objects:
            found[name] = confident(answer.get(name, unknown), one.least_confidence)
    return found


def confident(found: Found, least: float) -> Found:
    """A region that was found with at least that confidence; others are not assessable.

    >>> confident(Region(np.ones((2, 2), bool), 0.6), 0.8)
    NotAssessable(reason='the detector is unsure (confidence 0.60, 0.80 needed)')
    """
    if isinstance(found, Region) and (found.confidence or 1.0) < least:
        return NotAssessable(
            f"the detector is unsure (confidence {found.confidence:.2f}, {least:.2f} needed)"
        )
    return found


def installed_models(folder: str = "") -> dict[str, Model | NotAssessable]:
    """Every model by name, loaded once; `NotAssessable` where it is absent or damaged.

    folder: models in it, by name, stand in for those of the product.
    """
    return {name: _installed(name, folder) for name in MODEL_NAMES}


def suppressed(objects: list[ForeignObject]) -> tuple[ForeignObject, ...]:
    """Non-maximum suppression: the surest first, without those that overlap a surer one."""
    kept: list[ForeignObject] = []
    for one in sorted(objects, key=lambda item: -item.confidence):
        if all(overlap(one.box, other.box) <= MOST_OVERLAP for other in kept):
            kept.append(one)
    return tuple(kept)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes.

    >>> overlap(Box(0, 0, 2, 2), Box(1, 0, 3, 2))
    0.3333333333333333
    """
    width = max(0.0, min(a.right, b.right) - max(a.left, b.left))
    height = max(0.0, min(a.lower, b.lower) - max(a.upper, b.upper))
    sizes = [np.prod(one.size_px) for one in (a, b)]
    union = float(sum(sizes)) - width * height
    return width * height / union if union > 0 else 0.0


def _installed(name: str, folder: str) -> Model | NotAssessable:
    named = Path(folder) / name
    place = named if folder and (named / "model.json").is_file() else all_models().get(name)
    if place is None:
        return NO_DETECTOR
    return _loaded(str(place), (place / "model.json").stat().st_mtime_ns)


@functools.lru_cache(maxsize=4 * len(MODEL_NAMES))
def _loaded(place: str, changed: int) -> Any:
    """changed: time of the last change, so that a retrained model is loaded anew."""
    try:
        named = Path(place).name
        return load_flank_model(Path(place)) if named == SCAPULAE else load_model(Path(place))
    except ModelError as error:
        # One bad sub-model must not stop the others.
        return NotAssessable(f"its model is damaged ({str(error).rstrip('.')})")


def _field(name: str) -> str:
    return name.replace(" ", "_")
