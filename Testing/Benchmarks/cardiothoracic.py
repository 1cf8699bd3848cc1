"""Cardiothoracic ratio out of fold against the published one, and which border errs.

Takes the label maps that `medimage train radiograph_lungs_heart` leaves in RUN/evaluation/labels:
each patient answered by the network that has not seen the patient. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from MedImageMetricLib.radiograph.cardiothoracic import CardiothoracicRatio, cardiothoracic_ratio

SOURCE = "wingspan"


@dataclass(frozen=True)
class Measured:
    """One picture. published: by the source, or None. drawn: of the experts' masks."""

    id: str
    published: float | None
    drawn: CardiothoracicRatio
    found: CardiothoracicRatio


def measured(data: Path, run: Path) -> list[Measured]:
    """Pictures on which all three structures were drawn and found."""
    index = data / f"cxr_{SOURCE}" / "index.csv"
    rows = []
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            answer = run / "evaluation" / "labels" / f"{SOURCE}_{row['id']}.png"
            drawn = cardiothoracic_ratio(_labels(index.parent / row["mask_files"]))
            found = cardiothoracic_ratio(_labels(answer))
            if drawn is not None and found is not None:
                published = float(row["ctr_gt"]) if row["ctr_gt"] else None
                rows.append(Measured(row["id"], published, drawn, found))
    return rows


def agreement(errors: np.ndarray) -> str:
    """Cells: n, mean absolute error, bias, 95 % limits of agreement, largest."""
    spread = 1.96 * float(errors.std(ddof=1))
    bias = float(errors.mean())
    return (
        f"{len(errors)} | {np.abs(errors).mean():.4f} | {bias:+.4f} "
        f"| {bias - spread:+.3f} … {bias + spread:+.3f} | {np.abs(errors).max():.3f}"
    )


def borders(rows: list[Measured]) -> dict[str, np.ndarray]:
    """Found minus drawn place of each border, as a share of the drawn width of the chest."""
    ends = {"patient's right": 0, "patient's left": 1}
    found = {}
    for part in ("heart", "thorax"):
        for side, end in ends.items():
            found[f"{part}, {side}"] = np.array(
                [
                    (
                        getattr(row.found, f"{part}_columns")[end]
                        - getattr(row.drawn, f"{part}_columns")[end]
                    )
                    / (row.drawn.thorax_columns[1] - row.drawn.thorax_columns[0])
                    for row in rows
                ]
            )
    return found


def _labels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    options = parser.parse_args()
    rows = measured(options.data, options.run)
    sets = {
        "published ratio": [(r.found.value, r.published) for r in rows if r.published is not None],
        "ratio of the masks, all": [(r.found.value, r.drawn.value) for r in rows],
        "ratio of the masks, none published": [
            (r.found.value, r.drawn.value) for r in rows if r.published is None
        ],
    }
    print("| against | images | mean error | bias | 95 % limits | largest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, pairs in sets.items():
        values = np.array(pairs)
        print(f"| {name} | {agreement(values[:, 0] - values[:, 1])} |")
    print("\n| border | bias | mean error | 95 % |\n| --- | --- | --- | --- |")
    for name, errors in borders(rows).items():
        size = np.abs(errors)
        print(
            f"| {name} | {errors.mean():+.4f} | {size.mean():.4f} | {np.percentile(size, 95):.4f} |"
        )


if __name__ == "__main__":
    main()
