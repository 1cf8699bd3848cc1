"""Open questions whether a plan is to be modified, below a folder of results, and their answers.

Each answer lies with its study; the thresholds that answers move lie beside all results, so that
the next study of that folder is measured by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from AutoContourLib.registration.plan_decision import (
    Answer,
    PlanDecision,
    ThresholdSettings,
    after_answer,
    answered,
    read_decision,
    reset,
    thresholds_of,
    write_decision,
    write_thresholds,
)
from AutoContourLib.study.second_contours import DECISION_FILE, DECISIONS
from MedImageLib.errors import InputError

THRESHOLDS_FILE = "plan_thresholds.json"
_LEDGER = "ledger.sqlite"


@dataclass(frozen=True)
class PlanQuestion:
    """A question of a pair of images: folder of its decision, and both in words."""

    folder: Path
    decision: PlanDecision

    @property
    def text(self) -> str:
        one = self.decision.exceeded[0]
        what = "the body" if one.structure == "whole" else one.structure.replace("_", " ")
        found = f"{what} deformed by {one.degree:.1f} (threshold {one.threshold:.1f})"
        if self.decision.answer is None:
            return f"{found}. {self.decision.question}"
        return f"{found}. Answered '{self.decision.answer}' by {self.decision.answered_by}."


def questions(result: Path) -> tuple[PlanQuestion, ...]:
    """All questions below a folder, answered or not. Raises InputError for a broken file."""
    paths = sorted(result.rglob(f"{DECISIONS}/*/{DECISION_FILE}"))
    return tuple(PlanQuestion(path.parent, read_decision(path)) for path in paths)


def answer(
    result: Path,
    pair: str,
    choice: Answer,
    by: str,
    reason: str,
    thresholds: Path,
    now: datetime,
) -> PlanQuestion:
    """Answer the one open question below a folder (of the pair, where it is named) and move the
    thresholds. Raises InputError when there is none, more than one, or nobody is named."""
    known = [one for one in questions(result) if not pair or one.folder.name == pair]
    asked = [one for one in known if one.decision.answer is None]
    if len(asked) != 1:
        raise InputError(
            f"{result}: {len(asked)} open questions{f' of pair {pair}' if pair else ''}; name the "
            "folder of one study, and its pair where it has several."
        )
    settings = ThresholdSettings()
    decision = answered(asked[0].decision, choice, by, now, reason)
    write_decision(asked[0].folder / DECISION_FILE, decision)
    write_thresholds(
        thresholds, after_answer(thresholds_of(thresholds, settings), decision, settings)
    )
    return PlanQuestion(asked[0].folder, decision)


def open_thresholds(result: Path, named: Path | None = None) -> Path:
    """The file of thresholds: the one named, or that of the results to which a folder belongs."""
    if named is not None:
        return named
    for folder in (result, *result.resolve().parents):
        if (folder / THRESHOLDS_FILE).is_file() or (folder / _LEDGER).is_file():
            return folder / THRESHOLDS_FILE
    raise InputError(
        f"{result}: belongs to no folder of results; name the file of thresholds with --thresholds."
    )


def reset_file(path: Path, by: str, now: datetime) -> None:
    """Thresholds of a file as at the start; the log stays. Raises InputError without a person."""
    if not by.strip():
        raise InputError("Name the person who resets the thresholds with --by.")
    write_thresholds(path, reset(thresholds_of(path), now, by))
