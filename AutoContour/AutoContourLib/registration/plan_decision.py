"""Is the treatment plan to be modified? The question, the answer, and what it does to thresholds.

US 12,394,057 B2, paragraphs 120–132: above the predetermined degree a person is asked; 'no',
once or several times in a row, raises doubt about the threshold and moves it. Every move is
bounded, logged and can be undone; question and answers are files, so that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from AutoContourLib.registration.deformation_degree import DeformationDegree
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.settings import check_settings, setting
from MedImageLib.writing.atomic import finished_file

QUESTION = "The deformation exceeds the predetermined degree. Modify the treatment plan?"
Answer = Literal["modify", "keep"]
Quantity = Literal["p95_mm", "overlap"]


@dataclass(frozen=True)
class ThresholdSettings:
    """Predetermined degrees and how answers move them."""

    p95_mm: float = setting(
        5.0, help="95th percentile of the elastic displacement.", unit="mm", minimum=0.0
    )
    overlap: float = setting(
        0.2, help="1 − Dice of a structure's contours.", minimum=0.0, maximum=1.0
    )
    direction: str = setting(
        "raise", help="Where 'no' moves a threshold.", choices=("raise", "lower")
    )
    answers_in_a_row: int = setting(
        3, help="'No' this often in a row moves the threshold.", minimum=1, maximum=100
    )
    step: float = setting(
        0.1, help="Share of the threshold by which it moves.", minimum=0.0, maximum=1.0
    )
    furthest: float = setting(
        2.0, help="Most that a threshold grows, or shrinks, against its start.", minimum=1.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.p95_mm == 0 or self.overlap == 0:
            raise SettingsError("A threshold of zero would ask about every image; raise it.")


@dataclass(frozen=True)
class ThresholdEvent:
    """One entry of the log. what: `kept`, `modified`, `moved`, `at bound` or `reset`."""

    when: str
    what: str
    quantity: str
    before: float
    after: float
    text: str


@dataclass(frozen=True)
class Thresholds:
    """Thresholds now: value, start and 'no' in a row of each quantity, and the whole log."""

    p95_mm: float
    overlap: float
    start_p95_mm: float
    start_overlap: float
    kept_p95_mm: int = 0
    kept_overlap: int = 0
    log: tuple[ThresholdEvent, ...] = ()

    def value(self, quantity: Quantity) -> float:
        return float(getattr(self, quantity))


@dataclass(frozen=True)
class Exceeded:
    """A structure above the threshold of a quantity."""

    structure: str
    quantity: Quantity
    degree: float
    threshold: float


@dataclass(frozen=True)
class PlanDecision:
    """A question to a person and the answer, if there is one yet.

    exceeded: what led to the question, the strongest (against its threshold) first. answer:
    None until somebody answers. study: a hash that names the study.
    """

    study: str
    asked_at: str
    exceeded: tuple[Exceeded, ...]
    question: str = QUESTION
    answer: Answer | None = None
    answered_at: str = ""
    answered_by: str = ""
    reason: str = ""


def starting_thresholds(settings: ThresholdSettings) -> Thresholds:
    """Thresholds before any answer."""
    return Thresholds(settings.p95_mm, settings.overlap, settings.p95_mm, settings.overlap)


def exceeded(degree: DeformationDegree, thresholds: Thresholds) -> tuple[Exceeded, ...]:
    """Structures above their thresholds, the strongest first."""
    found = [
        Exceeded(one.structure, "p95_mm", one.p95_mm, thresholds.p95_mm)
        for one in degree.by_field
        if one.p95_mm > thresholds.p95_mm
    ]
    found += [
        Exceeded(one.structure, "overlap", one.degree, thresholds.overlap)
        for one in degree.by_overlap
        if one.degree is not None and one.degree > thresholds.overlap
    ]
    return tuple(sorted(found, key=lambda one: -one.degree / one.threshold))


def ask(
    degree: DeformationDegree, thresholds: Thresholds, study: str, now: datetime
) -> PlanDecision | None:
    """The question to be asked, or None when no threshold is exceeded."""
    found = exceeded(degree, thresholds)
    return PlanDecision(study, _stamp(now), found) if found else None


def answered(
    decision: PlanDecision, answer: Answer, by: str, now: datetime, reason: str = ""
) -> PlanDecision:
    """The decision with its answer. Raises InputError when it has one, or nobody is named."""
    if decision.answer is not None:
        raise InputError(
            f"The question of {decision.asked_at} was answered '{decision.answer}' by "
            f"{decision.answered_by}; an answer is not changed. Ask anew."
        )
    if answer not in ("modify", "keep"):
        raise InputError(f"The answer is {answer!r}; it must be 'modify' or 'keep'.")
    if not by.strip():
        raise InputError("Name the person who answers.")
    return replace(
        decision, answer=answer, answered_at=_stamp(now), answered_by=by.strip(), reason=reason
    )


def after_answer(
    thresholds: Thresholds, decision: PlanDecision, settings: ThresholdSettings
) -> Thresholds:
    """Thresholds after an answer: 'modify' ends the row of 'no', enough 'no' move the threshold.

    Only quantities that led to the question are touched. Raises InputError without an answer.
    """
    if decision.answer is None:
        raise InputError(f"The question of {decision.asked_at} has no answer yet.")
    for quantity in dict.fromkeys(one.quantity for one in decision.exceeded):
        thresholds = _after(thresholds, quantity, decision, settings)
    return thresholds


def reset(thresholds: Thresholds, now: datetime, by: str) -> Thresholds:
    """Thresholds as at the start; the log stays and says who reset them."""
    log = thresholds.log
    for quantity in ("p95_mm", "overlap"):
        start = float(getattr(thresholds, f"start_{quantity}"))
        before = float(getattr(thresholds, quantity))
        log += (ThresholdEvent(_stamp(now), "reset", quantity, before, start, f"Reset by {by}."),)
    return Thresholds(
        thresholds.start_p95_mm,
        thresholds.start_overlap,
        thresholds.start_p95_mm,
        thresholds.start_overlap,
        log=log,
    )


def write_decision(path: Path | str, decision: PlanDecision) -> None:
    """Write a question with its answer as JSON; appears by rename."""
    _write(Path(path), asdict(decision))


def read_decision(path: Path | str) -> PlanDecision:
    """Read what `write_decision` wrote. Raises InputError naming the file."""
    values = _read(Path(path), "decision")
    try:
        values["exceeded"] = tuple(Exceeded(**one) for one in values["exceeded"])
        return PlanDecision(**values)
    except (TypeError, KeyError) as error:
        raise _not_one(Path(path), "decision", error) from error


def write_thresholds(path: Path | str, thresholds: Thresholds) -> None:
    """Write thresholds with their log as JSON; appears by rename."""
    _write(Path(path), asdict(thresholds))


def read_thresholds(path: Path | str) -> Thresholds:
    """Read what `write_thresholds` wrote. Raises InputError naming the file."""
    values = _read(Path(path), "thresholds")
    try:
        values["log"] = tuple(ThresholdEvent(**one) for one in values["log"])
        return Thresholds(**values)
    except (TypeError, KeyError) as error:
        raise _not_one(Path(path), "thresholds", error) from error


def thresholds_of(path: Path | str, settings: ThresholdSettings | None = None) -> Thresholds:
    """Thresholds of a file; the starting ones where none is named or it is not there yet."""
    if not str(path) or not Path(path).exists():
        return starting_thresholds(settings or ThresholdSettings())
    return read_thresholds(path)


def _after(
    thresholds: Thresholds, quantity: Quantity, decision: PlanDecision, settings: ThresholdSettings
) -> Thresholds:
    now = thresholds.value(quantity)
    who = f"by {decision.answered_by}"

    def event(what: str, after: float, text: str) -> ThresholdEvent:
        return ThresholdEvent(decision.answered_at, what, quantity, now, after, text)

    if decision.answer == "modify":
        entry = event("modified", now, f"The plan is to be modified, answered {who}.")
        return _with(thresholds, quantity, now, 0, (entry,))
    row = int(getattr(thresholds, f"kept_{quantity}")) + 1
    entries = [event("kept", now, f"The plan is kept, answered {who}; {row} in a row.")]
    if row < settings.answers_in_a_row:
        return _with(thresholds, quantity, now, row, tuple(entries))
    start = float(getattr(thresholds, f"start_{quantity}"))
    moved = _moved(now, start, quantity, settings)
    text = f"{row} times in a row the plan was kept: threshold {now:.4g} → {moved:.4g}."
    if moved == now:
        text = f"{row} times in a row the plan was kept; the threshold is at its bound {now:.4g}."
    entries.append(event("at bound" if moved == now else "moved", moved, text))
    return _with(thresholds, quantity, moved, 0, tuple(entries))


def _moved(now: float, start: float, quantity: Quantity, settings: ThresholdSettings) -> float:
    if settings.direction == "raise":
        top = start * settings.furthest
        if quantity == "overlap":
            # At 1 no overlap could exceed it, and nobody would ever be asked again.
            top = max(start, min(top, 0.95))
        return max(now, min(now * (1 + settings.step), top))
    return min(now, max(now * (1 - settings.step), start / settings.furthest))


def _with(
    thresholds: Thresholds,
    quantity: Quantity,
    value: float,
    row: int,
    entries: tuple[ThresholdEvent, ...],
) -> Thresholds:
    changes: dict[str, Any] = {quantity: value, f"kept_{quantity}": row}
    return replace(thresholds, log=thresholds.log + entries, **changes)


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def _write(path: Path, values: Mapping[str, Any]) -> None:
    with finished_file(path) as temporary:
        text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")


def _read(path: Path, kind: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_one(path, kind, error) from error
    if not isinstance(values, dict):
        raise _not_one(path, kind, TypeError("no names and values"))
    return values


def _not_one(path: Path, kind: str, error: Exception) -> InputError:
    return InputError(
        f"{path.name}: not a file of a {kind} ({error}); restore it or start with a new one."
    )
