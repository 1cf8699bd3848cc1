"""Share of random starts within 40 mm and 30 degrees from which the rigid offset is found.

The moving image's header is moved by drawn offsets; a start is captured when the mean error over
the body ends below 1 mm for one modality, below 3 mm for two. With and without the learned start,
and from the given start alone.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

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


# Of the generated patients every other one is a pair of two CT.
_CASES = {
    "generated-rigid": 2,
    "rigid": 1,
    "rigid-mr": 1,
    "rigid-pet": 1,
    "limb-mr": 1,
    "limb-pet": 1,
}
_STARTS_PER_CASE = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=_CASES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="number of the first start")
    parser.add_argument("--keep", type=Path, help="file (JSON lines) of all starts so far")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    limit = 1.0 if options.set in ("rigid", "generated-rigid") else 3.0
    settings = RigidSettings(check_flip=False)
    lines = _kept(options.keep, options.set)
    for number in range(options.first, options.first + options.starts):
        if number % _STARTS_PER_CASE == 0 or number == options.first:
            patient = number // _STARTS_PER_CASE * _CASES[options.set]
            pair = case(options.set, patient, options.data, False)
        generator = np.random.default_rng([number, 40, 30])
        axis, push = generator.normal(size=(2, 3))
        turn = generator.uniform(0, 30) * axis / np.linalg.norm(axis)
        shift = generator.uniform(0, 40) * push / np.linalg.norm(push)
        middle = pair.moving.geometry.center_mm
        far = moved_away(pair, rigid_matrix(turn, shift, middle))
        for way in options.ways:
            begun = time.process_time()
            found = register_rigid(far.fixed, far.moving, replace(settings, **WAYS[way]))
            spent = time.process_time() - begun
            error = float(far.error_mm(moved(far, found.moving_from_fixed)).mean())
            print(f"{far.name} start {number}, {way}: {error:.2f} mm, {found.verdict}", flush=True)
            lines.append([options.set, way, number, error, found.verdict, spent])
            if options.keep:
                with options.keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    print(f"\n{options.set}, captured below {limit:g} mm\n")
    print("| way | captured | worst (mm) | usable | usable but missed | s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way in options.ways:
        ends = [(line[3], line[4], line[5]) for line in lines if line[1] == way]
        caught = sum(error < limit for error, _, _ in ends)
        usable = [error for error, verdict, _ in ends if verdict == "usable"]
        wrong = sum(error >= limit for error in usable)
        worst = max(error for error, _, _ in ends)
        seconds = float(np.mean([spent for _, _, spent in ends]))
        print(
            f"| {way} | {caught} of {len(ends)} | {worst:.2f} | {len(usable)} | {wrong} | "
            f"{seconds:.1f} |"
        )


def _kept(path: Path | None, name: str) -> list[list[Any]]:
    """[set, way, number of the start, error in mm, verdict, seconds] of earlier runs of a set."""
    if path is None or not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line[0] == name]


if __name__ == "__main__":
    main()
