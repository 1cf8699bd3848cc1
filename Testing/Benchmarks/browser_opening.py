"""How long a processed study takes to open in the browser end: time to the first picture's bytes.

Generated: a head of 512 × 512 × 150 voxels with ten structures and a registered second image, asked
of a server of its own over loopback. Wall time and processor seconds of the server, cold (the study
is not open) and warm; run: python Testing/Benchmarks/browser_opening.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import psutil
from scipy import ndimage

from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.contours.review import open_review
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import write_offset
from MedImageLib.geometry import Geometry
from MedImageLib.results import QualityFlag, Result, input_identity, write_result
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.nrrd import write_segmentation, write_volume

SHAPE = (150, 512, 512)
KEYS = ("body", "bone", "mandible", "larynx", "esophagus", "right_parotid", "left_parotid")
KEYS += ("brainstem", "spinal_cord", "right_lung")


def main() -> None:
    """Make the study, ask for it, print a table."""
    with tempfile.TemporaryDirectory() as place:
        make(Path(place))
        with subprocess.Popen(
            [sys.executable, "-m", "MedImageLib", "view", place, "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stdout is not None
                address = server.stdout.readline().partition(" ")[2].strip()
                time.sleep(20)  # what the server loads at its start is not the study's
                measure(address, psutil.Process(server.pid))
            finally:
                server.terminate()


def measure(address: str, process: psutil.Process) -> None:
    """Print the times of opening and of what follows."""

    def ask(path: str) -> bytes:
        with urllib.request.urlopen(address + path) as answer:
            return bytes(answer.read())

    listed = json.loads(ask("api/studies"))
    study = f"api/studies/{listed[0]['id']}"
    first = study + "/slice?image=first&axis=k&index=75"
    steps = {
        "facts and first slice, cold": (study, first),
        "facts and first slice, warm": (study, first),
        "next slice": (study + "/slice?image=first&axis=k&index=76",),
        "sagittal slice": (study + "/slice?image=first&axis=i&index=256",),
        "second image, cold": (study + "/slice?image=second&place=1-CT&axis=k&index=75",),
        "contours and review, cold": (study + "/state",),
        "contours of a slice": (study + "/outlines?set=first&axis=k&index=75",),
        "state, polled": (study + "/state",),
        "surfaces": (study + "/surfaces?set=first",),
    }
    print("| step | wall s | processor s |\n| --- | --- | --- |")
    for name, paths in steps.items():
        before, start = process.cpu_times(), time.perf_counter()
        for path in paths:
            ask(path)
        wall, after = time.perf_counter() - start, process.cpu_times()
        spent = sum(after[:2]) - sum(before[:2])  # user and system
        print(f"| {name} | {wall:.2f} | {spent:.2f} |")
    print(f"Peak memory of the server: {process.memory_info().rss / 2**20:.0f} MiB")


def make(out: Path) -> None:
    """A processed study as the chain leaves it, as far as the browser end reads it."""
    grid = Geometry(SHAPE, (1.0, 1.0, 2.5), (-256.0, -256.0, -187.0))
    k, j, i = (np.arange(n, dtype=np.float32) for n in SHAPE)
    k, j, i = k[:, None, None] - 75, j[None, :, None] - 256, i[None, None, :] - 256
    body = (k / 80) ** 2 + (j / 160) ** 2 + (i / 130) ** 2 < 1
    generator = np.random.default_rng(1)
    noise = ndimage.gaussian_filter(generator.normal(0, 40, SHAPE).astype(np.float32), 0.7)
    array = (np.where(body, 40, -1000) + noise).clip(-1024).astype(np.int16)
    first = Volume(array, grid, modality="CT")
    second = first.with_array(np.roll(array, 2, axis=2))
    masks = {"body": body}
    for number, key in enumerate(KEYS[1:]):
        at = (number - 5) * 20
        masks[key] = (k / 20) ** 2 + ((j - at) / 12) ** 2 + ((i + at) / 12) ** 2 < 1
    study = out / "cases" / "large" / "study"
    pair = study / "registrations" / "1-CT"
    pair.mkdir(parents=True)
    (study / "contours").mkdir()
    write_contours(Contours(first, masks), study / "contours")
    open_review(study / "contours", dict.fromkeys(masks, ""))
    write_segmentation(
        first.with_array(body.astype(np.uint8), is_labelmap=True, unit=""),
        {1: structure("body")},
        study / "body.seg.nrrd",
    )
    with zipfile.ZipFile(study / "scene.mrb", "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, volume in {"Planning CT": first, "Image 1 CT": second}.items():
            path = write_volume(volume, out / "volume.nrrd")
            bundle.write(path, f"scene/Data/{name}.nrrd")
            path.unlink()
    write_offset(RigidOffset((2.0, 0.0, 0.0)), pair / "offset.json")
    write_volume(first, pair / "moved.nrrd")
    inputs = (input_identity(first, "fixed"), input_identity(second, "moving"))
    flags = (QualityFlag("registration-usable", "satisfied", "The images overlap."),)
    write_result(pair, Result("AutoContour", "register", inputs, flags=flags))
    write_result(study, Result("AutoContour", "study", inputs))


if __name__ == "__main__":
    main()
