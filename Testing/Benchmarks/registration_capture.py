"""Share of random starts within 40 mm and 30 degrees from which the rigid offset is found.

The moving image's header is moved by drawn offsets; a start is captured when the mean error over
the body ends below 1 mm for one modality, below 3 mm for two. With and without the learned start,
and from the given start alone.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from registration import case, moved
from registration_cases import moved_away

from AutoContourLib.registration.rigid import register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from MedImageLib.phantom.deformation import rigid_matrix

WAYS = {
    "with the learned start": {"learned": True},
    "without it": {"learned": False},
    "given start alone": {"search": False},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=("rigid", "rigid-mr", "rigid-pet", "limb-mr", "limb-pet"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    limit = 1.0 if options.set == "rigid" else 3.0
    settings = RigidSettings(check_flip=False)
    ends: dict[str, list[tuple[float, str]]] = {way: [] for way in options.ways}
    seconds = dict.fromkeys(options.ways, 0.0)
    for number in range(options.starts):
        # Every fifth start is of another case.
        pair = case(options.set, number // 5, options.data, False)
        generator = np.random.default_rng([number, 40, 30])
        axis, push = generator.normal(size=(2, 3))
        turn = generator.uniform(0, 30) * axis / np.linalg.norm(axis)
        shift = generator.uniform(0, 40) * push / np.linalg.norm(push)
        middle = pair.moving.geometry.center_mm
        far = moved_away(pair, rigid_matrix(turn, shift, middle))
        for way in options.ways:
            begun = time.process_time()
            found = register_rigid(far.fixed, far.moving, replace(settings, **WAYS[way]))
            seconds[way] += time.process_time() - begun
            error = float(far.error_mm(moved(far, found.moving_from_fixed)).mean())
            ends[way].append((error, found.verdict))
            print(f"{far.name} start {number}, {way}: {error:.2f} mm, {found.verdict}", flush=True)
    print(f"\n{options.set}, {options.starts} starts, captured below {limit:g} mm\n")
    print("| way | captured | worst (mm) | usable | usable but missed | s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, found in ends.items():
        caught = sum(error < limit for error, _ in found)
        usable = [error for error, verdict in found if verdict == "usable"]
        wrong = sum(error >= limit for error in usable)
        worst = max(error for error, _ in found)
        print(
            f"| {way} | {caught} of {len(found)} | {worst:.2f} | {len(usable)} | {wrong} | "
            f"{seconds[way] / len(found):.1f} |"
        )


if __name__ == "__main__":
    main()
