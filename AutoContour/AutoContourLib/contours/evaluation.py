"""Scores of the contour network on patients that it has not seen, as the product contours them.

Drawn organs that the volume holds whole are scored, on the volume's own grid, after the cleaning
that the user gets; surface Dice at 3 mm.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from AutoContourLib.contours.checks import cleaned
from AutoContourLib.contours.ct_cases import CtCase
from AutoContourLib.contours.ct_grid import AIR_HU, even_view
from AutoContourLib.contours.ct_organs import organ_labels
from AutoContourLib.contours.ct_views import gray_of_hu
from AutoContourLib.contours.mr_views import gray_of_mr, mr_like
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import scores
from MedImageLib.network.folding import folded
from MedImageLib.network.framing import Framing
from MedImageLib.network.inference import InferenceSettings
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file


@dataclass(frozen=True)
class OrganScore:
    """One organ of one patient at one level."""

    id: str
    source: str
    fold: int
    level: int
    structure: str
    dice: float
    hd95_mm: float | None
    surface_dice_3mm: float | None


def evaluate_cases(
    network: MultiLevelNetwork,
    cases: Sequence[CtCase],
    labels: Sequence[str],
    framing: Framing,
    say: Callable[[str], None] = print,
    levels: Sequence[int] = (),
    surfaces: bool = True,
    as_mr: bool = False,
) -> list[OrganScore]:
    """Score every case; levels: those to answer with, the last one when empty.

    as_mr: in a made-up MR contrast, another one for each case, instead of as CT.
    """
    network = folded(network.eval())
    structures = dict(enumerate(labels, start=1))
    found: list[OrganScore] = []
    gray = gray_of_mr if as_mr else gray_of_hu
    for number, case in enumerate(cases, start=1):
        scan = _shown(case, as_mr)
        even = even_view(scan, framing.pixel_mm, 0.0 if as_mr else AIR_HU)
        for level in levels or (network.settings.levels,):
            how = InferenceSettings(level=level)
            answer = organ_labels(network, even, scan.geometry, how, gray=gray)
            clean = cleaned(answer.labels, structures, scan.geometry)
            for score in scores(
                case.labels, clean, case.spacing_mm, structures, case.whole, 3.0, surfaces
            ):
                if score.state == "scored" and score.dice is not None:
                    found.append(
                        OrganScore(
                            case.id,
                            case.source,
                            case.fold,
                            level,
                            score.structure,
                            score.dice,
                            score.hd95_mm,
                            score.surface_dice,
                        )
                    )
        if number % 10 == 0:
            say(f"scored {number} of {len(cases)}")
    return found


def _shown(case: CtCase, as_mr: bool) -> Volume:
    geometry = Geometry(case.hu.shape, case.spacing_mm[::-1])
    if not as_mr:
        return Volume(case.hu, geometry, modality="CT")
    generator = np.random.default_rng(zlib.crc32(case.id.encode()))
    return Volume(mr_like(case.hu.astype(float), generator), geometry, modality="MR")


def summary(found: Sequence[OrganScore]) -> list[dict[str, Any]]:
    """One row per source, level and organ: patients, mean, median, 5 % and worst Dice, surfaces."""
    rows = []
    for key in dict.fromkeys((s.source, s.level, s.structure) for s in found):
        members = [s for s in found if (s.source, s.level, s.structure) == key]
        values = np.array([s.dice for s in members])
        distances = [s.hd95_mm for s in members if s.hd95_mm is not None]
        near = [s.surface_dice_3mm for s in members if s.surface_dice_3mm is not None]
        rows.append(
            {
                "source": key[0],
                "level": key[1],
                "structure": key[2],
                "patients": len(members),
                "mean": round(float(values.mean()), 3),
                "median": round(float(np.median(values)), 3),
                "percentile_5": round(float(np.percentile(values, 5)), 3),
                "worst": round(float(values.min()), 3),
                "worst_id": members[int(values.argmin())].id,
                "hd95_mm": round(float(np.median(distances)), 1) if distances else None,
                "surface_dice_3mm": round(float(np.mean(near)), 3) if near else None,
                "missed": sum(score.dice == 0 for score in members),
            }
        )
    return sorted(rows, key=lambda row: (row["level"], row["structure"]))


def write_scores(
    folder: Path, found: Sequence[OrganScore], name: str
) -> dict[str, list[dict[str, Any]]]:
    """Write scores.csv and evaluation.json; returns the tables by title."""
    tables = {"Whole, drawn organs": summary(found)}
    with (
        finished_file(folder / "scores.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, fieldnames=list(asdict(found[0])))
        writer.writeheader()
        writer.writerows(asdict(score) for score in found)
    with finished_file(folder / "evaluation.json") as temporary:
        temporary.write_text(json.dumps({"model": name, "tables": tables}, indent=1) + "\n")
    return tables
