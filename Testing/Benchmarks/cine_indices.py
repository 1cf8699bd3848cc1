"""What the eleven indices of a 20-frame cine cost: our ensemble beside its peers, in one run.

Prints a Markdown table: parameters, GMAC of the whole cine, median time of interleaved runs with
two threads, ratio to ours. All start from the frames and a center and end with indices in mm and
mm²; weights are random where they do not change the work. Peers: MONAI's UNet whose masks are
measured, and a residual regressor of the size of ResNet-18, once and as an ensemble of five.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork
from CardiacLVLib.ensemble.conversion import converted, target_frame
from CardiacLVLib.ensemble.prediction import predict_indices
from CardiacLVLib.ensemble.store import Ensemble, EnsembleCard, ready
from CardiacLVLib.measures.indices import measure_indices
from MedImageLib.network.cost import network_cost
from MedImageLib.network.framing import Framing
from MedImageLib.phantom.cine import CineSettings, generate_cine

INSERTION_DEG = -101.0
UNET_FRAMING = Framing(size=(128, 128), mode="around", pixel_mm=1.15)
MEMBERS = 5


class ResidualRegressor(nn.Module):
    """Four stages of two residual blocks, 64 to 512 channels: 11 million parameters."""

    def __init__(self, outputs: int = 11) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)
        )
        widths = (64, 64, 128, 256, 512)
        blocks = []
        for before, after in itertools.pairwise(widths):
            blocks += [
                _Residual(before, after, 1 if before == after else 2),
                _Residual(after, after),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.answer = nn.Linear(512, outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.answer(self.blocks(self.stem(images)).mean((2, 3)))


class _Residual(nn.Module):
    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.one = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
        )
        self.two = nn.Sequential(
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        )
        same = before == after and stride == 1
        self.past = (
            nn.Identity()
            if same
            else nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.two(self.one(features)) + self.past(features))


def monai_unet() -> nn.Module:
    from monai.networks.nets import UNet

    channels, strides = (16, 32, 64, 128, 256), (2, 2, 2, 2)
    return UNet(2, 1, 3, channels, strides, num_res_units=2).eval()


class Cine:
    """The frames of one middle slice with its center and spacing, and exact masks to measure."""

    def __init__(self) -> None:
        made = generate_cine(CineSettings(seed=5, frames=20, rows=256, slices=5))
        plane = 2
        self.images = [frame.array[plane].astype(np.float32) for frame in made.sequence.frames]
        self.centers = made.center_px[plane][:, ::-1]
        i_mm, j_mm, _ = made.labels[0].geometry.spacing_mm
        self.spacing_mm = (j_mm, i_mm)
        self.masks = [label.array[plane] for label in made.labels]

    def inputs(self, framing: Framing) -> Tensor:
        shown = [
            converted(image, target_frame(center, self.spacing_mm, INSERTION_DEG, framing=framing))
            for image, center in zip(self.images, self.centers, strict=True)
        ]
        images = torch.from_numpy(np.stack(shown)).unsqueeze(1)
        return (2 * images - 1).contiguous(memory_format=torch.channels_last)


def peers(cine: Cine) -> dict[str, tuple[list[nn.Module], Callable[[], object]]]:
    """Name → networks and what a user waits for."""
    card = EnsembleCard(name="benchmark", version="", members=MEMBERS)
    networks = tuple(ready(AggregationNetwork(card.network).eval()) for _ in range(MEMBERS))
    ensemble = Ensemble(card, networks, "")
    memory = torch.channels_last
    unet = monai_unet().to(memory_format=memory)  # type: ignore[call-overload]
    regressors = [
        ResidualRegressor().eval().to(memory_format=memory)  # type: ignore[call-overload]
        for _ in range(MEMBERS)
    ]

    def ours() -> object:
        return predict_indices(ensemble, cine.images, cine.centers, cine.spacing_mm, INSERTION_DEG)

    def segmented() -> object:
        unet(cine.inputs(UNET_FRAMING)).argmax(1)
        # An untrained network draws nothing that could be measured: exact masks stand in.
        i_mm, j_mm = cine.spacing_mm[::-1]
        return [measure_indices(mask, (i_mm, j_mm), INSERTION_DEG) for mask in cine.masks]

    def regressed(count: int) -> Callable[[], object]:
        def run() -> object:
            images = cine.inputs(card.framing)
            return torch.stack([network(images) for network in regressors[:count]]).mean(0)

        return run

    return {
        "ours, five networks": (list(networks), ours),
        "MONAI UNet and measuring": ([unet], segmented),
        "ResNet-18 size, one network": (regressors[:1], regressed(1)),
        "ResNet-18 size, five networks": (regressors, regressed(MEMBERS)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(2)
    runs = peers(Cine())
    times: dict[str, list[float]] = {name: [] for name in runs}
    with torch.inference_mode():
        for repeat in range(options.repeats + 1):
            for name, (_, run) in runs.items():
                started = time.perf_counter()
                run()
                if repeat:
                    times[name].append(time.perf_counter() - started)
    base = statistics.median(times["ours, five networks"])
    print(f"\n20 frames, two threads, median of {options.repeats} interleaved runs\n")
    print("| way | parameters (M) | GMAC | time (s) | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (networks, run) in runs.items():
        cost = network_cost(nn.ModuleList(networks), run)
        seconds = statistics.median(times[name])
        print(
            f"| {name} | {cost.parameters / 1e6:.2f} | {cost.gmac:.2f} | {seconds:.3f} "
            f"| {seconds / base:.1f} |"
        )


if __name__ == "__main__":
    main()
