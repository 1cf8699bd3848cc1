"""Levels, blocks and heads of the network, in 2-D and 3-D."""

from __future__ import annotations

import pytest
import torch

from MedImageLib.errors import SettingsError
from MedImageLib.network.cost import network_cost, parameter_count
from MedImageLib.network.folding import folded
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings

SMALL = (Branch(1, 4), Branch(2, 6, 2), Branch(1, 4, 1, dilation=3))


def settings(dimensions=2, levels=3, **changes) -> NetworkSettings:
    blocks = (Block(8, SMALL),) * levels
    values = {"classes": 3, "stem_channels": 8, "head_channels": 6, "blocks": blocks} | changes
    return NetworkSettings(dimensions=dimensions, **values)


@pytest.fixture
def trained() -> MultiLevelNetwork:
    """A network with statistics and gains that are not those of a fresh one."""
    torch.manual_seed(0)
    network = MultiLevelNetwork(settings())
    for _ in range(3):
        network(torch.randn(4, 1, 32, 32) * 3 + 1)
    for name, parameter in network.named_parameters():
        if "normalization" in name or name.endswith("1.weight"):
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return network.eval()


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_level_answers_on_the_image_grid(dimensions, stride):
    network = MultiLevelNetwork(settings(dimensions, stem_stride=stride))
    image = torch.randn(2, 1, *[16] * dimensions)
    levels = network(image)
    assert [tuple(level.shape) for level in levels] == [(2, 3, *[16] * dimensions)] * 3
    coarse = next(network.levels(image, coarse=True))
    assert coarse.shape[2:] == torch.Size([16 // stride] * dimensions)


def test_a_level_alone_is_that_level_of_the_chain(trained):
    image = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        chain = trained(image)
        for number, logits in enumerate(chain, start=1):
            assert torch.equal(trained.at_level(image, number), logits)
    with pytest.raises(ValueError, match="1 to 3"):
        trained.at_level(image, 4)


def test_levels_can_be_cut_without_touching_the_others(trained):
    shorter = MultiLevelNetwork(settings(levels=2)).eval()
    kept = {k: v for k, v in trained.state_dict().items() if k in shorter.state_dict()}
    shorter.load_state_dict(kept, strict=True)
    image = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        for short, long in zip(shorter(image), trained(image), strict=False):
            assert torch.equal(short, long)


def test_later_blocks_do_not_run_unless_asked(trained):
    ran = []
    for number, block in enumerate(trained.blocks):
        block.register_forward_hook(lambda *_, number=number: ran.append(number))
    levels = trained.levels(torch.randn(1, 1, 32, 32))
    next(levels)
    assert ran == [0]
    next(levels)
    assert ran == [0, 1]


def test_a_pooling_block_is_up_sampled_before_concatenation():
    blocks = (Block(8, SMALL), Block(8, SMALL, pool=2), Block(8, SMALL))
    network = MultiLevelNetwork(settings(blocks=blocks))
    assert network.settings.divisor == 8
    levels = list(network.levels(torch.randn(1, 1, 32, 32), coarse=True))
    assert [level.shape[-1] for level in levels] == [16, 16, 8]


def test_branches_mixed_apart_equal_branches_concatenated(trained):
    block = trained.blocks[0]
    maps = torch.randn(1, 8, 16, 16)
    parts, weights = [], []
    for factor, branch, mixer in zip(block.branch_pools, block.branches, block.mixers, strict=True):
        pooled = torch.nn.functional.max_pool2d(maps, factor) if factor > 1 else maps
        part = branch(pooled)
        if factor > 1:
            part = torch.nn.functional.interpolate(
                part, size=(16, 16), mode="bilinear", align_corners=False
            )
        parts.append(part)
        weights.append(mixer.weight)
    together = torch.nn.functional.conv2d(torch.cat(parts, 1), torch.cat(weights, 1))
    expected = torch.relu(block.normalization(together) + maps)
    assert torch.allclose(block(maps), expected, atol=1e-5)


def test_folding_normalization_changes_nothing_but_rounding(trained):
    image = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        for a, b in zip(trained(image), folded(trained)(image), strict=True):
            assert torch.allclose(a, b, atol=1e-4)
    kinds = {type(m).__name__ for m in folded(trained).modules()}
    assert not any("BatchNorm" in kind for kind in kinds)


def test_a_network_of_volumes_is_folded_too():
    network = MultiLevelNetwork(settings(3)).eval()
    image = torch.randn(1, 1, 16, 16, 16)
    with torch.inference_mode():
        for a, b in zip(network(image), folded(network)(image), strict=True):
            assert torch.allclose(a, b, atol=1e-4)


def test_folded_weights_are_laid_out_as_planes_are_handed_in(trained):
    convolutions = [p for p in folded(trained).parameters() if p.ndim == 4]
    assert {p.shape[2] for p in convolutions} == {1, 3}
    for weight in convolutions:
        # Of kernels of one pixel only the strides tell the layout.
        kernel, channels = weight.shape[2:].numel(), weight.shape[1]
        wanted = (kernel * channels, 1, weight.shape[3] * channels, channels)
        assert weight.stride() == wanted
    assert trained.blocks[0].mixers[0].weight.is_contiguous()


def test_sides_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="multiples of 4"):
        MultiLevelNetwork(settings())(torch.randn(1, 1, 30, 32))


@pytest.mark.parametrize("changes", [{"dimensions": 4}, {"classes": 1}, {"blocks": ()}])
def test_impossible_settings_are_refused(changes):
    with pytest.raises(SettingsError):
        NetworkSettings(**changes)


def test_settings_survive_json():
    import json

    wanted = settings(3, levels=2, in_channels=2)
    assert NetworkSettings.from_dict(json.loads(json.dumps(wanted.as_dict()))) == wanted


def test_cost_of_a_known_convolution():
    layer = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False)
    cost = network_cost(layer, lambda: layer(torch.zeros(1, 3, 10, 20)))
    assert cost.gmac * 1e9 == pytest.approx(3 * 5 * 9 * 200)
    assert cost.parameters == parameter_count(layer) == 135
