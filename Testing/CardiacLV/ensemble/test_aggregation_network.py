"""The deep layer aggregation network: size, structure, folding."""

from __future__ import annotations

import pytest
import torch

from CardiacLVLib.ensemble.aggregation_network import (
    AggregationNetwork,
    AggregationSettings,
    Block,
    Tree,
)
from MedImageLib.network.cost import parameter_count
from MedImageLib.network.folding import folded

SMALL = AggregationSettings(channels=(8, 8, 12), depths=(1, 2, 1), cells=4, hidden=8)


def test_five_networks_stay_below_ten_megabytes():
    assert 5 * 4 * parameter_count(AggregationNetwork()) < 10e6


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_tree_holds_a_block_for_each_leaf_and_a_root_for_each_pair(depth):
    tree = Tree(8, 12, depth, stride=2)
    blocks = [module for module in tree.modules() if isinstance(module, Block)]
    roots = [
        module.root for module in tree.modules() if isinstance(module, Tree) and module.depth == 1
    ]
    assert len(blocks) == 2**depth
    assert len(roots) == 2 ** (depth - 1)
    assert tree(torch.zeros(2, 8, 16, 16)).shape == (2, 12, 8, 8)
    # The outermost root merges two blocks, every left subtree and what entered the tree.
    assert roots[-1][0].in_channels == 2 * 12 + (depth - 1) * 12 + 8


def test_answers_and_occupancy_have_their_shapes():
    network = AggregationNetwork(SMALL).eval()
    images = torch.randn(3, 1, 80, 80)
    standard, occupancy = network.standardized(images)
    assert standard.shape == (3, 11)
    assert occupancy.shape == (3, 2, 40, 40)


def test_units_are_those_of_the_training_targets():
    network = AggregationNetwork(SMALL).eval()
    network.get_buffer("index_mean").fill_(100)
    network.get_buffer("index_scale").fill_(10)
    images = torch.randn(2, 1, 80, 80)
    standard, _ = network.standardized(images)
    torch.testing.assert_close(network(images), 100 + 10 * standard)


def test_every_parameter_learns_from_the_indices_alone():
    network = AggregationNetwork(SMALL)
    network(torch.randn(4, 1, 80, 80)).square().sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_folding_changes_no_answer():
    torch.manual_seed(0)
    network = AggregationNetwork(SMALL)
    network(torch.randn(16, 1, 80, 80))  # gives the normalization something to fold
    network.eval()
    images = torch.randn(2, 1, 80, 80)
    quick = folded(network)
    assert parameter_count(quick) < parameter_count(network)
    torch.testing.assert_close(quick(images), network(images), rtol=1e-4, atol=1e-4)
