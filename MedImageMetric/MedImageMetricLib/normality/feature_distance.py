"""Distance of an image's features from those of normal images, group by group.

Each group of features is a Gaussian with one covariance about the mean of each source of images;
the distance goes to the nearest mean. Components that the training images hardly vary in count as
one residual. Images left out of the fit tell how often normal ones lie so far, so that groups
compare; the groups are joined by their harmonic mean p-value (Wilson, PNAS 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from MedImageLib.errors import InputError

FEWEST_IMAGES = 20
SPLITS = 5
MOST_COMPONENTS = 40
NINETY = 1.2816  # deviations that one in ten exceeds
SHORTEST_TAIL = 0.15
MOST_SURPRISE = 300.0  # nats; rarer cannot be told from few images


@dataclass(frozen=True, eq=False)
class GroupDistance:
    """The Gaussian of one group of d features, k components and c centers.

    scale (d), centers (c, d) after scaling, basis (d, k), variance (k), residual_variance: mean
    over the other d − k directions. log_mean, log_spread (3): of the log distances of images that
    were left out: inside of the components, beyond them, of the farthest feature.
    """

    scale: np.ndarray
    centers: np.ndarray
    basis: np.ndarray
    variance: np.ndarray
    residual_variance: float
    log_mean: np.ndarray
    log_spread: np.ndarray
    tail: np.ndarray

    def log_distances(self, features: np.ndarray) -> np.ndarray:
        """(n, 3): log mean squared distance inside of the components, and beyond them, and that of
        the single feature that is farthest from what all others predict.

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
        # Of a Gaussian with inverse covariance P, P (x − m) is each feature's distance from what
        # the others predict, of variance P_ii.
        weights = 1 / self.residual_variance - 1 / np.maximum(self.variance, self.residual_variance)
        alone = centered[pick] / self.residual_variance - (inside[pick] * weights) @ self.basis.T
        precision = 1 / self.residual_variance - (self.basis**2 * weights).sum(1)
        farthest = (alone**2 / np.maximum(precision, 1e-6)).max(1)
        return np.log(np.stack([within[pick], beyond[pick], farthest], 1) + 1e-9)

    def unusual(self, features: np.ndarray) -> np.ndarray:
        """(n): how unusual the features are, as deviations of a standard normal number that is
        exceeded as often as normal images lie so far."""
        return self.as_deviations(self._standardized(self.log_distances(features)))

    def as_deviations(self, farthest: np.ndarray) -> np.ndarray:
        """Largest standardized log distances (n) as deviations of equal rarity.

        Linear up to what one in ten exceeds; an exponential tail beyond.
        """
        median, ninety, excess = self.tail
        inner = NINETY * (farthest - median) / max(ninety - median, 0.05)
        beyond = np.log(10) + np.maximum(farthest - ninety, 0) / excess
        return np.where(farthest > ninety, _deviations(beyond), np.minimum(inner, NINETY))

    def _standardized(self, log_distances: np.ndarray) -> np.ndarray:
        return ((log_distances - self.log_mean) / self.log_spread).max(1)


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
    owner, split = np.asarray(sources), splits_of(patients)
    left_out = np.zeros((len(features), 3))
    for number in range(SPLITS):
        chosen = split != number
        if chosen.all() or not chosen.any():
            continue
        fitted = _gaussian(features[chosen], owner[chosen])
        left_out[~chosen] = fitted.log_distances(features[~chosen])
    mean = np.median(left_out, 0)
    spread = np.maximum(np.quantile(left_out, 0.84, axis=0) - mean, 0.05)
    whole = replace(_gaussian(features, owner), log_mean=mean, log_spread=spread)
    farthest = whole._standardized(left_out)
    median, ninety = np.quantile(farthest, (0.5, 0.9))
    excess = max(float((farthest[farthest > ninety] - ninety).mean()), SHORTEST_TAIL)
    return replace(whole, tail=np.array([median, ninety, excess]))


def splits_of(patients: Sequence[str]) -> np.ndarray:
    """Which of five parts is left out together with each image, by its patient, (n)."""
    names, owner = np.unique(np.asarray(patients), return_inverse=True)
    return (np.random.default_rng(0).permutation(len(names)) % SPLITS)[owner]


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
    """One score (n) of all groups: minus the logarithm of their harmonic mean p-value, so that one
    very unusual group suffices and several that are somewhat unusual add up."""
    return joined(surprises(np.stack(list(unusual.values()), 1)))


def surprises(deviations: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability that a standard normal number is as large, nats."""
    from scipy.special import log_ndtr

    return -log_ndtr(-deviations)


def joined(nats: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the harmonic mean p-value of surprises (n, g), (n)."""
    from scipy.special import logsumexp

    return logsumexp(nats, axis=1) - np.log(nats.shape[1])


def _deviations(surprise: np.ndarray) -> np.ndarray:
    """The deviations that a standard normal number exceeds with probability exp(−surprise)."""
    from scipy.special import ndtri_exp

    return -ndtri_exp(-np.minimum(surprise, MOST_SURPRISE))


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
        np.zeros(3),
        np.ones(3),
        np.array([0.0, NINETY, 1.0]),
    )
