"""The label map of one radiograph, and the masks of single objects beside it.

Objects overlap on a projection; a label map holds one of them at a pixel, a mask each in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from MedImageMetricLib.radiograph.detections import (
    ABNORMAL_PARTS,
    ORGANS,
    Detections,
    NotAssessable,
    Region,
)

if TYPE_CHECKING:
    from MedImageLib.volume import Volume
    from MedImageMetricLib.radiograph.analysis import RadiographAnalysis

LABELS: dict[int, str] = dict(enumerate((*ORGANS, *ABNORMAL_PARTS), start=1))


def label_map(found: Detections) -> np.ndarray:
    """uint8 (j, i) by LABELS; where objects overlap, the lowest number is shown."""
    labels = np.zeros(found.shape, np.uint8)
    for value in sorted(LABELS, reverse=True):
        region = getattr(found, LABELS[value])
        if isinstance(region, Region):
            labels[region.mask] = value
    return labels


def object_masks(found: Detections) -> dict[str, np.ndarray]:
    """The bool mask (j, i) of every object that was looked for, empty where there is none."""
    masks = {
        name: region.mask
        for name in LABELS.values()
        if isinstance(region := getattr(found, name), Region)
    }
    objects = found.foreign_objects
    if not isinstance(objects, NotAssessable):
        masks["foreign_objects"] = np.zeros(found.shape, bool)
        for one in objects:
            if one.mask is not None:
                masks["foreign_objects"] |= one.mask
    return masks


def input_labels(analysis: RadiographAnalysis) -> tuple[Volume, dict[int, str]]:
    """The label map on the grid of the input, and the names of the labels looked for."""
    labels = analysis.as_found(label_map(analysis.detections))[None]
    names = {
        value: name
        for value, name in LABELS.items()
        if isinstance(getattr(analysis.detections, name), Region)
    }
    return analysis.volume.with_array(labels, is_labelmap=True, unit="", remarks=()), names
