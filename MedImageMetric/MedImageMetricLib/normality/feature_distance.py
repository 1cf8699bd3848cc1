"""Distance of an image's features from those of normal images, group by group.

Each group of features is a Gaussian with one covariance about the mean of each source of images;
the distance goes to the nearest mean. Components that the training images hardly vary in count as
one residual. Distances are standardized on images left out of the fit, so that groups compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from MedImageLib.errors import InputError

FEWEST_IMAGES = 20
SPLITS = 5
MOST_COMPONENTS = 40


@dataclass(frozen=True, eq=False)
class GroupDistance:
    """The Gaussian of one group of d features, k components and c centers.

    scale (d), centers (c, d) after scaling, basis (d, k), variance (k), residual_variance: mean
    over the other d − k directions. log_mean, log_spread (2): of the log distances of images that
    were left out, inside of the components and beyond them.
    """

    scale: np.ndarray
    centers: np.ndarray
    basis: np.ndarray
    variance: np.ndarray
    residual_variance: float
    log_mean: np.ndarray
    log_spread: np.ndarray

    def log_distances(self, features: np.ndarray) -> np.ndarray:
        """(n, 2): log mean squared distance inside of the components, and beyond them.

        Where the components are all there is, the first stands for both.
        """
        centered = features[:, None] / self.scale - self.centers  # (n, c, d)
        inside = centered @ self.basis
        within = (inside**2 / self.variance).mean(-1)
        left = self.basis.shape[0] - self.basis.shape[1]
        beyond = within
        if left:
            beyond = ((centered - inside @ self.basis.T) ** 2).sum(-1)
            beyond = beyond / left / self.residual_variance
        share = self.basis.shape[1] / self.basis.shape[0]
        nearest = (share * within + (1 - share) * beyond).argmin(1)
        pick = np.arange(len(features)), nearest
        return np.log(np.stack([within[pick], beyond[pick]], 1) + 1e-9)

    def unusual(self, features: np.ndarray) -> np.ndarray:
        """(n): how many deviations farther than usual the features lie, the larger of both."""
        return ((self.log_distances(features) - self.log_mean) / self.log_spread).max(1)


def fit_group(
    features: np.ndarray, sources: Sequence[str], patients: Sequence[str]
) -> GroupDistance:
    """Fit one group on features (n, d) of normal images.

    sources: of each image; every source has its own center. patients: left out together. Raises
    InputError for fewer than 20 images.
    """
    if len(features) < FEWEST_IMAGES:
        raise InputError(
            f"{len(features)} normal images to learn from; at least {FEWEST_IMAGES} are needed."
        )
    owner, patient = np.asarray(sources), np.asarray(patients)
    names = np.unique(patient)
    part = np.random.default_rng(0).permutation(len(names)) % SPLITS
    split = part[np.searchsorted(names, patient)]
    left_out = np.zeros((len(features), 2))
    for number in range(SPLITS):
        chosen = split != number
        if chosen.all() or not chosen.any():
            continue
        fitted = _gaussian(features[chosen], owner[chosen])
        left_out[~chosen] = fitted.log_distances(features[~chosen])
    whole = _gaussian(features, owner)
    mean = np.median(left_out, 0)
    upper = np.quantile(left_out, 0.84, axis=0) - mean
    return GroupDistance(
        whole.scale, whole.centers, whole.basis, whole.variance, whole.residual_variance,
        mean, np.maximum(upper, 0.05),
    )  # fmt: skip


def fit_groups(
    groups: Mapping[str, np.ndarray], sources: Sequence[str], patients: Sequence[str]
) -> dict[str, GroupDistance]:
    return {name: fit_group(values, sources, patients) for name, values in groups.items()}


def unusual_groups(
    distances: Mapping[str, GroupDistance], groups: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """How unusual each group of each image is, in deviations, (n) each."""
    return {name: distances[name].unusual(groups[name]) for name in distances}


def combined(unusual: Mapping[str, np.ndarray]) -> np.ndarray:
    """One score (n) of all groups: a soft maximum, so that one very unusual group suffices and
    several that are somewhat unusual add up."""
    stacked = np.stack(list(unusual.values()))
    return np.log(np.exp(np.clip(stacked, -20, 300)).mean(0))


def _gaussian(features: np.ndarray, owner: np.ndarray) -> GroupDistance:
    names = [name for name in np.unique(owner) if (owner == name).sum() >= 5] or [owner[0]]
    means = {name: features[owner == name].mean(0) for name in names}
    kept = np.isin(owner, names)
    inner = features[kept] - np.stack([means[name] for name in owner[kept]])
    scale = inner.std(0)
    scale = np.maximum(scale, 0.05 * np.median(scale) + 1e-6)
    inner = inner / scale
    count, size = inner.shape
    _, singular, axes = np.linalg.svd(inner, full_matrices=False)
    most = max(1, min(MOST_COMPONENTS, size, count // 4))
    # Small sample variances are too small; each is drawn toward the mean of all.
    variance = singular**2 / count
    shrunk = 0.9 * variance[:most] + 0.1 * variance.mean()
    rest = float((inner**2).sum() / count - variance[:most].sum())
    residual = max(rest / max(size - most, 1), 1e-3)
    return GroupDistance(
        scale,
        np.stack([means[name] for name in names]) / scale,
        axes[:most].T,
        shrunk,
        residual,
        np.zeros(2),
        np.ones(2),
    )
