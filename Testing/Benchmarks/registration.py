"""Registration beside peers on pairs whose mapping is known at every voxel, in one run.

Prints a Markdown table: mean and 95th percentile of the error in mm over the body that both images
show, share of folded voxels, CPU seconds with one thread. Peers that are not installed are left
out: SimpleITK is always there, plastimatch is taken from the path, itk-elastix, antspyx and
convexAdam run in the Python of environments of their own (`--peer-python`). Demons and convexAdam
get images that our rigid registration has brought together, and its time is theirs too. With
`--keep` cases are added to those of earlier runs.
Real cases need the folder of head-and-neck CT; test cases are other patients and seeds than those
that settings were chosen on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from registration_cases import (
    TEST,
    TUNING,
    Pair,
    generated_ct,
    generated_mr,
    moved_away,
    openkbp_files,
    warped_ct,
)
from registration_limbs import limb_pair, pet_like
from registration_peers import PEERS, by_plastimatch, in_python, pythons_of

from AutoContourLib.registration.deformable import register_deformable
from AutoContourLib.registration.deformation_degree import jacobian_determinant
from AutoContourLib.registration.rigid import register_rigid
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.resampling import image_of, resampled

Method = Callable[[Pair], Any]
_SETS = (
    "rigid", "rigid-mr", "rigid-pet", "limb-mr", "limb-pet", "deformable", "deformable-mr",
    "generated", "generated-rigid",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """mean_mm, p95_mm: of the error over the body. folded: share of voxels."""

    mean_mm: float
    p95_mm: float
    folded: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=_SETS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cases", type=int, default=4)
    parser.add_argument("--tuning", action="store_true", help="the cases settings are chosen on")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--peer-python", type=Path, nargs="+", default=[], help="have peers")
    parser.add_argument("--keep", type=Path, help="file (JSON lines) of all cases so far")
    parser.add_argument("--only", nargs="+", help="methods by name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    methods = methods_of(
        "deformable" in options.set or options.set == "generated", options.peer_python
    )
    scores: dict[str, list[Score | None]] = {}
    done = kept(options.keep, options.set)
    for name, _, one in done:
        scores.setdefault(name, []).append(one)
    for number in range(options.first, options.first + options.cases):
        pair = case(options.set, number, options.data, options.tuning)
        start = score(pair, lambda one: grid_points(one.fixed.geometry))
        print(f"{pair.name}: start {start.mean_mm:.2f} / {start.p95_mm:.2f}", flush=True)
        for name, method in methods.items():
            unwanted = options.only and name not in options.only
            if unwanted or any((name, number) == found[:2] for found in done):
                continue
            try:
                one = score(pair, method)
            except RuntimeError as error:
                print(f"  {name}: failed ({str(error).strip().splitlines()[-1][:80]})", flush=True)
                one = None
            if one is not None:
                print(f"  {name}: {one.mean_mm:.3f} / {one.p95_mm:.3f} mm, {one.seconds:.1f} s",
                      flush=True)  # fmt: skip
            scores.setdefault(name, []).append(one)
            if options.keep:
                line = [options.set, name, number, one and asdict(one)]
                with options.keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
    print(f"\n{options.set}, n = {max(len(found) for found in scores.values())}\n")
    print("| method | mean (mm), median and worst case | 95 % (mm), median | folded | s | failed |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in scores.items():
        print(row(name, found))


def kept(path: Path | None, name: str) -> list[tuple[str, int, Score | None]]:
    """(method, number of the case, score or None) of a set in a file of earlier runs."""
    if path is None or not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line[1], line[2], line[3] and Score(**line[3])) for line in lines if line[0] == name]


def row(name: str, found: list[Score | None]) -> str:
    """A line of the table."""
    good = [one for one in found if one is not None]
    if not good:
        return f"| {name} | – | – | – | – | {len(found)} of {len(found)} |"
    means = [one.mean_mm for one in good]
    failed = f"{len(found) - len(good)} of {len(found)}"
    return (
        f"| {name} | {np.median(means):.3f}, {max(means):.3f} | "
        f"{np.median([one.p95_mm for one in good]):.3f} | {max(one.folded for one in good):.2%} | "
        f"{np.median([one.seconds for one in good]):.1f} | {failed} |"
    )


def case(name: str, number: int, data: Path, tuning: bool) -> Pair:
    """A case of a set. Tuning takes the first patients, tests the last ones."""
    seed = (TUNING if tuning else TEST) + number
    if name == "generated":
        return generated_ct(seed)
    if name == "generated-rigid":
        pair = generated_ct(seed, bend_mm=0.0) if number % 2 == 0 else generated_mr(seed)
        generator = np.random.default_rng(seed)
        away = rigid_matrix(
            generator.uniform(-14, 14, 3), generator.uniform(-20, 20, 3), np.zeros(3)
        )
        return moved_away(pair, away)
    if name.startswith("limb"):
        return limb_pair(seed, "MR" if name.endswith("mr") else "PT")
    files = openkbp_files(data)
    path = files[3 * number] if tuning else files[-1 - 3 * number]
    if name == "rigid-pet":
        return pet_like(path, seed)
    mr_like = name.endswith("-mr")
    if name.startswith("rigid"):
        return warped_ct(path, seed, bend_mm=0, shift_mm=30, turn_deg=20, mr_like=mr_like)
    return warped_ct(path, seed, mr_like=mr_like)


def score(pair: Pair, method: Method) -> Score:
    """Error of the moving points (k, j, i, 3) that a method finds, and its CPU time, which peers
    in processes of their own tell themselves."""
    started = time.process_time()
    found = method(pair)
    seconds = time.process_time() - started
    if isinstance(found, tuple):
        found, seconds = found
    error = pair.error_mm(found)
    displacement = found - grid_points(pair.fixed.geometry)
    folded = float((jacobian_determinant(displacement, pair.fixed.geometry) <= 0).mean())
    return Score(float(error.mean()), float(np.percentile(error, 95)), folded, seconds)


def methods_of(deformable: bool, pythons: list[Path]) -> dict[str, Method]:
    """Ours and the peers that are there."""
    methods: dict[str, Method] = {"ours": ours_deformable if deformable else ours_rigid}
    methods["SimpleITK demons" if deformable else "SimpleITK Mattes"] = (
        demons if deformable else mattes
    )
    kind = "deformable" if deformable else "rigid"
    there = pythons_of(pythons)
    for peer in ("elastix", "ants"):
        if peer in there:
            methods[PEERS[peer][0]] = lambda pair, peer=peer: in_python(
                there[peer], peer, kind, pair.fixed, pair.moving
            )
    if deformable and "convex" in there:
        methods[PEERS["convex"][0]] = lambda pair: convex(pair, there["convex"])
    if shutil.which("plastimatch"):
        methods["plastimatch"] = lambda pair: by_plastimatch(kind, pair.fixed, pair.moving)
    return methods


def ours_rigid(pair: Pair) -> np.ndarray:
    return moved(pair, register_rigid(pair.fixed, pair.moving).moving_from_fixed)


def ours_deformable(pair: Pair) -> np.ndarray:
    offset = register_rigid(pair.fixed, pair.moving).moving_from_fixed
    found = register_deformable(pair.fixed, pair.moving, offset)
    points: np.ndarray = grid_points(pair.fixed.geometry) + found.displacement_mm
    return points


def mattes(pair: Pair) -> np.ndarray:
    """Mutual information over three scales, started at the middles of the images."""
    fixed, moving = _floats(pair)
    start = sitk.CenteredTransformInitializer(
        fixed,
        moving,
        sitk.VersorRigid3DTransform(),
        sitk.CenteredTransformInitializerFilter.GEOMETRY,
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.2, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-4, 300, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SetInitialTransform(start, inPlace=False)
    return _points(pair, method.Execute(fixed, moving))


def demons(pair: Pair) -> np.ndarray:
    """Diffeomorphic demons on the images that the rigid method has brought together."""
    fixed, moving = _floats(pair)
    offset = register_rigid(pair.fixed, pair.moving).moving_from_fixed
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(offset[:3, :3].ravel().tolist())
    affine.SetTranslation(offset[:3, 3].tolist())
    near = sitk.Resample(moving, fixed, affine, sitk.sitkLinear, float(pair.moving.array.min()))
    field = None
    for shrink, steps in ((4, 60), (2, 40), (1, 20)):
        still, free = (sitk.SmoothingRecursiveGaussian(i, 0.7 * shrink) for i in (fixed, near))
        still, free = (sitk.Shrink(i, [shrink] * 3) for i in (still, free))
        method = sitk.DiffeomorphicDemonsRegistrationFilter()
        method.SetNumberOfIterations(steps)
        method.SetSmoothDisplacementField(True)
        method.SetStandardDeviations(1.5)
        matched = sitk.HistogramMatching(free, still)
        if field is None:
            field = method.Execute(still, matched)
        else:
            field = method.Execute(still, matched, sitk.Resample(field, still))
    whole = sitk.CompositeTransform(
        [affine, sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))]
    )
    return _points(pair, whole)


def convex(pair: Pair, python: Path) -> tuple[np.ndarray, float]:
    """convexAdam on the images that the rigid method has brought together."""
    begun = time.process_time()
    offset = register_rigid(pair.fixed, pair.moving).moving_from_fixed
    near = resampled(pair.moving, pair.fixed.geometry, offset)
    spent = time.process_time() - begun
    bent, seconds = in_python(python, "convex", "deformable", pair.fixed, near)
    points: np.ndarray = bent @ offset[:3, :3].T + offset[:3, 3]
    return points, seconds + spent


def moved(pair: Pair, matrix: np.ndarray) -> np.ndarray:
    points: np.ndarray = grid_points(pair.fixed.geometry) @ matrix[:3, :3].T + matrix[:3, 3]
    return points


def _floats(pair: Pair) -> tuple[Any, Any]:
    fixed, moving = (
        image_of(volume.with_array(volume.array.astype(np.float32)))
        for volume in (pair.fixed, pair.moving)
    )
    return fixed, moving


def _points(pair: Pair, transform: Any) -> np.ndarray:
    """Where a SimpleITK transform takes the fixed voxels."""
    field = sitk.TransformToDisplacementField(
        transform, sitk.sitkVectorFloat64, *_frame(image_of(pair.fixed))
    )
    points: np.ndarray = grid_points(pair.fixed.geometry) + sitk.GetArrayFromImage(field)
    return points


def _frame(image: Any) -> tuple[Any, ...]:
    return image.GetSize(), image.GetOrigin(), image.GetSpacing(), image.GetDirection()


if __name__ == "__main__":
    main()
