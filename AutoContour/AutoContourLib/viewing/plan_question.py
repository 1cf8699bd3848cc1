"""The deformation of a pair against its threshold, the question it raises, and the answer.

The question lies with the study; the threshold, which answers move, with all results.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from AutoContourLib.registration.deformation_degree import (
    DeformationDegree,
    FieldDegree,
    OverlapDegree,
)
from AutoContourLib.registration.plan_decision import (
    PlanDecision,
    answered,
    ask,
    read_decision,
    thresholds_of,
    write_decision,
)
from AutoContourLib.study.plan_questions import THRESHOLDS_FILE, answer
from AutoContourLib.viewing import result_files as files
from MedImageLib.errors import InputError


@dataclass(frozen=True)
class PlanQuestion:
    """degree_mm: 95th percentile of the body's elastic displacement, None where not measured.
    decision: the question with its answer, or None where nothing is asked."""

    degree_mm: float | None
    threshold_mm: float
    decision: PlanDecision | None


def plan_question(out: Path, folder: Path, place: str, now: datetime | None = None) -> PlanQuestion:
    """Degree, threshold and question of a pair as they are now. Raises InputError for a file
    that cannot be read."""
    thresholds = thresholds_of(out / THRESHOLDS_FILE)
    degree = stored_degree(folder / files.REGISTRATIONS / place / files.DEGREE_FILE)
    path = folder / files.DECISIONS / place / files.DECISION_FILE
    decision = read_decision(path) if path.is_file() else None
    if decision is None and degree is not None:
        decision = ask(degree, thresholds, folder.name, now or datetime.now(UTC))
    value = degree.by_field[0].p95_mm if degree and degree.by_field else None
    return PlanQuestion(value, thresholds.p95_mm, decision)


def answer_question(
    out: Path, folder: Path, place: str, choice: str, by: str, now: datetime | None = None
) -> PlanQuestion:
    """Save the answer and what it does to the thresholds.

    Raises InputError when nothing is asked, somebody answered already (naming who), or nobody is
    named.
    """
    moment = now or datetime.now(UTC)
    decision = plan_question(out, folder, place, moment).decision
    if decision is None:
        raise InputError("The deformation is below its threshold; nothing is asked.")
    checked = answered(decision, choice, by, moment)  # type: ignore[arg-type]
    path = folder / files.DECISIONS / place / files.DECISION_FILE
    if not path.is_file():
        write_decision(path, decision)
    asked = checked.answer or "keep"
    answer(folder, place, asked, checked.answered_by, "", out / THRESHOLDS_FILE, moment)
    return plan_question(out, folder, place, moment)


def stored_degree(path: Path) -> DeformationDegree | None:
    """The degree that a registration wrote, or None. Raises InputError naming the file."""
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text("utf-8"))
        return DeformationDegree(
            tuple(FieldDegree(**one) for one in values["by_field"]),
            tuple(OverlapDegree(**one) for one in values["by_overlap"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path.name}: no deformation degree can be read ({error}).") from error
