"""What a person does to a study in the browser: draw, review, answer, register and fuse anew.

Every action names what the person had seen; what somebody else changed meanwhile is not lost but
refused with a message, and the page shows the new state.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from AutoContourLib.contours.review import reviewed
from AutoContourLib.registration.fusion import FusionSettings
from AutoContourLib.viewing.editing import Draft, Stroke, SupersededError
from AutoContourLib.viewing.handlers import StudyRequest
from AutoContourLib.viewing.open_studies import OpenStudies, edited_offset
from AutoContourLib.viewing.opened_study import OpenedStudy
from AutoContourLib.viewing.plan_question import answer_question
from MedImageLib.errors import InputError

_RECOMPUTING = "AutoContourLib.viewing.recomputing:"
_LONGEST_NAME = 64


def draw(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], by: str) -> None:
    """A stroke on the draft of a set of contours, which is named by `drawn`."""
    try:
        stroke = Stroke(
            structure=str(values["structure"]),
            mode=values["mode"],
            axis=str(values["axis"]),
            index=int(values["index"]),
            points=tuple((float(a), float(b)) for a, b in values["points"]),
            radius_mm=float(values["radius_mm"]),
            by=by,
            when_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    except (KeyError, TypeError, ValueError):
        raise InputError("The stroke is not complete.") from None
    _draft(studies, study, values).draw(stroke, _text(values, "seen"))


def undo(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], _by: str) -> None:
    _draft(studies, study, values).undo(_text(values, "seen"))


def discard(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], _by: str) -> None:
    _draft(studies, study, values).discard(_text(values, "seen"))


def save(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], _by: str) -> None:
    _draft(studies, study, values).save(_text(values, "seen"))


def review(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], by: str) -> None:
    """Approve or reject structures of a set of contours.

    values: set, place, verdict, structures, seen (state, SHA-256, reviewer by structure).
    """
    name, place = _text(values, "set"), _text(values, "place")
    folder = study.contour_folder(name, place)
    keys, seen = values.get("structures"), values.get("seen")
    if not isinstance(keys, list) or not isinstance(seen, dict) or not keys:
        raise InputError("Name the structures and what was seen of each.")
    draft = studies.draft(study, name, place)
    if draft.strokes:
        raise InputError(
            f"Strokes by {draft.strokes[-1].by} are not saved yet; save or discard them, then "
            "review what is there."
        )
    if not all(key in seen for key in keys):
        raise InputError("A structure is reviewed only by whoever has seen it.")
    with study.lock:
        studies.check_seen(folder, {key: seen[key] for key in keys})
        verdict = _text(values, "verdict")
        if verdict == "approve":
            reviewed(folder, by, approve=keys)
        elif verdict == "reject":
            reviewed(folder, by, reject=keys)
        else:
            raise InputError("A verdict is 'approve' or 'reject'.")


def answer(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], by: str) -> None:
    """The answer to the question whether the plan is to be modified."""
    place = study.registration(_text(values, "place")).name
    with study.lock:
        answer_question(studies.out, study.folder, place, _text(values, "answer"), by)


def register(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], by: str) -> None:
    """Compute the field anew from six edited numbers."""
    place = study.registration(_text(values, "place")).name
    _check_stamp(study, values)
    arguments = (study.folder, place, edited_offset(values.get("offset")))
    function = _RECOMPUTING + "register_from_offset"
    studies.computations.start(study.folder, "Registration", place, by, function, arguments)


def fuse(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any], by: str) -> None:
    """Fuse another way."""
    place = study.registration(_text(values, "place")).name
    _check_stamp(study, values)
    arguments = (study.folder, place, FusionSettings(method=_text(values, "method")))
    function = _RECOMPUTING + "fuse_anew"
    studies.computations.start(study.folder, "Fusion", place, by, function, arguments)


def cancel(studies: OpenStudies, study: OpenedStudy, _values: dict[str, Any], _by: str) -> None:
    studies.computations.cancel(study.folder)


ACTIONS = {
    one.__name__: one for one in (draw, undo, discard, save, review, answer, register, fuse, cancel)
}


class Action(StudyRequest):
    """POST of one action; the answer is the study's new state."""

    async def post(self, study_id: str, action: str) -> None:
        values = self.body_values()
        by = _text(values, "by").strip()[:_LONGEST_NAME]
        study = await self.opened(study_id, action, by)
        if not by:
            raise InputError("Enter your name first; it is kept with what you do.")
        await self.in_thread(ACTIONS[action], self.service.studies, study, values, by)
        drawn = _text(values, "drawn") or "first"
        self.finish(await self.in_thread(self.service.studies.state, study, drawn))


def _draft(studies: OpenStudies, study: OpenedStudy, values: dict[str, Any]) -> Draft:
    name, _, place = (_text(values, "drawn") or "first").partition(" ")
    return studies.draft(study, name, place)


def _check_stamp(study: OpenedStudy, values: dict[str, Any]) -> None:
    if _text(values, "seen") != study.stamp():
        raise SupersededError(
            "Images or contours of the study were changed since you looked. Nothing was computed; "
            "look again and repeat it."
        )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name, "")
    if not isinstance(value, str):
        raise InputError(f"{name} is a text.")
    return value
