"""metrics.csv: one line per radiograph, the same columns in every run.

An empty value stands beside the state not_assessable. The cardiothoracic ratio and the findings are
given on the first and intermediate level; on the second they are withheld unless the settings ask
for research. A file that was refused has a line as not_gradable (source: chapter 1, output).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.radiograph.assessment import Assessment

ITEMS = (
    "scapula_chest_ratio",
    "scapula_lung_ratio",
    "scapula_lung_chest_ratio",
    "lung_margin_upper",
    "lung_margin_lower",
    "lung_margin_right",
    "lung_margin_left",
    "foreign_object_confidence",
    "spine_offset",
)
COLUMNS = (
    "file",
    "level",
    "ctr",
    *(column for item in ITEMS for column in (item, f"{item}_state")),
    "findings",
)


def metrics_row(file: str, assessment: Assessment) -> dict[str, str]:
    """The line of one radiograph; file: how the user named it."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {"file": file, "level": assessment.level}
    row["ctr"] = _number(assessment.finding("cardiothoracic_ratio").value)
    judged = {one.condition.name: one for one in assessment.conditions}
    for item in ITEMS:
        one = judged.get(item)
        row[item] = _number(one.value) if one and one.state != "not_assessable" else ""
        row[f"{item}_state"] = one.state if one else "not_assessable"
    row["findings"] = " ".join(
        one.sentence() for one in assessment.findings if one.state in ("present", "absent")
    )
    return row


def refused_row(file: str) -> dict[str, str]:
    """The line of a file that was refused: not gradable, nothing assessable."""
    states = {f"{item}_state": "not_assessable" for item in ITEMS}
    return {**dict.fromkeys(COLUMNS, ""), "file": file, "level": "not_gradable", **states}


def add_to_metrics(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write the lines below those that the table has; of one file the later line counts.

    A line of a refusal never takes the place of a measured one. Raises InputError when the table
    there has other columns.
    """
    lines = {row["file"]: row for row in read_metrics(path)} if path.is_file() else {}
    for row in rows:
        if row["file"] not in lines or row != refused_row(row["file"]):
            lines[row["file"]] = dict(row)
    return write_metrics(path, lines.values())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """The lines of a table. Raises InputError when its columns are others."""
    with open(path, newline="", encoding="utf-8") as stream:
        table = csv.DictReader(stream)
        if tuple(table.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path}: its columns are not those of this version. Name another output folder."
            )
        return list(table)


def write_metrics(path: Path | str, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write the table; it appears by rename. Equal rows give equal bytes."""
    with (
        finished_file(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as stream,
    ):
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return Path(path)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
