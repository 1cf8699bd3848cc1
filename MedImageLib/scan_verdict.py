"""Whether a scan looked normal: the verdict that travels with a case.

The screening writes it into result.json and onto the volume node; processing that follows asks it
before it starts. Attributes of nodes are texts, so that any part of Slicer can read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from MedImageLib.errors import Remark
from MedImageLib.results import Result

TASK = "scan_normality"
Word = Literal["normal", "abnormal", "unsure"]
FLAG = "scan-normal"
STATES: dict[Word, Literal["satisfied", "not", "not_assessable"]] = {
    "normal": "satisfied",
    "abnormal": "not",
    "unsure": "not_assessable",
}
_PREFIX = "MedImage.ScanNormality."


@dataclass(frozen=True)
class ScanVerdict:
    """verdict; score and threshold (abnormal from there on, larger = more abnormal); confidence
    0 … 1; model: its name."""

    verdict: Word
    score: float
    threshold: float
    confidence: float
    model: str

    def remark(self) -> Remark | None:
        """What following processing should tell; nothing of a normal scan."""
        if self.verdict == "normal":
            return None
        words = {"abnormal": "looks abnormal", "unsure": "may be abnormal"}[self.verdict]
        return Remark(
            f"scan-{self.verdict}",
            f"The scan {words} (score {self.score:.2f}, threshold {self.threshold:.2f}, "
            f"{self.model}): look at it before you use what was measured on it.",
        )


def verdict_of_result(result: Result) -> ScanVerdict | None:
    """The verdict in a result of the screening; None in any other."""
    if result.task != TASK:
        return None
    values = {one.name: one.value for one in result.values}
    states = {flag.code: flag.state for flag in result.flags}
    word = next((w for w, state in STATES.items() if state == states.get(FLAG)), None)
    if word is None or not result.models:
        return None
    score, threshold, sure = (values.get(k) for k in ("score", "threshold", "confidence"))
    if score is None or threshold is None or sure is None:
        return None
    return ScanVerdict(word, score, threshold, sure, result.models[0].name)


def node_attributes(verdict: ScanVerdict) -> dict[str, str]:
    """Attributes of a volume node, by name."""
    return {
        f"{_PREFIX}Verdict": verdict.verdict,
        f"{_PREFIX}Score": repr(verdict.score),
        f"{_PREFIX}Threshold": repr(verdict.threshold),
        f"{_PREFIX}Confidence": repr(verdict.confidence),
        f"{_PREFIX}Model": verdict.model,
    }


def verdict_of_attributes(attributes: Mapping[str, str]) -> ScanVerdict | None:
    """The verdict that a node carries; None when it carries none that can be read."""
    word = attributes.get(f"{_PREFIX}Verdict", "")
    if word not in get_args(Word):
        return None
    try:
        score, threshold, sure = (
            float(attributes[f"{_PREFIX}{name}"]) for name in ("Score", "Threshold", "Confidence")
        )
    except (KeyError, ValueError):
        return None
    model = attributes.get(f"{_PREFIX}Model", "")
    return ScanVerdict(cast(Word, word), score, threshold, sure, model)
