"""How well objects are found: area under the ROC curve of images, FROC of boxes.

Plain numbers in, plain numbers out; no class or box type of any detector is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import InputError

FROC_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def area_under_roc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Chance that a positive scores above a negative; ties count half.

    Raises InputError when one side is empty.

    >>> area_under_roc([0.9, 0.4], [0.1, 0.4])
    0.875
    """
    if not len(positives) or not len(negatives):
        raise InputError(
            f"An ROC curve needs both kinds of images, got {len(positives)} positive and "
            f"{len(negatives)} negative ones. Score images of both kinds."
        )
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positives, negatives]))[: len(positives)]
    above = ranks.sum() - len(positives) * (len(positives) + 1) / 2
    return float(above / (len(positives) * len(negatives)))


@dataclass(frozen=True)
class ImageDetections:
    """What was found on one image, held against its annotated objects.

    false_alarms: confidences of detections whose center lies in no annotated region.
    hits: for each annotated object the largest confidence of a detection whose center lies in
        it; 0 where there is none.
    """

    false_alarms: tuple[float, ...]
    hits: tuple[float, ...]


def held_against(
    centers_ij: Sequence[tuple[float, float]],
    confidences: Sequence[float],
    boxes: Sequence[tuple[float, float, float, float]],
) -> ImageDetections:
    """Detections by center (i, j) against boxes (left, upper, right, lower), borders included.

    A center in several boxes hits each of them (rule of the object-CXR challenge).
    """
    hits = [0.0] * len(boxes)
    false_alarms = []
    for (i, j), confidence in zip(centers_ij, confidences, strict=True):
        inside = [
            number
            for number, (left, upper, right, lower) in enumerate(boxes)
            if left <= i <= right and upper <= j <= lower
        ]
        for number in inside:
            hits[number] = max(hits[number], float(confidence))
        if not inside:
            false_alarms.append(float(confidence))
    return ImageDetections(tuple(false_alarms), tuple(hits))


def froc(images: Sequence[ImageDetections], rates: Sequence[float] = FROC_RATES) -> float:
    """Mean share of the annotated objects found at the given false alarms per image.

    Raises InputError when no object is annotated.
    """
    hits = np.array([hit for image in images for hit in image.hits])
    if not len(hits):
        raise InputError("No object is annotated on these images; a FROC curve needs some.")
    alarms = np.sort([alarm for image in images for alarm in image.false_alarms])[::-1]
    found = []
    for rate in rates:
        allowed = int(np.floor(rate * len(images)))
        # Only what is surer than the first false alarm too many.
        least = alarms[allowed] if allowed < len(alarms) else 0.0
        found.append(float(np.mean(hits > least)))
    return float(np.mean(found))
