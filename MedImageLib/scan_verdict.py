"""Whether a scan looked normal: the verdict that travels with a case.

The screening writes it into result.json and onto the volume node; processing that follows asks it
before it starts. Attributes of nodes are texts, so that any part of Slicer can read them; in files
a verdict belongs to the image whose SHA-256 its result names.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from MedImageLib.errors import InputError, Remark
from MedImageLib.results import RESULT_FILE, Result, ResultError, input_identity, read_result
from MedImageLib.volume import Volume, VolumeSequence

TASK = "scan_normality"
Word = Literal["normal", "abnormal", "unsure"]
FLAG = "scan-normal"
STATES: dict[Word, Literal["satisfied", "not", "not_assessable"]] = {
    "normal": "satisfied",
    "abnormal": "not",
    "unsure": "not_assessable",
}
BESIDE = "anomaly"  # folder beside an input that is looked into when none is named
DOUBTS = ("scan-abnormal", "scan-unsure")
_PREFIX = "MedImage.ScanNormality."
Image = TypeVar("Image", Volume, VolumeSequence)


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


def add_screening(parser: argparse.ArgumentParser, itself: bool = False) -> None:
    """The option that names where verdicts on the inputs lie; see `verdicts_for`.

    itself: the command can screen by itself, and does where no place is named; the value is then
    True.
    """
    more = "; without PATH, the images are screened before anything else" if itself else ""
    options: dict[str, Any] = {"nargs": "?", "const": True} if itself else {}
    parser.add_argument(
        "--screening",
        type=Path,
        metavar="PATH",
        help="result of `medimage anomaly score`, or a folder of them, to be told with the result "
        f"(default: folder {BESIDE!r} beside the input){more}",
        **options,
    )


def verdicts_for(source: Path, named: Path | None) -> dict[str, ScanVerdict]:
    """Verdicts by the SHA-256 of the image that they were given on.

    named: a result.json or a folder of results, which must hold one; None: the folder `anomaly`
    beside the input `source`, where there is one. Raises InputError.
    """
    if named is None:
        beside = source.resolve().parent / BESIDE
        return read_verdicts(beside.rglob(RESULT_FILE)) if beside.is_dir() else {}
    paths = named.rglob(RESULT_FILE) if named.is_dir() else [named]
    found = read_verdicts(paths)
    if not found:
        raise InputError(
            f"{named}: holds no verdict of the screening. Name the result.json, or the folder, "
            "that `medimage anomaly score` wrote."
        )
    return found


def read_verdicts(paths: Iterable[Path]) -> dict[str, ScanVerdict]:
    """Verdicts by SHA-256 of their images, of those result files that hold one."""
    found: dict[str, ScanVerdict] = {}
    for path in sorted(paths):
        try:
            result = read_result(path)
        except ResultError:
            # A folder of results may hold files of other programs.
            continue
        verdict = verdict_of_result(result)
        if verdict is not None:
            found |= {one.sha256: verdict for one in result.inputs}
    return found


def with_verdict(image: Image, verdicts: Mapping[str, ScanVerdict], named: bool = False) -> Image:
    """The image with the remark that its verdict asks for before all others.

    named: a person named the verdicts, so that it is also told when none is of this image.
    """
    first = image.frames[0] if isinstance(image, VolumeSequence) else image
    verdict = verdicts.get(input_identity(first).sha256)
    remark = verdict.remark() if verdict else None
    if verdict is None and named:
        remark = Remark(
            "scan-not-screened",
            f"The verdicts that were named ({len(verdicts)}) are of other images; whether this "
            "scan looks normal was not asked.",
        )
    if remark is None:
        return image
    return cast(Image, replace(image, remarks=(remark, *image.remarks)))
