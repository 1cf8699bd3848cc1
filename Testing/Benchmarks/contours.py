"""Time and memory of contouring a large CT, and accuracy by level of the network (early stop).

python Testing/Benchmarks/contours.py speed [--slices 400] [--model NAME]
python Testing/Benchmarks/contours.py levels --data DATA --run RUN [--fold 0] [--cases N]
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from AutoContourLib.contours.ct_cases import CtCase
    from MedImageLib.network.multi_level import MultiLevelNetwork


def speed(slices: int, model: str, threads: int) -> dict[str, object]:
    """Contours of a generated CT of 512 × 512 × slices at 1 × 1 × 2.5 mm, nothing written."""
    import torch

    from AutoContourLib.contours.contour_settings import ContourSettings
    from AutoContourLib.contours.contouring import contour_ct
    from MedImageLib.geometry import Geometry
    from MedImageLib.volume import Volume

    torch.set_num_threads(threads)
    grid = Geometry((slices, 512, 512), (1.0, 1.0, 2.5), (-256.0, -256.0, 0.0))
    j, i = np.indices((512, 512)) - 256
    plane = np.where((i / 210) ** 2 + (j / 130) ** 2 < 1, 30, -1000).astype(np.int16)
    plane[(np.abs(i) < 15) & (np.abs(j - 60) < 15)] = 600
    hu = np.repeat(plane[None], slices, axis=0)
    hu += np.random.default_rng(0).integers(-20, 20, hu.shape, np.int16)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    found = contour_ct(Volume(hu, grid, modality="CT"), ContourSettings(model=model))
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "shape": hu.shape,
        "structures": list(found.masks),
        "wall_s": round(wall, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mib": round(after.ru_maxrss / 1024),
        "input_mib": round(hu.nbytes / 2**20),
        "steps_s": {name: round(value, 1) for name, value in found.seconds.items()},
    }


def levels(data: Path, run: Path, fold: int, count: int | None) -> list[dict[str, object]]:
    """Out-of-fold Dice of every level, and the processor time that the network takes for it."""
    from AutoContourLib.contours.ct_cases import read_cases
    from AutoContourLib.contours.evaluation import evaluate_cases, summary
    from AutoContourLib.contours.training import CtTraining
    from MedImageLib.network.training import trained_network
    from MedImageLib.settings import load_settings

    settings = load_settings(run / "settings.json", CtTraining)
    cases = read_cases(data, settings.sources, [fold])[:count]
    network = trained_network(run, fold, settings.network)
    every = range(1, settings.network.levels + 1)
    found = evaluate_cases(
        network, cases, settings.labels, settings.framing, levels=every, surfaces=False
    )
    return [*_seconds_by_level(network, cases, settings.framing.pixel_mm), *summary(found)]


def _seconds_by_level(
    network: MultiLevelNetwork, cases: Sequence[CtCase], pixel_mm: float
) -> list[dict[str, object]]:
    """Of the network alone: what is saved before and after it is the same at every level."""
    from AutoContourLib.contours.ct_grid import even_view
    from AutoContourLib.contours.ct_views import gray_of_hu
    from MedImageLib.geometry import Geometry
    from MedImageLib.network.folding import folded
    from MedImageLib.network.inference import InferenceSettings, tiled_probabilities
    from MedImageLib.volume import Volume

    network = folded(network.eval())
    seconds = dict.fromkeys(range(1, network.settings.levels + 1), 0.0)
    for case in cases:
        geometry = Geometry(case.hu.shape, case.spacing_mm[::-1])
        seen = gray_of_hu(even_view(Volume(case.hu, geometry, modality="CT"), pixel_mm).array)
        for level in seconds:
            started = time.process_time()
            tiled_probabilities(network, seen, InferenceSettings(level=level))
            seconds[level] += time.process_time() - started
    last = seconds[network.settings.levels]
    return [
        {"level": level, "network_s": round(value, 2), "times_as_fast": round(last / value, 2)}
        for level, value in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    ways = parser.add_subparsers(dest="way", required=True)
    one = ways.add_parser("speed")
    one.add_argument("--slices", type=int, default=400)
    one.add_argument("--model", default="ct_head_neck")
    one.add_argument("--threads", type=int, default=2)
    two = ways.add_parser("levels")
    two.add_argument("--data", type=Path, required=True)
    two.add_argument("--run", type=Path, required=True)
    two.add_argument("--fold", type=int, default=0)
    two.add_argument("--cases", type=int)
    options = parser.parse_args()
    if options.way == "speed":
        print(json.dumps(speed(options.slices, options.model, options.threads)))
    else:
        for row in levels(options.data, options.run, options.fold, options.cases):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
