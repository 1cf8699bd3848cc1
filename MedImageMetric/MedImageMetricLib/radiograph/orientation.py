"""Quarter turns, mirroring and inversion of a radiograph, found by its organs and undone.

A segmentation of lungs and heart is asked whether it sees a chest (source: chapter 1,
preprocessing). Networks see what they expect also where it is not, so the gray values have a say:
heart and lungs differ most on the upright picture, and the denser side shows where the heart is.
Planes and label maps are (j, i).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from MedImageLib.errors import Remark
from MedImageMetricLib.radiograph.cardiothoracic import HEART, LEFT_LUNG, RIGHT_LUNG

SURE_CONTRAST = 1.3  # below it quarter turns are tried too, see `organ_contrast`
CLEARLY_BETTER = 1.25  # times the evidence as found; of 270 upright ones the most had 1.22
HEART_ON_THE_RIGHT = -0.06  # of `heart_side`; 220 of 221 radiographs have more than 0.02
DENSE_ON_THE_RIGHT = -0.2  # of `dense_side`
CLEARLY_FURTHER = 0.12  # of `heart_side`, between a picture and its mirror image


@dataclass(frozen=True)
class Orientation:
    """How a picture was found: first inverted, then mirrored, then turned.

    quarter_turns: 0 … 3, counterclockwise, that the upright picture was turned by.
    """

    quarter_turns: int = 0
    mirrored: bool = False
    inverted: bool = False

    def upright(self, plane: np.ndarray) -> np.ndarray:
        """Gray values (j, i) as found, made upright, unmirrored and bright where dense."""
        plane = self.upright_labels(plane)
        return plane.max() + plane.min() - plane if self.inverted else plane

    def upright_labels(self, labels: np.ndarray) -> np.ndarray:
        """A label map or mask on the grid as found, brought to the upright grid."""
        labels = np.rot90(labels, -self.quarter_turns)
        return np.ascontiguousarray(labels[:, ::-1] if self.mirrored else labels)

    def as_found(self, labels: np.ndarray) -> np.ndarray:
        """A label map or mask on the upright grid, brought back to the grid as found."""
        labels = labels[:, ::-1] if self.mirrored else labels
        return np.ascontiguousarray(np.rot90(labels, self.quarter_turns))

    def points_as_found(self, points_ij: np.ndarray, upright_shape: tuple[int, int]) -> np.ndarray:
        """Points (n, 2) as (i, j) on the upright grid, brought back to the grid as found."""
        points = np.asarray(points_ij, float).copy()
        rows, columns = upright_shape
        if self.mirrored:
            points[:, 0] = columns - 1 - points[:, 0]
        for _ in range(self.quarter_turns):
            points = np.column_stack([points[:, 1], columns - 1 - points[:, 0]])
            rows, columns = columns, rows
        return points

    def upright_spacing(self, spacing_mm: tuple[float, float]) -> tuple[float, float]:
        """Spacing along (i, j) on the upright grid."""
        return spacing_mm[::-1] if self.quarter_turns % 2 else spacing_mm

    def remarks(self) -> tuple[Remark, ...]:
        """What was undone, for the result."""
        told = []
        if self.quarter_turns:
            told.append(
                Remark(
                    "picture-turned",
                    f"The picture was turned by {90 * self.quarter_turns}° counterclockwise; "
                    "it was assessed upright.",
                )
            )
        if self.mirrored:
            told.append(
                Remark(
                    "picture-mirrored",
                    "The heart lies on the wrong side: the picture seems to be mirrored and was "
                    "assessed unmirrored. Check the side marker; dextrocardia looks the same.",
                )
            )
        if self.inverted:
            told.append(
                Remark(
                    "picture-inverted",
                    "The gray values are inverted (lungs bright); they were turned back.",
                )
            )
        return tuple(told)


def find_orientation(
    plane: np.ndarray, segment: Callable[[np.ndarray], np.ndarray]
) -> tuple[Orientation, np.ndarray]:
    """Orientation of a radiograph and its label map on the upright grid.

    segment: gives the label map (1 right lung, 2 left lung, 3 heart; all 0 where it sees no
    chest) of a picture; it must know lungs in either gray scale. It is asked twice for most
    pictures that lie well, up to five times otherwise: upside down, a network draws a plausible
    chest on every twelfth picture, so that the other way up is always looked at. Where no turn
    shows a chest, the picture is taken as it is, with the labels found on it.
    """
    first = segment(plane)
    best, labels = Orientation(), first
    most = CLEARLY_BETTER * _evidence(plane, first)
    sure = chest_evidence(first) > 0 and organ_contrast(plane, first) >= SURE_CONTRAST
    for turns in (2,) if sure else (2, 1, 3):
        turned = np.ascontiguousarray(np.rot90(plane, -turns))
        found = segment(turned)
        evidence = _evidence(turned, found)
        if evidence > most:
            best, labels, most = Orientation(turns), found, evidence
    if most <= 0:
        return Orientation(), first
    upright = best.upright(plane)
    inverted = looks_inverted(upright, labels)
    side = heart_side(labels)
    dense = dense_side(-upright if inverted else upright, labels)
    if side < HEART_ON_THE_RIGHT or dense < DENSE_ON_THE_RIGHT:
        reflected = segment(np.ascontiguousarray(upright[:, ::-1]))
        if heart_side(reflected) > side + CLEARLY_FURTHER and chest_evidence(reflected) > 0:
            best, labels = replace(best, mirrored=True), reflected
    return replace(best, inverted=inverted), np.ascontiguousarray(labels)


def _evidence(plane: np.ndarray, labels: np.ndarray) -> float:
    return organ_contrast(plane, labels) * chest_evidence(labels)


def organ_contrast(plane: np.ndarray, labels: np.ndarray) -> float:
    """Distance of the medians of heart and lungs over the sum of their standard deviations."""
    lungs = plane[(labels == RIGHT_LUNG) | (labels == LEFT_LUNG)]
    heart = plane[labels == HEART]
    if not lungs.size or not heart.size:
        return 0.0
    spread = float(lungs.std() + heart.std())
    return abs(float(np.median(heart) - np.median(lungs))) / spread if spread > 0 else 0.0


def chest_evidence(labels: np.ndarray) -> float:
    """Positive for labels that may be of an upright chest: share of the picture, less where one
    lung is much smaller; 0 for those that cannot be."""
    shares = [float((labels == value).mean()) for value in (RIGHT_LUNG, LEFT_LUNG, HEART)]
    if min(shares) < 0.01:
        return 0.0
    rows, columns = {}, {}
    for value in (RIGHT_LUNG, LEFT_LUNG, HEART):
        j, i = np.nonzero(labels == value)
        rows[value], columns[value] = float(j.mean()), float(i.mean())
    below = rows[HEART] - (rows[RIGHT_LUNG] + rows[LEFT_LUNG]) / 2
    side_by_side = (
        columns[LEFT_LUNG] - columns[RIGHT_LUNG] - abs(rows[LEFT_LUNG] - rows[RIGHT_LUNG])
    )
    between = columns[RIGHT_LUNG] < columns[HEART] < columns[LEFT_LUNG]
    if below <= 0 or side_by_side <= 0 or not between:
        return 0.0
    return sum(shares) * min(shares[:2]) / max(shares[:2])


def heart_side(labels: np.ndarray) -> float:
    """How much further the heart reaches to the picture's right than to its left of the middle
    between the outer borders of the lungs, over their width; positive in most people."""
    lungs = np.flatnonzero(((labels == RIGHT_LUNG) | (labels == LEFT_LUNG)).any(0))
    heart = np.flatnonzero((labels == HEART).any(0))
    if not len(lungs) or not len(heart):
        return 0.0
    middle = (lungs[0] + lungs[-1]) / 2
    return float((heart[-1] - middle) - (middle - heart[0])) / (lungs[-1] - lungs[0] + 1)


def dense_side(plane: np.ndarray, labels: np.ndarray) -> float:
    """How much denser the chest is on the picture's right of its middle than on the left.

    Mean gray values at the height of the heart (from 45 to 80 % of the lungs' height, 30 % of
    their width on either side), over the standard deviation in the lungs' box. It takes no
    account of where the heart was found.
    """
    lungs = (labels == RIGHT_LUNG) | (labels == LEFT_LUNG)
    rows, columns = np.flatnonzero(lungs.any(1)), np.flatnonzero(lungs.any(0))
    if not len(rows):
        return 0.0
    box = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = box.shape
    band = box[int(0.45 * height) : int(0.8 * height)]
    reach, middle = int(0.3 * width), width // 2
    spread = float(box.std())
    if not band.size or not reach or spread == 0:
        return 0.0
    right = band[:, middle : middle + reach].mean()
    return float(right - band[:, middle - reach : middle].mean()) / spread


def looks_inverted(plane: np.ndarray, labels: np.ndarray) -> bool:
    """Whether the lungs are brighter than the heart, by medians."""
    lungs = (labels == RIGHT_LUNG) | (labels == LEFT_LUNG)
    heart = labels == HEART
    if not lungs.any() or not heart.any():
        return False
    return float(np.median(plane[lungs])) > float(np.median(plane[heart]))
