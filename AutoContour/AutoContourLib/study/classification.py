"""A folder of images to its types: read, classified, written as result, table and report.

Patients are numbered in the order of their files; identities stay in the files.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from AutoContourLib.study.processing_table import ProcessingTable
from AutoContourLib.study.series_facts import SeriesFacts, referenced_series, series_facts
from AutoContourLib.study.study_type import StudyClassification, StudyTypeSettings, classify
from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import read_series_folder
from MedImageLib.report import Table, report_of, write_report
from MedImageLib.results import QualityFlag, Result, Timing, input_identity
from MedImageLib.settings import settings_to_dict
from MedImageLib.writing.atomic import finished_file

CLASSIFICATION_FILE = "classification.json"
_WORDS = {
    "I": "same mode, same period",
    "II": "same mode, different periods",
    "III": "different modes, same period",
    "IV": "different modes, different periods",
}


def classify_folder(
    folder: Path, table: ProcessingTable, settings: StudyTypeSettings | None = None
) -> tuple[tuple[StudyClassification, ...], tuple[Remark, ...]]:
    """Classifications of all patients in a folder, and remarks on files that were not read.

    Raises InputError naming the folder when it holds no image that can take part.
    """
    contents = read_series_folder(folder)
    remarks = list(contents.remarks)
    if contents.refused:
        remarks.append(
            Remark(
                "files-refused",
                f"{len(contents.refused)} files or series could not be read and take no part.",
            )
        )
    planned: list[str] = []
    for one in contents.objects:
        if one.kind == "RTSTRUCT":
            planned.extend(referenced_series(one.path))
    facts = [series_facts(image, planned) for image in contents.images]
    try:
        return classify(facts, table, settings), tuple(remarks)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None


def classify_case(
    source: Path, folder: Path, table: ProcessingTable, settings: StudyTypeSettings
) -> Result:
    """Classify a folder of images and write classification.json and report.html."""
    started = time.monotonic()
    found, remarks = classify_folder(source, table, settings)
    result = classification_result(
        found, remarks, table, settings, Timing("reading and types", time.monotonic() - started)
    )
    values = [classification_to_dict(one) for one in found]
    with finished_file(folder / CLASSIFICATION_FILE) as temporary:
        text = json.dumps({"patients": values}, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
    tables = classification_tables(found)
    write_report(folder / "report.html", report_of(result, "Types of studies", tables=tables))
    return result


def classification_result(
    found: Sequence[StudyClassification],
    remarks: Sequence[Remark],
    table: ProcessingTable,
    settings: StudyTypeSettings,
    timing: Timing,
) -> Result:
    """What was found, as a result."""
    inputs = tuple(
        input_identity(one.volume, "first" if one is patient.first else "further")
        for patient in found
        for one in patient.series
    )
    doubts = {"modality-from-pixels", "modality-guessed", "not-hounsfield-like"}
    warnings = tuple(dict.fromkeys([*remarks, *(r for one in found for r in one.remarks)]))
    doubted = any(remark.code in doubts for remark in warnings)
    return Result(
        module="AutoContour",
        task="classify",
        inputs=inputs,
        flags=(
            QualityFlag(
                "modality-fits-pixels",
                "not" if doubted else "satisfied",
                "Recorded modality and gray values of an image disagree, or none is recorded."
                if doubted
                else "No recorded modality is contradicted by the gray values.",
            ),
        ),
        findings=tuple(_finding(number, one, len(found)) for number, one in enumerate(found, 1)),
        warnings=warnings,
        timings=(timing,),
        settings={"table": settings_to_dict(table), "types": settings_to_dict(settings)},
    )


def classification_to_dict(one: StudyClassification) -> dict[str, Any]:
    """Plain values: first image, pairs with evidence, steps; no identity."""
    return {
        "study_type": one.study_type,
        "steps": list(one.steps),
        "evidence": list(one.evidence),
        "first": _series_to_dict(one.first),
        "pairs": [
            {
                "study_type": pair.study_type,
                "steps": list(pair.steps),
                "second": _series_to_dict(pair.second),
                "placed_together": pair.placed_together,
                "evidence": list(pair.evidence),
                "remarks": [remark.code for remark in pair.remarks],
            }
            for pair in one.pairs
        ],
        "left_out": [
            {**_series_to_dict(series), "reason": series.left_out} for series in one.left_out
        ],
    }


def classification_tables(found: Sequence[StudyClassification]) -> tuple[Table, ...]:
    """Images and types of each patient, with the evidence, for the report."""
    tables = []
    for number, one in enumerate(found, start=1):
        rows = tuple(
            (pair.second.title, pair.study_type, ", ".join(pair.steps), " ".join(pair.evidence))
            for pair in one.pairs
        )
        own = (one.first.title, one.study_type if not rows else "first", "", " ".join(one.evidence))
        tables.append(
            Table(
                f"Patient {number}: type {one.study_type}",
                ("image", "type", "steps", "evidence"),
                (own, *rows, *((s.title, "left out", "", s.left_out) for s in one.left_out)),
                f"Type {one.study_type}: {_WORDS[one.study_type]}. "
                f"Steps: {', '.join(one.steps) or 'none'}.",
            )
        )
    return tuple(tables)


def _finding(number: int, one: StudyClassification, count: int) -> str:
    who = f"Patient {number}: " if count > 1 else ""
    further = ", ".join(f"{p.second.title} ({p.study_type})" for p in one.pairs) or "none"
    return (
        f"{who}Type {one.study_type} ({_WORDS[one.study_type]}): first image {one.first.title}; "
        f"further images: {further}."
    )


def _series_to_dict(series: SeriesFacts) -> dict[str, Any]:
    return {
        "mode": series.mode,
        "tagged_modality": series.tagged_modality,
        "looks_like": series.pixels.kind,
        "date": f"{series.moment:%Y-%m-%d}" if series.moment else None,
        "body_part": series.body_part,
        "patient_position": series.patient_position,
        "cone_beam": series.is_cone_beam,
        "planned_on": series.planned_on,
        "shape": list(series.volume.array.shape),
        "series_key": series.series_key,
        "source_sha256": series.volume.source_sha256,
    }
