"""Whether an image lies as normal images lie: is any turned or mirrored version of it more likely?

A Gaussian of the coarse layout tells how likely an image is in each of the eight ways in which a
square can be laid down. A symmetric anatomy has no side, and then nothing can be told from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedImageMetricLib.normality.feature_distance import SPLITS, splits_of

MOST_COMPONENTS = 48
WAYS = 7  # beside the way in which the image lies


@dataclass(frozen=True, eq=False)
class PoseDensity:
    """centers (c, d), axes (d, k), variance (k), residual_variance: of layouts of d = side² blocks
    of normal images, a center for each source."""

    centers: np.ndarray
    axes: np.ndarray
    variance: np.ndarray
    residual_variance: float

    def features(self, layout: np.ndarray) -> np.ndarray:
        """(n, 7): how much farther from normal each other way would be, as logarithms of ratios.

        layout: (n, d). The ways are left to right, upside down, turned by 180°, transposed, turned
        by 90° either way, transposed and turned by 180°.
        """
        upright = np.log(self._distance(layout) + 1)
        return np.stack(
            [np.log(self._distance(one) + 1) - upright for one in _other_ways(layout)], 1
        )

    def _distance(self, layout: np.ndarray) -> np.ndarray:
        centered = layout[:, None] - self.centers  # (n, c, d)
        inside = centered @ self.axes
        left = (centered**2).sum(-1) - (inside**2).sum(-1)
        squares = (inside**2 / self.variance).sum(-1) + left / self.residual_variance
        return squares.min(1)


def fit_pose(layout: np.ndarray, sources: Sequence[str]) -> PoseDensity:
    """Fit to layouts (n, d) of normal images; sources: of each."""
    owner = np.asarray(sources)
    means = {name: layout[owner == name].mean(0) for name in np.unique(owner)}
    inner = layout - np.stack([means[name] for name in owner])
    count, size = inner.shape
    _, singular, axes = np.linalg.svd(inner, full_matrices=False)
    variance = singular**2 / count
    kept = max(1, min(MOST_COMPONENTS, count // 4))
    rest = float(variance[kept:].sum()) / max(size - kept, 1)
    shrunk = 0.9 * variance[:kept] + 0.1 * variance.mean()
    return PoseDensity(np.stack(list(means.values())), axes[:kept].T, shrunk, max(rest, 1e-5))


def left_out_features(
    layout: np.ndarray, sources: Sequence[str], patients: Sequence[str]
) -> np.ndarray:
    """Features of normal images, each by a density that has not seen its patient, (n, 7)."""
    owner, split = np.asarray(sources), splits_of(patients)
    found = np.zeros((len(layout), WAYS))
    for number in range(SPLITS):
        chosen = split == number
        if chosen.any() and not chosen.all():
            density = fit_pose(layout[~chosen], owner[~chosen].tolist())
            found[chosen] = density.features(layout[chosen])
    return found


def _other_ways(layout: np.ndarray) -> list[np.ndarray]:
    side = round(layout.shape[1] ** 0.5)
    blocks = layout.reshape(-1, side, side)
    turned = blocks.transpose(0, 2, 1)
    ways = (
        blocks[:, :, ::-1],
        blocks[:, ::-1],
        blocks[:, ::-1, ::-1],
        turned,
        turned[:, :, ::-1],
        turned[:, ::-1],
        turned[:, ::-1, ::-1],
    )
    return [one.reshape(len(layout), -1) for one in ways]
