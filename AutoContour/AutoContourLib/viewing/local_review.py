"""A review of a processed study whose folder lies on this machine, by the rules of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from AutoContourLib.contours.review import Reviewed, read_review
from AutoContourLib.viewing.actions import review
from AutoContourLib.viewing.open_studies import OpenStudies
from AutoContourLib.viewing.opened_study import OpenedStudy


def review_here(
    folder: Path,
    contours: tuple[str, str],
    verdict: str,
    seen: Mapping[str, Sequence[str]],
    by: str,
) -> tuple[Reviewed, ...]:
    """As `remote_studies.send_review`, for the folder of a study's result.

    Raises SupersededError where somebody else was quicker, InputError for what is not there.
    """
    name, place = contours
    study = OpenedStudy(folder)
    values = {
        "set": name,
        "place": place,
        "verdict": verdict,
        "structures": list(seen),
        "seen": {key: list(told) for key, told in seen.items()},
    }
    review(OpenStudies(folder.parent, 1), study, values, by)
    return read_review(study.contour_folder(name, place))


def review_in_folder(folder: Path, contours: tuple[str, str]) -> tuple[Reviewed, ...]:
    """The review of a set of contours as it lies there now. Raises InputError."""
    return read_review(OpenedStudy(folder).contour_folder(*contours))
