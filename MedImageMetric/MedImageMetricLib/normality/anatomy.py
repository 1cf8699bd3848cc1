"""What features of an image are to be expected from where its bright and dark parts lie.

A slice through the lungs has other noise and edges than one through the skull. Ridge regression
on a few components of the coarse layout and on the likeness to some of the images, the anchors,
predicts the other features; what is left over is compared with normal images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from MedImageMetricLib.normality.feature_distance import SPLITS, splits_of

MOST_COMPONENTS = 16
MOST_ANCHORS = 350
IMAGES_FOR_COMPONENT = 100  # with fewer the prediction is worse than the plain mean
IMAGES_FOR_ANCHOR = 5
FARTHEST = 4.0  # deviations of the first component; beyond them a line would run away
RIDGE = 0.002
LAYOUT = "layout"


@dataclass(frozen=True, eq=False)
class Anatomy:
    """center (d), axes (d, m): of the layout; anchors (a, m): of images that others are compared
    with, width: squared distance at which likeness falls to 1/e; weights (1 + m + a, features) of
    every group that is predicted, none with too few images."""

    center: np.ndarray
    axes: np.ndarray
    anchors: np.ndarray
    width: float
    weights: Mapping[str, np.ndarray]

    def left_over(self, groups: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Groups of features (n, d) less what the layout predicts; the layout stays."""
        if not self.weights:
            return dict(groups)
        terms = self._terms(groups[LAYOUT])
        return {
            name: values - terms @ self.weights[name] if name in self.weights else values
            for name, values in groups.items()
        }

    def _terms(self, layout: np.ndarray) -> np.ndarray:
        place = (layout - self.center) @ self.axes
        squares = (place**2).sum(1)[:, None] + (self.anchors**2).sum(1) - 2 * place @ self.anchors.T
        likeness = np.exp(-np.maximum(squares, 0) / self.width)
        straight = np.clip(place, -FARTHEST, FARTHEST)
        return np.concatenate([np.ones((len(place), 1)), straight, likeness], 1)


def fit_anatomy(groups: Mapping[str, np.ndarray]) -> Anatomy:
    """Fit on groups of features (n, d) of normal images, `layout` among them."""
    layout = groups[LAYOUT]
    count = len(layout)
    center = layout.mean(0)
    components = min(MOST_COMPONENTS, count // IMAGES_FOR_COMPONENT)
    if components < 2:
        return Anatomy(center, np.zeros((layout.shape[1], 0)), np.zeros((0, 0)), 1.0, {})
    _, singular, axes = np.linalg.svd(layout - center, full_matrices=False)
    # Components keep their relative size, so that the widest tell most.
    scaled = axes[:components].T / max(singular[0] / np.sqrt(count), 1e-6)
    place = (layout - center) @ scaled
    anchors_count = min(MOST_ANCHORS, count // IMAGES_FOR_ANCHOR)
    anchors = place[np.random.default_rng(0).choice(count, anchors_count, replace=False)]
    some = place[:: max(1, count // 400)]
    width = float(np.median(((some[:, None] - anchors) ** 2).sum(-1))) + 1e-6
    empty = Anatomy(center, scaled, anchors, width, {})
    terms = empty._terms(layout)
    ridge = RIDGE * count * float((terms[:, 1 + components :] ** 2).mean())
    normal = terms.T @ terms + ridge * np.eye(terms.shape[1])
    weights = {
        name: np.linalg.solve(normal, terms.T @ (values - values.mean(0)))
        for name, values in groups.items()
        if name != LAYOUT
    }
    return Anatomy(center, scaled, anchors, width, weights)


def left_out_features(
    groups: Mapping[str, np.ndarray], patients: Sequence[str]
) -> dict[str, np.ndarray]:
    """What is left over of normal images, each by a fit that has not seen its patient."""
    split = splits_of(patients)
    found = {name: values.copy() for name, values in groups.items()}
    for number in range(SPLITS):
        chosen = split == number
        if not chosen.any() or chosen.all():
            continue
        anatomy = fit_anatomy({name: values[~chosen] for name, values in groups.items()})
        left = anatomy.left_over({name: values[chosen] for name, values in groups.items()})
        for name, values in left.items():
            found[name][chosen] = values
    return found
