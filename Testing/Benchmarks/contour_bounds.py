"""What bounds contours on head-and-neck CT: two networks held against one another, and the canal.

python Testing/Benchmarks/contour_bounds.py agreement --data DATA --run RUN --other RUN2 [--cases N]
python Testing/Benchmarks/contour_bounds.py canal --data DATA [--first N] [--cases N]

Both runs hold out the same fold. Prints a Markdown table; nothing is written.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from AutoContourLib.contours import ct_trunk
from AutoContourLib.contours.checks import cleaned
from AutoContourLib.contours.ct_cases import CtCase, read_cases
from AutoContourLib.contours.ct_grid import even_view, mask_on
from AutoContourLib.contours.ct_organs import organ_labels
from AutoContourLib.contours.spinal_canal import spinal_canal_mask
from AutoContourLib.contours.training import CtTraining
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.inference import InferenceSettings
from MedImageLib.network.training import trained_network
from MedImageLib.network.workflow import settings_path
from MedImageLib.settings import load_settings
from MedImageLib.volume import Volume

CANAL_PIXEL_MM = 2.0


def agreement(
    cases: Sequence[CtCase], runs: Sequence[Path], fold: int
) -> dict[str, list[tuple[float, ...]]]:
    """Of each whole, drawn organ: Dice of one network with the other, and of each with the
    contours, a row a patient."""
    answers = [_Answers(run, fold) for run in runs]
    found = defaultdict(list)
    for case in cases:
        first, second = (one.labels(case) for one in answers)
        for number, name in answers[0].structures.items():
            if number in case.whole:
                masks = first == number, second == number, case.labels == number
                pairs = (masks[0], masks[1]), (masks[0], masks[2]), (masks[1], masks[2])
                found[name].append(tuple(dice(a, b) or 0.0 for a, b in pairs))
    return found


class _Answers:
    """Labels of a case by the network of a run that has not seen the fold."""

    def __init__(self, run: Path, fold: int) -> None:
        self._settings = load_settings(run / "settings.json", CtTraining)
        self._network = folded(trained_network(run, fold, self._settings.network))
        self.structures = dict(enumerate(self._settings.labels, start=1))

    def labels(self, case: CtCase) -> np.ndarray:
        scan = scan_of(case)
        even = even_view(scan, self._settings.framing.pixel_mm)
        how = InferenceSettings(level=self._settings.network.levels)
        answer = organ_labels(self._network, even, scan.geometry, how)
        return cleaned(answer.labels, self.structures, scan.geometry)


def canal(cases: Sequence[CtCase]) -> np.ndarray:
    """A row of each patient: distance of the axes in mm (median over slices), share of the cord
    inside of the canal, share of the cord's slices without a canal; nan where none was found."""
    rows = []
    for case in cases:
        cord = case.labels == 2
        if 2 not in case.drawn or not cord.any():
            continue
        scan = scan_of(case)
        even = even_view(scan, CANAL_PIXEL_MM)
        body = ct_trunk.body_mask(even.array, CANAL_PIXEL_MM)
        middle = ct_trunk.middle_columns(body)
        found = spinal_canal_mask(even.array, body, middle, CANAL_PIXEL_MM)
        placed = mask_on(found, even.geometry, scan.geometry)
        shown = np.flatnonzero(cord.any((1, 2)))
        both = [k for k in shown if placed[k].any()]
        apart = [_apart_mm(placed[k], cord[k], scan.geometry.spacing_mm[:2]) for k in both]
        rows.append(
            (
                float(np.median(apart)) if both else np.nan,
                float((placed & cord)[both].sum() / cord[both].sum()) if both else np.nan,
                1 - len(both) / len(shown),
            )
        )
    return np.array(rows)


def scan_of(case: CtCase) -> Volume:
    return Volume(case.hu, Geometry(case.hu.shape, case.spacing_mm[::-1]), modality="CT")


def _apart_mm(first: np.ndarray, second: np.ndarray, spacing_mm: Sequence[float]) -> float:
    """Between the centers of two masks of a slice; spacing_mm along (i, j)."""
    step = np.argwhere(first).mean(0) - np.argwhere(second).mean(0)
    return float(np.linalg.norm(step * np.array(spacing_mm)[::-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    ways = parser.add_subparsers(dest="way", required=True)
    one = ways.add_parser("agreement")
    one.add_argument("--run", type=Path, required=True)
    one.add_argument("--other", type=Path, required=True)
    one.add_argument("--fold", type=int, default=0)
    two = ways.add_parser("canal")
    two.add_argument("--first", type=int, default=0, help="Patients to leave out at the start.")
    for each in (one, two):
        each.add_argument("--data", type=Path, required=True)
        each.add_argument("--cases", type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sources = load_settings(settings_path("ct_head_neck"), CtTraining).sources
    if options.way == "agreement":
        cases = read_cases(options.data, sources, [options.fold])[: options.cases]
        print("| organ | patients | one with the other | RUN | RUN2 |")
        print("| --- | --- | --- | --- | --- |")
        found = agreement(cases, (options.run, options.other), options.fold)
        for name, rows in found.items():
            means = " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0))
            print(f"| {name} | {len(rows)} | {means} |")
        return
    last = None if options.cases is None else options.first + options.cases
    rows = canal(read_cases(options.data, sources)[options.first : last])
    apart = rows[:, 0]
    print("| patients | none found | axes apart, median | 95 % | cord inside | slices missed |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(
        f"| {len(rows)} | {np.isnan(apart).sum()} | {np.nanmedian(apart):.2f} mm "
        f"| {np.nanpercentile(apart, 95):.2f} mm | {np.nanmean(rows[:, 1]):.3f} "
        f"| {rows[:, 2].mean():.3f} |"
    )


if __name__ == "__main__":
    main()
