"""Undrawn classes are neither background nor absent."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedImageLib.network.losses import (
    balance_of_step,
    merged_log_probabilities,
    multi_level_loss,
    segmentation_loss,
)
from MedImageLib.network.samples import UNKNOWN


def test_undrawn_classes_join_the_background():
    logits = torch.log(torch.tensor([0.2, 0.5, 0.3])).reshape(1, 3, 1, 1)
    merged = merged_log_probabilities(logits, torch.tensor([[True, True, False]])).exp()
    assert torch.allclose(merged.flatten(), torch.tensor([0.5, 0.5, 0.0]))


def test_finding_an_undrawn_structure_costs_nothing():
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[0, 2:4, 2:4] = 1
    truth = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1).float()
    drawn = torch.tensor([[True, True, False]])
    says_background = truth * 20
    says_structure_2 = says_background.clone()
    says_structure_2[:, 2, 5:, 5:] = 40
    a = segmentation_loss(says_background, labels, drawn)
    b = segmentation_loss(says_structure_2, labels, drawn)
    assert a == pytest.approx(float(b), abs=1e-6)
    everywhere = segmentation_loss(says_structure_2, labels, torch.ones(1, 3, dtype=torch.bool))
    assert everywhere > a + 0.1


def test_undrawn_classes_get_no_push_against_each_other():
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    segmentation_loss(logits, labels, torch.tensor([[True, True, False]])).backward()
    assert torch.allclose(logits.grad[:, 0], logits.grad[:, 2])


def test_a_class_that_was_given_up_still_learns():
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    labels[0, 1:3, 1:3] = 2
    logits = torch.zeros(1, 3, 4, 4)
    logits[:, 2] = -30.0
    logits.requires_grad_()
    segmentation_loss(logits, labels, torch.ones(1, 3, dtype=torch.bool)).backward()
    assert (logits.grad[0, 2, 1:3, 1:3] < -0.9 / 16).all()


def test_a_rare_class_is_not_given_up_for_the_images_without_it():
    """One image shows a structure of 20 voxels, three do not, all say a tenth of a voxel of it."""
    labels = torch.zeros(4, 24, 24, dtype=torch.long)
    labels[0, :4, :5] = 1
    drawn = torch.ones(1, 2, dtype=torch.bool)
    pushes = torch.zeros(())
    for one in labels:
        logits = torch.zeros(1, 2, 24, 24)
        logits[:, 1] = float(np.log(0.1 / one.numel()))
        logits.requires_grad_()
        segmentation_loss(logits, one[None], drawn).backward()
        pushes = pushes + logits.grad[:, 1].sum()
    assert pushes < 0


def test_perfect_is_near_zero_and_empty_stays_finite():
    labels = torch.randint(0, 3, (2, 8, 8))
    truth = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1).float() * 50
    drawn = torch.ones(2, 3, dtype=torch.bool)
    assert segmentation_loss(truth, labels, drawn) < 1e-3
    empty = torch.zeros_like(labels)
    assert torch.isfinite(segmentation_loss(truth, empty, drawn))


def test_levels_are_weighted():
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    drawn = torch.ones(1, 2, dtype=torch.bool)
    good = torch.stack([torch.full((1, 4, 4), 9.0), torch.full((1, 4, 4), -9.0)], 1)
    single = [segmentation_loss(x, labels, drawn) for x in (good, -good)]
    both = multi_level_loss([good, -good], labels, drawn, [3.0, 1.0])
    assert both == pytest.approx(float((3 * single[0] + single[1]) / 4))


def test_a_missed_small_structure_counts_as_much_as_a_missed_large_one():
    labels = torch.zeros(2, 64, 64, dtype=torch.long)
    labels[0, :56, :56] = 1
    labels[1, :16, :16] = 1
    drawn = torch.ones(2, 2, dtype=torch.bool)
    truth = torch.nn.functional.one_hot(labels, 2).movedim(-1, 1).float() * 20
    without = {}
    for missed in (0, 1):
        found = truth.clone()
        found[missed, 0], found[missed, 1] = 20.0, 0.0
        entropy = torch.nn.functional.cross_entropy(found, labels)
        pooled = 1 - 2 * (labels.sum() - labels[missed].sum()) / (
            2 * labels.sum() - labels[missed].sum()
        )
        without[missed] = float(segmentation_loss(found, labels, drawn) - entropy - 0.5 * pooled)
    assert without[1] == pytest.approx(without[0], rel=0.1)


def test_labels_are_brought_to_the_grid_of_a_coarse_level():
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[:, 4:] = 1
    coarse = torch.nn.functional.one_hot(labels[:, ::2, ::2], 2).movedim(-1, 1).float() * 30
    drawn = torch.ones(1, 2, dtype=torch.bool)
    assert segmentation_loss(coarse, labels, drawn) < 1e-3
    assert segmentation_loss(coarse.flip(2), labels, drawn) > 1


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_coarse_level_is_not_pulled_to_one_side(axis):
    """What is mirrored costs the same, along every axis, on a grid of half the resolution."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    labels[0, 1:4, 3:6, 2:7] = 1
    labels[0, 5:8, 5:6, 0:3] = 2
    logits = torch.randn(1, 3, 4, 4, 4, generator=generator)
    drawn = torch.ones(1, 3, dtype=torch.bool)
    one = segmentation_loss(logits, labels, drawn)
    mirrored = segmentation_loss(logits.flip(axis + 2), labels.flip(axis + 1), drawn)
    assert float(mirrored) == pytest.approx(float(one), abs=1e-6)


