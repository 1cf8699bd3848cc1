"""Folds of the ensemble by likeness: every fold holds a share of every kind of patient.

Each image is described by the gray histogram of its target image and by its indices, each patient
by the mean over the images; K-means makes clusters of patients, each cluster is cut in as many
parts as there are folds, and each fold takes one part of every cluster. No patient is in two folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.cluster.vq import kmeans2

from MedImageLib.errors import InputError

BINS = 32


def descriptor(target_image: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Gray histogram of a target image (0 … 1) in shares, then its indices (NaN: not labeled)."""
    counts, _ = np.histogram(target_image, bins=BINS, range=(0.0, 1.0))
    return np.concatenate([counts / target_image.size, indices])


def patient_folds(
    patients: Sequence[str],
    descriptors: np.ndarray,
    folds: int = 5,
    clusters: int = 5,
    seed: int = 1,
    first: frozenset[str] = frozenset(),
) -> Mapping[str, int]:
    """Fold of every patient.

    patients: name of each image's patient. descriptors: (image, BINS + indices); indices that are
    not labeled on every patient are left out of the comparison. first: patients with rare labels,
    dealt before the others of their cluster and evenly over the folds.

    Raises InputError for fewer patients than folds.
    """
    names = sorted(set(patients))
    if len(names) < folds:
        raise InputError(f"{len(names)} patients cannot fill {folds} folds; add patients.")
    belongs = np.array([names.index(patient) for patient in patients])
    means = np.stack([_mean(descriptors[belongs == number]) for number in range(len(names))])
    kind = _clusters(means, min(clusters, len(names)), seed)
    generator = np.random.default_rng(seed)
    result: dict[str, int] = {}
    totals, firsts = np.zeros(folds, int), np.zeros(folds, int)
    for cluster in range(clusters):
        members = [name for name, own in zip(names, kind, strict=True) if own == cluster]
        members = [members[n] for n in generator.permutation(len(members))]
        parts = np.zeros(folds, int)
        for name in sorted(members, key=lambda name: name not in first):
            rare = firsts if name in first else np.zeros(folds, int)
            fold = min(range(folds), key=lambda n: (parts[n], rare[n], totals[n]))
            result[name] = fold
            parts[fold] += 1
            totals[fold] += 1
            firsts[fold] += name in first
    return result


def _mean(rows: np.ndarray) -> np.ndarray:
    known = np.isfinite(rows)
    counts = known.sum(0)
    return np.where(counts > 0, np.where(known, rows, 0).sum(0) / np.maximum(counts, 1), np.nan)


def _clusters(means: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """Cluster of each row; histogram and indices weigh the same."""
    shared = means[:, np.isfinite(means).all(0)]
    spread = shared.std(0)
    standard = (shared - shared.mean(0)) / np.where(spread > 0, spread, 1)
    parts = [standard[:, :BINS], standard[:, BINS:]]
    weighted = [part / np.sqrt(part.shape[1]) for part in parts if part.shape[1]]
    _, kind = kmeans2(np.concatenate(weighted, 1), clusters, minit="++", rng=seed, iter=50)
    return kind
