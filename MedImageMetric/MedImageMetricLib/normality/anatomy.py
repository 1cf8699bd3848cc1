"""What features of an image are to be expected from where its bright and dark parts lie.

A slice through the lungs has other noise and edges than one through the skull. The coarse layout
of an image, as few numbers, predicts its other features by ridge regression; what is left over is
compared with normal images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MOST_COMPONENTS = 8
IMAGES_FOR_COMPONENT = 200  # with fewer the prediction is worse than the plain mean
FARTHEST = 4.0  # deviations; beyond them a square would run away
RIDGE = 0.02
LAYOUT = "layout"


@dataclass(frozen=True, eq=False)
class Anatomy:
    """center (d), axes (d, m): of the layout, scaled to variance 1; weights (2 m + 1, features)
    of every group that is predicted."""

    center: np.ndarray
    axes: np.ndarray
    weights: Mapping[str, np.ndarray]

    def left_over(self, groups: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Groups of features (n, d) less what the layout predicts; the layout stays."""
        terms = _terms(groups[LAYOUT], self.center, self.axes)
        return {
            name: values - terms @ self.weights[name] if name in self.weights else values
            for name, values in groups.items()
        }


def fit_anatomy(groups: Mapping[str, np.ndarray]) -> Anatomy:
    """Fit on groups of features (n, d) of normal images, `layout` among them."""
    layout = groups[LAYOUT]
    count = len(layout)
    components = min(MOST_COMPONENTS, count // IMAGES_FOR_COMPONENT)
    center = layout.mean(0)
    _, singular, axes = np.linalg.svd(layout - center, full_matrices=False)
    scale = np.maximum(singular[:components] / np.sqrt(count), 1e-6)
    scaled = axes[:components].T / scale
    terms = _terms(layout, center, scaled)
    normal = terms.T @ terms + RIDGE * count * np.eye(terms.shape[1])
    weights = {
        name: np.linalg.solve(normal, terms.T @ (values - values.mean(0)))
        for name, values in groups.items()
        if name != LAYOUT
    }
    return Anatomy(center, scaled, weights)


def _terms(layout: np.ndarray, center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    place = np.clip((layout - center) @ axes, -FARTHEST, FARTHEST)
    return np.concatenate([np.ones((len(place), 1)), place, place**2], 1)
