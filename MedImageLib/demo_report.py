"""The page that a demonstration ends with: one picture and one line for every study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.report import Picture, Report, Table, write_report
from MedImageLib.report.page import Link
from MedImageLib.results import Timing

if TYPE_CHECKING:
    from MedImageLib.demo import Shown


def write_demo_report(folder: Path, shown: Sequence[Shown], seconds: float, has_real: bool) -> None:
    """Write folder/report.html; generated and real studies stand in tables of their own."""
    kinds = [("Generated studies", True)] + ([("Real studies", False)] if has_real else [])
    tables = [_table(title, [s for s in shown if s.study.is_generated is g]) for title, g in kinds]
    overlaps = [
        (one.study.title, name, value)
        for one in shown
        for name, value in one.overlaps
        if value is not None
    ]
    tables.append(
        Table(
            "Overlap with the exact truth (generated)",
            ("study", "structure", "Dice"),
            tuple(overlaps),
            "Generated images; these figures say nothing about accuracy on patients.",
        )
    )
    note = "" if has_real else " Real test images were not there and were left out."
    write_report(
        folder / "report.html",
        Report(
            title="MedImage demonstration",
            summary=(
                f"{len(shown)} studies were made and processed in {seconds:.0f} s.{note}",
                "Each study has a folder with its own report, result.json and a scene for Slicer.",
            ),
            pictures=tuple(_picture(folder, one) for one in shown if _overlay(folder, one)),
            tables=tuple(tables),
            models=tuple(
                {m.sha256: m for one in shown if one.result for m in one.result.models}.values()
            ),
            timings=tuple(Timing(one.study.title, one.processed_s) for one in shown),
        ),
    )


def _table(title: str, shown: Sequence[Shown]) -> Table:
    rows = []
    for one in shown:
        text = one.error or " ".join(one.result.findings if one.result else ())
        target = f"{one.study.name}/report.html"
        link = Link(one.study.title, target) if not one.error else one.study.title
        rows.append((link, text, round(one.made_s, 1), round(one.processed_s, 1)))
    return Table(title, ("study", "finding", "made (s)", "processed (s)"), tuple(rows))


def _overlay(folder: Path, one: Shown) -> bytes:
    path = folder / one.study.name / "overlay.png"
    return path.read_bytes() if path.is_file() else b""


def _picture(folder: Path, one: Shown) -> Picture:
    return Picture(_overlay(folder, one), one.study.title)