def test_a_coarse_voxel_learns_the_share_of_its_block():
    """Three of four pixels are marked, one is unknown in the other half of the picture."""
    labels = torch.zeros(1, 2, 4, dtype=torch.long)
    labels[0, :, :2] = 1
    labels[0, 0, 0] = 0
    labels[0, 0, 2] = UNKNOWN
    drawn = torch.ones(1, 2, dtype=torch.bool)
    logits = torch.zeros(1, 2, 1, 2)
    cross_entropy = -(0.75 + 0.25 + 0.75) * np.log(0.5) / 1.75
    whole = segmentation_loss(logits, labels, drawn, empty_voxels=1e6)
    overlap, total = 0.5 * 0.75, 0.5 + 0.75 * 0.5 + 0.75
    dice = 0.5 * (2 * overlap + 1) / (total + 1) + 0.5
    assert float(whole) == pytest.approx(cross_entropy + 1 - dice, abs=1e-5)


def test_false_marks_on_an_empty_image_cost_half_at_their_setting():
    """50 false pixels on a batch that does not show the structure: the Dice of the image."""
    labels = torch.zeros(1, 20, 20, dtype=torch.long)
    logits = torch.zeros(1, 2, 20, 20)
    logits[:, 0], logits[:, 1] = 40.0, 0.0
    logits[:, 1, :5, :10], logits[:, 0, :5, :10] = 40.0, 0.0
    drawn = torch.ones(1, 2, dtype=torch.bool)
    entropy = 40.0 * 50 / 400
    for empty_voxels, each in ((50.0, 0.5), (450.0, 0.9)):
        loss = float(segmentation_loss(logits, labels, drawn, empty_voxels)) - entropy
        assert loss == pytest.approx(1 - each, abs=1e-3)


@pytest.mark.parametrize("balance", [0.25, 1.0])
def test_balance_weighs_every_shown_class_alike_and_no_absent_one(balance):
    """One voxel in a hundred, of probability 0.2; a third class that no image shows."""
    labels = torch.zeros(1, 10, 10, dtype=torch.long)
    labels[0, 4, 4] = 1
    said = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    logits = said.log().reshape(1, 3, 1, 1).expand(1, 3, 10, 10)
    drawn = torch.ones(1, 3, dtype=torch.bool)
    plain = -(99 * np.log(0.7) + np.log(0.2)) / 100
    alike = -(np.log(0.7) + np.log(0.2)) / 2
    gained = segmentation_loss(logits, labels, drawn, balance=balance) - segmentation_loss(
        logits, labels, drawn
    )
    assert float(gained) == pytest.approx(balance * (alike - plain), abs=1e-5)


def test_balance_fades_out_before_the_end():
    left = [balance_of_step(0.5, step, 1000) for step in range(1000)]
    assert left[0] == 0.5
    assert left[350] == pytest.approx(0.25)
    assert left[700:] == [0.0] * 300
