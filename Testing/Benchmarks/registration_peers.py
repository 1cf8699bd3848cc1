"""Other registration programs on one pair of images, each in an environment of its own.

As a script, run by the Python that has the peer: `registration_peers.py PEER KIND IN.npz OUT.npz`
reads both images and writes the moving point of every fixed voxel and its processor seconds. It
needs NumPy and the peer alone. As a module it starts that script, or plastimatch, for a pair.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

# Name in the table and the module that a peer's Python must have.
PEERS = {
    "elastix": ("itk-elastix", "itk"),
    "ants": ("ANTs", "ants"),
    "convex": ("convexAdam", "convexAdam"),
}
_RIGID = "xform=rigid\noptim=versor\nmetric={metric}\nmax_its=100\n"
_STAGES = """
[STAGE]
{rigid}res=4 4 2
[STAGE]
{rigid}res=2 2 1
"""
_SPLINE = """
[STAGE]
xform=bspline
optim=lbfgsb
impl=plastimatch
metric={metric}
max_its=50
grid_spac=40 40 40
res=4 4 2
regularization_lambda=0.1
[STAGE]
max_its=40
grid_spac=20 20 20
res=2 2 1
"""


def pythons_of(candidates: list[Path]) -> dict[str, Path]:
    """For each peer the first Python that has it."""
    found = {}
    for peer, (_, module) in PEERS.items():
        look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
        for python in candidates:
            if not subprocess.run([str(python), "-c", look], check=False).returncode:
                found[peer] = python
                break
    return found


def in_python(python: Path, peer: str, kind: str, fixed: Any, moving: Any) -> Any:
    """(moving points (k, j, i, 3) in LPS mm, processor seconds) by a peer in its own Python.

    kind: `rigid` or `deformable`. fixed, moving: volumes. Raises RuntimeError with the last line
    of what the peer said.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        arrays = {}
        for name, volume in (("fixed", fixed), ("moving", moving)):
            arrays[name] = volume.array.astype(np.float32)
            arrays[f"{name}_spacing"] = np.array(volume.geometry.spacing_mm)
            arrays[f"{name}_origin"] = np.array(volume.geometry.origin_mm)
            arrays[f"{name}_direction"] = np.array(volume.geometry.direction)
        np.savez(source, **arrays)
        command = [str(python), __file__, peer, kind, str(source), str(target)]
        one = {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1", "OMP_NUM_THREADS": "1"}
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **one}
        )
        if ended.returncode or not target.is_file():
            raise RuntimeError((ended.stderr or ended.stdout or "no output").strip())
        found = np.load(target)
        return found["points"], float(found["seconds"])


def by_plastimatch(kind: str, fixed: Any, moving: Any) -> Any:
    """The same by the program plastimatch, which must be on the path."""
    import SimpleITK as sitk

    from MedImageLib.phantom.deformation import grid_points
    from MedImageLib.resampling import image_of

    metric = "mse" if fixed.modality == moving.modality else "mattes"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for word, volume in (("fixed", fixed), ("moving", moving)):
            image = image_of(volume.with_array(volume.array.astype(np.float32)))
            sitk.WriteImage(image, str(folder / f"{word}.nrrd"))
        text = (
            f"[GLOBAL]\nfixed={folder}/fixed.nrrd\nmoving={folder}/moving.nrrd\n"
            f"vf_out={folder}/field.nrrd\n"
        )
        text += _STAGES.format(rigid=_RIGID.format(metric=metric))
        if kind == "deformable":
            text += _SPLINE.format(metric="mse" if metric == "mse" else "mi")
        (folder / "parameters.txt").write_text(text, encoding="utf-8")
        before = _children_seconds()
        ended = subprocess.run(
            ["plastimatch", "register", str(folder / "parameters.txt")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode or not (folder / "field.nrrd").is_file():
            raise RuntimeError((ended.stderr or ended.stdout or "no field").strip())
        field = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "field.nrrd")))
    return grid_points(fixed.geometry) + field, _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _grid(arrays: Any) -> np.ndarray:
    """LPS points (k, j, i, 3) of the fixed voxels."""
    index = np.indices(arrays["fixed"].shape)[::-1].transpose(1, 2, 3, 0)
    points: np.ndarray = (index * arrays["fixed_spacing"]) @ arrays["fixed_direction"].T + arrays[
        "fixed_origin"
    ]
    return points


def _elastix(arrays: Any, kind: str) -> np.ndarray:
    import itk

    def image(name: str) -> Any:
        made = itk.image_from_array(arrays[name])
        made.SetSpacing(arrays[f"{name}_spacing"])
        made.SetOrigin(arrays[f"{name}_origin"])
        made.SetDirection(itk.matrix_from_array(arrays[f"{name}_direction"]))
        return made

    parameters = itk.ParameterObject.New()
    parameters.AddParameterMap(parameters.GetDefaultParameterMap("rigid", 4))
    if kind == "deformable":
        parameters.AddParameterMap(parameters.GetDefaultParameterMap("bspline", 4, 16.0))
    found, transform = itk.elastix_registration_method(
        image("fixed"), image("moving"), parameter_object=parameters, number_of_threads=1
    )
    field = itk.array_from_image(itk.transformix_deformation_field(found, transform))
    points: np.ndarray = _grid(arrays) + field
    return points


def _ants(arrays: Any, kind: str) -> np.ndarray:
    import ants
    import pandas

    fixed, moving = (
        ants.from_numpy(
            arrays[name].transpose(2, 1, 0),
            origin=arrays[f"{name}_origin"].tolist(),
            spacing=arrays[f"{name}_spacing"].tolist(),
            direction=arrays[f"{name}_direction"],
        )
        for name in ("fixed", "moving")
    )
    way = "SyNRA" if kind == "deformable" else "Rigid"
    found = ants.registration(fixed, moving, way, random_seed=1)
    points = _grid(arrays)
    table = pandas.DataFrame(points.reshape(-1, 3), columns=["x", "y", "z"])
    moved = ants.apply_transforms_to_points(3, table, found["fwdtransforms"])
    result: np.ndarray = moved.to_numpy()[:, :3].reshape(points.shape)
    return result


def _convex(arrays: Any, kind: str) -> np.ndarray:
    """With its own defaults; the images must lie on one grid, rigidly registered."""
    import torch
    from convexAdam.convex_adam_MIND import convex_adam_pt

    torch.set_num_threads(1)
    field = convex_adam_pt(torch.from_numpy(arrays["fixed"]), torch.from_numpy(arrays["moving"]))
    vectors = (field[..., ::-1] * arrays["fixed_spacing"]) @ arrays["fixed_direction"].T
    points: np.ndarray = _grid(arrays) + vectors
    return points


if __name__ == "__main__":
    peer, wanted, read, write = sys.argv[1:]
    images = np.load(read)
    begun = time.process_time()
    places = {"elastix": _elastix, "ants": _ants, "convex": _convex}[peer](images, wanted)
    np.savez(write, points=places, seconds=time.process_time() - begun)
