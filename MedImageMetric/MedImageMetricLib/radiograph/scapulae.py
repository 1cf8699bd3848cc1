"""The part of each lung that a shoulder blade covers, from both flanks.

A network finds the blade on the flank; the posture of the shoulder decides with it whether there is
plain overlap at all, and how sure that is (source: chapter 1, detections and conditions a to c).
Planes are (j, i), bright where dense, the patient's right on the left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.network.framing import Frame
from MedImageLib.network.inference import InferenceSettings, segment_plane
from MedImageLib.network.model_store import Model, load_model
from MedImageMetricLib.radiograph.detections import NotAssessable, Region
from MedImageMetricLib.radiograph.flank import (
    flank_frame,
    flank_picture,
    from_flank,
    local_contrast,
    on_flank,
    outer_strip,
)
from MedImageMetricLib.radiograph.posture import Posture, load_posture, posture_features

LEAST_BLADE = 0.5  # probability of a pixel under the shoulder blade
LEAST_COVERED = 0.02  # of the lung: plain overlap covers more, the border was not seen
UNSEEN = NotAssessable("the shoulder is turned in, but the border of the blade is not seen")


@dataclass(frozen=True, eq=False)
class FlankModel(Model):
    """The network of the flanks and, where one was fitted with it, the posture."""

    posture: Posture | None = None


@dataclass(frozen=True, eq=False)
class Flank:
    """What is seen on one flank.

    blade: probability on GRID. strip: its mean on the outer strip of the lung. features: see
    `posture_features`.
    """

    frame: Frame
    blade: np.ndarray
    strip: float
    features: np.ndarray


def load_flank_model(folder: Path) -> FlankModel:
    """Raises ModelError when files are absent, damaged or do not fit one another."""
    model = load_model(folder)
    posture = load_posture(folder, model.weights_sha256)
    return FlankModel(model.card, model.network, model.weights_sha256, posture)


def flank_of(
    plane: np.ndarray,
    lung: np.ndarray,
    is_right: bool,
    model: Model,
    settings: InferenceSettings | None = None,
) -> Flank:
    """lung: mask (j, i) that is not empty."""
    frame = flank_frame(lung, is_right)
    contrast = local_contrast(flank_picture(plane, frame))
    blade = blade_on_flank(contrast, model, settings)
    strip = outer_strip(on_flank(lung, frame))
    mean = float(blade[strip].mean()) if strip.any() else 0.0
    return Flank(frame, blade, mean, posture_features(contrast))


def blade_on_flank(
    contrast: np.ndarray, model: Model, settings: InferenceSettings | None = None
) -> np.ndarray:
    """Probability on GRID that the blade lies there, of a flank as `local_contrast` gives it."""
    answer = segment_plane(
        model.network, contrast, model.card.framing, settings, percent=model.card.percent
    )
    assert answer.probabilities is not None
    return answer.probabilities[1]


def scapulae_over_lungs(
    plane: np.ndarray,
    lungs: Mapping[str, np.ndarray],
    model: Model,
    settings: InferenceSettings | None = None,
) -> dict[str, Region | NotAssessable]:
    """The covered part of each lung, by side; an empty region says that no blade lies over it.

    lungs: masks (j, i) by side (`right`, `left`), not empty.
    """
    flanks = {
        side: flank_of(plane, lung, side == "right", model, settings)
        for side, lung in lungs.items()
    }
    posture = model.posture if isinstance(model, FlankModel) else None
    evidence = (
        {side: float(posture.evidence(one.features, one.strip)) for side, one in flanks.items()}
        if posture
        else {}
    )
    both = float(np.mean(list(evidence.values()))) if evidence else 0.0
    found: dict[str, Region | NotAssessable] = {}
    for side, one in flanks.items():
        probability = float(posture.probability(evidence[side], both)) if posture else None
        if probability is not None and probability < 0.5:
            nothing = np.zeros(plane.shape, bool)
            found[side] = Region(nothing, 1 - probability, over_lungs=True)
            continue
        covered = from_flank(one.blade, one.frame, lungs[side]) >= LEAST_BLADE
        is_seen = np.count_nonzero(covered) >= LEAST_COVERED * np.count_nonzero(lungs[side])
        if probability is not None and not is_seen:
            found[side] = UNSEEN
        else:
            found[side] = Region(covered, probability, over_lungs=True)
    return found
