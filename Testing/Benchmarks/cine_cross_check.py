"""Usual differences between regressed and measured indices, of real patients out of fold.

Joins the answers of the regressing networks with what is measured on the label maps of the
segmenting network, each by a network that has not seen the patient. Prints the limits that
`CardiacLVLib.measures.cross_check.IndexLimits` holds, and the area errors of both ways.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
from PIL import Image

from CardiacLVLib.ensemble.targets import USUAL_INSERTION_DEG
from CardiacLVLib.measures.cross_check import IndexLimits, limits_from
from CardiacLVLib.measures.indices import INDEX_NAMES, measure_indices

ASSUMED_SPACING_MM = 1.33  # where none is recorded, as in training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True, help="out_of_fold.csv of a run")
    parser.add_argument("--labels", type=Path, required=True, help="label maps of a run")
    options = parser.parse_args()
    with (options.data / "cmr_sunnybrook_lv" / "index.csv").open(encoding="utf-8") as stream:
        spacing = {
            row["id"]: tuple(
                float(row[name] or ASSUMED_SPACING_MM)
                for name in ("col_spacing_mm", "row_spacing_mm")
            )
            for row in csv.DictReader(stream)
        }
    measured, regressed, true = [], [], []
    with options.answers.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            path = options.labels / f"{row['source']}_{row['id']}.png"
            if not path.is_file():
                continue
            labels = np.asarray(Image.open(path))
            indices = measure_indices(labels, spacing[row["id"]], USUAL_INSERTION_DEG)
            if indices is None:
                continue
            measured.append(indices.vector())
            regressed.append([float(row[name]) for name in INDEX_NAMES])
            true.append([float(row[f"true_{name}"]) for name in INDEX_NAMES])
    a, b, t = (np.array(rows) for rows in (measured, regressed, true))
    limits = limits_from(b - a)
    print(f"{len(a)} frames\n\n| index | lowest | highest | n |")
    print("| --- | ---: | ---: | ---: |")
    for number, one in enumerate(fields(IndexLimits)):
        low, high = getattr(limits, one.name)
        print(f"| {one.name} | {low:.1f} | {high:.1f} | {np.isfinite((b - a)[:, number]).sum()} |")
    for word, found in (("measured", a), ("regressed", b), ("mean of both", (a + b) / 2)):
        known = np.isfinite(t[:, 0])
        error = np.abs(found - t)[known, 0]
        r = np.corrcoef(found[known, 0], t[known, 0])[0, 1]
        share = error.sum() / t[known, 0].sum()
        print(f"Cavity area {word}: {error.mean():.0f} mm², {100 * share:.1f} %, r {r:.3f}")


if __name__ == "__main__":
    main()
