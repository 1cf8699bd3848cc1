"""Probabilities of volumes by tiles: as at once, on the coarse grid, empty tiles skipped."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedImageLib.network import inference
from MedImageLib.network.inference import tiled_probabilities
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings


@pytest.fixture
def network() -> MultiLevelNetwork:
    torch.manual_seed(0)
    settings = NetworkSettings(
        dimensions=3,
        classes=3,
        stem_channels=4,
        blocks=(Block(4, (Branch(1, 4),)),),
        head_channels=4,
    )
    return MultiLevelNetwork(settings).eval()


def test_tiles_give_what_the_whole_gives(network, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).normal(0, 1, (46, 40, 50)).astype(np.float32)
    whole, level = tiled_probabilities(network, image)
    monkeypatch.setattr(inference, "_most_voxels", lambda *_: 32**3)
    tiled, _ = tiled_probabilities(network, image, overlap=8)
    assert level == 1
    assert whole.shape == tiled.shape == (3, 23, 20, 25)
    assert whole.sum(0) == pytest.approx(1, abs=2e-3)
    # At the ends the whole is padded by zeros of maps, tiles by the border of the image.
    inner = (slice(None), *(slice(4, -4),) * 3)
    assert np.abs(whole - tiled)[inner].max() < 2e-3


def test_tiles_of_air_are_background_without_looking(network) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("looked at air")

    network.at_level = never
    image = np.full((20, 20, 20), -1.5, np.float32)
    found, _ = tiled_probabilities(network, image, empty_below=-1.3)
    assert (found[0] == 1).all()
    assert not found[1:].any()
