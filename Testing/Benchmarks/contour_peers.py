"""Our contour network and nnU-Net's, trained and scored in the same way on the same patients.

Both learn from the settings of `ct_head_neck`, for as many steps, with the same views, loss and
optimizer, on one grid of 4 mm on which neither is favored, and are scored on the patients of one
fold that neither has seen. A short training: it compares networks, it does not tell how good a
product is. Prints a Markdown table; training resumes when interrupted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from accuracy import Peer

from AutoContourLib.contours.ct_cases import read_cases
from AutoContourLib.contours.evaluation import evaluate_cases, summary
from AutoContourLib.contours.training import CtTraining, train_network
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings
from MedImageLib.network.workflow import settings_path
from MedImageLib.settings import load_settings

PIXEL_MM = 4.0  # about that of the volumes
BALANCE = 0.5
DEEPEST = 8  # sides of tiles must be multiples of it for the peer


def peer(settings: NetworkSettings) -> Peer:
    network = Peer(settings, side=48, levels=3)
    network.settings = replace(settings, blocks=(Block(8, (Branch(DEEPEST, 8),)),))
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = load_settings(settings_path("ct_head_neck"), CtTraining)
    settings = replace(
        settings,
        network=replace(settings.network, stem_stride=1),
        framing=replace(settings.framing, pixel_mm=PIXEL_MM, size=(48, 48, 48)),
        fit=replace(settings.fit, steps=options.steps, checkpoint_every=25),
        # In so short a training neither network finds the small organs otherwise.
        balance=BALANCE,
    )
    cases = read_cases(options.data, settings.sources)
    training = [case for case in cases if case.fold != options.fold]
    held_out = [case for case in cases if case.fold == options.fold]
    print("| network | parameters (M) | seconds | structure | patients | mean | median | 3 mm |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    builds: dict[str, Callable] = {"ours": MultiLevelNetwork, "nnU-Net PlainConvUNet": peer}
    for title, build in builds.items():
        folder = options.out / title.split()[0]
        folder.mkdir(parents=True, exist_ok=True)
        started = time.process_time()
        network = train_network(
            training, settings, folder, options.fold, say=lambda text: None, build=build
        )
        seconds = time.process_time() - started
        millions = sum(p.numel() for p in network.parameters()) / 1e6
        scores = evaluate_cases(
            network.eval(), held_out, settings.labels, settings.framing, say=lambda text: None
        )
        for row in summary(scores):
            print(
                f"| {title} | {millions:.2f} | {seconds:.0f} | {row['structure']} "
                f"| {row['patients']} | {row['mean']:.3f} | {row['median']:.3f} "
                f"| {row['surface_dice_3mm']:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
