"""What the multi-level network costs beside its peers, all measured in one run.

Prints a Markdown table for 96³ (14 classes) and 256² (4 classes): parameters, GMAC, median
latency of interleaved runs with two threads and the ratio to ours, peak memory of a process that
runs nothing else. `make bench` installs the peers and runs this.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from MedImageLib.network.cost import network_cost, peak_memory_mib
from MedImageLib.network.folding import folded
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings

VOLUME = NetworkSettings(
    dimensions=3,
    classes=14,
    stem_channels=16,
    blocks=(Block(16, (Branch(1, 8), Branch(2, 24, 2), Branch(4, 32, 2))),) * 3,
    head_channels=12,
)


def ours(dimensions: int, classes: int) -> nn.Module:
    settings = VOLUME if dimensions == 3 else NetworkSettings(classes=classes)
    return folded(MultiLevelNetwork(settings).eval())


def plain_conv_unet(dimensions: int, classes: int, side: int | None = None) -> nn.Module:
    """nnU-Net's network as its planner lays it out for patches of this side (96³, 256²)."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    side = side or (96 if dimensions == 3 else 256)
    # The planner halves while the sides stay whole and at least 4 wide.
    stages = 1
    while side % 2 == 0 and side >= 8 and stages < 7:
        side, stages = side // 2, stages + 1
    widest = 320 if dimensions == 3 else 512
    layer = nn.Conv3d if dimensions == 3 else nn.Conv2d
    norm = nn.InstanceNorm3d if dimensions == 3 else nn.InstanceNorm2d
    return PlainConvUNet(
        input_channels=1,
        n_stages=stages,
        features_per_stage=[min(32 * 2**n, widest) for n in range(stages)],
        conv_op=layer,
        kernel_sizes=3,
        strides=[1] + [2] * (stages - 1),
        n_conv_per_stage=2,
        num_classes=classes,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=norm,
        norm_op_kwargs={"affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
    )


def seg_res_net(dimensions: int, classes: int) -> nn.Module:
    from monai.networks.nets import SegResNet

    return SegResNet(spatial_dims=dimensions, init_filters=16, out_channels=classes)


def monai_unet(dimensions: int, classes: int) -> nn.Module:
    from monai.networks.nets import UNet

    return UNet(
        spatial_dims=dimensions,
        in_channels=1,
        out_channels=classes,
        channels=(16, 32, 64, 128, 256),
        strides=(2, 2, 2, 2),
        num_res_units=2,
    )


NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {
    "ours": ours,
    "nnU-Net PlainConvUNet": plain_conv_unet,
    "MONAI SegResNet": seg_res_net,
    "MONAI UNet": monai_unet,
}
CASES = {"96³, 14 classes": (3, 96, 14), "256², 4 classes": (2, 256, 4)}


def runner(name: str, dimensions: int, side: int, classes: int) -> tuple[nn.Module, Callable]:
    network = NETWORKS[name](dimensions, classes).eval()
    image = torch.randn(1, 1, *[side] * dimensions)
    if name == "ours":
        memory = torch.channels_last if dimensions == 2 else torch.channels_last_3d
        network = network.to(memory_format=memory)
        image = image.contiguous(memory_format=memory)
        # What a user waits for: the last level, labels taken on the network's grid.
        return network, lambda: network.at_level(image, network.settings.levels, True).argmax(1)
    return network, lambda: network(image).argmax(1)


def memory_mib(name: str, dimensions: int, side: int, classes: int) -> float:
    torch.set_num_threads(2)
    _, run = runner(name, dimensions, side, classes)
    before = peak_memory_mib()
    with torch.inference_mode():
        run()
    return peak_memory_mib() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(2)
    for title, (dimensions, side, classes) in CASES.items():
        networks = {name: runner(name, dimensions, side, classes) for name in NETWORKS}
        times: dict[str, list[float]] = {name: [] for name in NETWORKS}
        with torch.inference_mode():
            for repeat in range(options.repeats + 1):
                for name, (_, run) in networks.items():
                    started = time.perf_counter()
                    run()
                    if repeat:
                        times[name].append(time.perf_counter() - started)
        base = statistics.median(times["ours"])
        print(f"\n{title}, two threads, median of {options.repeats} interleaved runs\n")
        print("| network | parameters (M) | GMAC | latency (s) | ratio | peak memory (MiB) |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            for name, (network, run) in networks.items():
                cost = network_cost(network, run)
                seconds = statistics.median(times[name])
                memory = pool.apply(memory_mib, (name, dimensions, side, classes))
                print(
                    f"| {name} | {cost.parameters / 1e6:.2f} | {cost.gmac:.2f} | {seconds:.3f} "
                    f"| {seconds / base:.1f} | {memory:.0f} |"
                )


if __name__ == "__main__":
    main()
