"""Whether the body lies as bodies lie: is any turned or mirrored outline of it likelier?

What is body and what is air, coarsely, is compared with a Gaussian of normal outlines in each of
the eight ways in which a square can be laid down. Gray values inside of the body do not matter, so
that it tells apart from `pose`, which looks at edges everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from MedImageMetricLib.normality.feature_distance import SPLITS, splits_of
from MedImageMetricLib.normality.pose import even_gaussian

SIDE = 24  # pixels of the reduced outline
BODY = 0.08  # of the gray range
SHRINKAGE = 1.0  # of the mean variance, added to each: neighboring pixels of a mask are nearly one


@dataclass(frozen=True, eq=False)
class BodyPose:
    """center (d) and precision (d, d) of a Gaussian of normal outlines, see `body_outlines`."""

    center: np.ndarray
    precision: np.ndarray

    def features(self, outlines: np.ndarray) -> np.ndarray:
        """(n, 8) of outlines (n, d): how much likelier each other way is, twice in nats, in the
        order left to right, upside down, both, transposed and these of the transposed one; then
        the logarithm of the squared distance of the way in which the body lies."""
        upright = self._squares(outlines)
        ways = [upright - self._squares(one) for one in _other_ways(outlines)]
        return np.stack([*ways, np.log(upright + 1e-6)], 1)

    def _squares(self, outlines: np.ndarray) -> np.ndarray:
        away = outlines - self.center
        return ((away @ self.precision) * away).sum(1)


def body_outlines(planes: np.ndarray) -> np.ndarray:
    """Body, holes filled, as 1 and air as 0 of planes (n, side, side), (n, 576)."""
    small = functional.adaptive_avg_pool2d(
        torch.from_numpy(np.ascontiguousarray(planes, np.float32))[:, None], SIDE
    )[:, 0].numpy()
    filled = [ndimage.binary_fill_holes(plane > BODY) for plane in small]
    return np.stack(filled).reshape(len(small), -1).astype(np.float64)


def fit_body_pose(outlines: np.ndarray, patients: Sequence[str]) -> tuple[BodyPose, np.ndarray]:
    """Fit on normal outlines (n, d); and features of all, each by a fit without its patient."""
    whole, split = BodyPose(*even_gaussian(outlines, SHRINKAGE)), splits_of(patients)
    features = whole.features(outlines)
    for number in range(SPLITS):
        left_out = split == number
        if left_out.any() and not left_out.all():
            other = BodyPose(*even_gaussian(outlines[~left_out], SHRINKAGE))
            features[left_out] = other.features(outlines[left_out])
    return whole, features


def _other_ways(outlines: np.ndarray) -> list[np.ndarray]:
    upright = outlines.reshape(-1, SIDE, SIDE)
    turned = upright.transpose(0, 2, 1)
    ways = [upright[:, :, ::-1], upright[:, ::-1], upright[:, ::-1, ::-1]]
    ways += [turned, turned[:, :, ::-1], turned[:, ::-1], turned[:, ::-1, ::-1]]
    return [one.reshape(len(outlines), -1) for one in ways]
