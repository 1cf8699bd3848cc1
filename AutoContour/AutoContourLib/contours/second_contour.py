"""Is the second contour made, and how: carried over by the field, or drawn anew by the model?

US 12,394,057 B2, paragraphs 151–156: the deformation degree decides, or a person's answer to the
question that it raised. Every choice names its reason, which stays with the contours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from AutoContourLib.contours.contour_settings import SecondContourSettings
from AutoContourLib.registration.plan_decision import Answer, Exceeded

Way = Literal["field", "anew", "none"]
WORDS: dict[Way, str] = {
    "field": "carried by displacement field",
    "anew": "drawn anew",
    "none": "not made",
}


@dataclass(frozen=True)
class SecondContourChoice:
    """way: of the second contour. other: the further way that is kept beside it, or `none`."""

    way: Way
    reason: str
    other: Way = "none"


def second_contour_choice(
    settings: SecondContourSettings,
    *,
    compared: bool,
    exceeded: tuple[Exceeded, ...] | None,
    answer: Answer | None = None,
    has_field: bool,
    drawable: bool,
) -> SecondContourChoice:
    """How the second contour is made.

    compared: the steps of the pair hold a registration. exceeded: what is above its threshold;
    None where no degree was measured. answer: a person's, to the question of the plan.
    has_field: a usable displacement field is there. drawable: a contour model for this modality.
    """
    if settings.way == "none":
        return SecondContourChoice("none", "second contours are switched off")
    if not compared and settings.way != "anew":
        return SecondContourChoice("none", "its type asks for no registration with the first image")
    withheld = _withheld(settings, exceeded, answer)
    if withheld:
        return SecondContourChoice("none", withheld)
    wanted, reason = _wanted(settings, exceeded, has_field)
    there: dict[Way, bool] = {"field": has_field, "anew": drawable, "none": True}
    absent = {
        "field": "registration left no usable displacement field",
        "anew": "there is no contour model for this modality",
    }
    rest: Way = "anew" if wanted == "field" else "field"
    if there[wanted]:
        also = rest if settings.way == "both" and there[rest] else "none"
        return SecondContourChoice(wanted, reason, also)
    if settings.way in ("field", "anew") or not there[rest]:
        missing = absent[wanted]
        if settings.way not in ("field", "anew"):
            missing += f", and {absent[rest]}"
        return SecondContourChoice("none", missing)
    return SecondContourChoice(rest, f"{reason}, but {absent[wanted]}")


def _withheld(
    settings: SecondContourSettings, exceeded: tuple[Exceeded, ...] | None, answer: Answer | None
) -> str:
    """Why nothing is made, or empty. A deformation that is not known is never taken for small."""
    if settings.when == "exceeded" and exceeded == ():
        return "the deformation is below its threshold"
    if settings.when == "modify" and answer != "modify":
        return (
            "the plan is kept"
            if answer == "keep"
            else "nobody has answered yet that the plan is to be modified"
        )
    return ""


def _wanted(
    settings: SecondContourSettings, exceeded: tuple[Exceeded, ...] | None, has_field: bool
) -> tuple[Way, str]:
    if settings.way == "field":
        return "field", "set so"
    if settings.way == "anew":
        return "anew", "set so"
    if exceeded is None:
        if has_field:
            return "field", "no deformation is measured between images of these modes and times"
        return "anew", "the deformation is not known"
    if exceeded:
        worst = exceeded[0]
        what = "the body" if worst.structure == "whole" else worst.structure.replace("_", " ")
        unit = " mm" if worst.quantity == "p95_mm" else ""
        return "anew", (
            f"the deformation of {what} is {worst.degree:.1f}{unit}, above its threshold of "
            f"{worst.threshold:.1f}{unit}"
        )
    return "field", "the deformation is below its threshold"
