"""Whether an image lies as normal images lie: is any turned or mirrored version of it more alike?

Directions of edges by place, which gray scale and contrast hardly change, are compared with those
of normal images in each of the eight ways in which a square can be laid down. A symmetric anatomy
has no side, and then nothing can be told from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from MedImageMetricLib.normality.feature_distance import SPLITS, splits_of

SIDE = 48  # pixels of the reduced image
CELLS = 8  # along each side
DIRECTIONS = 8
NEAREST = 5
MOST_REFERENCES = 400
FAINT = 0.3  # length of a description that counts as little contrast
SHRINKAGE = 0.3  # of the mean variance, added to each
FAR = 9.0  # farther than any two descriptions


@dataclass(frozen=True, eq=False)
class PoseReferences:
    """references (m, d): edge directions of normal images, see `edge_directions`; center (d) and
    precision (d, d) of a Gaussian of all of them."""

    references: np.ndarray
    center: np.ndarray
    precision: np.ndarray

    def features(self, described: np.ndarray, barred: np.ndarray | None = None) -> np.ndarray:
        """(n, 9): how much farther from the nearest normal images each other way would be, as
        logarithms of ratios; the logarithm of the distance of the way in which it lies; and how
        much likelier under the Gaussian the likeliest other way would be, twice in nats.

        described: (n, d). barred: (n, m), references that an image is not compared with. The ways
        are left to right, upside down, turned by 180°, transposed, turned by 90° either way,
        transposed and turned by 180°.
        """
        upright = self._distance(described, barred)
        ways = [np.log(self._distance(one, barred) / upright) for one in _other_ways(described)]
        return np.stack([*ways, np.log(upright), self._likelier(described)], 1)

    def _likelier(self, described: np.ndarray) -> np.ndarray:
        def squares(one: np.ndarray) -> np.ndarray:
            away = one - self.center
            return ((away @ self.precision) * away).sum(1)

        return squares(described) - np.min([squares(one) for one in _other_ways(described)], 0)

    def _distance(self, described: np.ndarray, barred: np.ndarray | None) -> np.ndarray:
        """Root mean square distance from the nearest references, (n)."""
        squares = (described**2).sum(1)[:, None] + (self.references**2).sum(1)
        squares = np.maximum(squares - 2 * described @ self.references.T, 0)
        if barred is not None:
            squares = np.where(barred, FAR, squares)
        count = min(NEAREST, squares.shape[1])
        nearest = np.partition(squares, count - 1, axis=1)[:, :count]
        return np.sqrt(nearest.mean(1) + 1e-6)


def edge_directions(planes: np.ndarray) -> np.ndarray:
    """Strength of edges by place and signed direction of planes (n, side, side), (n, 512)."""
    small = functional.adaptive_avg_pool2d(
        torch.from_numpy(np.ascontiguousarray(planes))[:, None], SIDE
    )[:, 0].numpy()
    return np.stack([_described(plane) for plane in small]).astype(np.float64)


def fit_pose(
    described: np.ndarray, patients: Sequence[str], seed: int = 0
) -> tuple[PoseReferences, np.ndarray]:
    """References among normal images (n, d), and the features of all, each without its patient."""
    chosen = np.random.default_rng(seed).permutation(len(described))[:MOST_REFERENCES]
    owner, split = np.asarray(patients), splits_of(patients)
    references = PoseReferences(described[chosen], *even_gaussian(described, SHRINKAGE))
    features = references.features(described, owner[:, None] == owner[chosen])
    for number in range(SPLITS):
        left_out = split == number
        if left_out.any() and not left_out.all():
            other = PoseReferences(
                described[chosen], *even_gaussian(described[~left_out], SHRINKAGE)
            )
            features[left_out, -1] = other._likelier(described[left_out])
    return references, features


def even_gaussian(described: np.ndarray, shrinkage: float) -> tuple[np.ndarray, np.ndarray]:
    """Center (d) and precision (d, d) of (n, d); the covariance is drawn toward an even one, since
    images are few: shrinkage times the mean variance is added to each."""
    center = described.mean(0)
    away = described - center
    covariance = away.T @ away / len(away)
    even = shrinkage * float(np.trace(covariance)) / len(covariance) + 1e-9
    return center, np.linalg.inv(covariance + even * np.eye(len(covariance)))


def _described(plane: np.ndarray) -> np.ndarray:
    down, across = np.gradient(ndimage.gaussian_filter(plane, 0.7))
    # The root keeps one bright edge from deciding all.
    strength = np.sqrt(np.hypot(down, across))
    angle = (np.arctan2(down, across) % (2 * np.pi)) / (2 * np.pi) * DIRECTIONS
    low = np.floor(angle).astype(int)
    share = angle - low
    cell = np.arange(SIDE) * CELLS // SIDE
    place = (cell[:, None] * CELLS + cell) * DIRECTIONS
    size = CELLS * CELLS * DIRECTIONS
    found = np.zeros(size)
    for direction, weight in ((low, 1 - share), (low + 1, share)):
        index = place + direction % DIRECTIONS
        found += np.bincount(index.ravel(), (strength * weight).ravel(), minlength=size)
    return found / (np.linalg.norm(found) + FAINT)


def _other_ways(described: np.ndarray) -> list[np.ndarray]:
    cells = described.reshape(-1, CELLS, CELLS, DIRECTIONS)
    number = np.arange(DIRECTIONS)

    def mirrored(cells: np.ndarray) -> np.ndarray:
        return cells[:, :, ::-1][..., (DIRECTIONS // 2 - number) % DIRECTIONS]

    def upside_down(cells: np.ndarray) -> np.ndarray:
        return cells[:, ::-1][..., -number % DIRECTIONS]

    turned = cells.transpose(0, 2, 1, 3)[..., (DIRECTIONS // 4 - number) % DIRECTIONS]
    ways = (
        mirrored(cells),
        upside_down(cells),
        mirrored(upside_down(cells)),
        turned,
        mirrored(turned),
        upside_down(turned),
        mirrored(upside_down(turned)),
    )
    return [one.reshape(len(described), -1) for one in ways]
