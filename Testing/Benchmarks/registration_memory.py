"""Peak memory and processor time of `medimage register` on two CT of 1500 slices of 512 × 512.

The pair is a generated patient, enlarged by repeating voxels: what counts is how many bytes there
are. The command runs in a process of its own, whose largest resident memory is read at its end.
`--seconds` ends it early; the peak up to then is printed and said to be that of a part.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume
from MedImageLib.writing.nrrd import write_volume

GOAL_GIB = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=1500)
    parser.add_argument("--seconds", type=float, help="wall time after which the command is ended")
    parser.add_argument("rest", nargs="*", help="further words of the command, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Made by another process, so that its memory is not counted.
        made = f"import registration_memory as m; m.write_pair({name!r}, {options.slices})"
        subprocess.run([sys.executable, "-c", made], check=True, cwd=Path(__file__).parent)
        command = [sys.executable, "-m", "MedImageLib", "register"]
        command += [str(folder / "fixed.nrrd"), str(folder / "moving.nrrd")]
        process = subprocess.Popen([*command, "-o", str(folder / "out"), *options.rest])
        clock = threading.Timer(options.seconds or 1e6, process.kill)
        clock.daemon = True
        clock.start()
        # Of this process alone, unlike getrusage of all children.
        _, status, used = os.wait4(process.pid, 0)
        clock.cancel()
    how = "cut off by --seconds" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
    print(f"{options.slices} slices: peak {used.ru_maxrss / 2**20:.2f} GiB (goal {GOAL_GIB:g})")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of the processor, {how}")


def write_pair(folder: str, slices: int) -> None:
    """Planning and later CT of a generated patient as large files."""
    made = generate_patient(PatientSettings(seed=9, size=(100, 128, 128), site="thorax"))
    for name, scan in (("fixed", made.planning_ct), ("moving", made.later_ct)):
        write_volume(_enlarged(scan, slices), Path(folder) / f"{name}.nrrd")


def _enlarged(scan: Volume, slices: int) -> Volume:
    times = np.array([-(-slices // scan.array.shape[0]), 4, 4])
    array = scan.array
    for axis, count in enumerate(times):
        array = np.repeat(array, count, axis=axis)
    array = array[:slices]
    spacing = tuple(np.array(scan.geometry.spacing_mm) / times[::-1])
    geometry = replace(scan.geometry, shape=array.shape, spacing_mm=spacing)
    return replace(scan, array=array, geometry=geometry)


if __name__ == "__main__":
    main()
