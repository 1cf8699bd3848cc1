"""How long one radiograph takes with all installed detectors, after loading, and with all files.

Reads the first pictures of a folder, processes one to warm up, prints the median and the largest
of wall and processor time. A batch of two workers, each with one thread, does two pictures in the
processor time of one with `--threads 1`, on two quiet cores.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from MedImageLib.reading import read_image
from MedImageMetricLib.processing import process_radiograph, rules_and_profile
from MedImageMetricLib.radiograph.analysis import analyze_radiograph
from MedImageMetricLib.radiograph.settings import MetricSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with PNG pictures")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = MetricSettings()
    rules, profile = rules_and_profile(settings)
    paths = sorted(options.folder.glob("*.png"))[: options.count]
    images = [read_image(path) for path in paths]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        process_radiograph(images[0], folder / "first", settings)
        show(
            "analysis",
            options.threads,
            [lambda one=one: analyze_radiograph(one, settings, rules, profile) for one in images],
        )
        show(
            "read, analysis and all files",
            options.threads,
            [
                lambda path=path: process_radiograph(read_image(path), folder / path.stem, settings)
                for path in paths
            ],
        )
    # Linux counts in KiB.
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak_mib:.0f} MiB")


def show(words: str, threads: int, works: Sequence[Callable[[], object]]) -> None:
    wall, processor = [], []
    for work in works:
        started, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    print(
        f"{words}: {len(works)} pictures, {threads} threads: wall median "
        f"{statistics.median(wall):.2f} s, largest {max(wall):.2f} s; processor median "
        f"{statistics.median(processor):.2f} s, largest {max(processor):.2f} s"
    )


if __name__ == "__main__":
    main()
