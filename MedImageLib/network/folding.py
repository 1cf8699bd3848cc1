"""Normalization folded into convolutions, so that a trained network runs faster.

The result gives the same numbers up to rounding and can no longer be trained.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from MedImageLib.network.multi_level import ParallelBlock

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """A copy for inference without normalization layers.

    Known are sequences of convolution, normalization and activation, and `ParallelBlock`.
    """
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential) and len(module) == 3:
            if isinstance(module[1], nn.BatchNorm2d | nn.BatchNorm3d):
                convolution: Any = module[0]
                module[0] = fuse_conv_bn_eval(convolution, module[1])
                module[1] = nn.Identity()
        elif isinstance(module, ParallelBlock):
            _fold_block(module)
    return network.requires_grad_(False)


def _fold_block(block: ParallelBlock) -> None:
    norm: Any = block.normalization
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * gain
    with torch.no_grad():
        for mixer in block.mixers:
            weight = mixer.get_parameter("weight")
            weight.mul_(gain.reshape(-1, *[1] * (weight.ndim - 1)))
        # The sum of the branches needs the shift once.
        block.mixers[0].register_parameter("bias", nn.Parameter(shift.clone()))
    block.normalization = nn.Identity()
