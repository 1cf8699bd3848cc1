"""Early stop, limits, tiles and devices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedImageLib.errors import ModelError, SettingsError
from MedImageLib.network.framing import Framing, whole_frame
from MedImageLib.network.inference import (
    InferenceSettings,
    answered_levels,
    best_device,
    label_change,
    segment_plane,
    segment_planes,
    segment_volume,
)
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings

PYRAMID = (Branch(1, 6), Branch(2, 8))


def network(dimensions=2, levels=4, branches=PYRAMID) -> MultiLevelNetwork:
    torch.manual_seed(1)
    made = MultiLevelNetwork(
        NetworkSettings(
            dimensions=dimensions,
            classes=3,
            stem_channels=8,
            blocks=(Block(8, branches),) * levels,
        )
    )
    return made.eval()


def settled() -> MultiLevelNetwork:
    """A network whose levels all say class 1 everywhere."""
    made = network()
    for head in made.heads:
        torch.nn.init.constant_(head[1].bias, 0.0)
        head[1].bias.data[1] = 100.0
    return made


def test_change_is_that_of_the_worst_class():
    before = torch.tensor([[1, 1, 1, 1, 2, 2, 0, 0], [1, 1, 1, 1, 2, 2, 0, 0]])
    after = torch.tensor([[1, 1, 1, 1, 2, 0, 0, 0], [1, 1, 1, 1, 2, 2, 0, 0]])
    assert label_change(before, after, 4) == pytest.approx(1 - 2 * 1 / 3)
    assert label_change(before, before, 4) == 0


def test_stops_when_nothing_changes_any_more():
    image = torch.randn(1, 1, 32, 32)
    _, level, changes = answered_levels(settled(), image, InferenceSettings(stop_below=0.01))
    assert (level, changes) == (2, (0.0,))
    _, level, changes = answered_levels(network(), image, InferenceSettings(stop_below=1e-9))
    assert (level, len(changes)) == (4, 3)
    _, level, _ = answered_levels(network(), image, InferenceSettings(level=2, stop_below=1e-9))
    assert level == 2


def test_stopping_early_gives_what_that_level_gives():
    image = torch.randn(1, 1, 32, 32)
    made = settled()
    logits, level, _ = answered_levels(made, image, InferenceSettings(stop_below=0.5))
    assert level == 2
    assert torch.equal(logits, made.at_level(image, level, coarse=True))


def test_no_level_is_begun_after_the_time_limit():
    image = torch.randn(1, 1, 32, 32)
    _, level, _ = answered_levels(network(), image, InferenceSettings(time_limit_s=1e-9))
    assert level == 1


def test_levels_beyond_the_network_are_refused():
    with pytest.raises(SettingsError, match="1 to 4"):
        answered_levels(network(), torch.zeros(1, 1, 32, 32), InferenceSettings(level=5))


@pytest.mark.parametrize("shape", [(100, 80), (64, 200), (33, 517)])
def test_planes_of_any_shape_come_back_on_their_grid(shape):
    image = np.random.default_rng(0).normal(size=shape)
    found = segment_plane(network(), image, Framing(size=(64, 64)))
    assert found.labels.shape == shape
    assert found.probabilities.shape == (3, *shape)
    assert np.allclose(found.probabilities.sum(0), 1, atol=1e-4)


def test_planes_computed_together_are_as_if_alone():
    made = network()
    images = [np.random.default_rng(n).normal(size=(40 + n, 60)) for n in range(20)]
    frames = [whole_frame(image.shape, Framing(size=(64, 64))) for image in images]
    together = segment_planes(made, images, frames)
    for image, found in zip(images, together, strict=True):
        alone = segment_plane(made, image, Framing(size=(64, 64)))
        assert (alone.labels == found.labels).mean() > 0.999


def test_tiles_join_to_what_the_whole_gives():
    # Branches without pooling see 5 voxels far, so an overlap of 16 hides every tile border.
    made = network(3, levels=2, branches=(Branch(1, 6),))
    image = np.random.default_rng(0).normal(size=(40, 70, 90)).astype(np.float32)
    whole = segment_volume(made, image, InferenceSettings(memory_limit_mib=4096))
    small = InferenceSettings(memory_limit_mib=64)
    from MedImageLib.network import inference

    assert inference._most_voxels(made, small, 3) >= 90**3
    original = inference._most_voxels
    inference._most_voxels = lambda *_: 48**3
    try:
        tiles = inference._tiles(image.shape, 48**3, 12, 2, 2)
        parts = segment_volume(made, image, small, overlap=12)
    finally:
        inference._most_voxels = original
    assert len(tiles) > 1
    covered = np.zeros(image.shape, int)
    for core, _ in tiles:
        covered[core] += 1
    assert (covered == 1).all()
    assert (whole.labels == parts.labels).mean() > 0.98


@pytest.mark.parametrize("shape", [(40, 70, 90), (500, 154, 234), (7, 5, 3), (64,), (33, 200)])
@pytest.mark.parametrize("most", [10**5, 10**6, 10**8])
@pytest.mark.parametrize("overlap", [0, 24])
def test_tiles_cover_once_fit_the_memory_and_keep_their_overlap(shape, most, overlap):
    from MedImageLib.network.inference import _tiles

    divisor, stride = 16, 2
    tiles = _tiles(shape, most, overlap, divisor, stride)
    covered = np.zeros(shape, int)
    for core, tile in tiles:
        covered[core] += 1
        for c, t, length in zip(core, tile, shape, strict=True):
            assert (t.stop - t.start) % divisor == 0
            assert t.start % stride == 0
            assert 0 <= t.start <= c.start
            assert t.stop >= c.stop
            if most >= 10**6:
                assert t.start == max(0, c.start - overlap)
                assert t.stop >= min(length, c.stop + overlap)
        sizes = [t.stop - t.start for t in tile]
        assert np.prod(sizes) <= most
    assert (covered == 1).all()
    if np.prod([-(-n // divisor) * divisor for n in shape]) <= most:
        assert len(tiles) == 1


def test_a_volume_is_never_refused_for_its_memory():
    from MedImageLib.network.inference import _tiles

    assert len(_tiles((64, 64, 64), 10, 24, 16, 2)) == 64


def test_devices():
    assert best_device("cpu").type == "cpu"
    assert best_device().type in ("cpu", "cuda", "mps")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="cuda"):
            best_device("cuda")
