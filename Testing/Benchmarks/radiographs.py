"""How long one radiograph takes with all installed detectors, after loading.

Reads the first pictures of a folder, analyzes one to warm up, prints the median and the largest.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from MedImageLib.reading import read_image
from MedImageMetricLib.processing import rules_and_profile
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
    images = [read_image(path) for path in sorted(options.folder.glob("*.png"))[: options.count]]
    analyze_radiograph(images[0], settings, rules, profile)
    seconds = []
    for image in images:
        started = time.perf_counter()
        analyze_radiograph(image, settings, rules, profile)
        seconds.append(time.perf_counter() - started)
    print(
        f"{len(seconds)} pictures, {options.threads} threads: median "
        f"{statistics.median(seconds):.2f} s, largest {max(seconds):.2f} s"
    )


if __name__ == "__main__":
    main()
