"""Lungs and heart on a frontal chest radiograph, as label maps of planes (j, i).

A radiograph is a volume of one slice, bright where dense (MONOCHROME2). What cannot be one is
refused; what does not look like a frontal chest is told by its label map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.errors import InputError
from MedImageLib.network.inference import InferenceSettings, segment_plane
from MedImageLib.network.model_store import Model
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph.cardiothoracic import HEART, LEFT_LUNG, RIGHT_LUNG
from MedImageMetricLib.radiograph.detections import Region

MODEL = "radiograph_lungs_heart"
SMALLEST_SIDE_PX = 64
EVEN_SHARE = 0.02  # of the gray range: rows and columns that vary less are a margin
# Radius over the longer side. A tongue along the diaphragm would widen the smooth silhouette.
THINNEST_HEART = 0.02
LEAST_NEIGHBOR_CORRELATION = 0.5  # real radiographs have 0.92 and more
LEAST_CONFIDENCE = 0.80  # least of the three organs; the lowest of 217 frontal chests has 0.82
PROJECTIONS = ("CR", "DX", "RG", "RF", "XA", "OT", "SC", "")


@dataclass(frozen=True, eq=False)
class PlaneLabels:
    """A label map (j, i) and how sure the network is of each label: mean probability inside."""

    labels: np.ndarray
    confidences: dict[int, float]

    def doubts(self) -> list[str]:
        """Why it is not that of a frontal chest: implausible, or not seen clearly."""
        told = chest_doubts(self.labels)
        least = min(self.confidences.values(), default=0.0)
        if not told and least < LEAST_CONFIDENCE:
            told.append(
                f"Lungs and heart are not seen clearly (confidence {least:.2f}, "
                f"{LEAST_CONFIDENCE:.2f} needed)."
            )
        return told

    def region(self, value: int) -> Region:
        """The region of a label."""
        return Region(self.labels == value, self.confidences.get(value))


def radiograph_plane(volume: Volume) -> np.ndarray:
    """The pixels (j, i) of a radiograph, float32.

    Raises InputError for volumes of several slices, other modalities, color pictures and images
    too small to show a chest.
    """
    if volume.array.shape[0] != 1:
        raise InputError(
            f"A radiograph is one image; this has {volume.array.shape[0]} slices "
            f"({volume.modality or 'unknown modality'}). Choose the radiograph."
        )
    if volume.modality not in PROJECTIONS:
        raise InputError(
            f"The modality is {volume.modality}, not a radiograph (CR, DX). "
            "Choose the chest radiograph."
        )
    if volume.tags.get("color"):
        raise InputError("This is a color picture, not a radiograph. Choose a gray radiograph.")
    plane = np.asarray(volume.array[0], np.float32)
    if min(plane.shape) < SMALLEST_SIDE_PX:
        raise InputError(
            f"The image has {plane.shape[1]} × {plane.shape[0]} pixels; at least "
            f"{SMALLEST_SIDE_PX} on each side are needed to see a chest."
        )
    if np.ptp(plane) > 0 and neighbor_correlation(plane) < LEAST_NEIGHBOR_CORRELATION:
        raise InputError(
            "The image is noise: neighboring pixels have nothing in common. "
            "Choose the radiograph, or read it again from its source."
        )
    return plane


def neighbor_correlation(plane: np.ndarray) -> float:
    """Pearson correlation of horizontal neighbors; 1 for smooth pictures, 0 for white noise.

    Some hundred rows tell it as well as all.
    """
    plane = plane[:: max(1, len(plane) // 256)]
    left, right = plane[:, :-1].ravel(), plane[:, 1:].ravel()
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return 1.0
    return float(np.corrcoef(left, right)[0, 1])


def labels_of_plane(
    plane: np.ndarray,
    model: Model,
    settings: InferenceSettings | None = None,
    cleaned: Callable[[np.ndarray], np.ndarray] | None = None,
) -> PlaneLabels:
    """Label map of a model on a plane (j, i), even margins left out.

    cleaned: what is done to the label map, as `largest_parts`. Raises InputError for constant
    planes.
    """
    box = content_box(plane)
    found = segment_plane(
        model.network, plane[box], model.card.framing, settings, percent=model.card.percent
    )
    inner = found.labels if cleaned is None else cleaned(found.labels)
    labels = np.zeros(plane.shape, np.uint8)
    labels[box] = inner
    confidences = {}
    assert found.probabilities is not None
    for value in model.structures:
        inside = found.probabilities[value][inner == value]
        if inside.size:
            confidences[value] = float(inside.mean())
    return PlaneLabels(labels, confidences)


def content_box(plane: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns without the even margins of a frame around the picture.

    The whole plane where less than the smallest usable picture would be left.
    """
    even_below = EVEN_SHARE * float(np.ptp(plane))
    box = []
    for axis in (0, 1):
        uneven = np.flatnonzero(np.ptp(plane, axis=1 - axis) > even_below)
        first, last = (int(uneven[0]), int(uneven[-1])) if len(uneven) else (0, -1)
        if last - first + 1 < SMALLEST_SIDE_PX:
            return slice(0, plane.shape[0]), slice(0, plane.shape[1])
        box.append(slice(first, last + 1))
    return box[0], box[1]


def largest_parts(labels: np.ndarray) -> np.ndarray:
    """Only the largest connected part of each organ, its holes filled; no tongues on the heart."""
    result = np.zeros_like(labels)
    places = ndimage.find_objects(labels, HEART)
    for value, place in zip((RIGHT_LUNG, LEFT_LUNG, HEART), places, strict=True):
        if place is None:
            continue
        mask = labels[place] == value
        if value == HEART:
            mask = _opened(mask, THINNEST_HEART * max(labels.shape))
        parts, count = ndimage.label(mask)
        if count:
            largest = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
            filled = ndimage.binary_fill_holes(largest)
            result[place][filled & (result[place] == 0)] = value
    return result


def _opened(mask: np.ndarray, radius_px: float) -> np.ndarray:
    """The part of a mask that a disc of the radius can reach; the mask itself if it is thinner."""
    padded = np.pad(mask, 1)
    inner = ndimage.distance_transform_edt(padded) > radius_px
    if not inner.any():
        return mask
    return (ndimage.distance_transform_edt(~inner) <= radius_px)[1:-1, 1:-1] & mask


def chest_doubts(labels: np.ndarray) -> list[str]:
    """Sentences that say why a label map is not that of a frontal chest; none if it may be."""
    doubts = []
    share = {value: float((labels == value).mean()) for value in (RIGHT_LUNG, LEFT_LUNG, HEART)}
    names = {RIGHT_LUNG: "right lung", LEFT_LUNG: "left lung", HEART: "heart"}
    for value, name in names.items():
        if share[value] < 0.01:
            doubts.append(f"The {name} was not found.")
    if doubts:
        return doubts
    column = {v: float(np.nonzero(labels == v)[1].mean()) for v in names}
    row = {v: float(np.nonzero(labels == v)[0].mean()) for v in names}
    if not column[RIGHT_LUNG] < column[HEART] < column[LEFT_LUNG]:
        doubts.append("The heart does not lie between the lungs.")
    if row[HEART] < min(row[RIGHT_LUNG], row[LEFT_LUNG]):
        doubts.append("The heart lies above the middle of both lungs.")
    smaller, larger = sorted((share[RIGHT_LUNG], share[LEFT_LUNG]))
    if smaller < 0.25 * larger:
        doubts.append("One lung is less than a quarter of the other.")
    return doubts
