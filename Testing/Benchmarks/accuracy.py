"""Our network and nnU-Net's, trained and scored in the same way on the same patients.

Both learn from one settings file, for as many steps, with the same views, loss and optimizer, and
are scored on the patients of one fold that neither has seen. Prints a Markdown table; training
resumes when interrupted. Peers are installed by `make bench`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from networks import plain_conv_unet
from torch import Tensor, nn

from MedImageLib.network.evaluation import evaluate_network, summary
from MedImageLib.network.folding import folded
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings, resized
from MedImageLib.network.samples import read_samples
from MedImageLib.network.training import (
    TrainingSettings,
    fold_split,
    prepare,
    train_network,
    trained_network,
)
from MedImageLib.network.workflow import settings_path
from MedImageLib.settings import load_settings


class Peer(nn.Module):
    """PlainConvUNet under deep supervision, seen through the methods of the multi-level network."""

    def __init__(self, settings: NetworkSettings, side: int, levels: int = 4) -> None:
        super().__init__()
        self.settings = replace(settings, blocks=settings.blocks[:1])
        self.supervised = levels
        self.network = plain_conv_unet(settings.dimensions, settings.classes, side)

    def levels(self, image: Tensor, coarse: bool = False) -> Iterator[Tensor]:
        self.network.decoder.deep_supervision = self.training
        found = self.network(image)
        levels = found[: self.supervised][::-1] if self.training else [found]
        yield from levels if coarse else (resized(one, image.shape[2:]) for one in levels)

    def at_level(self, image: Tensor, level: int, coarse: bool = False) -> Tensor:
        return next(self.levels(image, coarse))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a shipped model, or a settings file")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--steps", type=int, help="by default those of the settings file")
    parser.add_argument("--side", type=int, help="of the networks' grid; by default the settings'")
    parser.add_argument("--localizer-run", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = load_settings(settings_path(options.name), TrainingSettings)
    steps = options.steps or settings.steps
    if options.side:
        size = (options.side,) * len(settings.framing.size)
        settings = replace(settings, framing=replace(settings.framing, size=size))
    samples = read_samples(options.data, settings.sources)
    training, held_out = fold_split(samples, options.fold)
    prepared = [prepare(sample, settings) for sample in training]
    localizer = None
    if settings.localizer and options.localizer_run:
        far = load_settings(settings_path(settings.localizer), TrainingSettings)
        localizer = (far, folded(trained_network(options.localizer_run, options.fold, far.network)))
    print(
        "| network | parameters (M) | steps | source | group | structure | images | mean | median |"
    )
    print("| --- | ---: | ---: | --- | --- | --- | ---: | ---: | ---: |")
    peer = partial(Peer, side=settings.framing.size[0])
    for title, build in (("ours", MultiLevelNetwork), ("nnU-Net PlainConvUNet", peer)):
        folder = options.out / title.split()[0]
        folder.mkdir(parents=True, exist_ok=True)
        network = train_network(
            prepared, settings, folder, options.fold, steps, say=lambda text: None, build=build
        )
        millions = sum(p.numel() for p in network.parameters()) / 1e6
        seen = folded(network) if build is MultiLevelNetwork else network
        scores = evaluate_network(settings, seen, held_out, localizer).scores
        last = [score for score in scores if score.level == seen.settings.levels]
        for line in summary(last, by_group=True):
            print(
                f"| {title} | {millions:.2f} | {steps} | {line.source} | {line.group} "
                f"| {line.structure} | {line.images} | {line.mean:.4f} | {line.median:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
