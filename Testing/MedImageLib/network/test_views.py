"""Frames and random views: what the network sees lies where it should, and comes back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from MedImageLib.network.augmentation import Augmentation, random_gray, random_view
from MedImageLib.network.framing import Framing, centered_frame, seen, unframed, whole_frame

STILL = Augmentation(
    rotation_deg=0, zoom=0, squeeze=0, shift=0, bend=0, gamma=0, contrast=0, invert_share=0,
    blur_share=0, noise_share=0, field_share=0, patch_share=0,
)  # fmt: skip


def disc(shape, center, radius) -> np.ndarray:
    rows, columns = np.indices(shape)
    return ((rows - center[0]) ** 2 + (columns - center[1]) ** 2 <= radius**2).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(70, 400), st.integers(70, 400))
def test_whole_view_and_back(rows, columns):
    image = disc((rows, columns), (rows * 0.4, columns * 0.55), 25)
    frame = whole_frame(image.shape, Framing(size=(128, 128)))
    view = seen(image, frame)
    assert view.shape == (128, 128)
    back = unframed(torch.from_numpy(view)[None], frame, image.shape)[0].numpy() > 0.5
    overlap = 2 * (back & (image > 0)).sum() / (back.sum() + image.sum())
    assert overlap > 0.9


def test_the_longest_side_fits_and_the_rest_is_padding():
    frame = whole_frame((100, 200), Framing(size=(64, 64)))
    view = seen(np.ones((100, 200), np.float32), frame, fill=0.0)
    assert view[:14].max() == 0
    assert view[20:44].min() == pytest.approx(1, abs=1e-5)


def test_centered_view_puts_the_center_in_the_middle():
    image = disc((200, 200), (60, 130), 10)
    view = seen(image, centered_frame((60, 130), (0.5, 0.5), (65, 65)))
    rows, columns = np.nonzero(view > 0.5)
    assert rows.mean() == pytest.approx(32, abs=0.3)
    assert columns.mean() == pytest.approx(32, abs=0.3)
    assert (rows.max() - rows.min()) / 2 == pytest.approx(20, abs=1.5)


@pytest.mark.parametrize("axes", [2, 3])
def test_label_moves_with_the_image(axes):
    grid = np.indices([40] * axes).astype(float)
    ball = sum((g - c) ** 2 for g, c in zip(grid, (16, 22, 20), strict=False)) <= 8**2
    image = torch.from_numpy(ball.astype(np.float32))
    label = torch.from_numpy(ball.astype(np.uint8))
    turned = Augmentation(rotation_deg=30, zoom=0.2, squeeze=0.1, bend=0.02)
    for seed in range(5):
        view, marked = random_view(
            image, label, np.full(axes, 19.5), np.ones(axes), (40,) * axes, turned,
            np.random.default_rng(seed),
        )  # fmt: skip
        both = (view > 0.5).numpy() & (marked == 1).numpy()
        assert 2 * both.sum() / ((view > 0.5).sum() + (marked == 1).sum()) > 0.93


def test_without_changes_the_view_is_the_image():
    image = torch.rand(32, 32)
    view, _ = random_view(
        image, torch.zeros(32, 32, dtype=torch.uint8), np.full(2, 15.5), np.ones(2), (32, 32),
        STILL, np.random.default_rng(0),
    )  # fmt: skip
    assert torch.allclose(view, image, atol=1e-4)


def test_same_seed_same_view_other_seed_another():
    image, label = torch.rand(32, 32), torch.zeros(32, 32, dtype=torch.uint8)

    def view(seed):
        generator = np.random.default_rng(seed)
        moved, _ = random_view(
            image, label, np.full(2, 15.5), np.ones(2), (32, 32), Augmentation(), generator
        )
        return random_gray(moved, Augmentation(), generator)

    assert torch.equal(view(3), view(3))
    assert not torch.equal(view(3), view(4))
