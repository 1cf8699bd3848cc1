"""Masks to RTSTRUCT by us, back to masks by three independent programs: Dice of every structure.

Real CT series at their own resolution (`rt_sts_petctmr`) with structures that are hard to write:
bone with its islands and single voxels, soft tissue with holes, a ring, a branch, one voxel, and
the tumor that a physician drew. Readers: plastimatch (Debian), rt-utils and dcmrtstruct2nii, each
of the latter in a virtual environment of its own below --environments; one that is not there is
said and skipped. Holes as keyhole channels and as exclusive or.

    python Testing/Benchmarks/rtstruct_readers.py [--environments FOLDER] [--patients NAME ...]

Environments: python -m venv FOLDER/rt-utils, FOLDER/rt-utils/bin/pip install rt-utils; the same for
dcmrtstruct2nii, which needs "pydicom<3" beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from AutoContourLib.contours.contour_settings import RtstructSettings
from AutoContourLib.contours.rasterizing import rasterized
from AutoContourLib.contours.rtstruct_reader import read_rtstruct
from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import RegionMask
from MedImageLib.reading import read_image
from MedImageLib.resampling import geometry_of
from MedImageLib.volume import Volume

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("MEDIMAGE_TEST_DATA", SHARED)) / "rt_sts_petctmr"
_BY_RT_UTILS = """
import sys, numpy
from rt_utils import RTStructBuilder
structures = RTStructBuilder.create_from(dicom_series_path=sys.argv[2], rt_struct_path=sys.argv[1])
for name in structures.get_roi_names():
    mask = structures.get_roi_mask_by_name(name)
    numpy.save(f"{sys.argv[3]}/{name}.npy", numpy.moveaxis(mask, -1, 0))
"""
_BY_DCMRTSTRUCT2NII = """
import sys
from dcmrtstruct2nii import dcmrtstruct2nii
dcmrtstruct2nii(sys.argv[1], sys.argv[2], sys.argv[3], gzip=False)
"""

Reader = Callable[[Path, Path, Path], Mapping[str, np.ndarray]]


def structures_of(scan: Volume, drawn: np.ndarray) -> dict[str, np.ndarray]:
    """Bool masks (k, j, i) by name."""
    k, j, i = np.indices(scan.array.shape)
    middle = [n / 2 for n in scan.array.shape]
    radius = np.hypot(j - middle[1], i - middle[2])
    inner = np.abs(k - middle[0]) < middle[0] - 2
    single = np.zeros(scan.array.shape, bool)
    single[tuple(int(one) for one in middle)] = True
    return {
        "drawn": drawn,
        "bone": scan.array > 250,
        "soft": (scan.array > -200) & (scan.array < 250),
        "ring": (radius < 40) & (radius > 18) & inner,
        "branch": inner & (np.abs(np.abs(i - middle[2]) - k) < 4) & (np.abs(j - middle[1]) < 20),
        "single": single,
    }


def by_plastimatch(rtstruct: Path, series: Path, folder: Path) -> Mapping[str, np.ndarray]:
    subprocess.run(
        ["plastimatch", "convert", "--input", rtstruct, "--referenced-ct", series,
         "--output-prefix", folder, "--prefix-format", "nrrd"],
        check=True, capture_output=True,
    )  # fmt: skip
    return _images(folder.glob("*.nrrd"), lambda path: path.stem)


def in_environment(python: Path, program: str) -> Reader:
    def read(rtstruct: Path, series: Path, folder: Path) -> Mapping[str, np.ndarray]:
        command = [python, "-c", program, rtstruct, series, folder]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        found = {path.stem: np.load(path) for path in folder.glob("*.npy")}
        name = "mask_"
        masks = [path for path in folder.glob("*.nii*") if path.name.startswith(name)]
        return found | _images(masks, lambda path: path.name.split(".")[0].removeprefix(name))

    return read


def _images(paths, name_of: Callable[[Path], str]) -> dict[str, np.ndarray]:
    """Masks with the slices rising along the patient's axis."""
    found = {}
    for path in paths:
        image = sitk.ReadImage(str(path))
        array = sitk.GetArrayFromImage(image) > 0
        found[name_of(path)] = array if geometry_of(image).direction[2][2] > 0 else array[::-1]
    return found


def readers(environments: Path | None) -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    if shutil.which("plastimatch"):
        found["plastimatch"] = by_plastimatch
    programs = {"rt-utils": _BY_RT_UTILS, "dcmrtstruct2nii": _BY_DCMRTSTRUCT2NII}
    for name, program in programs.items():
        python = (environments or Path("absent")) / name / "bin" / "python"
        if python.exists():
            found[name] = in_environment(python, program)
    for name in {"plastimatch", *programs} - found.keys():
        print(f"{name}: not installed here, skipped.", file=sys.stderr)
    return found


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / max(1, one.sum() + other.sum()))


def measure(patient: Path, found: Mapping[str, Reader], table: dict) -> None:
    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(patient) as bundle:
            bundle.extractall(place)
        root = Path(place) / patient.stem
        scan = read_image(root / "CT")
        assert isinstance(scan, Volume)
        given = read_rtstruct(root / "RTSTRUCT" / "RS_CT.dcm", [scan])
        [drawn] = rasterized(given, scan).masks.values()
        masks = structures_of(scan, drawn.array)
        regions = [RegionMask(name, scan.with_array(mask)) for name, mask in masks.items()]
        for holes in ("keyhole", "xor"):
            path = Path(place) / f"{holes}.dcm"
            write_rtstruct(regions, scan, path, RtstructSettings(holes=holes))
            for reader, read in found.items():
                folder = Path(place) / f"{holes}-{reader}"
                folder.mkdir()
                try:
                    read_back = read(path, root / "CT", folder)
                except subprocess.CalledProcessError as error:
                    words = (error.stderr or b"").decode(errors="replace").strip().splitlines()
                    print(f"{patient.stem} {holes} {reader}: {words[-1:]}", file=sys.stderr)
                    read_back = {}
                for name, mask in masks.items():
                    got = read_back.get(name, np.zeros(mask.shape, bool))
                    # rt-utils 1.2.7 takes rows for columns, so that what is longer is cut off.
                    part = tuple(slice(min(n)) for n in zip(mask.shape, got.shape, strict=True))
                    value = dice(mask[part], got[part])
                    table.setdefault((reader, holes), {}).setdefault(name, []).append(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--patients", nargs="+", help="names; all without")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"No real series here: {DATA}", file=sys.stderr)
        return 2
    table: dict[tuple[str, str], dict[str, list[float]]] = {}
    found = readers(options.environments)
    for patient in sorted(DATA.glob("*.zip")):
        if not options.patients or patient.stem in options.patients:
            measure(patient, found, table)
    names = list(next(iter(table.values())))
    print("Lowest Dice over the patients, which hold every structure:\n")
    print("| reader | holes | n | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 3) + "|")
    for (reader, holes), values in sorted(table.items()):
        low = [min(values[name]) for name in names]
        count = len(values[names[0]])
        print(f"| {reader} | {holes} | {count} | " + " | ".join(f"{v:.4f}" for v in low) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
