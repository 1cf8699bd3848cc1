"""Overlap and surface distances against analytic shapes and against MONAI."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice

from MedImageLib.errors import GeometryError
from MedImageLib.metrics import agreement, dice, scores, surface_distances


def ball(shape, center, radius, spacing=(1.0, 1.0, 1.0)) -> np.ndarray:
    grid = np.indices(shape).astype(float)
    squares = [((g - c) * s) ** 2 for g, c, s in zip(grid, center, spacing, strict=True)]
    return sum(squares) <= radius**2


def batched(mask: np.ndarray) -> torch.Tensor:
    both = np.stack([~mask, mask])
    return torch.from_numpy(both[None].astype(np.float32))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 0.5)])
@pytest.mark.parametrize("shift", [0, 1, 4])
def test_agrees_with_monai(spacing, shift):
    truth = ball((30, 40, 60), (15, 20, 30), 10, spacing)
    found = np.roll(truth, shift, axis=1)
    mine = surface_distances(truth, found, spacing)
    theirs = compute_hausdorff_distance(
        batched(found), batched(truth), percentile=95, spacing=spacing
    )
    assert dice(truth, found) == pytest.approx(
        float(compute_dice(batched(found), batched(truth), include_background=False))
    )
    # MONAI measures between voxel centers of the borders, here between faces: half a voxel each.
    assert mine.percentile_mm(95) == pytest.approx(float(theirs), abs=max(spacing) + 1e-6)
    near = compute_surface_dice(
        batched(found), batched(truth), [2.0], spacing=spacing, use_subvoxels=True
    )
    assert mine.surface_dice(2.0) == pytest.approx(float(near), abs=0.12)


def test_a_shifted_plane_is_as_far_as_it_was_shifted():
    truth = np.zeros((20, 20), bool)
    truth[5:15, 5:15] = True
    found = np.zeros_like(truth)
    found[5:15, 7:17] = True
    distances = surface_distances(truth, found, (1.0, 0.5))
    assert distances.pooled_mm.max() == pytest.approx(1.0)
    assert distances.surface_dice(1.0) == 1.0
    assert distances.surface_dice(0.9) < 1.0


def test_faces_weigh_by_their_area():
    slab = np.zeros((12, 12, 12), bool)
    slab[4:8, 2:10, 2:10] = True
    distances = surface_distances(slab, slab, (5.0, 1.0, 1.0))
    # Two faces of 8 × 8 mm² and four of 8 × 20 mm².
    assert distances.truth_size.sum() == pytest.approx(2 * 64 + 4 * 160)
    assert distances.percentile_mm(100) == 0


def test_not_drawn_is_not_absent():
    truth = np.zeros((8, 8), np.uint8)
    truth[2:6, 2:6] = 1
    found = truth.copy()
    found[0:2] = 2
    named = {1: "cavity", 2: "myocardium", 3: "other"}
    result = {s.structure: s for s in scores(truth, found, (1, 1), named, drawn=(1, 3))}
    assert result["cavity"].dice == 1.0
    assert result["myocardium"].state == "not drawn"
    assert result["myocardium"].dice is None
    assert result["other"].state == "both empty"
    drawn = scores(truth, found, (1, 1), named, drawn=(1, 2))[1]
    assert drawn.state == "scored"
    assert drawn.dice == 0.0
    assert drawn.hd95_mm is None


def test_bland_altman_of_known_numbers():
    found = agreement([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5, 4.5])
    assert found.bias == pytest.approx(0.5)
    assert found.lower_limit == pytest.approx(0.5)
    assert found.pearson_r == pytest.approx(1.0)
    assert found.mean_absolute_error == pytest.approx(0.5)


def test_shapes_must_agree():
    with pytest.raises(GeometryError):
        dice(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
