"""The table of a batch: one row per case and processor, one column per measured value."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.results import Measurement, Result, ResultError, read_result
from MedImageLib.writing.atomic import finished_file

if TYPE_CHECKING:
    from MedImageLib.batch.run import Row


def write_summary(out: Path, rows: Sequence[Row]) -> None:
    """Write out/summary.csv (all values) and out/summary.html (states and counts)."""
    results = [_result(out, row) for row in rows]
    columns = sorted({_column(one) for result in results if result for one in result.values})
    with (
        finished_file(out / "summary.csv") as temporary,
        temporary.open(
            "w",
            newline="",
            encoding="utf-8-sig",  # spreadsheets take UTF-8 only with the mark
        ) as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow([*_HEADINGS, "flags not satisfied", "warnings", *columns])
        for row, result in zip(rows, results, strict=True):
            values = {_column(one): one.value for one in result.values} if result else {}
            flags = " ".join(f.code for f in result.flags if f.state == "not") if result else ""
            warnings = " ".join(one.code for one in result.warnings) if result else ""
            plain = [*_cells(row), flags, warnings]
            writer.writerow([*map(_safe, plain), *(_number(values.get(c)) for c in columns)])
    _write_page(out, rows)


_HEADINGS = (
    "case",
    "processor",
    "state",
    "modality",
    "kind",
    "seconds",
    "text",
    "folder",
    "source",
)


def _cells(row: Row) -> list[str]:
    seconds = "" if row.seconds is None else f"{row.seconds:.2f}"
    return [
        row.case,
        row.processor,
        row.state,
        row.modality,
        row.kind,
        seconds,
        row.text,
        row.folder,
        row.source,
    ]


def _result(out: Path, row: Row) -> Result | None:
    if not row.folder:
        return None
    try:
        return read_result(out / row.folder)
    except ResultError:  # edited by a person into something else: the row says so
        return None


def _column(one: Measurement) -> str:
    return f"{one.name} [{one.unit}]"


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _safe(text: str) -> str:
    """No cell that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _write_page(out: Path, rows: Sequence[Row]) -> None:
    from MedImageLib.report import Link, Report, Table, write_report

    def case(row: Row) -> str | Link:
        target = f"{row.folder}/report.html"
        return Link(row.case, target) if row.folder and (out / target).is_file() else row.case

    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    table = Table(
        "Cases",
        ("Case", "Processor", "State", "Time (s)", "Remark"),
        tuple(
            (
                case(row),
                row.processor,
                row.state,
                None if row.seconds is None else round(row.seconds, 2),
                row.text,
            )
            for row in rows
        ),
    )
    write_report(
        out / "summary.html",
        Report(title="Batch", summary=(f"{len(rows)} tasks: {told or 'none'}.",), tables=(table,)),
    )
