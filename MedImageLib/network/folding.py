"""Normalization folded into convolutions, so that a trained network runs faster.

The result gives the same numbers up to rounding and can no longer be trained.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from MedImageLib.network.multi_level import ParallelBlock

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """A copy for inference without normalization layers; see `fold`."""
    return fold(copy.deepcopy(network))


def fold(network: Network) -> Network:
    """The network itself, made ready for inference without normalization layers.

    Known are sequences of convolution, normalization and activation, and `ParallelBlock`.
    """
    for module in list(network.eval().modules()):
        if isinstance(module, nn.Sequential) and len(module) == 3:
            if isinstance(module[1], nn.BatchNorm2d | nn.BatchNorm3d):
                _fold_convolution(module[0], module[1])
                module[1] = nn.Identity()
        elif isinstance(module, ParallelBlock):
            _fold_block(module)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            # Planes come with their channels last; weights laid out otherwise double the time.
            # Volumes gain nothing by it. `contiguous` would leave kernels of one pixel alone.
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network.requires_grad_(False)


def _fold_convolution(convolution: Any, norm: Any) -> None:
    gain, shift = _gain_and_shift(norm)
    with torch.no_grad():
        bias = shift if convolution.bias is None else shift + gain * convolution.bias
        convolution.weight.mul_(gain.reshape(-1, *[1] * (convolution.weight.ndim - 1)))
    convolution.bias = nn.Parameter(bias.clone())


def _fold_block(block: ParallelBlock) -> None:
    gain, shift = _gain_and_shift(block.normalization)
    with torch.no_grad():
        for mixer in block.mixers:
            weight = mixer.get_parameter("weight")
            weight.mul_(gain.reshape(-1, *[1] * (weight.ndim - 1)))
        # The sum of the branches needs the shift once.
        block.mixers[0].register_parameter("bias", nn.Parameter(shift.clone()))
    block.normalization = nn.Identity()


def _gain_and_shift(norm: Any) -> tuple[Tensor, Tensor]:
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return gain, norm.bias - norm.running_mean * gain
