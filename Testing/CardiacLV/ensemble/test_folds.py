"""Folds by likeness: patients whole, every cluster and every rare label shared out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CardiacLVLib.ensemble.folds import BINS, descriptor, patient_folds
from MedImageLib.errors import InputError

KINDS = 5


def made(patients: int, seed: int, images: int = 3) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names and descriptors of images of patients of five far kinds, and each patient's kind."""
    generator = np.random.default_rng(seed)
    kinds = generator.permutation(np.arange(patients) % KINDS)
    rows = np.repeat(kinds, images)[:, None] * 10.0 + generator.normal(
        0, 0.1, (patients * images, BINS + 11)
    )
    rows[::2, BINS + 1] = np.nan  # not labeled on all
    return [f"p{n // images:02d}" for n in range(patients * images)], rows, kinds


@settings(max_examples=25, deadline=None)
@given(st.integers(25, 60), st.integers(0, 1000))
def test_each_fold_takes_one_part_of_every_cluster(patients, seed):
    names, rows, _ = made(patients, seed)
    folds = patient_folds(names, rows, seed=seed)
    assert set(folds) == set(names)
    sizes = Counter(folds.values())
    assert set(sizes) == set(range(5))
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_clusters_are_cut_evenly():
    names, rows, kinds = made(50, seed=3)
    folds = patient_folds(names, rows, seed=1)
    for kind in range(KINDS):
        parts = Counter(folds[f"p{n:02d}"] for n in np.flatnonzero(kinds == kind))
        assert sorted(parts.values()) == [2, 2, 2, 2, 2]


def test_patients_with_rare_labels_are_spread():
    names, rows, _ = made(36, seed=5)
    rare = frozenset(f"p{n:02d}" for n in (0, 1, 2, 3, 4, 20, 21))
    folds = patient_folds(names, rows, first=rare)
    assert {folds[name] for name in rare} == set(range(5))


def test_the_same_seed_gives_the_same_folds():
    names, rows, _ = made(36, seed=5)
    assert patient_folds(names, rows, seed=4) == patient_folds(names, rows, seed=4)


def test_too_few_patients_are_refused():
    names, rows, _ = made(4, seed=0)
    with pytest.raises(InputError, match="4 patients cannot fill 5 folds"):
        patient_folds(names, rows)


def test_a_descriptor_is_a_histogram_in_shares_and_the_indices():
    image = np.full((8, 8), 0.99, np.float32)
    image[:4] = 0.0
    one = descriptor(image, np.array([1000.0, np.nan]))
    assert one[0] == one[BINS - 1] == 0.5
    assert one[BINS] == 1000
    assert np.isnan(one[-1])
